//! What an encoder costs: work, and what is held of it, in closed formulas of its sizes.
//!
//! Each config counts what its forward pass does, line by line, in the file beside it. How the counts were
//! checked stands in [`step_memory`](crate::step_memory).

use std::ops::Add;

/// What some rows (clips, or sentences) cost that go through an encoder together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct EncoderCost {
    /// Blocks that are alike.
    pub(crate) num_blocks: usize,
    /// What goes into the first block; all of it where there are no blocks.
    pub(crate) embedding: PartCost,
    /// One block.
    pub(crate) block: PartCost,
    /// From the last block to the feature.
    pub(crate) end: PartCost,
    /// Numbers that go into a block.
    pub(crate) block_input: f64,
}

/// What there is of a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClipSize {
    /// Patches of a frame that are there.
    pub(crate) num_patches: usize,
    /// Frames.
    pub(crate) num_frames: usize,
}

/// What a part of an encoder costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct PartCost {
    /// Multiply-adds forward.
    pub(crate) multiply_adds: f64,
    /// Numbers that a graph keeps, what comes out included.
    pub(crate) kept: f64,
    /// Numbers that are held beside them while the gradient goes through, at most.
    pub(crate) passing: f64,
    /// Numbers that a graph keeps however many rows there are: weights that were joined or turned.
    pub(crate) kept_weights: f64,
}

impl Add for PartCost {
    type Output = Self;

    /// One after the other.
    fn add(self, other: Self) -> Self {
        Self {
            multiply_adds: self.multiply_adds + other.multiply_adds,
            kept: self.kept + other.kept,
            passing: self.passing.max(other.passing),
            kept_weights: self.kept_weights + other.kept_weights,
        }
    }
}

impl PartCost {
    /// So many of them, one after the other.
    pub(crate) fn times(self, count: usize) -> Self {
        let count = count as f64;
        Self {
            multiply_adds: count * self.multiply_adds,
            kept: count * self.kept,
            passing: self.passing,
            kept_weights: count * self.kept_weights,
        }
    }
}

impl EncoderCost {
    /// What is learned through, of an encoder whose first part that learns lies at `first`, as
    /// [`Learning::first`](crate::parameter_counts::Learning) counts; nothing where it is [`None`].
    pub(crate) fn learned(&self, first: Option<usize>) -> PartCost {
        let Some(first) = first else { return PartCost::default() };
        let embedding = if first == 0 { self.embedding } else { PartCost::default() };
        embedding + self.block.times(self.num_blocks.saturating_sub(first)) + self.end
    }

    /// All of it.
    pub(crate) fn whole(&self) -> PartCost {
        self.embedding + self.block.times(self.num_blocks) + self.end
    }
}

/// Multiply-adds of an affine map of `rows` rows.
pub(crate) fn affine(rows: f64, input: f64, output: f64) -> f64 {
    rows * input * output
}

/// Multiply-adds of attention of `queries` rows to `keys` rows each: the scores and the sums.
pub(crate) fn attention(queries: f64, keys: f64, width: f64) -> f64 {
    2.0 * queries * keys * width
}
