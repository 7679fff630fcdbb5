//! What a video encoder must be able to do, and what is asked of its sizes.

use burn::tensor::Tensor;

use crate::ModelError;
use crate::clip_feature::ClipFeature;
use crate::clip_patches::ClipPatches;

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
}

/// A video encoder.
pub(crate) trait VideoTower {
    /// Features of clips.
    ///
    /// # Shapes
    /// - `clips`: `r` clips; returns `[r, d]`
    fn clip_features(&self, clips: ClipPatches, feature: ClipFeature) -> Tensor<2>;
}
