//! The affine map.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use super::cpu::{self, CpuKernel};
use super::kernel::matrix::{Matrix, affine, affine_residual, column_sums, multiply};

/// `x w + bias` over the last axis, whatever stands before it.
///
/// # Shapes
/// - `x`: `[.., i]`; `weight`: `[i, o]`; `bias`: `[o]`
/// - returns `[.., o]`
pub fn linear<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<D> {
    if cpu::serves(&x) {
        cpu::apply(Linear, [x.into(), weight.into(), bias.into()])
    } else {
        burn::tensor::module::linear(x, weight, Some(bias))
    }
}

/// `residual + x w + bias`: the end of a transformer's branch, without a pass of its own for the sum.
///
/// # Shapes
/// - `x`: `[.., i]`; `weight`: `[i, o]`; `bias`: `[o]`; `residual`: `[.., o]`
/// - returns `[.., o]`
pub fn linear_residual<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    residual: Tensor<D>,
) -> Tensor<D> {
    if cpu::serves(&x) {
        cpu::apply(LinearResidual, [x.into(), weight.into(), bias.into(), residual.into()])
    } else {
        residual + burn::tensor::module::linear(x, weight, Some(bias))
    }
}

#[derive(Clone, Debug)]
struct LinearResidual;

impl CpuKernel<4> for LinearResidual {
    fn forward(&self, [x, weight, bias, residual]: [&FlexTensor; 4]) -> FlexTensor {
        let y = affine_residual(
            cpu::values(x),
            cpu::values(weight),
            cpu::values(bias),
            cpu::values(residual),
            cpu::width(x),
        );
        cpu::tensor(y, residual.layout().shape().clone())
    }

    fn backward(
        &self,
        [x, weight, bias, _residual]: [&FlexTensor; 4],
        output_grad: &FlexTensor,
    ) -> [FlexTensor; 4] {
        let [dx, dw, db] = Linear.backward([x, weight, bias], output_grad);
        [dx, dw, db, output_grad.clone()]
    }
}

#[derive(Clone, Debug)]
struct Linear;

impl CpuKernel<3> for Linear {
    fn forward(&self, [x, weight, bias]: [&FlexTensor; 3]) -> FlexTensor {
        let y = affine(cpu::values(x), cpu::values(weight), cpu::values(bias), cpu::width(x));
        let mut shape = x.layout().shape().clone();
        let last = shape.num_dims() - 1;
        shape[last] = cpu::width(bias);
        cpu::tensor(y, shape)
    }

    fn backward(
        &self,
        [x, weight, bias]: [&FlexTensor; 3],
        output_grad: &FlexTensor,
    ) -> [FlexTensor; 3] {
        let (input, output) = (cpu::width(x), cpu::width(bias));
        let x_values = cpu::values(x);
        let rows = x_values.len() / input;
        let grad = Matrix::new(cpu::values(output_grad), rows, output);
        let w = Matrix::new(cpu::values(weight), input, output);
        let mut dx = vec![0.0; rows * input];
        multiply(grad, w.transposed(), 1.0, &mut dx, false, true);
        let mut dw = vec![0.0; input * output];
        multiply(Matrix::new(x_values, rows, input).transposed(), grad, 1.0, &mut dw, false, true);
        let db = column_sums(cpu::values(output_grad), output);
        [
            cpu::tensor(dx, x.layout().shape().clone()),
            cpu::tensor(dw, weight.layout().shape().clone()),
            cpu::tensor(db, bias.layout().shape().clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compare_bodies, random};
    use super::*;

    #[test]
    fn the_fused_linear_equals_the_engines() {
        let inputs = [random([300, 20], 1.0, 1), random([20, 36], 1.0, 2), random([1, 36], 1.0, 3)];
        let body = |[x, w, b]: [Tensor<2>; 3]| linear(x, w, b.squeeze_dim(0));
        // The weight's gradient sums 300 products in another order.
        compare_bodies(inputs, body, 2e-5);
    }

    #[test]
    fn the_fused_linear_with_residual_equals_the_engines() {
        let inputs = [
            random([300, 20], 1.0, 1),
            random([20, 36], 1.0, 2),
            random([1, 36], 1.0, 3),
            random([300, 36], 1.0, 4),
        ];
        let body = |[x, w, b, r]: [Tensor<2>; 4]| linear_residual(x, w, b.squeeze_dim(0), r);
        compare_bodies(inputs, body, 2e-5);
    }
}
