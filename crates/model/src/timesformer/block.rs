//! One block: attention over time, attention over space, perceptron.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::{TemporalInit, TimeSformerBlock, TimeSformerConfig};
use crate::initialiser::Initialiser;
use crate::layers::{LayerNorm, Linear};
use crate::ops::{Sequences, attention, gelu};

#[derive(Module, Debug)]
pub(super) struct Block {
    /// `temporal_layernorm.*`
    temporal_layernorm: LayerNorm,
    /// `temporal_attention.*`
    temporal_attention: Attention,
    /// `temporal_dense.*`, absent in the frozen block
    temporal_dense: Option<Linear>,
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

    /// Zero for every input, and able to learn: values of zero under an output map of ones.
    fn silent(d: usize, device: &Device) -> Self {
        let ones = Linear {
            weight: Param::from_tensor(Tensor::ones([d, d], device)),
            bias: Param::from_tensor(Tensor::zeros([d], device)),
        };
        Self {
            attention: QueriesKeysValues { qkv: Linear::zero(d, 3 * d, device) },
            output: Dense { dense: ones },
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
            temporal_attention: match (config.block, config.temporal_init) {
                (TimeSformerBlock::Frozen, TemporalInit::Zero) => {
                    Attention::silent(d, random.device())
                }
                _ => Attention::new(d, std, random),
            },
            temporal_dense: match (config.block, config.temporal_init) {
                (TimeSformerBlock::Frozen, _) => None,
                (TimeSformerBlock::Divided, TemporalInit::Zero) => {
                    Some(Linear::zero(d, d, random.device()))
                }
                (TimeSformerBlock::Divided, TemporalInit::Normal) => {
                    Some(Linear::normal(d, d, std, random))
                }
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
    pub(super) fn forward(&self, x: Tensor<3>, num_heads: usize, num_frames: usize) -> Tensor<3> {
        let x = match &self.temporal_dense {
            Some(temporal_dense) => self.divided(x, temporal_dense, num_heads, num_frames),
            None => self.frozen(x, num_heads, num_frames),
        };
        let hidden = gelu(self.intermediate.dense.forward(self.layernorm_after.forward(x.clone())));
        self.output.dense.forward_residual(hidden, x)
    }

    /// Time attention, then space attention, as TimeSformer has them.
    ///
    /// The mean of the class token over frames is taken before the output map and not after it; the
    /// map is affine, so the two are equal.
    fn divided(
        &self,
        x: Tensor<3>,
        temporal_dense: &Linear,
        num_heads: usize,
        num_frames: usize,
    ) -> Tensor<3> {
        let [_b, n, _d] = x.dims();
        let class = x.clone().narrow(1, 0, 1);
        let patches = x.narrow(1, 1, n - 1);

        let over_time = Sequences::Consecutive { length: num_frames };
        let normed = self.temporal_layernorm.forward(patches.clone());
        let time = self.temporal_attention.context(normed, num_heads, &over_time);
        let output = &self.temporal_attention.output.dense;
        let patches = output.forward_both_residual(temporal_dense, time, patches);

        let x = Tensor::cat(vec![class, patches], 1);
        let over_space = Sequences::Frames { num_frames };
        let normed = self.layernorm_before.forward(x.clone());
        let space = self.attention.context(normed, num_heads, &over_space);
        self.attention.output.dense.forward_residual(space, x)
    }

    /// Time attention, then space attention, as Frozen-in-Time has them: space attention sees what
    /// time attention added, and its result is added to what came in.
    fn frozen(&self, x: Tensor<3>, num_heads: usize, num_frames: usize) -> Tensor<3> {
        let over_time = Sequences::ClassAndPositions { num_frames };
        let normed = self.temporal_layernorm.forward(x.clone());
        let time = self.temporal_attention.context(normed, num_heads, &over_time);
        let timed = self.temporal_attention.output.dense.forward_residual(time, x.clone());

        let over_space = Sequences::ClassAndFrames { num_frames };
        let normed = self.layernorm_before.forward(timed);
        let space = self.attention.context(normed, num_heads, &over_space);
        self.attention.output.dense.forward_residual(space, x)
    }
}
