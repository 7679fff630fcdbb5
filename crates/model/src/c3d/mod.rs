//! C3D up to its first fully connected layer: the features of 2D-TAN and of the authors' release.
//!
//! Paper: §A.9 of our specification; Tran et al., arXiv:1412.0767. Eight convolutions over height,
//! width and time, five poolings, one affine map with ReLU (`fc6`). The parameter names are those of
//! the usual PyTorch weights. Axes: `b` clips, `f` frames, `c` channels.

pub(crate) mod checkpoint;
mod cost;

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, module::conv3d};
use serde::{Deserialize, Serialize};

use crate::clip_feature::ClipFeature;
use crate::clip_patches::ClipPatches;
use crate::encoder_cost::{ClipSize, EncoderCost};
use crate::initialiser::Initialiser;
use crate::layers::Linear;
use crate::video_tower::{VideoTower, VideoTowerConfig};
use crate::weight_count::{sum, table};
use crate::{ModelError, setting_check};

/// What all four halvings of a frame's side, and of the frames, divide evenly.
const MULTIPLE: usize = 16;

/// Sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct C3dConfig {
    /// Side of the square frames, pixels; a multiple of 16.
    #[schemars(range(min = 16))]
    pub image_size: usize,
    /// Frames of a clip; a multiple of 16.
    #[schemars(range(min = 16))]
    pub num_frames: usize,
    /// Channels after the first convolution; the others have 2, 4 and 8 times as many.
    #[schemars(range(min = 1))]
    pub base_width: usize,
    /// Width of `fc6`, the feature.
    #[schemars(range(min = 1))]
    pub feature_width: usize,
    /// Standard deviation of the initial weights.
    pub initializer_range: f64,
}

impl Default for C3dConfig {
    /// 16 frames of 112 x 112 to 4096 numbers.
    fn default() -> Self {
        Self {
            image_size: 112,
            num_frames: 16,
            base_width: 64,
            feature_width: 4096,
            initializer_range: 0.01,
        }
    }
}

impl C3dConfig {
    /// # Errors
    /// When a size cannot be used; the message names it.
    pub fn check(&self) -> Result<(), ModelError> {
        let sizes = [("base_width", self.base_width), ("feature_width", self.feature_width)];
        setting_check::sizes("video", &sizes)?;
        setting_check::not_negative("video", &[("initializer_range", self.initializer_range)])?;
        for (key, size) in [("image_size", self.image_size), ("num_frames", self.num_frames)] {
            if size == 0 || !size.is_multiple_of(MULTIPLE) {
                return Err(ModelError::Setting {
                    key: format!("video.{key}"),
                    found: size.to_string(),
                    expected: "a multiple of 16 for C3D, which halves it four times",
                });
            }
        }
        Ok(())
    }

    /// Numbers that go into `fc6`: the last pooling pads a side `s` to `(s + 2) / 2`.
    pub fn fc6_inputs(&self) -> usize {
        let side = (self.image_size / MULTIPLE + 2) / 2;
        8 * self.base_width * self.num_frames / MULTIPLE * side * side
    }

    /// A model with random weights.
    pub fn init(&self, random: &mut Initialiser) -> C3d {
        let (w, std) = (self.base_width, self.initializer_range);
        let mut convolution = |input, output| Convolution {
            weight: Param::from_tensor(random.normal([output, input, 3, 3, 3], std)),
            bias: Param::from_tensor(Tensor::zeros([output], random.device())),
        };
        C3d {
            conv1: convolution(3, w),
            conv2: convolution(w, 2 * w),
            conv3a: convolution(2 * w, 4 * w),
            conv3b: convolution(4 * w, 4 * w),
            conv4a: convolution(4 * w, 8 * w),
            conv4b: convolution(8 * w, 8 * w),
            conv5a: convolution(8 * w, 8 * w),
            conv5b: convolution(8 * w, 8 * w),
            fc6: Linear::normal(self.fc6_inputs(), self.feature_width, std, random),
        }
    }
}

impl VideoTowerConfig for C3dConfig {
    fn image_size(&self) -> usize {
        self.image_size
    }

    fn patch_size(&self) -> usize {
        // A frame is one patch.
        self.image_size
    }

    fn num_frames(&self) -> usize {
        self.num_frames
    }

    fn num_picture_frames(&self) -> usize {
        self.num_frames
    }

    fn width(&self) -> usize {
        self.feature_width
    }

    fn initializer_range(&self) -> f64 {
        self.initializer_range
    }

    fn summary(&self) -> String {
        format!("C3D up to fc6, {} wide", self.feature_width)
    }

    fn check(&self) -> Result<(), ModelError> {
        self.check()
    }

    fn least_weights(&self) -> u128 {
        let (w, side) = (self.base_width, (self.image_size / MULTIPLE).div_ceil(2));
        let times = self.num_frames / MULTIPLE;
        // The last three convolutions, and the last map.
        sum([table(&[3, 27, 8, w, 8, w]), table(&[8, w, times, side, side, self.feature_width])])
    }

    fn cost(&self, rows: usize, clip: ClipSize) -> EncoderCost {
        self.encoder_cost(rows, clip)
    }

