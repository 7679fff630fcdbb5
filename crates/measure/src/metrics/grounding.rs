//! Grounding: how much of the true moment the predicted ones hit, as R@n,IoU@m and mIoU.
//!
//! A query has a true moment, or [several](TrueMoments) of which any is an answer, and a list of
//! predicted ones, best first. R@n,IoU@m is the share of
//! queries with a prediction among the first n whose temporal IoU with the truth exceeds m; mIoU is
//! the mean IoU of the first prediction. A query without predictions is a miss with IoU 0. Whether
//! an IoU of exactly m is a hit is a switch, [`IouBoundary`].
//!
//! Paper: Table 2; `paper.md` D.1. 2D-TAN counts IoU > m and takes the hull of both moments as
//! their union; so does [`TimeSpan::iou`].

use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

use super::best_window::best_iou;
use super::named::Metrics;
use super::percentage;
use crate::error::MeasureError;

/// Whether an IoU of exactly the required value is a hit.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum IouBoundary {
    /// It is a miss, as in 2D-TAN's evaluation.
    #[default]
    Strict,
    /// It is a hit, as in CSMGAN's evaluation.
    Inclusive,
}

impl IouBoundary {
    /// Whether `iou` reaches `required`.
    pub fn is_hit(self, iou: f64, required: f64) -> bool {
        match self {
            Self::Strict => iou > required,
            Self::Inclusive => iou >= required,
        }
    }
}

/// What is true of a query: a moment, or several windows of which any is an answer. The IoU of a
/// prediction is that with the window it meets best.
pub trait TrueMoments {
    /// The windows, one or more.
    fn windows(&self) -> &[TimeSpan];
}

impl TrueMoments for TimeSpan {
    fn windows(&self) -> &[TimeSpan] {
        std::slice::from_ref(self)
    }
}

impl TrueMoments for Vec<TimeSpan> {
    fn windows(&self) -> &[TimeSpan] {
        self
    }
}

/// How well first predictions hit their true moments, in percent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroundingMetrics {
    /// How many queries were asked.
    pub queries: usize,
    /// R@1,IoU@0.3.
    pub r1_iou30: f64,
    /// R@1,IoU@0.5.
    pub r1_iou50: f64,
    /// R@1,IoU@0.7.
    pub r1_iou70: f64,
    /// Mean IoU of the first prediction.
    pub miou: f64,
}

impl GroundingMetrics {
    /// The numbers by name.
    pub fn named(&self) -> Metrics {
        Metrics::new()
            .with("mIoU", self.miou)
            .with("R@1,IoU@0.3", self.r1_iou30)
            .with("R@1,IoU@0.5", self.r1_iou50)
            .with("R@1,IoU@0.7", self.r1_iou70)
    }
}

/// Measures the first predictions of all queries.
///
/// # Errors
/// When there are no queries, there is not one list of predictions a query, or a query has no true
/// moment, or none but an empty one, or one that is not finite.
///
/// # Example
/// ```
/// use locvtp_measure::metrics::{IouBoundary, grounding};
/// use locvtp_video::TimeSpan;
///
/// let truths = [TimeSpan::new(2.0, 6.0), TimeSpan::new(0.0, 4.0)];
/// let predictions = [vec![TimeSpan::new(3.0, 6.0)], vec![]]; // IoU 3/4, and a miss
/// let metrics = grounding(&predictions, &truths, IouBoundary::Strict)?;
/// assert_eq!((metrics.r1_iou70, metrics.miou), (50.0, 37.5));
/// # Ok::<(), locvtp_measure::MeasureError>(())
/// ```
pub fn grounding(
    predictions: &[Vec<TimeSpan>],
    truths: &[impl TrueMoments],
    boundary: IouBoundary,
) -> Result<GroundingMetrics, MeasureError> {
    check(predictions.len(), truths)?;
    let mut tally = GroundingTally::new(boundary);
    for (predicted, truth) in predictions.iter().zip(truths) {
        tally.add(predicted.first().map_or(0.0, |first| best_iou(first, truth.windows())));
    }
    Ok(tally.metrics(truths.len()))
}

