//! What a text encoder must be able to do, and what is asked of its sizes.

use burn::tensor::Tensor;

use crate::ModelError;
use crate::token_batch::TokenBatch;

/// The sizes of a text encoder.
pub(crate) trait TextTowerConfig {
    /// Tokens the encoder knows.
    fn vocab_size(&self) -> usize;

    /// The same for a vocabulary of another size.
    fn set_vocab_size(&mut self, vocab_size: usize);

    /// Longest sentence in tokens, first and last included.
    fn max_tokens(&self) -> usize;

    /// Width of a word's feature, `d`.
    fn width(&self) -> usize;

    /// Standard deviation of the initial weights.
    fn initializer_range(&self) -> f64;

    /// Name and size, for people.
    fn summary(&self) -> String;

    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    fn check(&self) -> Result<(), ModelError>;
}

/// A text encoder.
pub(crate) trait TextTower {
    /// Features of all tokens, first and last included; rows of padding have no meaning.
    ///
    /// # Shapes
    /// - returns `[b, n, d]`
    fn token_features(&self, tokens: &TokenBatch) -> Tensor<3>;
}
