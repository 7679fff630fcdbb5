//! The two layers everything is made of, with the parameter names PyTorch gives them.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::initialiser::Initialiser;
use crate::ops;

/// `x W + b`; the file holds the weight as PyTorch does, `[output, input]`, memory as
/// `[input, output]`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[input, output]`.
    pub weight: Param<Tensor<2>>,
    /// `[output]`.
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// Weights drawn from a normal distribution with standard deviation `std`, bias zero.
    pub fn normal(input: usize, output: usize, std: f64, random: &mut Initialiser) -> Self {
        Self {
            weight: Param::from_tensor(random.normal([input, output], std)),
            bias: Param::from_tensor(Tensor::zeros([output], random.device())),
        }
    }

    /// The map that gives zero for every input.
    pub fn zero(input: usize, output: usize, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::zeros([input, output], device)),
            bias: Param::from_tensor(Tensor::zeros([output], device)),
        }
    }

    /// # Shapes
    /// - `x`: `[.., input]`
    /// - returns `[.., output]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        ops::linear(x, self.weight.val(), self.bias.val())
    }

    /// `residual` plus what [`Linear::forward`] gives.
    ///
    /// # Shapes
    /// - `x`: `[.., input]`; `residual`: `[.., output]`
    /// - returns `[.., output]`
    pub fn forward_residual<const D: usize>(&self, x: Tensor<D>, residual: Tensor<D>) -> Tensor<D> {
        ops::linear_residual(x, self.weight.val(), self.bias.val(), residual)
    }
}

/// Layer normalisation with a learned scale and shift.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// Scale, `[d]`.
    pub weight: Param<Tensor<1>>,
    /// Shift, `[d]`.
    pub bias: Param<Tensor<1>>,
    /// Added to the variance.
    pub epsilon: f64,
}

impl LayerNorm {
    /// Scale one, shift zero.
    pub fn new(d: usize, epsilon: f64, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([d], device)),
            bias: Param::from_tensor(Tensor::zeros([d], device)),
            epsilon,
        }
    }

    /// # Shapes
    /// - `x`: `[.., d]`
    /// - returns `[.., d]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        ops::layer_norm(x, self.weight.val(), self.bias.val(), self.epsilon)
    }
}
