//! One pass over all rows: what a thread gathers, and how threads come together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::background::{BINS, Background};
use super::kernel::{Scores, products, score};
use super::top::{Ranked, Top};
use crate::segment::{MOST_STEPS_OFF, QuantisedQuery, TrackId};

/// Rows whose scores are computed before they are counted; their products stay in the first cache.
const ROWS_AT_ONCE: usize = 512;

/// Rows of one track that lie together, for one thread to scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub(super) track: TrackId,
    /// Which clip of its track the first row is.
    pub(super) first_clip: u32,
    pub(super) codes: &'a [i8],
    pub(super) scales: &'a [f32],
}

/// What came out of rows, in whatever order and parts they were scanned. Rows are ranked by the most
/// that their score can be.
pub(super) struct Gathered {
    pub(super) top: Top,
    /// The best row of each track; empty where nobody asked.
    pub(super) best: HashMap<TrackId, Ranked>,
    pub(super) background: Background,
    wants_best: bool,
}

impl Gathered {
    fn new(num_top: usize, wants_best: bool) -> Self {
        let (best, background) = (HashMap::new(), Background::default());
        Self { top: Top::new(num_top), best, background, wants_best }
    }

    fn scan(&mut self, query: &QuantisedQuery, rows: Rows<'_>) {
        let mut sums = [0; ROWS_AT_ONCE];
        let (mut scores, mut most) = ([0.0; ROWS_AT_ONCE], [0.0; ROWS_AT_ONCE]);
        let mut bins = [0; ROWS_AT_ONCE];
        let codes = rows.codes.chunks(ROWS_AT_ONCE * query.codes.len());
        let mut best = Ranked { score: f32::NEG_INFINITY, track: rows.track, clip: 0 };
        let firsts = (rows.first_clip..).step_by(ROWS_AT_ONCE);
        for ((codes, scales), first) in codes.zip(rows.scales.chunks(ROWS_AT_ONCE)).zip(firsts) {
            let num_rows = scales.len();
            products(codes, &query.codes, &mut sums[..num_rows]);
            let mut scored = Scores {
                scores: &mut scores[..num_rows],
                most: &mut most[..num_rows],
                bins: &mut bins[..num_rows],
            };
            let sums = &sums[..num_rows];
            let highest =
                score(sums, scales, query.scale, MOST_STEPS_OFF, BINS as u16, &mut scored);
            self.background.count_bins(scored.bins);
            // Of most rows none is among the best so far.
            let is_any = highest >= self.top.bar() || self.wants_best && highest > best.score;
            let clips = if is_any { num_rows } else { 0 };
            for (score, clip) in scored.most[..clips].iter().zip(first..) {
                let ranked = Ranked { score: *score, track: rows.track, clip };
                if *score >= self.top.bar() {
                    self.top.offer(ranked);
                }
                // Clips come in order, so the first of equal scores stays.
                if *score > best.score {
                    best = ranked;
                }
            }
        }
        if self.wants_best {
            self.take_best(best);
        }
    }

    fn take_best(&mut self, ranked: Ranked) {
        let best = self.best.entry(ranked.track).or_insert(ranked);
        *best = ranked.max(*best);
    }

    fn merge(&mut self, other: Self) {
        self.background.merge(&other.background);
        other.top.into_sorted().into_iter().for_each(|ranked| self.top.offer(ranked));
        other.best.into_values().for_each(|ranked| self.take_best(ranked));
    }
}

/// The best `num_top` of `rows` by the most that their scores can be, the highest first.
pub(super) fn best_of(query: &QuantisedQuery, rows: Rows<'_>, num_top: usize) -> Vec<Ranked> {
    let mut gathered = Gathered::new(num_top, false);
    gathered.scan(query, rows);
    gathered.top.into_sorted()
}

/// Scans `num_parts` parts, of which `rows_of` gives the rows, with all threads of the pool.
pub(super) fn scan<'a, I: Iterator<Item = Rows<'a>>>(
    query: &QuantisedQuery,
    num_top: usize,
    wants_best: bool,
    num_parts: usize,
    rows_of: impl Fn(usize) -> I + Sync,
) -> Gathered {
    let next = AtomicUsize::new(0);
    let gathered = rayon::broadcast(|_| {
        let mut gathered = Gathered::new(num_top, wants_best);
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= num_parts {
                return gathered;
            }
            rows_of(part).for_each(|rows| gathered.scan(query, rows));
        }
    });
    let mut all = Gathered::new(num_top, wants_best);
    gathered.into_iter().for_each(|part| all.merge(part));
    all
}
