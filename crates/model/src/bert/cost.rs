//! What a BERT costs.

use super::BertConfig;
use crate::encoder_cost::EncoderCost;
use crate::post_norm_block::PostNormSizes;

impl BertConfig {
    /// Of `rows` sentences, padded to `num_tokens`, that go through it together.
    pub(super) fn encoder_cost(&self, rows: usize, num_tokens: usize) -> EncoderCost {
        let sizes = PostNormSizes {
            num_blocks: self.num_hidden_layers,
            width: self.hidden_size,
            hidden: self.intermediate_size,
        };
        sizes.cost(rows, num_tokens)
    }
}