/// R@n,IoU@m in percent: queries of which one of the first `n` predictions has an IoU over
/// `required` (`0.0..=1.0`).
///
/// # Errors
/// As [`grounding`].
pub fn recall_at(
    predictions: &[Vec<TimeSpan>],
    truths: &[impl TrueMoments],
    n: usize,
    required: f64,
    boundary: IouBoundary,
) -> Result<f64, MeasureError> {
    check(predictions.len(), truths)?;
    let hits = predictions.iter().zip(truths).filter(|(predicted, truth)| {
        let is_hit = |span| boundary.is_hit(best_iou(span, truth.windows()), required);
        predicted.iter().take(n).any(is_hit)
    });
    Ok(percentage(hits.count() as f64, truths.len()))
}

/// That every query has its predictions, and its truth is a moment.
pub(crate) fn check(
    num_predictions: usize,
    truths: &[impl TrueMoments],
) -> Result<(), MeasureError> {
    if truths.is_empty() {
        return Err(MeasureError::Nothing { what: "queries with a true moment" });
    }
    if num_predictions != truths.len() {
        return Err(MeasureError::Count {
            what: "lists of predicted moments, one a query",
            expected: truths.len(),
            found: num_predictions,
        });
    }
    let is_broken = |span: &TimeSpan| !span.start.0.is_finite() || !span.end.0.is_finite();
    for (query, truth) in truths.iter().enumerate() {
        let windows = truth.windows();
        let broken = windows.iter().find(|span| is_broken(span));
        // Among several, one without length is only never hit.
        let all_empty = windows.iter().all(TimeSpan::is_empty);
        let found = broken.or(windows.first().filter(|_| all_empty));
        if let Some(found) = found {
            return Err(MeasureError::TrueMoment { query, found: *found });
        }
        if windows.is_empty() {
            return Err(MeasureError::Nothing { what: "true windows of a query" });
        }
    }
    Ok(())
}

/// IoUs of first predictions, summed up.
pub(crate) struct GroundingTally {
    boundary: IouBoundary,
    added: usize,
    hits: [usize; 3],
    iou_sum: f64,
}

impl GroundingTally {
    /// The IoUs that hits are counted at.
    const REQUIRED: [f64; 3] = [0.3, 0.5, 0.7];

    pub(crate) fn new(boundary: IouBoundary) -> Self {
        Self { boundary, added: 0, hits: [0; 3], iou_sum: 0.0 }
    }

    pub(crate) fn add(&mut self, iou: f64) {
        self.added += 1;
        self.iou_sum += iou;
        for (hits, required) in self.hits.iter_mut().zip(Self::REQUIRED) {
            *hits += usize::from(self.boundary.is_hit(iou, required));
        }
    }

