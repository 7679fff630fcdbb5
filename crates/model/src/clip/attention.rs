//! Attention, as the blocks of both towers and of SigLIP's have it, and the sizes it follows from.

use burn::module::Module;
use burn::tensor::Tensor;

use super::Activation;
use crate::initialiser::Initialiser;
use crate::layers::{LayerNorm, Linear};
use crate::ops::{Sequences, attention, linear};

/// What a block's size follows from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerSize {
    pub(crate) hidden_size: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) layer_norm_eps: f64,
    pub(crate) initializer_range: f64,
    pub(crate) activation: Activation,
}

/// `q_proj.*`, `k_proj.*`, `v_proj.*` and `out_proj.*`
#[derive(Module, Debug)]
pub(crate) struct Attention {
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    out_proj: Linear,
}

impl LayerSize {
    pub(crate) fn norm(&self, random: &Initialiser) -> LayerNorm {
        LayerNorm::new(self.hidden_size, self.layer_norm_eps, random.device())
    }

    pub(crate) fn attention(&self, random: &mut Initialiser) -> Attention {
        let mut square =
            || Linear::normal(self.hidden_size, self.hidden_size, self.initializer_range, random);
        Attention { q_proj: square(), k_proj: square(), v_proj: square(), out_proj: square() }
    }
}

impl Attention {
    /// Before the output map: `[b, n, d]` to `[b, n, d]`.
    fn context(&self, x: Tensor<3>, num_heads: usize, sequences: &Sequences) -> Tensor<3> {
        let (q, k, v) = (&self.q_proj, &self.k_proj, &self.v_proj);
        // One product for all three: the file keeps them apart, a small copy joins them.
        let weight = Tensor::cat(vec![q.weight.val(), k.weight.val(), v.weight.val()], 1);
        let bias = Tensor::cat(vec![q.bias.val(), k.bias.val(), v.bias.val()], 0);
        attention(linear(x, weight, bias), num_heads, sequences)
    }

    /// `[b, n, d]` to `[b, n, d]`.
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        num_heads: usize,
        sequences: &Sequences,
    ) -> Tensor<3> {
        self.out_proj.forward(self.context(x, num_heads, sequences))
    }

    /// The same, added to `residual`.
    pub(crate) fn forward_residual(
        &self,
        x: Tensor<3>,
        num_heads: usize,
        sequences: &Sequences,
        residual: Tensor<3>,
    ) -> Tensor<3> {
        self.out_proj.forward_residual(self.context(x, num_heads, sequences), residual)
    }
}
