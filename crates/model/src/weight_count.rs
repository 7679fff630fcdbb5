//! How many numbers the parameters of a model have, by its sizes alone, so that no memory is taken for a model that
//! the weights at hand cannot fill.
//!
//! Counted are the large parameters; of every block and table something is added for what stands beside them, as
//! many small blocks cost more than their numbers.

/// What a block or a table costs besides its numbers, as numbers.
const OVERHEAD: u128 = 1 << 12;

/// Numbers of a table of these axes.
pub(crate) fn table(axes: &[usize]) -> u128 {
    let numbers = axes.iter().fold(1u128, |product, axis| product.saturating_mul(*axis as u128));
    numbers.saturating_add(OVERHEAD)
}

/// Numbers of so many blocks of `squares` maps of width `d` and a perceptron of width `hidden`.
pub(crate) fn blocks(count: usize, squares: usize, d: usize, hidden: usize) -> u128 {
    let block = table(&[squares, d, d]).saturating_add(table(&[2, d, hidden]));
    block.saturating_mul(count as u128)
}

/// Numbers of all parts.
pub(crate) fn sum(parts: impl IntoIterator<Item = u128>) -> u128 {
    parts.into_iter().fold(0, u128::saturating_add)
}

/// Numbers that are allowed whatever the weights: 256 MiB.
const ALWAYS: u128 = 1 << 26;

/// Whether weights of `stored` numbers in `tensors` tensors may fill a model that needs `needed`.
pub(crate) fn may_fill(needed: u128, stored: u128, tensors: usize) -> bool {
    let stored = stored.saturating_add(OVERHEAD.saturating_mul(tensors as u128));
    needed <= ALWAYS.max(stored.saturating_mul(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_beyond_all_bounds_are_more_than_any_weights() {
        assert_eq!(table(&[3, 4]), 12 + OVERHEAD);
        assert_eq!(blocks(2, 4, 8, 16), 2 * (4 * 64 + 2 * 8 * 16 + 2 * OVERHEAD));
        let endless = sum([blocks(usize::MAX, 4, usize::MAX, usize::MAX), table(&[usize::MAX; 9])]);
        assert!(!may_fill(endless, 1 << 40, 1000));
        // A small model, and one of twice the numbers at most.
        assert!(may_fill(1 << 26, 0, 0) && !may_fill((1 << 26) + 1, 0, 0));
        assert!(may_fill(1 << 28, 1 << 27, 0) && !may_fill((1 << 28) + 1, 1 << 27, 0));
    }
}
