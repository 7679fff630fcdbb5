//! What each rank has, to all ranks.

use mpi::traits::Equivalence;

use crate::mpi::peers::Peers;

/// The tag of elements.
const TAG: i32 = 2;

/// Elements of one message: MPI counts to 2^31.
const LARGEST_MESSAGE: usize = 1 << 24;

impl Peers {
    /// The elements of all ranks in the order of ranks; `counts` by rank.
    pub(super) fn gather<T>(&self, own: &[T], counts: &[usize]) -> Vec<T>
    where
        T: Equivalence + Copy + Default,
    {
        let mut all = vec![T::default(); counts.iter().sum()];
        let mut parts = split(&mut all, counts);
        parts[self.rank.index()].copy_from_slice(own);
        self.exchange(TAG, |messages| {
            for (rank, part) in self.others(parts) {
                part.chunks_mut(LARGEST_MESSAGE).for_each(|piece| messages.receive(rank, piece));
                own.chunks(LARGEST_MESSAGE).for_each(|piece| messages.send(rank, piece));
            }
        });
        all
    }
}

/// Parts of so many elements, one after the other.
pub(super) fn split<'a, T>(mut all: &'a mut [T], counts: &[usize]) -> Vec<&'a mut [T]> {
    let take = |&count: &usize| {
        let (part, rest) = std::mem::take(&mut all).split_at_mut(count);
        all = rest;
        part
    };
    counts.iter().map(take).collect()
}
