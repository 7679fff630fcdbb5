//! Moment retrieval: a sentence, several windows that answer it, and ranked windows with scores; as
//! average precision, over thresholds of IoU and by the length of the true windows.
//!
//! The evaluation that QVHighlights is published with (moment_detr's, which others took over) is
//! followed to the last printed digit, habits included: a hit is an IoU of the threshold or more; of a
//! query the first [`MOST_WINDOWS`] windows count as they stand in the list, and only these are sorted by
//! score; a query without a predicted window is left out of the mean; in a class of length the windows
//! of other lengths are no truth, and queries that have none left are left out.
//!
//! One thing is open there: which of two true windows of the same IoU is taken by a prediction. It
//! sorts by IoU, by a method whose order of equal values depends on the processor from four windows on;
//! here it is the later of the list, as it is there up to three.

use std::cmp::Ordering;

use locvtp_video::TimeSpan;

use super::best_window::iou_of_lengths;
use super::named::Metrics;

/// Windows of a query that are looked at.
pub const MOST_WINDOWS: usize = 10;

/// The IoUs from which on a window is right.
pub const MEAN_AP_IOUS: [f64; 10] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

/// A class of true windows by their length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LengthClass {
    /// Its name.
    pub name: &'static str,
    /// Windows are longer than this, in seconds.
    pub above_s: f64,
    /// And of this length at most.
    pub up_to_s: f64,
}

impl LengthClass {
    /// Up to 10 s, up to 30 s, up to 150 s, which is the length of QVHighlights' videos.
    pub const ALL: [Self; 3] = [
        Self { name: "short", above_s: 0.0, up_to_s: 10.0 },
        Self { name: "middle", above_s: 10.0, up_to_s: 30.0 },
        Self { name: "long", above_s: 30.0, up_to_s: 150.0 },
    ];

    /// Whether a window is of this class.
    pub fn holds(&self, window: &TimeSpan) -> bool {
        let length = window.end.0 - window.start.0;
        self.above_s < length && length <= self.up_to_s
    }
}

/// A window that was predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredWindow {
    /// When.
    pub span: TimeSpan,
    /// The greater the surer.
    pub score: f64,
}

/// A query's windows: those predicted, in the order of the list, and the true ones.
#[derive(Clone, Copy, Debug)]
pub struct RetrievedWindows<'a> {
    /// What counts of the list, unsorted: see [`MOST_WINDOWS`].
    pub predicted: &'a [ScoredWindow],
    /// One or more.
    pub truth: &'a [TimeSpan],
}

/// Mean average precision, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanAp {
    /// Queries that it is a mean of.
    pub queries: usize,
    /// At each of [`MEAN_AP_IOUS`].
    pub at: [f64; MEAN_AP_IOUS.len()],
    /// The mean of these.
    pub average: f64,
}

/// Mean average precision by name: of all windows, at an IoU of 0.5 and of 0.75 too, and of each class of
/// length by the class's name.
pub fn named_mean_aps<'a>(
    all: Option<&MeanAp>,
    classes: impl IntoIterator<Item = (&'a str, &'a MeanAp)>,
) -> Metrics {
    let mut metrics = Metrics::new();
    if let Some(all) = all {
        metrics.add("mAP", all.average);
        metrics.add("mAP@0.5", all.at[0]);
        metrics.add("mAP@0.75", all.at[5]);
    }
    for (class, found) in classes {
        metrics.add(format!("mAP, {class}"), found.average);
    }
    metrics
}

