//! Products of one query with many rows of codes: whole numbers, so every processor and every order
//! of adding gives the same bits.

use multiversion::multiversion;

/// The product of `query` and each row of `codes`, `query.len()` codes a row, into `products`. The
/// query is rounded so that no sum leaves 32 bits ([`QuantisedQuery`](crate::segment::QuantisedQuery)).
///
/// The loop is written so that the compiler turns it into multiply-and-add of 16-bit pairs.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx512vnni",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub(super) fn products(codes: &[i8], query: &[i16], products: &mut [i32]) {
    for (row, product) in codes.chunks_exact(query.len()).zip(products) {
        let mut sum = 0i32;
        for (code, number) in row.iter().zip(query) {
            sum = sum.wrapping_add(i32::from(*code) * i32::from(*number));
        }
        *product = sum;
    }
}

#[cfg(test)]
mod tests {
    use locvtp_video::randomness::finalise;

    use super::*;

    #[test]
    fn products_are_the_sums_that_a_plain_loop_makes() {
        for padded in [64, 256, 512, 1024] {
            let most = (i32::MAX as usize / (127 * padded)).min(i16::MAX as usize) as i64;
            let drawn =
                |seed: u64, most: i64| (finalise(seed) % (2 * most as u64 + 1)) as i64 - most;
            let mut query: Vec<i16> = (0..padded).map(|at| drawn(at as u64, most) as i16).collect();
            let mut codes: Vec<i8> =
                (0..padded * 9).map(|at| drawn(at as u64 + 7777, 127) as i8).collect();
            // The first row is the most that there can be, with every sign the same.
            codes[..padded].fill(-127);
            for largest in [false, true] {
                if largest {
                    query.fill(most as i16);
                }
                let plain: Vec<i64> = codes
                    .chunks(padded)
                    .map(|row| {
                        row.iter().zip(&query).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum()
                    })
                    .collect();
                let mut sums = [0; 9];
                products(&codes, &query, &mut sums);
                assert_eq!(sums.map(i64::from).to_vec(), plain);
            }
        }
    }
}
