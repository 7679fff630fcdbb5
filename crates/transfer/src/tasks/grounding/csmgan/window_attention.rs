//! Multi-head self-attention of frames to their neighbours.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use locvtp_model::Initialiser;
use locvtp_model::layers::Linear;
use locvtp_model::ops::{Sequences, attention, linear};

/// One layer of it.
#[derive(Module, Debug)]
pub(super) struct WindowAttention {
    /// Queries, keys and values, `[3 d, d]`
    in_proj_weight: Param<Tensor<2>>,
    /// `[3 d]`
    in_proj_bias: Param<Tensor<1>>,
    /// `out_proj.*`
    out_proj: Linear,
    num_heads: usize,
    radius: usize,
}

impl WindowAttention {
    /// Both matrices uniform within Xavier's bound, the first as the one matrix it is; biases zero.
    pub(super) fn new(d: usize, num_heads: usize, radius: usize, random: &mut Initialiser) -> Self {
        let bound = |rows: usize| (6.0 / (rows + d) as f64).sqrt();
        let device = random.device().clone();
        Self {
            in_proj_weight: Param::from_tensor(random.uniform([3 * d, d], bound(3 * d))),
            in_proj_bias: Param::from_tensor(Tensor::zeros([3 * d], &device)),
            out_proj: Linear {
                weight: Param::from_tensor(random.uniform([d, d], bound(d))),
                ..Linear::zero(d, d, &device)
            },
            num_heads,
            radius,
        }
    }

    /// # Shapes
    /// - `x`: `[b, f, d]`; returns the same
    pub(super) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let weight = self.in_proj_weight.val().swap_dims(0, 1);
        let qkv = linear(x, weight, self.in_proj_bias.val());
        let sequences = Sequences::Window { radius: self.radius };
        self.out_proj.forward(attention(qkv, self.num_heads, &sequences))
    }
}