    /// Means over what was added; `queries` is only passed on.
    pub(crate) fn metrics(&self, queries: usize) -> GroundingMetrics {
        let [r1_iou30, r1_iou50, r1_iou70] =
            self.hits.map(|hits| percentage(hits as f64, self.added));
        GroundingMetrics {
            queries,
            r1_iou30,
            r1_iou50,
            r1_iou70,
            miou: percentage(self.iou_sum, self.added),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(start: f64, end: f64) -> TimeSpan {
        TimeSpan::new(start, end)
    }

    #[test]
    fn the_iou_map_of_the_specification() {
        // paper.md F.3 (3): cell (s, e) of 4 is 5 s .. 5 (e + 1) seconds, the truth is 4..13.
        let expected = [
            [0.076923, 0.461538, 0.6, 0.45],
            [0.0, 0.555556, 0.727273, 0.5],
            [0.0, 0.0, 0.272727, 0.1875],
            [0.0, 0.0, 0.0, 0.0],
        ];
        for (s, row) in expected.iter().enumerate() {
            for (e, expected) in row.iter().enumerate().skip(s) {
                let cell = span(5.0 * s as f64, 5.0 * (e + 1) as f64);
                let found = cell.iou(&span(4.0, 13.0));
                assert!((found - expected).abs() < 1e-6, "({s}, {e}): {found}");
            }
        }
    }

    #[test]
    fn recall_and_mean_iou_follow_the_arithmetic() {
        let truths = [span(0.0, 4.0), span(2.0, 6.0), span(5.0, 9.0), span(1.0, 2.0)];
        let predictions = [
            vec![span(0.0, 3.0)],                 // 3/4
            vec![span(4.0, 8.0), span(2.0, 5.0)], // 2/6, then 3/4
            vec![span(0.0, 5.0)],                 // touches: 0
            vec![],                               // nothing: 0
        ];
        let found = grounding(&predictions, &truths, IouBoundary::Strict).unwrap();
        assert_eq!(found.queries, 4);
        assert_eq!((found.r1_iou30, found.r1_iou50, found.r1_iou70), (50.0, 25.0, 25.0));
        // (3/4 + 1/3 + 0 + 0) / 4 = 13/48
        assert!((found.miou - 100.0 * 13.0 / 48.0).abs() < 1e-9);
        let named = Metrics::new()
            .with("mIoU", found.miou)
            .with("R@1,IoU@0.3", 50.0)
            .with("R@1,IoU@0.5", 25.0)
            .with("R@1,IoU@0.7", 25.0);
        assert_eq!(found.named(), named);
        let at = |n, required| {
            recall_at(&predictions, &truths, n, required, IouBoundary::Strict).unwrap()
        };
        assert_eq!([at(1, 0.5), at(2, 0.5), at(5, 0.5), at(0, 0.5)], [25.0, 50.0, 50.0, 0.0]);
        assert_eq!(at(1, 0.1), 50.0);
    }

    #[test]
    fn an_iou_of_exactly_the_required_value_follows_the_switch() {
        // shared 0..2, union 0..4: exactly 1/2.
        let (predictions, truths) = ([vec![span(0.0, 2.0)]], [span(0.0, 4.0)]);
        let strict = grounding(&predictions, &truths, IouBoundary::Strict).unwrap();
        let inclusive = grounding(&predictions, &truths, IouBoundary::Inclusive).unwrap();
        assert_eq!((strict.r1_iou50, inclusive.r1_iou50), (0.0, 100.0));
        assert_eq!(recall_at(&predictions, &truths, 1, 0.5, IouBoundary::Strict).unwrap(), 0.0);
        assert_eq!((strict.r1_iou30, strict.miou), (100.0, 50.0));
    }

    #[test]
    fn an_iou_on_the_boundary_is_not_lifted_over_it_by_rounding() {
        // In whole tenths of seconds 1..6 and 1..11: 5 of 10, exactly 1/2. As a sum of lengths the
        // union is 0.5 + 1.0 - 0.5 with lengths that were rounded before; here both ends are read.
        let all = (1..40).flat_map(|start| (1..40).map(move |length| (start, length)));
        let differ = all.filter(|&(start, length)| {
            let [a, middle, b] =
                [start, start + length, start + 2 * length].map(|tenths| f64::from(tenths) / 10.0);
            let found = span(a, middle).iou(&span(a, b));
            assert!((found - 0.5).abs() < 1e-12);
            let by_lengths = (middle - a) / ((middle - a) + (b - a) - (middle - a));
            (found > 0.5) != (by_lengths > 0.5)
        });
        assert!(differ.count() > 0, "the two ways of taking the union would be one");
    }

    #[test]
    fn a_hit_of_any_window_is_a_hit() {
        let truths = [vec![span(0.0, 4.0), span(10.0, 20.0)], vec![span(1.0, 2.0)]];
        // 4/5 with the second window; 1/2, then 1, with the only one.
        let predictions = [vec![span(12.0, 20.0)], vec![span(0.0, 2.0), span(1.0, 2.0)]];
        let found = grounding(&predictions, &truths, IouBoundary::Strict).unwrap();
        assert_eq!((found.r1_iou50, found.miou), (50.0, 65.0));
        let at_2 = recall_at(&predictions, &truths, 2, 0.7, IouBoundary::Strict).unwrap();
        assert_eq!(at_2, 100.0);
        let empty =
            grounding(&predictions[..1], &[vec![]; 1] as &[Vec<TimeSpan>], IouBoundary::Strict);
        assert!(empty.is_err());
    }

    #[test]
    fn a_query_without_predictions_is_a_miss_and_not_left_out() {
        let found = grounding(&[vec![], vec![]], &[span(0.0, 1.0); 2], IouBoundary::Inclusive);
        let found = found.unwrap();
        assert_eq!((found.queries, found.r1_iou30, found.miou), (2, 0.0, 0.0));
    }

    #[test]
    fn what_cannot_be_measured_is_an_error() {
        let measure = |predictions: &[Vec<TimeSpan>], truths: &[TimeSpan]| {
            grounding(predictions, truths, IouBoundary::Strict).unwrap_err()
        };
        assert!(matches!(measure(&[], &[]), MeasureError::Nothing { .. }));
        assert!(matches!(
            measure(&[vec![]], &[span(0.0, 1.0); 2]),
            MeasureError::Count { expected: 2, found: 1, .. }
        ));
        for broken in
            [span(3.0, 3.0), span(4.0, 3.0), span(f64::NAN, 3.0), span(0.0, f64::INFINITY)]
        {
            let error = measure(&[vec![], vec![]], &[span(0.0, 1.0), broken]);
            assert!(
                matches!(error, MeasureError::TrueMoment { query: 1, .. }),
                "{broken}: {error}"
            );
        }
    }

    fn some_span() -> impl Strategy<Value = TimeSpan> {
        (0.0..20.0f64, 0.01..10.0f64).prop_map(|(start, length)| span(start, start + length))
    }

    proptest! {
        #[test]
        fn the_order_of_queries_does_not_matter(
            (queries, order) in prop::collection::vec(
                (prop::collection::vec(some_span(), 0..4), some_span()), 1..12,
            )
            .prop_flat_map(|queries| {
                let order = Just((0..queries.len()).collect::<Vec<_>>()).prop_shuffle();
                (Just(queries), order)
            })
        ) {
            let (predictions, truths): (Vec<_>, Vec<_>) = queries.iter().cloned().unzip();
            let (shuffled, shuffled_truths): (Vec<_>, Vec<_>) =
                order.iter().map(|&query| queries[query].clone()).unzip();
            let a = grounding(&predictions, &truths, IouBoundary::Strict).unwrap();
            let b = grounding(&shuffled, &shuffled_truths, IouBoundary::Strict).unwrap();
            prop_assert_eq!(
                (a.r1_iou30, a.r1_iou50, a.r1_iou70),
                (b.r1_iou30, b.r1_iou50, b.r1_iou70)
            );
            // Sums of floats in another order.
            prop_assert!((a.miou - b.miou).abs() < 1e-9);
        }

        #[test]
        fn more_predictions_and_a_lower_bar_never_lower_recall(
            predictions in prop::collection::vec(some_span(), 0..6), truth in some_span(),
        ) {
            let predictions = [predictions];
            let at = |n, required| {
                recall_at(&predictions, &[truth], n, required, IouBoundary::Strict).unwrap()
            };
            for n in 1..6 {
                prop_assert!(at(n, 0.5) <= at(n + 1, 0.5));
                prop_assert!(at(n, 0.7) <= at(n, 0.5) && at(n, 0.5) <= at(n, 0.3));
            }
        }
    }
}
