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
