//! Vectors as bytes, and queries as 16-bit numbers.
//!
//! A stored vector is rounded to 127 steps of its own largest number: a fixed step of 1/127 would
//! leave most numbers of a vector of unit length at 0 or 1. A query is rounded once for the whole
//! scan, so it can be 200 times finer than the vectors at no cost, and its rounding does not show.

use super::batch::{VectorError, unit};

/// Bytes of a row of codes: the vector's width, filled with zeros to a multiple of 64.
pub fn padded_width(width: usize) -> usize {
    width.next_multiple_of(64)
}

/// Writes the codes of a vector and returns their scale: number `i` is about `codes[i] * scale`.
pub fn code(vector: &[f32], codes: &mut [i8]) -> f32 {
    let largest = vector.iter().fold(0.0f32, |most, number| most.max(number.abs()));
    let scale = largest / 127.0;
    for (code, number) in codes.iter_mut().zip(vector) {
        *code = (number / scale).round() as i8;
    }
    scale
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
    use super::*;

    #[test]
    fn the_largest_number_of_a_vector_gets_the_largest_code() {
        let mut codes = [0; 3];
        // 0.5/127 a step: 0.25 is 63.5 steps, which rounds away from zero.
        let scale = code(&[0.25, -0.5, 0.001], &mut codes);
        assert_eq!((codes, scale), ([64, -127, 0], 0.5 / 127.0));
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
