//! GELU by a hyperbolic tangent.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, activation::sigmoid};

use super::cpu::{self, CpuKernel};
use super::kernel;

/// `2 sqrt(2 / π)`.
const SLOPE: f64 = 1.595_769_121_605_730_7;

/// `x (1 + tanh u) / 2` with `u = sqrt(2 / π) (x + 0.044715 x³)`, element by element: PyTorch's
/// `gelu(approximate="tanh")`.
pub fn gelu_tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if cpu::serves(&x) {
        return cpu::apply(GeluTanh, [x.into()]);
    }
    // (1 + tanh u) / 2 is the logistic function of 2 u.
    let twice_u = (x.clone() * x.clone() * 0.044_715 + 1.0) * x.clone() * SLOPE;
    x * sigmoid(twice_u)
}

#[derive(Clone, Debug)]
struct GeluTanh;

impl CpuKernel<1> for GeluTanh {
    fn forward(&self, [x]: [&FlexTensor; 1]) -> FlexTensor {
        cpu::tensor(kernel::gelu_tanh::forward(cpu::values(x)), x.layout().shape().clone())
    }

    fn backward(&self, [x]: [&FlexTensor; 1], output_grad: &FlexTensor) -> [FlexTensor; 1] {
        let grad = kernel::gelu_tanh::backward(cpu::values(x), cpu::values(output_grad));
        [cpu::tensor(grad, x.layout().shape().clone())]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compare_bodies, random};
    use super::*;

    #[test]
    fn the_fused_gelu_by_tangent_equals_the_engines() {
        compare_bodies([random([7, 33], 6.0, 1)], |[x]: [Tensor<2>; 1]| gelu_tanh(x), 2e-6);
    }

    #[test]
    fn it_is_pytorchs() {
        // torch.nn.functional.gelu(x, approximate="tanh") of -3, -1, 0.5 and 2.
        let x = Tensor::<1>::from_data([-3.0f32, -1.0, 0.5, 2.0], &burn::tensor::Device::flex());
        let found = gelu_tanh(x).into_data().try_to_vec::<f32>().unwrap();
        let expected = [-0.003_637_392f32, -0.158_808_01, 0.345_714, 1.954_597_7];
        for (x, y) in found.iter().zip(expected) {
            assert!((x - y).abs() < 1e-6, "{x} instead of {y}");
        }
    }
}
