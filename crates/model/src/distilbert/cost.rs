//! What a DistilBERT costs.

use super::DistilBertConfig;
use crate::encoder_cost::{EncoderCost, PartCost, affine, attention};

impl DistilBertConfig {
    /// Of `rows` sentences, padded to `num_tokens`, that go through it together.
    pub(super) fn encoder_cost(&self, rows: usize, num_tokens: usize) -> EncoderCost {
        let (n, d, hidden) = (num_tokens as f64, self.dim as f64, self.hidden_dim as f64);
        let tokens = rows as f64 * n;
        EncoderCost {
            num_blocks: self.n_layers,
            // The words, with their places, and the norm.
            embedding: PartCost {
                kept: 2.0 * tokens * d,
                passing: 2.0 * tokens * d,
                ..PartCost::default()
            },
            block: PartCost {
                multiply_adds: affine(tokens, d, 4.0 * d)
                    + attention(tokens, n, d)
                    + affine(tokens, d, 2.0 * hidden),
                // Queries with keys and values, what attention gives, the sum, the norm; both sides of the bend, the
                // sum, the norm.
                kept: tokens * (8.0 * d + 2.0 * hidden),
                passing: tokens * (hidden + 2.0 * d),
                // The three maps before attention, joined.
                kept_weights: 3.0 * d * d,
            },
            end: PartCost::default(),
            block_input: tokens * d,
        }
    }
}