/// Mean average precision of all queries that have a predicted window, and of `silent` more that count
/// as 0; none when there are none.
///
/// # Example
/// ```
/// use locvtp_measure::metrics::{RetrievedWindows, ScoredWindow, mean_ap};
/// use locvtp_video::TimeSpan;
///
/// let truth = [TimeSpan::new(0.0, 10.0), TimeSpan::new(20.0, 30.0)];
/// let window = |start, end, score| ScoredWindow { span: TimeSpan::new(start, end), score };
/// // The better one is right up to an IoU of 0.8, the other one is not: half of all is found.
/// let predicted = [window(40.0, 50.0, 0.1), window(0.0, 8.0, 0.9)];
/// let found = mean_ap([RetrievedWindows { predicted: &predicted, truth: &truth }], 0).unwrap();
/// assert_eq!((found.at[0], found.at[9]), (50.0, 0.0));
/// ```
pub fn mean_ap<'a>(
    queries: impl IntoIterator<Item = RetrievedWindows<'a>>,
    silent: usize,
) -> Option<MeanAp> {
    let mut sums = [0.0; MEAN_AP_IOUS.len()];
    let mut count = silent;
    for query in queries {
        if query.predicted.is_empty() {
            continue;
        }
        count += 1;
        for (sum, precision) in sums.iter_mut().zip(average_precisions(&query)) {
            *sum += precision;
        }
    }
    if count == 0 {
        return None;
    }
    let shares = sums.map(|sum| sum / count as f64);
    let average = 100.0 * (shares.iter().sum::<f64>() / shares.len() as f64);
    Some(MeanAp { queries: count, at: shares.map(|share| 100.0 * share), average })
}

/// The interpolated average precision of one query at each of [`MEAN_AP_IOUS`], from 0 to 1.
pub fn average_precisions(query: &RetrievedWindows<'_>) -> [f64; MEAN_AP_IOUS.len()] {
    let mut ranked = query.predicted.to_vec();
    // Stable, and 0.0 is -0.0.
    ranked.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal));
    // For every prediction the true windows by falling IoU.
    let ious: Vec<Vec<(f64, usize)>> = ranked
        .iter()
        .map(|predicted| {
            let of = |(place, truth)| (iou_of_lengths(&predicted.span, truth), place);
            let mut ious: Vec<(f64, usize)> = query.truth.iter().enumerate().map(of).collect();
            // What shares 0 of 0 has no IoU, and is taken for the best there is.
            let key = |iou: f64| if iou.is_nan() { f64::INFINITY } else { iou };
            ious.sort_by(|a, b| key(b.0).total_cmp(&key(a.0)).then(b.1.cmp(&a.1)));
            ious
        })
        .collect();
    MEAN_AP_IOUS.map(|threshold| {
        let mut taken = vec![false; query.truth.len()];
        let is_right: Vec<bool> = ious
            .iter()
            .map(|ious| {
                let free = ious
                    .iter()
                    .take_while(|(iou, _)| iou.is_nan() || *iou >= threshold)
                    .find(|(_, place)| !taken[*place]);
                free.inspect(|(_, place)| taken[*place] = true).is_some()
            })
            .collect();
        interpolated(&is_right, query.truth.len())
    })
}

