//! One block: attention over time, attention over space, perceptron.

use burn::module::Module;
use burn::tensor::Tensor;

use super::{TemporalInit, TimeSformerConfig};
use crate::initialiser::Initialiser;
use crate::layers::{LayerNorm, Linear};
use crate::ops::{Sequences, attention, gelu};

#[derive(Module, Debug)]
pub(super) struct Block {
    /// `temporal_layernorm.*`
    temporal_layernorm: LayerNorm,
    /// `temporal_attention.*`
    temporal_attention: Attention,
    /// `temporal_dense.*`
    temporal_dense: Linear,
    /// `layernorm_before.*`
    layernorm_before: LayerNorm,
    /// `attention.*`
    attention: Attention,
    /// `layernorm_after.*`
    layernorm_after: LayerNorm,
    /// `intermediate.dense.*`
    intermediate: Dense,
    /// `output.dense.*`
    output: Dense,
}

/// `attention.qkv.*` and `output.dense.*`
#[derive(Module, Debug)]
struct Attention {
    attention: QueriesKeysValues,
    output: Dense,
}

#[derive(Module, Debug)]
struct QueriesKeysValues {
    qkv: Linear,
}

#[derive(Module, Debug)]
struct Dense {
    dense: Linear,
}

impl Attention {
    fn new(d: usize, std: f64, random: &mut Initialiser) -> Self {
        Self {
            attention: QueriesKeysValues { qkv: Linear::normal(d, 3 * d, std, random) },
            output: Dense { dense: Linear::normal(d, d, std, random) },
        }
    }

    /// Before the output map: `[b, n, d]` to `[b, n, d]`.
    fn context(&self, x: Tensor<3>, num_heads: usize, sequences: &Sequences) -> Tensor<3> {
        attention(self.attention.qkv.forward(x), num_heads, sequences)
    }
}

impl Block {
    pub(super) fn new(config: &TimeSformerConfig, random: &mut Initialiser) -> Self {
        let (d, std, eps) = (config.hidden_size, config.initializer_range, config.layer_norm_eps);
        let norm = |random: &Initialiser| LayerNorm::new(d, eps, random.device());
        Self {
            temporal_layernorm: norm(random),
            temporal_attention: Attention::new(d, std, random),
            temporal_dense: match config.temporal_init {
                TemporalInit::Zero => Linear::zero(d, d, random.device()),
                TemporalInit::Normal => Linear::normal(d, d, std, random),
            },
            layernorm_before: norm(random),
            attention: Attention::new(d, std, random),
            layernorm_after: norm(random),
            intermediate: Dense { dense: Linear::normal(d, config.intermediate_size, std, random) },
            output: Dense { dense: Linear::normal(config.intermediate_size, d, std, random) },
        }
    }

    /// # Shapes
    /// - `x`: `[b, 1 + p f, d]`, the class token first, the frames of a position next to each other
    /// - returns the same
    ///
    /// The mean of the class token over frames is taken before the output map and not after it; the
    /// map is affine, so the two are equal.
    pub(super) fn forward(&self, x: Tensor<3>, num_heads: usize, num_frames: usize) -> Tensor<3> {
        let [_b, n, _d] = x.dims();
        let class = x.clone().narrow(1, 0, 1);
        let patches = x.narrow(1, 1, n - 1);

        let over_time = Sequences::Consecutive { length: num_frames };
        let normed = self.temporal_layernorm.forward(patches.clone());
        let time = self.temporal_attention.context(normed, num_heads, &over_time);
        let output = &self.temporal_attention.output.dense;
        let patches = output.forward_both_residual(&self.temporal_dense, time, patches);

        let x = Tensor::cat(vec![class, patches], 1);
        let over_space = Sequences::Frames { num_frames };
        let normed = self.layernorm_before.forward(x.clone());
        let space = self.attention.context(normed, num_heads, &over_space);
        let x = self.attention.output.dense.forward_residual(space, x);

        let hidden = gelu(self.intermediate.dense.forward(self.layernorm_after.forward(x.clone())));
        self.output.dense.forward_residual(hidden, x)
    }
}
