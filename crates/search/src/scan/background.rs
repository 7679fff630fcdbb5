//! How the scores of one query are distributed over an index.

use serde::{Deserialize, Serialize};

/// Bins of a score's range of -1 to 1.
pub(super) const BINS: usize = 4096;

/// All scores of a query, counted in bins 1/2048 wide. Mean, deviation and quantiles come from the
/// counts, so they are as exact as that and do not depend on any order of adding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Background {
    counts: Vec<u64>,
}

impl Default for Background {
    fn default() -> Self {
        Self { counts: vec![0; BINS] }
    }
}

impl Background {
    /// Of counts that another program made, bin by bin from -1 to 1; none where there are not 4096.
    pub fn of_counts(counts: Vec<u64>) -> Option<Self> {
        (counts.len() == BINS).then_some(Self { counts })
    }

    /// The counts, bin by bin from -1 to 1.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Counts a score.
    #[inline]
    pub fn count(&mut self, score: f32) {
        // A cast takes what is below to 0.
        let bin = ((score + 1.0) * (BINS / 2) as f32) as usize;
        self.counts[bin.min(BINS - 1)] += 1;
    }

    /// Counts scores by the bins that they are in.
    #[inline]
    pub(super) fn count_bins(&mut self, bins: &[u16]) {
        bins.iter().for_each(|bin| self.counts[usize::from(*bin)] += 1);
    }

    /// Adds the counts of another part of the index.
    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
    }

    /// How many scores there are.
    pub fn num_scores(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Mean of the scores; none where there is none.
    pub fn mean(&self) -> Option<f64> {
        self.mean_of(|score| score)
    }

    /// Standard deviation of the scores; none where there is none.
    pub fn deviation(&self) -> Option<f64> {
        let mean = self.mean()?;
        Some(self.mean_of(|score| (score - mean).powi(2))?.sqrt())
    }

    /// The score that the share `share` (0 to 1) of all scores does not pass, within the width of a bin of
    /// the score at place `share * (n - 1)` of all `n` in order; none where there is none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let last = self.num_scores().checked_sub(1)?;
        let place = (share.clamp(0.0, 1.0) * last as f64).round() as u64;
        let mut before = 0;
        for (bin, count) in self.counts.iter().enumerate() {
            if place < before + count {
                let part = ((place - before) as f64 + 0.5) / *count as f64;
                return Some(edge(bin) + part / (BINS / 2) as f64);
            }
            before += count;
        }
        None
    }

    /// The share of scores that are in the bin of `score` or above it; none where there is none.
    pub fn share_from(&self, score: f64) -> Option<f64> {
        let bin = (((score + 1.0) * (BINS / 2) as f64) as usize).min(BINS - 1);
        let above: u64 = self.counts[bin..].iter().sum();
        (self.num_scores() > 0).then(|| above as f64 / self.num_scores() as f64)
    }

    fn mean_of(&self, value: impl Fn(f64) -> f64) -> Option<f64> {
        let half_a_bin = 0.5 / (BINS / 2) as f64;
        let bins = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let sum: f64 = bins.map(|(bin, count)| *count as f64 * value(edge(bin) + half_a_bin)).sum();
        (self.num_scores() > 0).then(|| sum / self.num_scores() as f64)
    }
}

/// The least score of a bin.
fn edge(bin: usize) -> f64 {
    bin as f64 / (BINS / 2) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_deviation_and_quantiles_are_those_of_the_scores() {
        let mut background = Background::default();
        assert_eq!((background.mean(), background.quantile(0.5)), (None, None));
        let scores: Vec<f64> = (0..10_001).map(|i| (f64::from(i) / 10_000.0).sin() - 0.3).collect();
        scores.iter().for_each(|score| background.count(*score as f32));
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>();
        let deviation = (variance / scores.len() as f64).sqrt();
        assert!((background.mean().unwrap() - mean).abs() < 5e-5);
        assert!((background.deviation().unwrap() - deviation).abs() < 5e-5);
        for place in [0, 100, 5_000, 9_999, 10_000] {
            let share = place as f64 / 10_000.0;
            // The scores rise, so the one at a place is the quantile; a bin is 1/2048 wide.
            let quantile = background.quantile(share).unwrap();
            assert!((quantile - scores[place]).abs() < 1.0 / 2048.0, "{share}: {quantile}");
        }
        assert_eq!(background.share_from(-0.5), Some(1.0));
        assert_eq!(background.share_from(0.9), Some(0.0));
    }

    #[test]
    fn a_quantile_is_in_the_bin_of_the_score_at_its_place() {
        let mut background = Background::default();
        let scores = [-1.0, -0.5, 0.0, 0.25, 0.5];
        scores.into_iter().for_each(|score| background.count(score));
        // Places 0 to 4; 0.3 is place 1.2, which is nearest 1, and 0.4 place 1.6, nearest 2.
        for (share, score) in [(0.0, -1.0), (0.3, -0.5), (0.4, 0.0), (0.75, 0.25), (1.0, 0.5)] {
            let quantile = background.quantile(share).unwrap();
            assert_eq!(quantile, score + 0.5 / 2048.0, "{share}");
        }
        assert_eq!(background.share_from(0.25), Some(0.4));
        assert_eq!(background.num_scores(), 5);
    }

    #[test]
    fn scores_that_rounding_took_over_the_ends_are_counted_there() {
        let mut background = Background::default();
        [-1.01, -1.0, 1.0, 1.01].into_iter().for_each(|score| background.count(score));
        assert_eq!((background.counts()[0], background.counts()[BINS - 1]), (2, 2));
    }
}
