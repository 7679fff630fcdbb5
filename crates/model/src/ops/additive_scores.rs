//! Scores of additive attention.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use super::cpu::{self, CpuKernel};
use super::kernel::additive_scores::{Sizes, backward, forward};

/// `weight · tanh(queries_i + keys_j)` for every query and key of a batch element.
///
/// # Shapes
/// - `queries`: `[b, m, d]`; `keys`: `[b, n, d]`; `weight`: `[d]`
/// - returns `[b, m, n]`
pub fn additive_scores(queries: Tensor<3>, keys: Tensor<3>, weight: Tensor<1>) -> Tensor<3> {
    let ([b, m, d], [_, n, _]) = (queries.dims(), keys.dims());
    if cpu::serves(&queries) {
        let sizes = Sizes { queries: m, keys: n, width: d };
        let inputs = [queries.into(), keys.into(), weight.into()];
        return cpu::apply(AdditiveScores { sizes }, inputs);
    }
    let sums = queries.reshape([b, m, 1, d]) + keys.reshape([b, 1, n, d]);
    (sums.tanh() * weight.reshape([1, 1, 1, d])).sum_dim(3).reshape([b, m, n])
}

#[derive(Clone, Debug)]
struct AdditiveScores {
    sizes: Sizes,
}

impl CpuKernel<3> for AdditiveScores {
    fn forward(&self, [q, k, w]: [&FlexTensor; 3]) -> FlexTensor {
        let scores = forward(cpu::values(q), cpu::values(k), cpu::values(w), self.sizes);
        let mut shape = q.layout().shape().clone();
        shape[2] = self.sizes.keys;
        cpu::tensor(scores, shape)
    }

    fn backward(&self, [q, k, w]: [&FlexTensor; 3], output_grad: &FlexTensor) -> [FlexTensor; 3] {
        let (q_values, k_values, w_values) = (cpu::values(q), cpu::values(k), cpu::values(w));
        let [dq, dk, dw] =
            backward(q_values, k_values, w_values, cpu::values(output_grad), self.sizes);
        [
            cpu::tensor(dq, q.layout().shape().clone()),
            cpu::tensor(dk, k.layout().shape().clone()),
            cpu::tensor(dw, w.layout().shape().clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compare_bodies, random};
    use super::*;

    #[test]
    fn the_fused_scores_equal_the_engines() {
        let inputs =
            [random([3, 9, 37], 1.5, 1), random([3, 4, 37], 1.5, 2), random([1, 1, 37], 1.0, 3)];
        let body = |[q, k, w]: [Tensor<3>; 3]| additive_scores(q, k, w.reshape([37]));
        // Sums of 37 tanh, each within 2e-7.
        compare_bodies(inputs, body, 1e-5);
    }
}
