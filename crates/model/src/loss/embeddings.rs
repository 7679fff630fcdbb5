//! What the losses are of: the features of a batch of pairs.

use burn::tensor::Tensor;

/// Shorter vectors than this are treated as this long: `ReLU` can make the warped clip zero.
pub(crate) const UNIT_EPSILON: f64 = 1e-12;

/// Projected features of a batch of pairs, as the heads give them: not of unit length.
#[derive(Clone, Debug)]
pub struct VideoTextEmbeddings {
    /// Clips, `[b, t, e]`.
    pub clips: Tensor<3>,
    /// Words, `[b, n, e]`; rows of padding may hold anything finite.
    pub words: Tensor<3>,
    /// Words of every sentence, at least 1 each.
    pub num_words: Vec<usize>,
}
