//! How the context-warping head does its work: reference, bias and projection similarity, as in the
//! paper's fig. 5c.
//!
//! All three compare with the positive words `q` of a clip `t`: the *reference* is the clip itself,
//! `(v_t, q)`; the *bias* is its neighbour, `(v_{t+d}, q)`, lower because time has passed; the
//! *projection* is the clip as warped from that neighbour, `(z_t, q)`. A head that has learned
//! something brings the projection from the bias back up towards the reference.

use serde::{Deserialize, Serialize};

use crate::error::MeasureError;

/// Counts of cosines in bins of equal width over `-1.0..=1.0`.
///
/// Every bin holds its lower edge and not its upper one, except the last, which holds 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CosineHistogram {
    counts: Vec<u64>,
    sum: f64,
}

impl CosineHistogram {
    /// Rounding takes a cosine past 1 by this much at most.
    const TOLERANCE: f32 = 1e-3;

    /// An empty histogram.
    ///
    /// # Errors
    /// When `num_bins` is zero.
    pub fn new(num_bins: usize) -> Result<Self, MeasureError> {
        if num_bins == 0 {
            return Err(MeasureError::Setting {
                key: "num_bins",
                found: num_bins.to_string(),
                expected: "at least 1",
            });
        }
        Ok(Self { counts: vec![0; num_bins], sum: 0.0 })
    }

    /// Counts `cosines` too; all or, when one is refused, none.
    ///
    /// # Errors
    /// When one is NaN or outside `-1.0..=1.0` by more than rounding (1e-3).
    pub fn add(&mut self, cosines: &[f32]) -> Result<(), MeasureError> {
        let limit = 1.0 + Self::TOLERANCE;
        if let Some(at) = cosines.iter().position(|cosine| !(-limit..=limit).contains(cosine)) {
            return Err(MeasureError::Score {
                of: "cosine",
                row: at,
                column: 0,
                found: cosines[at],
            });
        }
        let last = self.counts.len() - 1;
        for &cosine in cosines {
            let cosine = f64::from(cosine).clamp(-1.0, 1.0);
            let bin = (cosine + 1.0) / 2.0 * self.counts.len() as f64;
            self.counts[(bin as usize).min(last)] += 1;
            self.sum += cosine;
        }
        Ok(())
    }

    /// Cosines in each bin.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Edges of the bins, one more than there are bins, from -1 to 1.
    pub fn edges(&self) -> Vec<f64> {
        let bins = self.counts.len() as f64;
        (0..=self.counts.len()).map(|edge| 2.0 * edge as f64 / bins - 1.0).collect()
    }

    /// How many cosines were counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Mean of the cosines, not of the bins; `None` when there are none.
    pub fn mean(&self) -> Option<f64> {
        let total = self.total();
        (total > 0).then(|| self.sum / total as f64)
    }
}

/// The smallest drop of a mean cosine that a share of is worth telling.
const SMALLEST_DROP: f64 = 0.01;

/// The three similarities over many clips.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimilaritySummary {
    /// `(v_t, q)`: the clip and its words.
    pub reference: CosineHistogram,
    /// `(v_{t+d}, q)`: the neighbour and the words of the clip.
    pub bias: CosineHistogram,
    /// `(z_t, q)`: the clip as warped from the neighbour, and its words.
    pub projection: CosineHistogram,
}

impl SimilaritySummary {
    /// Bins of 0.05.
    pub const DEFAULT_BINS: usize = 40;

    /// Three empty histograms.
    ///
    /// # Errors
    /// When `num_bins` is zero.
    pub fn new(num_bins: usize) -> Result<Self, MeasureError> {
        let empty = CosineHistogram::new(num_bins)?;
        Ok(Self { reference: empty.clone(), bias: empty.clone(), projection: empty })
    }

    /// The share of the drop from reference to bias that the projection recovers: 0 at the bias, 1
    /// at the reference, in terms of means. `None` when something is missing or the means drop by
    /// less than 0.01, of which a share means nothing.
    pub fn recovered(&self) -> Option<f64> {
        let (reference, bias) = (self.reference.mean()?, self.bias.mean()?);
        let projection = self.projection.mean()?;
        (reference - bias >= SMALLEST_DROP).then(|| (projection - bias) / (reference - bias))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_fall_into_the_bin_that_starts_at_or_before_them() {
        let mut histogram = CosineHistogram::new(4).unwrap();
        assert_eq!(histogram.edges(), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        histogram.add(&[-1.0, -0.75, -0.5, 0.0, 0.25, 0.5, 1.0]).unwrap();
        // Edges belong to the bin above, 1 to the last.
        assert_eq!(histogram.counts(), [2, 1, 2, 2]);
        assert_eq!(histogram.total(), 7);
        // (-1 - .75 - .5 + 0 + .25 + .5 + 1) / 7 = -.5 / 7
        assert!((histogram.mean().unwrap() + 0.5 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn a_cosine_past_one_by_rounding_counts_as_one() {
        let mut histogram = CosineHistogram::new(2).unwrap();
        histogram.add(&[1.000_000_1, -1.000_000_1]).unwrap();
        assert_eq!(histogram.counts(), [1, 1]);
        assert_eq!(histogram.mean(), Some(0.0));
    }

    #[test]
    fn what_is_no_cosine_is_refused_and_nothing_of_its_batch_is_counted() {
        let mut histogram = CosineHistogram::new(2).unwrap();
        for bad in [f32::NAN, 1.5, f32::NEG_INFINITY] {
            let error = histogram.add(&[0.5, bad]).unwrap_err();
            assert!(matches!(error, MeasureError::Score { row: 1, .. }), "{error}");
        }
        assert_eq!((histogram.total(), histogram.mean()), (0, None));
        assert!(matches!(CosineHistogram::new(0), Err(MeasureError::Setting { .. })));
    }

    #[test]
    fn adding_in_parts_equals_adding_at_once() {
        let cosines = [0.5, -0.25, 0.75, 0.0, 1.0];
        let mut at_once = CosineHistogram::new(SimilaritySummary::DEFAULT_BINS).unwrap();
        at_once.add(&cosines).unwrap();
        let mut in_parts = CosineHistogram::new(SimilaritySummary::DEFAULT_BINS).unwrap();
        in_parts.add(&cosines[..2]).unwrap();
        in_parts.add(&cosines[2..]).unwrap();
        assert_eq!(at_once, in_parts);
    }

    #[test]
    fn the_recovered_share_is_that_of_the_drop() {
        let mut summary = SimilaritySummary::new(10).unwrap();
        assert_eq!(summary.recovered(), None);
        summary.reference.add(&[0.75, 1.0]).unwrap();
        summary.bias.add(&[0.25, 0.0]).unwrap();
        summary.projection.add(&[0.5, 0.875]).unwrap();
        // Means .875, .125, .6875: (.6875 - .125) / (.875 - .125) = .75
        assert!((summary.recovered().unwrap() - 0.75).abs() < 1e-12);
        // Where the bias is no lower there is nothing to recover.
        summary.bias.add(&[1.0; 40]).unwrap();
        assert_eq!(summary.recovered(), None);
    }
}
