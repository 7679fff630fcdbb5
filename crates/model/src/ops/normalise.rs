//! Scaling vectors to unit length.

use burn::tensor::Tensor;

/// Divides every vector of the last axis by its length; a vector shorter than `epsilon` is divided
/// by `epsilon`.
///
/// # Shapes
/// - `x`: `[.., e]`
/// - returns `[.., e]`
pub fn l2_normalise<const D: usize>(x: Tensor<D>, epsilon: f64) -> Tensor<D> {
    // The clamp stands before the square root, whose slope at zero is infinite: a zero vector gets
    // a zero gradient.
    let length = x.clone().square().sum_dim(D - 1).clamp_min(epsilon * epsilon).sqrt();
    x / length
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn a_zero_vector_stays_zero_and_has_a_finite_gradient() {
        let device = Device::flex().autodiff();
        let x = Tensor::<2>::from_floats([[0.0, 0.0], [3.0, 4.0]], &device).require_grad();
        let y = l2_normalise(x.clone(), 1e-12);
        let grads = y.clone().sum().backward();
        assert_eq!(y.into_data().try_to_vec::<f32>().unwrap(), [0.0, 0.0, 0.6, 0.8]);
        let grad = x.grad(&grads).unwrap().into_data().try_to_vec::<f32>().unwrap();
        assert!(grad.iter().all(|g| g.is_finite()));
        // d/dx of (3 + 4) / 5 at (3, 4): (1 - 0.6 * 1.4) / 5 = 0.032
        assert!((grad[2] - 0.032).abs() < 1e-6);
    }
}
