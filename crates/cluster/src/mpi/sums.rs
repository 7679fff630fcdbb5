//! Sums over all ranks, added in the order of ranks.
//!
//! Each rank adds one part of the numbers up: it gets that part from all others, and sends them its sum. So every
//! number crosses twice, as little as is possible, and every rank has the bits that one rank
//! calculated. Pieces are small enough to stay in the processor's cache between arrival and sum.

use std::ops::AddAssign;

use mpi::traits::Equivalence;

use crate::mpi::gather::split;
use crate::mpi::peers::Peers;

/// The tag of numbers to be added, and of their sums.
const TAG: i32 = 3;

/// Bytes of one piece.
const PIECE: usize = 1 << 19;

/// Up to so many bytes every rank sends all to all, and adds all: one message on the way instead of two.
const SMALL: usize = 1 << 13;

/// What can be sent and added.
pub(super) trait Number: Equivalence + Copy + Default + AddAssign {}

impl Number for f32 {}
impl Number for f64 {}

impl Peers {
    /// Puts the sum over all ranks in the place of each number.
    pub(super) fn sum<T: Number>(&self, values: &mut [T]) {
        if size_of_val(values) <= SMALL {
            return self.sum_small(values);
        }
        let num_ranks = self.rank.world_size();
        let window = PIECE / size_of::<T>() * num_ranks;
        let mut arrived = vec![T::default(); window.min(values.len() + num_ranks)];
        values.chunks_mut(window).for_each(|window| self.sum_window(window, &mut arrived));
    }

    fn sum_small<T: Number>(&self, values: &mut [T]) {
        let all = self.gather(values, &vec![values.len(); self.rank.world_size()]);
        let mut parts = all.chunks_exact(values.len().max(1));
        values.copy_from_slice(parts.next().unwrap_or_default());
        parts.for_each(|part| add(values, part));
    }

    /// One part a rank.
    fn sum_window<T: Number>(&self, window: &mut [T], arrived: &mut [T]) {
        let me = self.rank.index();
        let counts = counts(window.len(), self.rank.world_size());
        let mut parts = split(window, &counts);
        let own = parts[me].len();
        let others = arrived.chunks_exact_mut(own.max(1)).take(counts.len() - 1);
        let mut arrived: Vec<_> = others.collect();
        self.exchange(TAG, |messages| {
            for ((rank, part), arrived) in self.others(&parts).zip(&mut arrived) {
                messages.receive(rank, &mut arrived[..own]);
                messages.send(rank, part);
            }
        });
        add_in_order(parts[me], me, &mut arrived);
        let sums = std::mem::take(&mut parts[me]);
        let sums = &*sums;
        self.exchange(TAG, |messages| {
            for (rank, part) in self.others(parts) {
                messages.receive(rank, part);
                messages.send(rank, sums);
            }
        });
    }
}

/// `len` numbers in parts of one size, one a rank; the last may be smaller or empty.
fn counts(len: usize, num_ranks: usize) -> Vec<usize> {
    let each = len.div_ceil(num_ranks);
    (0..num_ranks).map(|rank| each.min(len.saturating_sub(rank * each))).collect()
}

/// Adds to this rank's numbers those that arrived from the others, in the order of ranks: the sum is that of rank 0,
/// plus that of rank 1, and so on.
fn add_in_order<T: Number>(own: &mut [T], rank: usize, arrived: &mut [&mut [T]]) {
    let (before, after) = arrived.split_at_mut(rank.min(arrived.len()));
    if let Some((first, others)) = before.split_first_mut() {
        others.iter().for_each(|other| add(first, other));
        // The sum of two numbers is the same in either order.
        add(own, first);
    }
    after.iter().for_each(|other| add(own, other));
}

fn add<T: Number>(sums: &mut [T], values: &[T]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += *value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_all_numbers_once() {
        assert_eq!(counts(7, 3), [3, 3, 1]);
        assert_eq!(counts(2, 4), [1, 1, 0, 0]);
        assert_eq!(counts(0, 2), [0, 0]);
    }

    #[test]
    fn whoever_adds_adds_in_the_order_of_ranks() {
        // In single precision ((1e8 + 1) - 1e8) + 2 is 2, and 1e8 + (1 - 1e8) + 2 would be 3 or 2 by luck.
        let numbers = [1e8_f32, 1.0, -1e8, 2.0];
        for rank in 0..4 {
            let mut own = [numbers[rank]];
            let mut others = numbers.to_vec();
            others.remove(rank);
            let mut arrived: Vec<_> = others.chunks_mut(1).collect();
            add_in_order(&mut own, rank, &mut arrived);
            assert_eq!(own, [2.0], "rank {rank}");
        }
    }
}
