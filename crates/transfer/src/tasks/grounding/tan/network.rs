//! From clips and words to a score of every moment.
//!
//! Parameters are named as in 2D-TAN's release (`frame_layer.vis_conv`, `prop_layer.layers.0.1`,
//! `fusion_layer.textual_encoder.weight_ih_l0`, `map_layer.convs.0`, `pred_layer`); convolutions of a
//! single place are held as matrices. They start as PyTorch starts such layers: uniform within
//! `1 / sqrt(inputs)`, the LSTM within `1 / sqrt(hidden)`. Heads trained from other starts end
//! elsewhere.

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Int, Tensor, TensorData};
use locvtp_model::Initialiser;
use locvtp_model::layers::Linear;
use locvtp_model::ops::{CellMap, cell_convolution, l2_normalise};
use locvtp_model::recurrent::{Lstm, RecurrentSizes};

use super::config::{Proposals, TanConfig};
use super::moment_map::MomentMap;

/// 2D-TAN.
#[derive(Module, Debug)]
pub struct TwoDTan {
    frame_layer: FrameLayer,
    prop_layer: Option<ProposalConvs>,
    fusion_layer: Fusion,
    map_layer: MapConvs,
    pred_layer: Linear,
    #[module(skip)]
    map: MomentMap,
}

#[derive(Module, Debug)]
struct FrameLayer {
    vis_conv: Linear,
}

/// A convolution over time for every length of moments.
#[derive(Module, Debug)]
struct ProposalConvs {
    layers: Vec<Vec<TimeConv>>,
}

#[derive(Module, Debug)]
struct TimeConv {
    /// `[output, input, places]`
    weight: Param<Tensor<3>>,
    bias: Param<Tensor<1>>,
}

#[derive(Module, Debug)]
struct Fusion {
    textual_encoder: Lstm,
    tex_linear: Linear,
    vis_conv: Linear,
}

#[derive(Module, Debug)]
struct MapConvs {
    convs: Vec<MapConv>,
}

#[derive(Module, Debug)]
struct MapConv {
    /// `[output, input, k, k]`
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
}

impl TanConfig {
    /// The head for clips of width `clips` and words of width `words`.
    pub fn init(&self, clips: usize, words: usize, random: &mut Initialiser) -> TwoDTan {
        let h = self.hidden;
        let lstm = RecurrentSizes {
            input: words,
            hidden: h,
            num_layers: self.lstm_layers,
            bidirectional: false,
        };
        let prop_layer = match self.proposals {
            Proposals::MaxPool => None,
            Proposals::Conv => Some(ProposalConvs::init(&self.scales, h, random)),
        };
        TwoDTan {
            frame_layer: FrameLayer { vis_conv: Linear::uniform(clips, h, random) },
            prop_layer,
            fusion_layer: Fusion {
                textual_encoder: lstm.lstm(random),
                tex_linear: Linear::uniform(h, h, random),
                vis_conv: Linear::uniform(h, h, random),
            },
            map_layer: MapConvs {
                convs: (0..self.layers).map(|_| MapConv::init(h, self.kernel, random)).collect(),
            },
            pred_layer: Linear::uniform(h, 1, random),
            map: MomentMap::new(self),
        }
    }
}

impl TwoDTan {
    /// The moments that are scored.
    pub fn map(&self) -> &MomentMap {
        &self.map
    }

    /// The score of every moment, a logit.
    ///
    /// # Shapes
    /// - `clips`: `[b, samples, clip width]`; `words`: `[b, n, word width]`, of which the first
    ///   `num_words` are words
    /// - returns `[b, cells]`, in the order of [`MomentMap::moments`]
    ///
    /// # Panics
    /// When a sentence has no words, or the clips are not a multiple of the frames.
    pub fn forward(&self, clips: Tensor<3>, words: Tensor<3>, num_words: &[usize]) -> Tensor<2> {
        let frames = self.frame_layer.forward(clips, self.map.num_frames());
        let moments = match &self.prop_layer {
            None => pooled(frames, self.map.scales()),
            Some(convs) => convs.forward(frames),
        };
        let mut moments = self.fusion_layer.forward(moments, words, num_words);
        for (conv, cells) in self.map_layer.convs.iter().zip(self.map.layers()) {
            moments = conv.forward(moments, cells);
        }
        self.pred_layer.forward(moments).squeeze_dim(2)
    }
}

impl FrameLayer {
    /// `[b, samples, d]` to `[b, frames, h]`.
    fn forward(&self, clips: Tensor<3>, frames: usize) -> Tensor<3> {
        let samples = relu(self.vis_conv.forward(clips));
        let [b, s, h] = samples.dims();
        samples.reshape([b, frames, s / frames, h]).mean_dim(2).squeeze_dim(2)
    }
}