/// The area under precision over recall, where every precision counts as the best of equal or greater
/// recall.
fn interpolated(is_right: &[bool], num_true: usize) -> f64 {
    let mut right = 0.0;
    let points: Vec<[f64; 2]> = is_right
        .iter()
        .enumerate()
        .map(|(place, is_right)| {
            right += f64::from(*is_right);
            [right / num_true as f64, right / (place + 1) as f64]
        })
        .collect();
    let mut best: Vec<f64> = points.iter().map(|[_, precision]| *precision).collect();
    for place in (1..best.len()).rev() {
        best[place - 1] = best[place - 1].max(best[place]);
    }
    let before = std::iter::once(0.0).chain(points.iter().map(|[recall, _]| *recall));
    points
        .iter()
        .zip(before)
        .zip(best)
        .map(|(([recall, _], before), best)| (recall - before) * best)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: f64, end: f64, score: f64) -> ScoredWindow {
        ScoredWindow { span: TimeSpan::new(start, end), score }
    }

    fn spans(windows: &[(f64, f64)]) -> Vec<TimeSpan> {
        windows.iter().map(|(start, end)| TimeSpan::new(*start, *end)).collect()
    }

    fn at(predicted: &[ScoredWindow], truth: &[(f64, f64)], threshold: usize) -> f64 {
        average_precisions(&RetrievedWindows { predicted, truth: &spans(truth) })[threshold]
    }

    #[test]
    fn precision_counts_as_the_best_of_greater_recall() {
        // Right, wrong, right: recall 1/2 at precision 1, recall 1 at 2/3.
        let predicted = [window(0.0, 4.0, 0.9), window(50.0, 60.0, 0.5), window(10.0, 14.0, 0.1)];
        let found = at(&predicted, &[(0.0, 4.0), (10.0, 14.0)], 0);
        assert!((found - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-12, "{found}");
        // Wrong, right, right: 2/3 counts for both.
        let predicted = [window(50.0, 60.0, 0.9), window(0.0, 4.0, 0.5), window(10.0, 14.0, 0.1)];
        let found = at(&predicted, &[(0.0, 4.0), (10.0, 14.0)], 0);
        assert!((found - 2.0 / 3.0).abs() < 1e-12, "{found}");
    }

    #[test]
    fn a_true_window_is_found_once() {
        let predicted = [window(0.0, 4.0, 0.9), window(0.0, 4.0, 0.8)];
        assert_eq!(at(&predicted, &[(0.0, 4.0), (10.0, 14.0)], 0), 0.5);
        // The second takes the other window of an IoU of exactly the threshold: 5 of 10.
        let predicted = [window(0.0, 10.0, 0.9), window(0.0, 10.0, 0.8)];
        assert_eq!(at(&predicted, &[(0.0, 5.0), (5.0, 10.0)], 0), 1.0);
        assert_eq!(at(&predicted, &[(0.0, 5.0), (5.0, 10.0)], 1), 0.0);
    }

    #[test]
    fn of_equal_ious_the_later_window_is_taken() {
        // The first could take either; the second only the first window.
        let predicted = [window(0.0, 10.0, 0.9), window(0.0, 5.0, 0.8)];
        assert_eq!(at(&predicted, &[(0.0, 5.0), (5.0, 10.0)], 0), 1.0);
        let predicted = [window(0.0, 10.0, 0.9), window(5.0, 10.0, 0.8)];
        assert_eq!(at(&predicted, &[(0.0, 5.0), (5.0, 10.0)], 0), 0.5);
    }

    #[test]
    fn equal_scores_keep_the_order_of_the_list_and_silence_is_left_out() {
        let wrong_first = [window(50.0, 60.0, 0.5), window(0.0, 4.0, 0.5)];
        assert_eq!(at(&wrong_first, &[(0.0, 4.0)], 0), 0.5);
        let truth = spans(&[(0.0, 4.0)]);
        let query = |predicted| RetrievedWindows { predicted, truth: &truth };
        let found = mean_ap([query(&wrong_first), query(&[])], 0).unwrap();
        assert_eq!((found.queries, found.average), (1, 50.0));
        assert_eq!(mean_ap([query(&wrong_first)], 1).unwrap().average, 25.0);
        assert_eq!(mean_ap([query(&[])], 0), None);
    }

    #[test]
    fn classes_of_length_hold_their_upper_bound() {
        let classes = |end: f64| -> Vec<&str> {
            let window = TimeSpan::new(0.0, end);
            LengthClass::ALL.iter().filter(|class| class.holds(&window)).map(|it| it.name).collect()
        };
        let none: [&str; 0] = [];
        assert_eq!(classes(0.0), none);
        assert_eq!(classes(10.0), ["short"]);
        assert_eq!(classes(10.1), ["middle"]);
        assert_eq!(classes(30.0), ["middle"]);
        assert_eq!(classes(150.0), ["long"]);
        assert_eq!(classes(151.0), none);
    }
}
