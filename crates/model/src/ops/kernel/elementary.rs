//! `exp`, sums and dot products in a form that vectorises.

const LANES: usize = 16;

/// `e^x` within 2 units in the last place for `x` in -87..=88; outside it saturates.
///
/// `x = n ln 2 + r`; the scale `2^n` is built from the bits of a float whose last mantissa bits
/// count units, and `e^r` is its Taylor polynomial of degree 7 (`|r| <= ln 2 / 2`, remainder below
/// 6e-9).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to the nearest whole number
    const LN_2_HIGH: f32 = 0.693_359_4; // ln 2 to 9 bits, so that n * LN_2_HIGH is exact
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    let mut p = 1.0 / 5040.0;
    p = r.mul_add(p, 1.0 / 720.0);
    p = r.mul_add(p, 1.0 / 120.0);
    p = r.mul_add(p, 1.0 / 24.0);
    p = r.mul_add(p, 1.0 / 6.0);
    p = r.mul_add(p, 0.5);
    p = r.mul_add(p, 1.0);
    p = r.mul_add(p, 1.0);
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    p * scale
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The hyperbolic tangent, within 2e-7.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    2.0f32.mul_add(sigmoid(2.0 * x), -1.0)
}

/// Sum of a slice, in 16 running sums.
#[inline(always)]
pub(crate) fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let chunks = values.chunks_exact(LANES);
    let mut total: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    for lane in lanes {
        total += lane;
    }
    total
}

/// Dot product of two slices of equal length, in 16 running sums.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let mut total = 0.0f32;
    for (x, y) in a_chunks.remainder().iter().zip(b_chunks.remainder()) {
        total = x.mul_add(*y, total);
    }
    for (x, y) in a_chunks.zip(b_chunks) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane = x.mul_add(*y, *lane);
        }
    }
    for lane in lanes {
        total += lane;
    }
    total
}

/// `target += scale * source`.
#[inline(always)]
pub(crate) fn add_scaled(target: &mut [f32], scale: f32, source: &[f32]) {
    for (t, s) in target.iter_mut().zip(source) {
        *t = scale.mul_add(*s, *t);
    }
}

/// Turns a row of scores into probabilities.
#[inline(always)]
pub(crate) fn softmax(row: &mut [f32]) {
    let mut max = f32::NEG_INFINITY;
    for value in row.iter() {
        max = if *value > max { *value } else { max };
    }
    for value in row.iter_mut() {
        *value = exp(*value - max);
    }
    let scale = 1.0 / sum(row);
    for value in row.iter_mut() {
        *value *= scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_the_standard_library_to_two_units_in_the_last_place() {
        for step in -8600..8700 {
            let x = step as f32 * 0.01;
            let expected = (x as f64).exp();
            let error = ((exp(x) as f64 - expected) / expected).abs();
            assert!(error < 2.4e-7, "exp({x}) is off by {error:e}");
        }
    }

    #[test]
    fn sigmoid_and_tanh_agree_with_the_standard_library() {
        for step in -10_000..10_000 {
            let x = step as f32 * 0.01;
            let expected = f64::from(x);
            let sigmoid_error = (f64::from(sigmoid(x)) - 1.0 / (1.0 + (-expected).exp())).abs();
            let tanh_error = (f64::from(tanh(x)) - expected.tanh()).abs();
            assert!(sigmoid_error < 1e-7, "sigmoid({x}) is off by {sigmoid_error:e}");
            assert!(tanh_error < 2e-7, "tanh({x}) is off by {tanh_error:e}");
        }
    }

    #[test]
    fn a_softmax_row_sums_to_one_and_does_not_overflow() {
        let mut row = vec![1000.0, 999.0, -1000.0];
        softmax(&mut row);
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        // e^0 : e^-1
        assert!((row[1] / row[0] - (-1.0f32).exp()).abs() < 1e-6);
    }

    #[test]
    fn sums_and_dots_include_the_tail() {
        let a: Vec<f32> = (0..37).map(|i| i as f32).collect();
        assert_eq!(sum(&a), 666.0);
        assert_eq!(dot(&a, &a), 16206.0);
    }
}
