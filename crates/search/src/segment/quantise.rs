//! Vectors as bytes, and queries as 16-bit numbers.
//!
//! A stored vector is rounded to 127 steps of its own largest number: a fixed step of 1/127 would
//! leave most numbers of a vector of unit length at 0 or 1. What that leaves over, less than half a
//! step a number, is kept as 16 bits beside it, so a vector comes back as good as it was. A query is
//! rounded once for the whole scan, so it can be 200 times finer than the vectors at no cost, and its
//! rounding does not show.

use multiversion::multiversion;

use super::batch::{VectorError, unit};

/// Bytes of a row of codes: the vector's width, filled with zeros to a multiple of 64.
pub fn padded_width(width: usize) -> usize {
    width.next_multiple_of(64)
}

/// Parts of a step that remainders are counted in: half a step is the largest number of 16 bits.
const PARTS: f64 = 65_534.0;

/// By how many steps of a row the product with its codes may differ from the true one. Rounding moves
/// a number by at most half a step and, over the numbers of a vector, evenly, so the sum with a query of
/// unit length has a deviation of 0.29 steps: two steps are seven deviations. Only numbers that were made
/// to round against a query could pass that.
pub(crate) const MOST_STEPS_OFF: f32 = 2.0;

/// Rounds a vector to bytes and writes what that leaves over. Returns the scale: number `i` is about
/// `codes[i] * scale`.
pub(super) fn code(vector: &[f32], codes: &mut [i8], remainders: &mut [i16]) -> f32 {
    let largest = vector.iter().fold(0.0f32, |most, number| most.max(number.abs()));
    let scale = largest / 127.0;
    for ((code, remainder), number) in codes.iter_mut().zip(remainders).zip(vector) {
        let steps = f64::from(*number) / f64::from(scale);
        let nearest = steps.round().clamp(-127.0, 127.0);
        *code = nearest as i8;
        *remainder = ((steps - nearest) * PARTS).round() as i16;
    }
    scale
}

/// Writes the numbers of a vector from their codes and what those left over. Every processor gives the same bits.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
pub(super) fn decode(codes: &[i8], remainders: &[i16], scale: f32, numbers: &mut [f32]) {
    for ((number, code), remainder) in numbers.iter_mut().zip(codes).zip(remainders) {
        *number = ((f64::from(*code) + f64::from(*remainder) / PARTS) * f64::from(scale)) as f32;
    }
}

/// A query of unit length, and its 16-bit form for the scan.
#[derive(Clone, Debug)]
pub struct QuantisedQuery {
    /// The numbers, of unit length.
    pub numbers: Vec<f32>,
    /// The same as whole numbers, filled with zeros to [`padded_width`].
    pub(crate) codes: Vec<i16>,
    /// What one step of the whole numbers is.
    pub(crate) scale: f32,
}

impl QuantisedQuery {
    /// Brings a query to unit length and rounds it.
    ///
    /// # Errors
    /// When it is zero, not finite, or has no numbers.
    pub fn new(query: &[f32]) -> Result<Self, VectorError> {
        let numbers = unit(query)?;
        let padded = padded_width(numbers.len());
        // The largest step for which no sum of products with codes of -127..=127 leaves 32 bits.
        let most = (i32::MAX as usize / (127 * padded)).min(i16::MAX as usize) as f32;
        let largest = numbers.iter().fold(0.0f32, |most, number| most.max(number.abs()));
        let mut codes = vec![0; padded];
        for (code, number) in codes.iter_mut().zip(&numbers) {
            *code = (number / largest * most).round() as i16;
        }
        Ok(Self { numbers, codes, scale: largest / most })
    }
}

#[cfg(test)]
mod tests {
    use locvtp_video::randomness::{finalise, unit as unit_number};

    use super::*;

    #[test]
    fn the_largest_number_of_a_vector_gets_the_largest_code() {
        let (mut codes, mut remainders) = ([0; 3], [0; 3]);
        // 1/256 a step: 63.5 steps round away from zero and leave minus half a step of 65,534 parts.
        let numbers = [63.5 / 256.0, -127.0 / 256.0, 0.25 / 256.0];
        let scale = code(&numbers, &mut codes, &mut remainders);
        assert_eq!((codes, scale), ([64, -127, 0], 1.0 / 256.0));
        assert_eq!(remainders, [-32_767, 0, 16_384]);
        let mut back = [0.0; 3];
        decode(&codes[..3], &remainders, scale, &mut back);
        for (number, back) in numbers.iter().zip(back) {
            // Half a part of a step.
            assert!((number - back).abs() <= scale / 65_534.0 / 2.0, "{number}: {back}");
        }
    }

    #[test]
    fn the_product_with_the_codes_is_off_by_less_than_two_steps() {
        let drawn = |seed: u64, at: u64| unit_number(finalise(finalise(seed) ^ at)) as f32 - 0.5;
        for width in [2, 16, 256, 768] {
            let (mut worst, mut squares) = (0.0f32, 0.0);
            for seed in 0..2000 {
                let numbers = |seed| (0..width).map(|at| drawn(seed, at)).collect::<Vec<f32>>();
                let query = QuantisedQuery::new(&numbers(seed)).unwrap();
                let vector = unit(&numbers(seed ^ 0xffff)).unwrap();
                let (mut codes, mut remainders) =
                    (vec![0; width as usize], vec![0; width as usize]);
                let scale = code(&vector, &mut codes, &mut remainders);
                let pairs = query.codes.iter().zip(&codes);
                let sum: i32 = pairs.map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
                let exact: f32 = query.numbers.iter().zip(&vector).map(|(a, b)| a * b).sum();
                let off = (sum as f32 * query.scale * scale - exact) / scale;
                (worst, squares) = (worst.max(off.abs()), squares + off * off);
            }
            assert!(worst < MOST_STEPS_OFF, "{width}: {worst}");
            // Of numbers spread evenly over a step the deviation is one step by the root of 12. A
            // vector's largest number is not rounded, which shows where there are two.
            let deviation = (squares / 2000.0).sqrt();
            assert!(width < 16 || (deviation - 0.289).abs() < 0.03, "{width}: {deviation}");
        }
    }

    #[test]
    fn no_sum_of_products_leaves_32_bits() {
        for width in [1, 64, 256, 512, 768, 1024, 4096] {
            let query = QuantisedQuery::new(&vec![1.0; width]).unwrap();
            let sum: i64 = query.codes.iter().map(|code| i64::from(*code) * 127).sum();
            assert!(sum <= i64::from(i32::MAX), "{width}: {sum}");
            // And the query is at least 4,000 steps fine.
            assert!(query.codes[0] >= 4000, "{width}: {}", query.codes[0]);
        }
    }
}
