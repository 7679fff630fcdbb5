//! What a text encoder must be able to do, and what is asked of its sizes.

use burn::tensor::Tensor;

use crate::ModelError;
use crate::encoder_cost::EncoderCost;
use crate::token_batch::TokenBatch;

/// The sizes of a text encoder.
pub(crate) trait TextTowerConfig {
    /// Tokens the encoder knows.
    fn vocab_size(&self) -> usize;

    /// The same for a vocabulary of another size.
    fn set_vocab_size(&mut self, vocab_size: usize);

    /// Longest sentence in tokens, first and last included.
    fn max_tokens(&self) -> usize;

    /// Whether a token stands before the words of a sentence.
    fn has_first_token(&self) -> bool {
        true
    }

    /// Width of a word's feature, `d`.
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

    /// What `rows` sentences, padded to `num_tokens`, cost that go through it together.
    fn cost(&self, rows: usize, num_tokens: usize) -> EncoderCost;
}

/// A text encoder: an embedding, blocks one after the other, an end.
pub(crate) trait TextTower {
    /// Whether a token stands before the words of a sentence; behind them one always does.
    fn has_first_token(&self) -> bool {
        true
    }

    /// The token that is a sentence's own feature, of `length` tokens padded to `padded_length`.
    fn sentence_place(&self, length: usize, _padded_length: usize) -> usize {
        length - 1
    }

    /// How many blocks there are.
    fn num_blocks(&self) -> usize;

    /// What goes into the first block.
    ///
    /// # Shapes
    /// - returns `[b, n, d]`
    fn embed(&self, tokens: &TokenBatch) -> Tensor<3>;

    /// Block `number`, from 0.
    ///
    /// # Shapes
    /// - `x`: `[b, n, d]`; returns the same
    fn block(&self, number: usize, x: Tensor<3>, tokens: &TokenBatch) -> Tensor<3>;

    /// From what the last block gives to the features.
    ///
    /// # Shapes
    /// - `x`: `[b, n, d]`; returns the same, or another width
    fn finish(&self, x: Tensor<3>) -> Tensor<3>;

    /// The vector that the encoder's makers compare whole sentences by, where it has one.
    ///
    /// # Shapes
    /// - returns `[b, d]`
    fn own_sentences(&self, _tokens: &TokenBatch) -> Option<Tensor<2>> {
        None
    }

    /// Features of all tokens, first and last included; rows of padding have no meaning.
    ///
    /// # Shapes
    /// - returns `[b, n, d]`
    fn token_features(&self, tokens: &TokenBatch) -> Tensor<3> {
        let x = self.embed(tokens);
        let blocks = 0..self.num_blocks();
        self.finish(blocks.fold(x, |x, number| self.block(number, x, tokens)))
    }
}
