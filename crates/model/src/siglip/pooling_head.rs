//! From the patches of a picture to its one vector: a learned probe attends to them all.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, activation::softmax};

use crate::clip::attention::LayerSize;
use crate::clip::layer::Perceptron;
use crate::initialiser::Initialiser;
use crate::layers::{LayerNorm, Linear};
use crate::ops;

/// `probe`, `attention.*`, `layernorm.*` and `mlp.*`
#[derive(Module, Debug)]
pub(super) struct PoolingHead {
    /// `[1, 1, d]`
    probe: Param<Tensor<3>>,
    attention: ProbeAttention,
    layernorm: LayerNorm,
    mlp: Perceptron,
}

/// PyTorch's `MultiheadAttention`: queries, keys and values lie one below the other.
#[derive(Module, Debug)]
struct ProbeAttention {
    /// `[3 d, d]`
    in_proj_weight: Param<Tensor<2>>,
    /// `[3 d]`
    in_proj_bias: Param<Tensor<1>>,
    out_proj: Linear,
}

impl PoolingHead {
    pub(super) fn new(size: &LayerSize, random: &mut Initialiser) -> Self {
        let (d, std) = (size.hidden_size, size.initializer_range);
        Self {
            probe: Param::from_tensor(random.normal([1, 1, d], std)),
            attention: ProbeAttention {
                in_proj_weight: Param::from_tensor(random.normal([3 * d, d], std)),
                in_proj_bias: Param::from_tensor(Tensor::zeros([3 * d], random.device())),
                out_proj: Linear::normal(d, d, std, random),
            },
            layernorm: size.norm(random),
            mlp: size.perceptron(random),
        }
    }

    /// # Shapes
    /// - `patches`: `[r, p, d]`; returns `[r, 1, d]`
    pub(super) fn forward(&self, patches: Tensor<3>, num_heads: usize) -> Tensor<3> {
        let pooled = self.attention.forward(self.probe.val(), patches, num_heads);
        self.mlp.forward_residual(self.layernorm.forward(pooled.clone()), pooled)
    }
}

impl ProbeAttention {
    /// # Shapes
    /// - `probe`: `[1, 1, d]`; `patches`: `[r, p, d]`; returns `[r, 1, d]`
    fn forward(&self, probe: Tensor<3>, patches: Tensor<3>, num_heads: usize) -> Tensor<3> {
        let [r, p, d] = patches.dims();
        let (h, width) = (num_heads, d / num_heads);
        let (weight, bias) = (self.in_proj_weight.val().transpose(), self.in_proj_bias.val());
        let some = |from: usize, count: usize| {
            let weight = weight.clone().narrow(1, from * d, count * d);
            (weight, bias.clone().narrow(0, from * d, count * d))
        };
        let ((for_q, q_bias), (for_kv, kv_bias)) = (some(0, 1), some(1, 2));
        let q = ops::linear(probe, for_q, q_bias).reshape([1, h, 1, width]);
        let kv = ops::linear(patches, for_kv, kv_bias).reshape([r, p, 2, h, width]);
        let kv = kv.permute([2, 0, 3, 1, 4]);
        let part = |i: usize| kv.clone().narrow(0, i, 1).reshape([r, h, p, width]);
        let (k, v) = (part(0), part(1));
        let scores = q.expand([r, h, 1, width]).matmul(k.swap_dims(2, 3));
        let shares = softmax(scores.div_scalar((width as f64).sqrt()), 3);
        self.out_proj.forward(shares.matmul(v).reshape([r, 1, d]))
    }
}
