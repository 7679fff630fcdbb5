//! The logarithm of a sum of exponentials, over some of the columns.

use burn::tensor::{Bool, Tensor};

/// `log sum_j exp(x_ij)` over the columns where `keep` is true.
///
/// # Shapes
/// - `logits`, `keep`: `[r, c]`; every row keeps at least one column
/// - returns `[r]`
pub fn masked_log_sum_exp(logits: Tensor<2>, keep: Tensor<2, Bool>) -> Tensor<1> {
    // A large finite number instead of minus infinity: exp of it is 0 all the same, and 0 * inf
    // never meets a gradient.
    let logits = logits.mask_fill(keep.bool_not(), -1e30);
    let max = logits.clone().detach().max_dim(1);
    let sum = (logits - max.clone()).exp().sum_dim(1);
    (sum.log() + max).squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn a_masked_column_adds_nothing_and_large_logits_do_not_overflow() {
        let device = Device::flex();
        let logits = Tensor::<2>::from_floats([[500.0, 500.0, 999.0], [0.0, 0.0, 0.0]], &device);
        let keep = Tensor::<2, Bool>::from_data([[true, true, false], [true, true, true]], &device);
        let sums = masked_log_sum_exp(logits, keep).into_data().try_to_vec::<f32>().unwrap();
        // 500 + ln 2, and ln 3
        assert!((sums[0] - 500.693_15).abs() < 1e-4, "{sums:?}");
        assert!((sums[1] - 1.098_612_3).abs() < 1e-6, "{sums:?}");
    }
}
