//! Exact GELU.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use super::cpu::{self, CpuKernel};
use super::kernel;

/// Exact GELU, `x Φ(x)` with the standard normal distribution function `Φ`, element by element.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if cpu::serves(&x) { cpu::apply(Gelu, [x.into()]) } else { burn::tensor::activation::gelu(x) }
}

#[derive(Clone, Debug)]
struct Gelu;

impl CpuKernel<1> for Gelu {
    fn forward(&self, [x]: [&FlexTensor; 1]) -> FlexTensor {
        cpu::tensor(kernel::gelu::forward(cpu::values(x)), x.layout().shape().clone())
    }

    fn backward(&self, [x]: [&FlexTensor; 1], output_grad: &FlexTensor) -> [FlexTensor; 1] {
        let grad = kernel::gelu::backward(cpu::values(x), cpu::values(output_grad));
        [cpu::tensor(grad, x.layout().shape().clone())]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compare_bodies, random};
    use super::*;

    #[test]
    fn the_fused_gelu_equals_the_engines() {
        compare_bodies([random([7, 33], 4.0, 1)], |[x]: [Tensor<2>; 1]| gelu(x), 2e-6);
    }
}