/// The greatest of the frames of each moment: `[b, frames, h]` to `[b, cells, h]`.
///
/// Step by step as the release does, so that of equal numbers the earlier gets the gradient.
fn pooled(frames: Tensor<3>, scales: &[usize]) -> Tensor<3> {
    let mut lengths = Vec::new();
    let mut moments = frames;
    for (scale, layers) in scales.iter().enumerate() {
        for layer in 0..*layers {
            let [_, count, _] = moments.dims();
            moments = match (scale, layer) {
                (0, 0) => moments,
                (_, 0) => {
                    let every_other = |first| every(2, first, (count - 1) / 2, &moments);
                    every_other(0).max_pair(every_other(1)).max_pair(every_other(2))
                }
                _ => {
                    let earlier = moments.clone().narrow(1, 0, count - 1);
                    earlier.max_pair(moments.narrow(1, 1, count - 1))
                }
            };
            lengths.push(moments.clone());
        }
    }
    Tensor::cat(lengths, 1)
}

/// The rows `first`, `first + step`, .., `count` of them.
fn every(step: usize, first: usize, count: usize, rows: &Tensor<3>) -> Tensor<3> {
    if step == 1 {
        return rows.clone().narrow(1, first, count);
    }
    let places: Vec<i64> = (0..count).map(|i| (first + step * i) as i64).collect();
    let places = Tensor::<1, Int>::from_data(TensorData::new(places, [count]), &rows.device());
    rows.clone().select(1, places)
}

impl ProposalConvs {
    fn init(scales: &[usize], h: usize, random: &mut Initialiser) -> Self {
        let places = |scale, layer| match (scale, layer) {
            (0, 0) => 1,
            (_, 0) => 3,
            _ => 2,
        };
        let layers = scales.iter().enumerate().map(|(scale, layers)| {
            (0..*layers).map(|layer| TimeConv::init(h, places(scale, layer), random)).collect()
        });
        Self { layers: layers.collect() }
    }

    /// `[b, frames, h]` to `[b, cells, h]`.
    fn forward(&self, mut moments: Tensor<3>) -> Tensor<3> {
        let mut lengths = Vec::new();
        for (scale, layers) in self.layers.iter().enumerate() {
            for (layer, conv) in layers.iter().enumerate() {
                let stride = if scale > 0 && layer == 0 { 2 } else { 1 };
                moments = conv.forward(moments, stride);
                lengths.push(moments.clone());
            }
        }
        Tensor::cat(lengths, 1)
    }
}

impl TimeConv {
    fn init(h: usize, places: usize, random: &mut Initialiser) -> Self {
        let bound = 1.0 / ((h * places) as f64).sqrt();
        Self {
            weight: Param::from_tensor(random.uniform([h, h, places], bound)),
            bias: Param::from_tensor(random.uniform([h], bound)),
        }
    }

    /// `[b, t, h]` to `[b, (t - places) / stride + 1, h]`: rows side by side, one product.
    fn forward(&self, rows: Tensor<3>, stride: usize) -> Tensor<3> {
        let weight = self.weight.val();
        let ([_, t, _], [o, i, places]) = (rows.dims(), weight.dims());
        let count = (t - places) / stride + 1;
        let seen = (0..places).map(|place| every(stride, place, count, &rows)).collect();
        let weight = weight.permute([2, 1, 0]).reshape([places * i, o]);
        locvtp_model::ops::linear(Tensor::cat(seen, 2), weight, self.bias.val())
    }
}

impl Fusion {
    /// Moments `[b, cells, h]` and words `[b, n, w]` to `[b, cells, h]` of unit length.
    fn forward(&self, moments: Tensor<3>, words: Tensor<3>, num_words: &[usize]) -> Tensor<3> {
        let states = self.textual_encoder.forward(words, num_words, None);
        let [b, n, h] = states.dims();
        assert!(
            num_words.iter().all(|words| (1..=n).contains(words)),
            "{num_words:?} words of {n}"
        );
        let last = num_words.iter().enumerate().map(|(row, words)| (row * n + words - 1) as i64);
        let last = TensorData::new(last.collect::<Vec<_>>(), [b]);
        let last = Tensor::<1, Int>::from_data(last, &states.device());
        let sentence = self.tex_linear.forward(states.reshape([b * n, h]).select(0, last));
        l2_normalise(self.vis_conv.forward(moments) * sentence.unsqueeze_dim(1), 1e-12)
    }
}

impl MapConv {
    fn init(h: usize, kernel: usize, random: &mut Initialiser) -> Self {
        let bound = 1.0 / ((h * kernel * kernel) as f64).sqrt();
        Self {
            weight: Param::from_tensor(random.uniform([h, h, kernel, kernel], bound)),
            bias: Param::from_tensor(random.uniform([h], bound)),
        }
    }

    /// The scale of a cell is positive, so that it may come before the rectifier.
    fn forward(&self, moments: Tensor<3>, cells: &CellMap) -> Tensor<3> {
        relu(cell_convolution(moments, self.weight.val(), self.bias.val(), cells))
    }
}
