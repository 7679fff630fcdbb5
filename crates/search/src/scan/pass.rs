//! One pass over all rows: what a thread gathers, and how threads come together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::background::Background;
use super::kernel::products;
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
        let codes = rows.codes.chunks(ROWS_AT_ONCE * query.codes.len());
        let mut best = Ranked { score: f32::NEG_INFINITY, track: rows.track, clip: 0 };
        let mut clip = rows.first_clip;
        for (codes, scales) in codes.zip(rows.scales.chunks(ROWS_AT_ONCE)) {
            products(codes, &query.codes, &mut sums[..scales.len()]);
            for (sum, scale) in sums.iter().zip(scales) {
                let score = score_of(*sum, *scale, query);
                self.background.count(score);
                let most = score + MOST_STEPS_OFF * scale;
                let ranked = Ranked { score: most, track: rows.track, clip };
                if most >= self.top.bar() {
                    self.top.offer(ranked);
                }
                // Clips come in order, so the first of equal scores stays.
                if most > best.score {
                    best = ranked;
                }
                clip += 1;
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

/// A score from the product of codes.
#[inline]
fn score_of(product: i32, scale: f32, query: &QuantisedQuery) -> f32 {
    product as f32 * (scale * query.scale)
}

/// All of `rows`, each with the most that its score can be.
pub(super) fn most_of(query: &QuantisedQuery, rows: Rows<'_>) -> Vec<Ranked> {
    let mut sums = vec![0; rows.scales.len()];
    products(rows.codes, &query.codes, &mut sums);
    let scored = sums.iter().zip(rows.scales).zip(rows.first_clip..);
    let ranked = scored.map(|((sum, scale), clip)| {
        let score = score_of(*sum, *scale, query) + MOST_STEPS_OFF * scale;
        Ranked { score, track: rows.track, clip }
    });
    ranked.collect()
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
