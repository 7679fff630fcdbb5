//! Products of one query with many rows of codes: whole numbers, so every processor and every order
//! of adding gives the same bits.

use multiversion::multiversion;

/// The product of `query` and each row of `codes`, `query.len()` codes a row, into `products`. The
/// query is rounded so that no sum leaves 32 bits ([`QuantisedQuery`](crate::segment::QuantisedQuery)).
pub(super) fn products(codes: &[i8], query: &[i16], products: &mut [i32]) {
    assert!(query.len().is_multiple_of(64) && codes.len() == query.len() * products.len());
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vnni") {
        // SAFETY: the processor has what the function needs.
        return unsafe { avx512::products(codes, query, products) };
    }
    portable(codes, query, products);
}

/// The loop is written so that the compiler turns it into multiply-and-add of 16-bit pairs.
#[multiversion(targets("x86_64+avx2+fma", "aarch64+neon"))]
fn portable(codes: &[i8], query: &[i16], products: &mut [i32]) {
    for (row, product) in codes.chunks_exact(query.len()).zip(products) {
        let mut sum = 0i32;
        for (code, number) in row.iter().zip(query) {
            sum = sum.wrapping_add(i32::from(*code) * i32::from(*number));
        }
        *product = sum;
    }
}

/// The compiler makes one multiplication and one addition of what this processor does at once, and adds
/// each row up by itself, which is slower where memory is near.
#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::{
        __m512i, _MM_HINT_T0, _mm_prefetch, _mm256_loadu_si256, _mm512_cvtepi8_epi16,
        _mm512_dpwssd_epi32, _mm512_loadu_si512, _mm512_reduce_add_epi32, _mm512_setzero_si512,
    };

    /// Codes that are multiplied at once.
    const LANES: usize = 32;

    /// Bytes between what is multiplied and what is asked of memory: the processor's own guess ends at
    /// the end of a page.
    const AHEAD: usize = 8192;

    /// Rows that share what is read of the query.
    const ROWS: usize = 4;

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub(super) fn products(codes: &[i8], query: &[i16], products: &mut [i32]) {
        let rows = codes.chunks(ROWS * query.len());
        for (rows, products) in rows.zip(products.chunks_mut(ROWS)) {
            // What stands so far ahead; the next segment's page at its end does no harm.
            for line in (0..ROWS * query.len()).step_by(64) {
                _mm_prefetch::<_MM_HINT_T0>(rows.as_ptr().wrapping_add(AHEAD + line));
            }
            if products.len() == ROWS {
                products.copy_from_slice(&some::<ROWS>(rows, query));
            } else {
                let rows = rows.chunks_exact(query.len());
                rows.zip(products).for_each(|(row, product)| [*product] = some::<1>(row, query));
            }
        }
    }

    /// The products of `N` rows.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn some<const N: usize>(rows: &[i8], query: &[i16]) -> [i32; N] {
        let mut sums: [__m512i; N] = [_mm512_setzero_si512(); N];
        for (part, numbers) in query.chunks_exact(LANES).enumerate() {
            // SAFETY: `numbers` are 64 bytes.
            let numbers = unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) };
            for (row, sum) in sums.iter_mut().enumerate() {
                let codes = &rows[row * query.len() + part * LANES..][..LANES];
                // SAFETY: `codes` are 32 bytes.
                let codes = unsafe { _mm256_loadu_si256(codes.as_ptr().cast()) };
                *sum = _mm512_dpwssd_epi32(*sum, _mm512_cvtepi8_epi16(codes), numbers);
            }
        }
        sums.map(|sum| _mm512_reduce_add_epi32(sum))
    }
}

/// What the scores of some rows are.
pub(super) struct Scores<'a> {
    pub(super) scores: &'a mut [f32],
    /// The most that each can be.
    pub(super) most: &'a mut [f32],
    /// The place of each in a [`Background`](super::Background) of so many bins from -1 to 1.
    pub(super) bins: &'a mut [u16],
}

/// Scores from the products of codes and the rows' scales; returns the most that any can be. `step` is
/// the query's scale, and a score is off by `most_off` scales at most. Plain loops one after the other,
/// which the compiler makes many numbers wide.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512vl+avx512dq",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub(super) fn score<'a>(
    products: &[i32],
    scales: &[f32],
    step: f32,
    most_off: f32,
    num_bins: u16,
    into: &mut Scores<'a>,
) -> f32 {
    for ((score, product), scale) in into.scores.iter_mut().zip(products).zip(scales) {
        *score = *product as f32 * (scale * step);
    }
    for ((most, score), scale) in into.most.iter_mut().zip(&*into.scores).zip(scales) {
        *most = score + most_off * scale;
    }
    for (bin, score) in into.bins.iter_mut().zip(&*into.scores) {
        // A cast takes what is below to 0, and a number of 16 bits holds the last bin.
        let place = (score + 1.0) * f32::from(num_bins / 2);
        *bin = (place as i32).clamp(0, i32::from(num_bins) - 1) as u16;
    }
    into.most.iter().fold(f32::NEG_INFINITY, |most, one| if *one > most { *one } else { most })
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
                (0..padded * 11).map(|at| drawn(at as u64 + 7777, 127) as i8).collect();
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
                // Both ways, and every number of rows that are left over from four.
                for num_rows in [11, 10, 9, 8, 1, 0] {
                    for way in [products, portable] {
                        let mut sums = vec![0; num_rows];
                        way(&codes[..num_rows * padded], &query, &mut sums);
                        let sums: Vec<i64> = sums.into_iter().map(i64::from).collect();
                        assert_eq!(sums, plain[..num_rows]);
                    }
                }
            }
        }
    }

    #[test]
    fn scores_bins_and_the_highest_are_those_of_plain_arithmetic() {
        use super::super::background::{BINS, Background};

        let products: Vec<i32> = (0..100).map(|at| (at - 50) * 5_000_000).collect();
        let scales: Vec<f32> = (0..100).map(|at| 0.001 + 1e-5 * (at % 7) as f32).collect();
        let (mut scores, mut most) = (vec![0.0; 100], vec![0.0; 100]);
        let mut bins = vec![0; 100];
        let mut into = Scores { scores: &mut scores, most: &mut most, bins: &mut bins };
        let highest = score(&products, &scales, 5e-6, 2.0, BINS as u16, &mut into);
        let (mut by_bins, mut one_by_one) = (Background::default(), Background::default());
        by_bins.count_bins(&bins);
        for (row, (product, scale)) in products.iter().zip(&scales).enumerate() {
            assert_eq!(scores[row], *product as f32 * (scale * 5e-6));
            assert_eq!(most[row], scores[row] + 2.0 * scale);
            one_by_one.count(scores[row]);
        }
        // They reach past both ends: -1.25 to 1.25.
        assert!(scores[0] < -1.0 && scores[99] > 1.0);
        assert_eq!(by_bins, one_by_one);
        assert_eq!(highest, most.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    }
}
