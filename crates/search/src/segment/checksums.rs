//! The checksums of a segment's blocks, each compared once.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use xxhash_rust::xxh3::xxh3_64;

use super::layout::{BLOCK, HEADER, Places};

/// What the blocks of a segment must sum up to, and which of them were found to.
#[derive(Debug)]
pub(super) struct Checksums {
    expected: Vec<u64>,
    is_checked: Vec<AtomicBool>,
}

impl Checksums {
    /// Of the table at a segment's end; none where it is not the one that the header names.
    pub(super) fn of_table(table: &[u8], table_hash: u64) -> Option<Self> {
        if xxh3_64(table) != table_hash {
            return None;
        }
        let expected: Vec<u64> = table
            .chunks_exact(8)
            .map(|sum| u64::from_le_bytes(std::array::from_fn(|at| sum[at])))
            .collect();
        let is_checked = expected.iter().map(|_| AtomicBool::new(false)).collect();
        Some(Self { expected, is_checked })
    }

    /// Whether a block was compared before.
    pub(super) fn is_checked(&self, block: usize) -> bool {
        self.is_checked[block].load(Ordering::Relaxed)
    }

    /// Whether a block's bytes are those that were written.
    pub(super) fn fits(&self, block: usize, bytes: &[u8]) -> bool {
        xxh3_64(bytes) == self.expected[block]
    }

    /// Notes that a block need not be compared again.
    pub(super) fn note_checked(&self, block: usize) {
        self.is_checked[block].store(true, Ordering::Relaxed);
    }
}

/// How many blocks have a checksum.
pub(super) fn num_blocks(places: &Places) -> usize {
    places.checksums.div_ceil(BLOCK) as usize
}

/// The bytes of a block: of the first without the header, which has a checksum of its own.
pub(super) fn bytes_of(places: &Places, block: usize) -> Range<u64> {
    let start = if block == 0 { HEADER as u64 } else { block as u64 * BLOCK };
    start..((block as u64 + 1) * BLOCK).min(places.checksums)
}

/// The blocks that bytes lie in.
pub(super) fn blocks_of(bytes: &Range<u64>) -> Range<usize> {
    (bytes.start / BLOCK) as usize..bytes.end.div_ceil(BLOCK) as usize
}
