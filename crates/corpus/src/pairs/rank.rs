//! Which part of every batch one of several processes trains on.

use std::ops::Range;

/// One of `world_size` processes that train together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    index: usize,
    world_size: usize,
}

impl Rank {
    /// The one process of a run that is not spread.
    pub const ALONE: Self = Self { index: 0, world_size: 1 };

    /// # Panics
    /// When `index` is not below `world_size`: whoever starts the processes counts them.
    pub fn new(index: usize, world_size: usize) -> Self {
        assert!(index < world_size, "rank {index} of {world_size} processes");
        Self { index, world_size }
    }

    /// From 0.
    pub fn index(self) -> usize {
        self.index
    }

    /// Processes that train together.
    pub fn world_size(self) -> usize {
        self.world_size
    }

    /// Its places in a batch of `len`, which all ranks together cover, in order and once.
    ///
    /// # Panics
    /// When the batch does not divide by the processes; a sampler refuses that before.
    pub fn part(self, len: usize) -> Range<usize> {
        assert_eq!(len % self.world_size, 0, "a batch of {len} for {} processes", self.world_size);
        let each = len / self.world_size;
        self.index * each..(self.index + 1) * each
    }
}