    fn clips_at_once(&self, _clip: ClipSize) -> usize {
        1
    }
}

/// C3D up to `fc6`.
#[derive(Module, Debug)]
pub struct C3d {
    conv1: Convolution,
    conv2: Convolution,
    conv3a: Convolution,
    conv3b: Convolution,
    conv4a: Convolution,
    conv4b: Convolution,
    conv5a: Convolution,
    conv5b: Convolution,
    fc6: Linear,
}

/// A 3 x 3 x 3 convolution that keeps the size.
#[derive(Module, Debug)]
struct Convolution {
    /// `[output, input, 3, 3, 3]`: time, height, width
    weight: Param<Tensor<5>>,
    /// `[output]`
    bias: Param<Tensor<1>>,
}

impl Convolution {
    /// With the ReLU behind it.
    fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let options = ConvOptions::new([1; 3], [1; 3], [1; 3], 1);
        relu(conv3d(x, self.weight.val(), Some(self.bias.val()), options))
    }
}

impl C3d {
    /// The features of clips whose frames are one patch each.
    ///
    /// # Shapes
    /// - `clips`: `b` clips; returns `[b, d]`
    ///
    /// # Panics
    /// When a frame is more than one patch, or not square.
    pub fn forward(&self, clips: ClipPatches) -> Tensor<2> {
        assert_eq!(clips.grid, [1, 1], "C3D takes frames as one patch");
        let [b, _, f, numbers] = clips.values.dims();
        let side = (numbers / 3).isqrt();
        self.forward_pixels(clips.values.reshape([b, f, 3, side, side]))
    }

    /// The same for normalised pixels, `[b, f, c, height, width]`.
    pub fn forward_pixels(&self, pixels: Tensor<5>) -> Tensor<2> {
        let [b, ..] = pixels.dims();
        let x = self.conv1.forward(pixels.swap_dims(1, 2));
        let x = self.conv2.forward(pool(x, [1, 2, 2]));
        let x = self.conv3a.forward(pool(x, [2; 3]));
        let x = self.conv3b.forward(x);
        let x = self.conv4a.forward(pool(x, [2; 3]));
        let x = self.conv4b.forward(x);
        let x = self.conv5a.forward(pool(x, [2; 3]));
        let x = self.conv5b.forward(x);
        let x = pool(pad_frames(x), [2; 3]).reshape([b as i32, -1]);
        relu(self.fc6.forward(x))
    }
}

/// All of it is the embedding, which makes one token of a clip.
impl VideoTower for C3d {
    fn num_blocks(&self) -> usize {
        0
    }

    fn embed(&self, clips: ClipPatches) -> Tensor<3> {
        self.forward(clips).unsqueeze_dim(1)
    }

    fn block(&self, number: usize, _x: Tensor<3>, _num_frames: usize) -> Tensor<3> {
        panic!("block {number} of C3D, which has none")
    }

    /// It has no tokens to choose from.
    fn finish(&self, x: Tensor<3>, _num_frames: usize, _feature: ClipFeature) -> Tensor<2> {
        x.squeeze_dim(1)
    }

    /// After its first convolution a clip of 16 frames of 112 x 112 is 12.8 million numbers.
    fn clips_at_once(&self, _num_patches: usize, _num_frames: usize) -> usize {
        1
    }
}

/// The largest number of every `[f, height, width]` box; what does not fill a box is left out.
fn pool(x: Tensor<5>, [df, dh, dw]: [usize; 3]) -> Tensor<5> {
    let [b, c, f, height, width] = x.dims();
    let [f, height, width] = [f / df, height / dh, width / dw];
    x.narrow(2, 0, f * df)
        .narrow(3, 0, height * dh)
        .narrow(4, 0, width * dw)
        .reshape([b * c, f, df, height, dh, width, dw])
        .max_dim(6)
        .max_dim(4)
        .max_dim(2)
        .reshape([b, c, f, height, width])
}

/// A border of zeros around every frame, which no number after a ReLU is smaller than.
fn pad_frames(x: Tensor<5>) -> Tensor<5> {
    x.pad((1, 1, 1, 1), 0.0)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn row(values: [f32; 9]) -> Tensor<5> {
        Tensor::from_data(TensorData::new(values.to_vec(), [1, 1, 1, 3, 3]), &Device::flex())
    }

    #[test]
    fn a_pool_leaves_out_what_fills_no_box_and_a_border_shifts_the_boxes() {
        let x = row([1.0, 2.0, 9.0, 4.0, 3.0, 8.0, 5.0, 6.0, 7.0]);
        let pooled = |x: Tensor<5>| {
            let pooled = pool(x, [1, 2, 2]);
            (pooled.dims(), pooled.into_data().try_to_vec::<f32>().unwrap())
        };
        assert_eq!(pooled(x.clone()), ([1, 1, 1, 1, 1], vec![4.0]));
        // Boxes now begin outside: {1}, {2, 9}, {4, 5}, {3, 8, 6, 7}.
        assert_eq!(pooled(pad_frames(x)), ([1, 1, 1, 2, 2], vec![1.0, 9.0, 5.0, 8.0]));
    }
}
