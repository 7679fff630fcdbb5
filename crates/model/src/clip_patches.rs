//! Clips as the encoder takes them: normalised pixels, cut into patches.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// What is subtracted from and divided into a pixel in 0..=1, per colour channel.
///
/// A property of the weights (§A.2): 0.5 and 0.5 for ViT from ImageNet-21k, which is the default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PixelNormalisation {
    /// Mean of red, green and blue.
    pub mean: [f32; 3],
    /// Standard deviation of red, green and blue.
    pub std: [f32; 3],
}

impl Default for PixelNormalisation {
    fn default() -> Self {
        Self { mean: [0.5; 3], std: [0.5; 3] }
    }
}

impl PixelNormalisation {
    /// What each byte becomes, by channel.
    pub(crate) fn tables(&self) -> [[f32; 256]; 3] {
        std::array::from_fn(|c| {
            std::array::from_fn(|byte| (byte as f32 / 255.0 - self.mean[c]) / self.std[c])
        })
    }
}

/// A batch of clips, normalised and cut into patches.
#[derive(Clone, Debug)]
pub struct ClipPatches {
    /// `[b, p, f, c s s]`: positions row by row, frames of a position next to each other,
    /// channel-major pixels.
    pub values: Tensor<4>,
    /// Rows and columns of patches; their product is `p`, or more where only some are there.
    pub grid: [usize; 2],
    /// Where only some patches of each clip are there: their positions in the grid, `p` for each clip.
    pub(crate) kept: Option<Vec<usize>>,
}

impl ClipPatches {
    /// Frames of every clip.
    pub fn num_frames(&self) -> usize {
        self.values.dims()[2]
    }

    /// The clips of these places, without a copy.
    pub(crate) fn some(&self, places: Range<usize>) -> Self {
        let p = self.values.dims()[1];
        let kept = self.kept.as_ref().map(|kept| kept[p * places.start..p * places.end].to_vec());
        let values = self.values.clone().narrow(0, places.start, places.len());
        Self { values, grid: self.grid, kept }
    }

    /// The embeddings of the positions of the patches that are there, of those of the grid.
    ///
    /// # Shapes
    /// - `positions`: `[1, rows columns, d]`; returns `[1, p, 1, d]`, or `[b, p, 1, d]` where only some are there
    pub(crate) fn places(&self, positions: Tensor<3>) -> Tensor<4> {
        let ([b, p, ..], [_, all, d]) = (self.values.dims(), positions.dims());
        let Some(kept) = &self.kept else { return positions.reshape([1, p, 1, d]) };
        let index: Vec<i64> = kept.iter().map(|&place| place as i64).collect();
        let index = TensorData::new(index, [b * p]);
        let index = Tensor::<1, Int>::from_data(index, &positions.device());
        positions.reshape([all, d]).select(0, index).reshape([b, p, 1, d])
    }

    /// Every frame as a clip of one frame, clip by clip.
    pub fn single_frames(self) -> Self {
        let [b, p, f, pixels] = self.values.dims();
        let values = self.values.swap_dims(1, 2).reshape([b * f, p, 1, pixels]);
        let kept =
            self.kept.map(|kept| kept.chunks_exact(p).flat_map(|clip| clip.repeat(f)).collect());
        Self { values, grid: self.grid, kept }
    }

    /// Cuts normalised pixels `[b, f, c, height, width]` into patches of side `patch_size`.
    ///
    /// # Panics
    /// When the sides are not multiples of `patch_size`.
    pub fn from_pixels(pixels: Tensor<5>, patch_size: usize) -> Self {
        let [b, f, c, height, width] = pixels.dims();
        let s = patch_size;
        assert!(height % s == 0 && width % s == 0, "{height} x {width} pixels, patches of {s}");
        let [rows, columns] = [height / s, width / s];
        let values = pixels
            .reshape([b, f, c, rows, s, columns, s])
            .permute([0, 3, 5, 1, 2, 4, 6])
            .reshape([b, rows * columns, f, c * s * s]);
        Self { values, grid: [rows, columns], kept: None }
    }

    /// Cuts RGB bytes, `[b, f, height, width, 3]`, into the numbers of [`ClipPatches::values`].
    ///
    /// Plain numbers and no tensor, so that a loader's thread can do it ahead of the encoder.
    ///
    /// # Panics
    /// When the sides are not multiples of `patch_size` or `rgb` is not whole clips.
    pub fn cut(
        rgb: &[u8],
        size: [usize; 3],
        patch_size: usize,
        normalisation: &PixelNormalisation,
    ) -> Vec<f32> {
        let mut values = Vec::with_capacity(rgb.len());
        Self::cut_onto(&mut values, rgb, size, patch_size, normalisation);
        values
    }

    /// As [`ClipPatches::cut`], behind numbers that are there already: those of a batch are too
    /// many to be copied together.
    ///
    /// # Panics
    /// As [`ClipPatches::cut`].
    pub fn cut_onto(
        values: &mut Vec<f32>,
        rgb: &[u8],
        size: [usize; 3],
        patch_size: usize,
        normalisation: &PixelNormalisation,
    ) {
        let tables = normalisation.tables();
        values.reserve(rgb.len());
        for_each_line(rgb, size, patch_size, |c, line| {
            values.extend(line.map(|byte| tables[c][usize::from(byte)]));
        });
    }

