//! What a DistilBERT costs.

use super::DistilBertConfig;
use crate::encoder_cost::EncoderCost;
use crate::post_norm_block::PostNormSizes;

impl DistilBertConfig {
    /// Of `rows` sentences, padded to `num_tokens`, that go through it together.
    pub(super) fn encoder_cost(&self, rows: usize, num_tokens: usize) -> EncoderCost {
        let sizes =
            PostNormSizes { num_blocks: self.n_layers, width: self.dim, hidden: self.hidden_dim };
        sizes.cost(rows, num_tokens)
    }
}
