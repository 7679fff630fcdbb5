//! What a video encoder must be able to do, and what is asked of its sizes.

use burn::tensor::Tensor;

use crate::ModelError;
use crate::clip_feature::ClipFeature;
use crate::clip_patches::ClipPatches;
use crate::encoder_cost::{ClipSize, EncoderCost};

/// The sizes of a video encoder.
pub(crate) trait VideoTowerConfig {
    /// Side of the square frames, pixels.
    fn image_size(&self) -> usize;

    /// Side of the patches that [`ClipPatches`] must be cut into, pixels.
    fn patch_size(&self) -> usize;

    /// Frames of a clip.
    fn num_frames(&self) -> usize;

    /// Frames of a picture's clip: one where the encoder takes clips of any length, else the picture
    /// again and again (§A.2).
    fn num_picture_frames(&self) -> usize {
        1
    }

    /// Width of a clip's feature, `d`.
    fn width(&self) -> usize;

    /// Standard deviation of the initial weights.
    fn initializer_range(&self) -> f64;

    /// Name and size, for people.
    fn summary(&self) -> String;

    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    fn check(&self) -> Result<(), ModelError>;

    /// How many numbers its large parameters have, by its sizes alone ([`crate::weight_count`]).
    fn least_weights(&self) -> u128;

    /// What `rows` clips cost that go through it together.
    fn cost(&self, rows: usize, clip: ClipSize) -> EncoderCost;

    /// [`VideoTower::clips_at_once`] of clips of this size.
    fn clips_at_once(&self, clip: ClipSize) -> usize {
        clips_at_once(clip.num_patches, clip.num_frames)
    }
}

/// Tokens of the clips that go through an encoder at once in a step of two passes, about: fewer rows
/// make the products slower, more make what a block keeps larger.
const TOKENS_AT_ONCE: usize = 4096;

fn clips_at_once(num_patches: usize, num_frames: usize) -> usize {
    (TOKENS_AT_ONCE / (1 + num_patches * num_frames)).max(1)
}

/// A video encoder: an embedding, blocks one after the other, an end. One of another kind is an
/// embedding alone.
pub(crate) trait VideoTower {
    /// How many blocks there are.
    fn num_blocks(&self) -> usize;

    /// What goes into the first block.
    ///
    /// # Shapes
    /// - `clips`: `r` clips; returns `[r, n, d]`, or more rows of fewer tokens
    fn embed(&self, clips: ClipPatches) -> Tensor<3>;

    /// Block `number`, from 0.
    ///
    /// # Shapes
    /// - `x`: as [`VideoTower::embed`] gives it for clips of `num_frames`; returns the same
    fn block(&self, number: usize, x: Tensor<3>, num_frames: usize) -> Tensor<3>;

    /// From what the last block gives to the features of clips.
    ///
    /// # Shapes
    /// - returns `[r, d]`
    fn finish(&self, x: Tensor<3>, num_frames: usize, feature: ClipFeature) -> Tensor<2>;

    /// What comes out of the last block.
    ///
    /// # Shapes
    /// - returns what [`VideoTower::embed`] does
    fn hidden(&self, clips: ClipPatches) -> Tensor<3> {
        let num_frames = clips.num_frames();
        let x = self.embed(clips);
        (0..self.num_blocks()).fold(x, |x, number| self.block(number, x, num_frames))
    }

    /// Features of clips.
    ///
    /// # Shapes
    /// - `clips`: `r` clips; returns `[r, d]`
    fn clip_features(&self, clips: ClipPatches, feature: ClipFeature) -> Tensor<2> {
        let num_frames = clips.num_frames();
        self.finish(self.hidden(clips), num_frames, feature)
    }

    /// How many clips of so many patches and frames go through the encoder at once in a step of two passes.
    fn clips_at_once(&self, num_patches: usize, num_frames: usize) -> usize {
        clips_at_once(num_patches, num_frames)
    }
}