    /// As [`ClipPatches::cut_onto`], without normalising; returns how many clips there were.
    pub(crate) fn cut_bytes(
        bytes: &mut Vec<u8>,
        rgb: &[u8],
        size: [usize; 3],
        patch_size: usize,
    ) -> usize {
        bytes.reserve(rgb.len());
        for_each_line(rgb, size, patch_size, |_, line| bytes.extend(line))
    }

    /// A batch from what [`ClipPatches::cut`] gave for `b` clips of `f` frames.
    pub fn from_cut(
        values: Vec<f32>,
        [b, f, height, width]: [usize; 4],
        patch_size: usize,
        device: &Device,
    ) -> Self {
        let grid = [height / patch_size, width / patch_size];
        let shape = [b, grid[0] * grid[1], f, 3 * patch_size * patch_size];
        let values = Tensor::from_data(TensorData::new(values, shape), device);
        Self { values, grid, kept: None }
    }

    /// The same of clips of which only some patches are there: `kept` are their positions in the grid, as many for
    /// each clip, and `values` are the numbers of these.
    ///
    /// # Panics
    /// When the numbers of the two do not fit, or a position lies outside of the grid.
    pub fn from_kept(
        values: Vec<f32>,
        kept: Vec<usize>,
        [b, f, height, width]: [usize; 4],
        patch_size: usize,
        device: &Device,
    ) -> Self {
        let grid = [height / patch_size, width / patch_size];
        assert!(
            kept.iter().all(|&place| place < grid[0] * grid[1]),
            "a position outside of {grid:?}"
        );
        assert_eq!(kept.len() % b, 0, "{} patches for {b} clips", kept.len());
        let shape = [b, kept.len() / b, f, 3 * patch_size * patch_size];
        let values = Tensor::from_data(TensorData::new(values, shape), device);
        Self { values, grid, kept: Some(kept) }
    }
}

/// Takes `line(channel, bytes)` for every line of every patch of RGB clips, in the order of
/// [`ClipPatches::values`]; returns how many clips there were.
///
/// # Panics
/// When the sides are not multiples of `patch_size` or `rgb` is not whole clips.
fn for_each_line(
    rgb: &[u8],
    [f, height, width]: [usize; 3],
    patch_size: usize,
    mut line: impl FnMut(usize, LineBytes<'_>),
) -> usize {
    let s = patch_size;
    assert!(height % s == 0 && width % s == 0, "{height} x {width} pixels, patches of {s}");
    let clip_bytes = f * height * width * 3;
    assert_eq!(rgb.len() % clip_bytes, 0, "{} bytes are not whole clips", rgb.len());
    for clip in rgb.chunks_exact(clip_bytes) {
        for row in 0..height / s {
            for column in 0..width / s {
                for frame in clip.chunks_exact(height * width * 3) {
                    for c in 0..3 {
                        for y in row * s..(row + 1) * s {
                            let start = (y * width + column * s) * 3;
                            line(
                                c,
                                LineBytes {
                                    pixels: frame[start..start + s * 3].chunks_exact(3),
                                    c,
                                },
                            );
                        }
                    }
                }
            }
        }
    }
    rgb.len() / clip_bytes
}

/// One channel of a line of pixels.
struct LineBytes<'a> {
    pixels: std::slice::ChunksExact<'a, u8>,
    c: usize,
}

impl Iterator for LineBytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.pixels.next().map(|pixel| pixel[self.c])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.pixels.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_batch_become_a_tensor_where_they_lie() {
        for device in [Device::flex(), Device::flex().autodiff()] {
            let values = ClipPatches::cut(&[7; 4 * 4 * 3], [1, 4, 4], 2, &Default::default());
            let place = values.as_ptr();
            let patches = ClipPatches::from_cut(values, [1, 1, 4, 4], 2, &device);
            let data = patches.values.into_data();
            assert_eq!(data.as_slice::<f32>().unwrap().as_ptr(), place);
        }
    }

    #[test]
    fn cutting_bytes_equals_cutting_normalised_pixels() {
        let (b, f, height, width, s) = (2, 3, 4, 6, 2);
        let rgb: Vec<u8> = (0..b * f * height * width * 3).map(|i| (i * 37 % 251) as u8).collect();
        let normalisation = PixelNormalisation { mean: [0.5, 0.25, 0.125], std: [0.5, 0.25, 1.0] };
        let cut = ClipPatches::cut(&rgb, [f, height, width], s, &normalisation);

        let device = Device::flex();
        let floats: Vec<f32> = rgb
            .iter()
            .enumerate()
            .map(|(i, byte)| {
                (f32::from(*byte) / 255.0 - normalisation.mean[i % 3]) / normalisation.std[i % 3]
            })
            .collect();
        let pixels =
            Tensor::<5>::from_data(TensorData::new(floats, [b, f, height, width, 3]), &device)
                .permute([0, 1, 4, 2, 3]);
        let expected = ClipPatches::from_pixels(pixels, s);
        assert_eq!(expected.grid, [2, 3]);
        assert_eq!(cut, expected.values.into_data().try_to_vec::<f32>().unwrap());
    }
}
