//! Layer normalisation.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use super::cpu::{self, CpuKernel};
use super::kernel;

/// Normalises the last axis to mean 0 and variance 1, then scales by `gamma` and shifts by `beta`.
///
/// # Shapes
/// - `x`: `[.., d]`; `gamma`, `beta`: `[d]`
/// - returns `[.., d]`
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    if cpu::serves(&x) {
        let kernel = LayerNorm { epsilon: epsilon as f32 };
        cpu::apply(kernel, [x.into(), gamma.into(), beta.into()])
    } else {
        burn::tensor::module::layer_norm(x, gamma, Some(beta), epsilon)
    }
}

#[derive(Clone, Debug)]
struct LayerNorm {
    epsilon: f32,
}

impl CpuKernel<3> for LayerNorm {
    fn forward(&self, [x, gamma, beta]: [&FlexTensor; 3]) -> FlexTensor {
        let y = kernel::layer_norm::forward(
            cpu::values(x),
            cpu::values(gamma),
            cpu::values(beta),
            self.epsilon,
        );
        cpu::tensor(y, x.layout().shape().clone())
    }

    fn backward(
        &self,
        [x, gamma, beta]: [&FlexTensor; 3],
        output_grad: &FlexTensor,
    ) -> [FlexTensor; 3] {
        let (dx, d_gamma, d_beta) = kernel::layer_norm::backward(
            cpu::values(x),
            cpu::values(gamma),
            cpu::values(output_grad),
            self.epsilon,
        );
        [
            cpu::tensor(dx, x.layout().shape().clone()),
            cpu::tensor(d_gamma, gamma.layout().shape().clone()),
            cpu::tensor(d_beta, beta.layout().shape().clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compare_bodies, random};
    use super::*;

    #[test]
    fn the_fused_layer_norm_equals_the_engines() {
        let inputs = [random([300, 24], 3.0, 1), random([1, 24], 1.0, 2), random([1, 24], 1.0, 3)];
        let body = |[x, gamma, beta]: [Tensor<2>; 3]| {
            layer_norm(x, gamma.squeeze_dim(0), beta.squeeze_dim(0), 1e-6)
        };
        // Gradients of gamma sum 300 rows in another order.
        compare_bodies(inputs, body, 2e-5);
    }
}
