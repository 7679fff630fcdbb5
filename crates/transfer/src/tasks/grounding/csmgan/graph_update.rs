//! How a node of the graph takes in its message: a gated recurrent unit with a step each.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use locvtp_model::Initialiser;
use locvtp_model::layers::Linear;
use locvtp_model::ops::linear;

/// `r, u = σ(W [m; x])`, `o = tanh(W_o [m; r x])`, `x' = (1 - u) x + u o`.
#[derive(Module, Debug)]
pub(super) struct GraphUpdate {
    /// `reset_gate.*`
    reset_gate: Linear,
    /// `update_gate.*`
    update_gate: Linear,
    /// `out_gate.*`
    out_gate: Linear,
}

impl GraphUpdate {
    /// Orthogonal matrices, biases zero.
    pub(super) fn new(d: usize, random: &mut Initialiser) -> Self {
        let mut gate = || Linear {
            weight: Param::from_tensor(random.orthogonal([2 * d, d])),
            ..Linear::zero(2 * d, d, random.device())
        };
        Self { reset_gate: gate(), update_gate: gate(), out_gate: gate() }
    }

    /// # Shapes
    /// - `messages`, `nodes`: `[b, n, d]`; returns the same
    pub(super) fn forward(&self, messages: Tensor<3>, nodes: Tensor<3>) -> Tensor<3> {
        let [_, _, d] = nodes.dims();
        let both = Tensor::cat(vec![messages.clone(), nodes.clone()], 2);
        // One product for both gates.
        let (reset, update) = (&self.reset_gate, &self.update_gate);
        let weight = Tensor::cat(vec![reset.weight.val(), update.weight.val()], 1);
        let bias = Tensor::cat(vec![reset.bias.val(), update.bias.val()], 0);
        let gates = sigmoid(linear(both, weight, bias));
        let (reset, update) = (gates.clone().narrow(2, 0, d), gates.narrow(2, d, d));
        let both = Tensor::cat(vec![messages, nodes.clone() * reset], 2);
        let new = self.out_gate.forward(both).tanh();
        nodes.clone() + update * (new - nodes)
    }
}
