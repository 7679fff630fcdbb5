//! CLIP's approximation of GELU.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, activation::sigmoid};

use super::cpu::{self, CpuKernel};
use super::kernel;

/// `x / (1 + e^(-1.702 x))`, element by element.
pub fn quick_gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if cpu::serves(&x) { cpu::apply(QuickGelu, [x.into()]) } else { x.clone() * sigmoid(x * 1.702) }
}

#[derive(Clone, Debug)]
struct QuickGelu;

impl CpuKernel<1> for QuickGelu {
    fn forward(&self, [x]: [&FlexTensor; 1]) -> FlexTensor {
        cpu::tensor(kernel::quick_gelu::forward(cpu::values(x)), x.layout().shape().clone())
    }

    fn backward(&self, [x]: [&FlexTensor; 1], output_grad: &FlexTensor) -> [FlexTensor; 1] {
        let grad = kernel::quick_gelu::backward(cpu::values(x), cpu::values(output_grad));
        [cpu::tensor(grad, x.layout().shape().clone())]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compare_bodies, random};
    use super::*;

    #[test]
    fn the_fused_quick_gelu_equals_the_engines() {
        compare_bodies([random([7, 33], 6.0, 1)], |[x]: [Tensor<2>; 1]| quick_gelu(x), 2e-6);
    }
}
