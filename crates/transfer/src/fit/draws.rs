//! The order of an epoch's samples, as a pure function of a seed and the epoch.

use locvtp_video::randomness::{Purpose, generator};
use rand::seq::SliceRandom;

/// The samples `0..count` in the order of an epoch.
pub(crate) fn order(seed: u64, epoch: u64, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut generator(seed, Purpose::SampleOrder, epoch, 0));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_visits_every_sample_once_and_another_in_another_order() {
        let (first, second) = (order(7, 0, 100), order(7, 1, 100));
        assert_eq!(first, order(7, 0, 100));
        assert_ne!(first, second);
        let mut sorted = second;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }
}
