//! Runs of neighbours with the largest sums: Ruzzo and Tompa's maximal scoring subsequences (1999), in
//! whole numbers, so that equal sums are equal.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use locvtp_video::TimeSpan;

/// Clips `first..end`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) first: usize,
    pub(crate) end: usize,
    /// Sum of their gains.
    pub(crate) sum: i128,
}

impl Run {
    pub(crate) fn len(&self) -> usize {
        self.end - self.first
    }

    pub(crate) fn span(&self, clips: &[TimeSpan]) -> TimeSpan {
        TimeSpan { start: clips[self.first].start, end: clips[self.end - 1].end }
    }

    /// What runs are ordered by, greatest first: larger sum, then shorter, then earlier.
    fn rank(&self) -> (i128, Reverse<usize>, Reverse<usize>) {
        (self.sum, Reverse(self.len()), Reverse(self.first))
    }
}

impl Ord for Run {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Run {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best run, then the best run of what is left, and so on while a gain is positive.
///
/// A run is divided off its stretch only when it is asked for, so the first few of a long video are
/// cheap.
pub(crate) struct MaximalRuns<'a> {
    gains: &'a [i128],
    /// The best run of every stretch that is left, with the stretch.
    open: BinaryHeap<(Run, Reverse<(usize, usize)>)>,
}

impl<'a> MaximalRuns<'a> {
    pub(crate) fn of(gains: &'a [i128]) -> Self {
        let mut runs = Self { gains, open: BinaryHeap::new() };
        runs.open(0, gains.len());
        runs
    }

    fn open(&mut self, first: usize, end: usize) {
        if let Some(run) = best_run(self.gains, first, end) {
            self.open.push((run, Reverse((first, end))));
        }
    }
}

impl Iterator for MaximalRuns<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let (run, Reverse((first, end))) = self.open.pop()?;
        self.open(first, run.first);
        self.open(run.end, end);
        Some(run)
    }
}

/// Kadane's algorithm over `first..end`; `None` when no gain is positive.
fn best_run(gains: &[i128], first: usize, end: usize) -> Option<Run> {
    let mut best: Option<Run> = None;
    let mut current = Run { first, end: first, sum: 0 };
    for (clip, gain) in gains.iter().enumerate().take(end).skip(first) {
        // A start that has added nothing so far is left out.
        if current.sum <= 0 {
            current = Run { first: clip, end: clip, sum: 0 };
        }
        current.sum += gain;
        current.end = clip + 1;
        if current.sum > 0 {
            best = best.max(Some(current));
        }
    }
    best
}
