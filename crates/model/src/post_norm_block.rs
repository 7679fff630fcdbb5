//! The block of BERT and its descendants: attention, then a perceptron, each added to what went in and
//! normalised behind that; and what such a block costs.
//!
//! The encoders keep the parameters under their own names and lend them to it.

use burn::tensor::Tensor;

use crate::encoder_cost::{EncoderCost, PartCost, affine, attention as attention_cost};
use crate::layers::{LayerNorm, Linear};
use crate::ops::{Sequences, attention, gelu, linear};

/// The layers of a block.
pub(crate) struct PostNormBlock<'a> {
    pub(crate) query: &'a Linear,
    pub(crate) key: &'a Linear,
    pub(crate) value: &'a Linear,
    /// Behind attention.
    pub(crate) output: &'a Linear,
    pub(crate) attention_norm: &'a LayerNorm,
    pub(crate) hidden: &'a Linear,
    pub(crate) perceptron_output: &'a Linear,
    pub(crate) perceptron_norm: &'a LayerNorm,
}

impl PostNormBlock<'_> {
    /// # Shapes
    /// - `x`: `[b, n, d]`; returns the same
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        num_heads: usize,
        sequences: &Sequences,
    ) -> Tensor<3> {
        let (q, k, v) = (self.query, self.key, self.value);
        // One product for all three: the file keeps them apart, a small copy joins them.
        let weight = Tensor::cat(vec![q.weight.val(), k.weight.val(), v.weight.val()], 1);
        let bias = Tensor::cat(vec![q.bias.val(), k.bias.val(), v.bias.val()], 0);
        let context = attention(linear(x.clone(), weight, bias), num_heads, sequences);
        let x = self.attention_norm.forward(self.output.forward_residual(context, x));
        let hidden = gelu(self.hidden.forward(x.clone()));
        self.perceptron_norm.forward(self.perceptron_output.forward_residual(hidden, x))
    }
}

/// What an encoder of such blocks costs.
pub(crate) struct PostNormSizes {
    pub(crate) num_blocks: usize,
    /// Width of a token.
    pub(crate) width: usize,
    /// Width of the hidden layer of a block's perceptron.
    pub(crate) hidden: usize,
}

impl PostNormSizes {
    /// Of `rows` sentences, padded to `num_tokens`, that go through it together.
    pub(crate) fn cost(&self, rows: usize, num_tokens: usize) -> EncoderCost {
        let (n, d, hidden) = (num_tokens as f64, self.width as f64, self.hidden as f64);
        let tokens = rows as f64 * n;
        EncoderCost {
            num_blocks: self.num_blocks,
            // The words, with their places, and the norm.
            embedding: PartCost {
                kept: 2.0 * tokens * d,
                passing: 2.0 * tokens * d,
                ..PartCost::default()
            },
            block: PartCost {
                multiply_adds: affine(tokens, d, 4.0 * d)
                    + attention_cost(tokens, n, d)
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
