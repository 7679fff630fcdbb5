//! The numbers of ranked moments by name, for `locvtp score` and for the grounding tasks alike: a
//! number that is added here is in the results of both.

use locvtp_video::TimeSpan;

use super::grounding::{IouBoundary, TrueMoments, grounding, recall_at};
use super::moment_retrieval::MEAN_AP_IOUS;
use super::named::Metrics;
use crate::error::MeasureError;

/// The moments that queries are answered with, and how they are counted.
#[derive(Clone, Copy, Debug)]
pub struct RankedMoments<'a, T> {
    /// A list of moments for each query, best first. Where what is left of an answer depends on the
    /// required IoU, one such list for each of `ious`, else one for all.
    pub answers: &'a [&'a [Vec<TimeSpan>]],
    /// What is true of each query.
    pub truths: &'a [T],
    /// The `n` of R@n.
    pub ranks: &'a [usize],
    /// The `m` of IoU@m, `0.0..=1.0`.
    pub ious: &'a [f64],
    /// Whether an IoU of exactly `m` is a hit.
    pub boundary: IouBoundary,
    /// Whether the mean of R@1 over [`MEAN_AP_IOUS`] is measured as well.
    pub mean_recall: bool,
}

/// The numbers of ranked moments, in percent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MomentNumbers {
    /// R@n,IoU@m, and mR@1 where it is asked for.
    pub recalls: Metrics,
    /// Of the first moment alone, whatever IoU is required: mIoU.
    pub firsts: Metrics,
}

impl<T: TrueMoments> RankedMoments<'_, T> {
    /// The numbers by name.
    ///
    /// # Errors
    /// When there are no queries, not one list of moments a query, or a query has no true moment, or
    /// none but an empty one, or one that is not finite.
    ///
    /// # Panics
    /// When there is no list of answers.
    pub fn measure(&self) -> Result<MomentNumbers, MeasureError> {
        let (first, last) = (self.answers[0], self.answers.len() - 1);
        let mut recalls = Metrics::new();
        for &n in self.ranks {
            for (place, &m) in self.ious.iter().enumerate() {
                let answers = self.answers[place.min(last)];
                let recall = recall_at(answers, self.truths, n, m, self.boundary)?;
                recalls.add(format!("R@{n},IoU@{m}"), recall);
            }
        }
        if self.mean_recall {
            let mut sum = 0.0;
            for m in MEAN_AP_IOUS {
                sum += recall_at(first, self.truths, 1, m, self.boundary)?;
            }
            recalls.add("mR@1", sum / MEAN_AP_IOUS.len() as f64);
        }
        let miou = grounding(first, self.truths, self.boundary)?.miou;
        Ok(MomentNumbers { recalls, firsts: Metrics::new().with("mIoU", miou) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_required_iou_has_its_own_answers_and_the_first_are_those_of_the_mean() {
        let truths = [TimeSpan::new(0.0, 10.0)];
        // IoU 1/2, then 9/10.
        let (half, most) = ([vec![TimeSpan::new(0.0, 5.0)]], [vec![TimeSpan::new(0.0, 9.0)]]);
        let moments = RankedMoments {
            answers: &[&half, &most],
            truths: &truths,
            ranks: &[1],
            ious: &[0.3, 0.7],
            boundary: IouBoundary::Inclusive,
            mean_recall: true,
        };
        let found = moments.measure().unwrap();
        // Of the ten IoUs from 0.5 on, 1/2 reaches the first.
        let recalls =
            Metrics::new().with("R@1,IoU@0.3", 100.0).with("R@1,IoU@0.7", 100.0).with("mR@1", 10.0);
        assert_eq!(found, MomentNumbers { recalls, firsts: Metrics::new().with("mIoU", 50.0) });
        let one = RankedMoments { answers: &[&half], mean_recall: false, ..moments };
        let recalls = Metrics::new().with("R@1,IoU@0.3", 100.0).with("R@1,IoU@0.7", 0.0);
        assert_eq!(one.measure().unwrap().recalls, recalls);
    }
}
