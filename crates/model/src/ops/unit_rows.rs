//! Scaling the rows of a padded batch to unit length, without the padding.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Int, Shape, Tensor, TensorData};

use super::cpu::{self, CpuKernel};
use super::kernel;
use super::normalise::l2_normalise;

/// The first `num_rows[b]` rows of every batch element, one after the other, each divided by its
/// length; a row shorter than `epsilon` is divided by `epsilon`.
///
/// # Shapes
/// - `x`: `[b, n, e]`; `num_rows`: `b` numbers, at most `n`
/// - returns `[sum of num_rows, e]`
pub fn unit_rows(x: Tensor<3>, num_rows: &[usize], epsilon: f64) -> Tensor<2> {
    let [b, n, e] = x.dims();
    assert_eq!(num_rows.len(), b, "one number of rows for each of {b} elements");
    assert!(num_rows.iter().all(|rows| *rows <= n), "more than {n} rows: {num_rows:?}");
    let places: Vec<usize> =
        num_rows.iter().enumerate().flat_map(|(i, rows)| i * n..i * n + rows).collect();
    if cpu::serves(&x) {
        return cpu::apply(UnitRows { places, epsilon: epsilon as f32 }, [x.into()]);
    }
    let length = places.len();
    let places = TensorData::new(places.into_iter().map(|i| i as i64).collect(), [length]);
    let places = Tensor::<1, Int>::from_data(places, &x.device());
    l2_normalise(x.reshape([b * n, e]).select(0, places), epsilon)
}

#[derive(Clone, Debug)]
struct UnitRows {
    /// In order.
    places: Vec<usize>,
    epsilon: f32,
}

impl CpuKernel<1> for UnitRows {
    fn forward(&self, [x]: [&FlexTensor; 1]) -> FlexTensor {
        let width = cpu::width(x);
        let y = kernel::unit_rows::forward(cpu::values(x), width, &self.places, self.epsilon);
        cpu::tensor(y, Shape::from([self.places.len(), width]))
    }

    fn backward(&self, [x]: [&FlexTensor; 1], output_grad: &FlexTensor) -> [FlexTensor; 1] {
        let dx = kernel::unit_rows::backward(
            cpu::values(x),
            cpu::width(x),
            &self.places,
            self.epsilon,
            cpu::values(output_grad),
        );
        [cpu::tensor(dx, x.layout().shape().clone())]
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::super::testing::{compare_bodies, random};
    use super::*;

    #[test]
    fn the_fused_rows_equal_the_engines() {
        // 3 elements of 150 rows are more than one task takes.
        let body = |[x]: [Tensor<3>; 1]| {
            let rows = unit_rows(x, &[150, 1, 77], 1e-12);
            let [count, e] = rows.dims();
            rows.reshape([1, count, e])
        };
        compare_bodies([random([3, 150, 20], 2.0, 1)], body, 2e-6);
    }

    #[test]
    fn padding_is_left_out_and_gets_no_gradient_and_a_zero_row_a_finite_one() {
        let x = [[[3.0, 4.0], [f32::NAN, 1e38]], [[0.0, 0.0], [0.0, -2.0]]];
        let x = Tensor::<3>::from_floats(x, &Device::flex().autodiff()).require_grad();
        let rows = unit_rows(x.clone(), &[1, 2], 1e-6);
        let gradients = rows.clone().sum().backward();
        assert_eq!(rows.into_data().try_to_vec::<f32>().unwrap(), [0.6, 0.8, 0.0, 0.0, 0.0, -1.0]);
        let found = x.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap();
        // (1 - 0.6 * 1.4) / 5 and (1 - 0.8 * 1.4) / 5; a row of zeros is divided by 1e-6.
        let expected = [0.032, -0.024, 0.0, 0.0, 1e6, 1e6, 0.5, 0.0];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found}");
        }
    }
}
