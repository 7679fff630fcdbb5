//! Random numbers of tasks, as pure functions of a seed, of what they are for and of where they are.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// What random numbers are for. The number is part of every stream, so it never changes.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub enum Draw {
    /// The order of an epoch's samples.
    Order = 1,
    /// What a sample is made of: which caption, which clips.
    Sample = 2,
    /// Dropout and whatever else the device draws in a step.
    Device = 3,
    /// The parts that a data set is split into.
    Split = 4,
    /// Permuted labels, and other controls.
    Control = 5,
}

/// A generator of its own for `(seed, draw, a, b)`.
pub fn generator(seed: u64, draw: Draw, a: u64, b: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, draw as u64, a, b]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// The samples `0..count` in the order of an epoch.
pub fn order(seed: u64, epoch: u64, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut generator(seed, Draw::Order, epoch, 0));
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
