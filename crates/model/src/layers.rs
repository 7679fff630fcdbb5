//! The layers everything is made of, with the parameter names PyTorch gives them.

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::initialiser::Initialiser;
use crate::ops;
use crate::token_batch::TokenBatch;

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

    /// Weights and bias uniform within `1 / sqrt(input)`: what PyTorch's own initialisation (Kaiming
    /// with `a = sqrt(5)`) comes to.
    pub fn uniform(input: usize, output: usize, random: &mut Initialiser) -> Self {
        let bound = 1.0 / (input as f64).sqrt();
        Self {
            weight: Param::from_tensor(random.uniform([input, output], bound)),
            bias: Param::from_tensor(random.uniform([output], bound)),
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

    /// `residual` plus what `next` gives for what [`Linear::forward`] gives.
    ///
    /// Two affine maps with nothing between them are one; making that one costs as much as one map
    /// of `input` rows, and saves a pass over all rows of `x`.
    ///
    /// # Shapes
    /// - `x`: `[.., input]`; `residual`: `[.., output of next]`
    /// - returns `[.., output of next]`
    pub fn forward_both_residual<const D: usize>(
        &self,
        next: &Self,
        x: Tensor<D>,
        residual: Tensor<D>,
    ) -> Tensor<D> {
        let weight = self.weight.val().matmul(next.weight.val());
        let bias = next.forward(self.bias.val().unsqueeze::<2>()).squeeze_dim(0);
        ops::linear_residual(x, weight, bias, residual)
    }
}

/// `x W`; in file and memory as in [`Linear`].
#[derive(Module, Debug)]
pub struct LinearWithoutBias {
    /// `[input, output]`.
    pub weight: Param<Tensor<2>>,
}

impl LinearWithoutBias {
    /// Weights drawn from a normal distribution with standard deviation `std`.
    pub fn normal(input: usize, output: usize, std: f64, random: &mut Initialiser) -> Self {
        Self { weight: Param::from_tensor(random.normal([input, output], std)) }
    }

    /// Weights uniform within `1 / sqrt(input)`, as PyTorch's own initialisation.
    pub fn uniform(input: usize, output: usize, random: &mut Initialiser) -> Self {
        let bound = 1.0 / (input as f64).sqrt();
        Self { weight: Param::from_tensor(random.uniform([input, output], bound)) }
    }

    /// # Shapes
    /// - `x`: `[.., input]`
    /// - returns `[.., output]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let weight = self.weight.val();
        let [_, output] = weight.dims();
        let bias = Tensor::zeros([output], (&weight.device(), weight.dtype()));
        ops::linear(x, weight, bias)
    }
}

/// A row of numbers for every token, place or time.
#[derive(Module, Debug)]
pub struct Embedding {
    /// `[rows, d]`.
    pub weight: Param<Tensor<2>>,
}

impl Embedding {
    /// Rows drawn from a normal distribution with standard deviation `std`.
    pub fn normal(rows: usize, d: usize, std: f64, random: &mut Initialiser) -> Self {
        Self { weight: Param::from_tensor(random.normal([rows, d], std)) }
    }

    /// Rows of zeros.
    pub fn zero(rows: usize, d: usize, device: &Device) -> Self {
        Self { weight: Param::from_tensor(Tensor::zeros([rows, d], device)) }
    }

    /// All rows, `[1, rows, d]`.
    pub fn rows(&self) -> Tensor<3> {
        self.weight.val().unsqueeze()
    }

    /// The rows of a batch of tokens, `[b, n, d]`.
    pub fn of_tokens(&self, tokens: &TokenBatch) -> Tensor<3> {
        let (b, n) = (tokens.lengths.len(), tokens.padded_length);
        assert_eq!(tokens.ids.len(), b * n, "ids of {b} sentences of {n} tokens");
        let table = self.weight.val();
        let [_, d] = table.dims();
        let ids: Vec<i64> = tokens.ids.iter().map(|id| i64::from(*id)).collect();
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [b * n]), &table.device());
        table.select(0, ids).reshape([b, n, d])
    }

    /// The first `n` rows, `[1, n, d]`.
    pub fn first(&self, n: usize) -> Tensor<3> {
        self.rows().narrow(1, 0, n)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_maps_made_one_give_what_they_give_in_turn() {
        let mut random = Initialiser::new(2, &Device::flex());
        let first = Linear {
            bias: Param::from_tensor(random.normal([7], 1.0)),
            ..Linear::normal(5, 7, 1.0, &mut random)
        };
        let second = Linear {
            bias: Param::from_tensor(random.normal([3], 1.0)),
            ..Linear::normal(7, 3, 1.0, &mut random)
        };
        let (x, residual) = (random.normal([2, 4, 5], 1.0), random.normal([2, 4, 3], 1.0));
        let one = first.forward_both_residual(&second, x.clone(), residual.clone());
        let in_turn = second.forward_residual(first.forward(x), residual);
        let difference: f32 = (one - in_turn).abs().max().into_scalar();
        // Sums of 35 products of numbers around 1, taken in another order.
        assert!(difference < 2e-5, "{difference}");
    }
}
