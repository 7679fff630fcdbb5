//! Which of several true windows a prediction meets best.

use locvtp_video::TimeSpan;

/// The IoU of a prediction with the true window that it meets best.
///
/// # Panics
/// Without windows.
pub fn best_iou(predicted: &TimeSpan, truth: &[TimeSpan]) -> f64 {
    let mut best = 0;
    let mut greatest = f64::NEG_INFINITY;
    for (place, window) in truth.iter().enumerate() {
        let found = iou_of_lengths(predicted, window);
        let found = if found.is_nan() { f64::INFINITY } else { found };
        if found > greatest {
            (best, greatest) = (place, found);
        }
    }
    predicted.iou(&truth[best])
}

/// The IoU by the lengths of both, as the evaluation that QVHighlights is published with takes it for
/// average precision and to choose a window: there rounding decides. Elsewhere [`TimeSpan::iou`] is taken. NaN
/// where both are empty.
pub(crate) fn iou_of_lengths(a: &TimeSpan, b: &TimeSpan) -> f64 {
    let shared = (a.end.0.min(b.end.0) - a.start.0.max(b.start.0)).max(0.0);
    shared / ((a.end.0 - a.start.0) + (b.end.0 - b.start.0) - shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(windows: &[(f64, f64)]) -> Vec<TimeSpan> {
        windows.iter().map(|(start, end)| TimeSpan::new(*start, *end)).collect()
    }

    #[test]
    fn a_prediction_is_compared_with_the_window_that_it_meets_best() {
        let truth = spans(&[(0.0, 4.0), (10.0, 20.0), (30.0, 31.0)]);
        assert_eq!(best_iou(&TimeSpan::new(12.0, 20.0), &truth), 0.8);
        assert_eq!(best_iou(&TimeSpan::new(5.0, 9.0), &truth), 0.0);
        // Windows without length share nothing with anything.
        assert_eq!(best_iou(&TimeSpan::new(3.0, 3.0), &spans(&[(3.0, 3.0)])), 0.0);
    }

    #[test]
    fn of_windows_that_are_met_alike_the_first_is_taken() {
        // By lengths both are met alike; by the hull they differ in the last bit.
        let (predicted, truth) = (TimeSpan::new(2.8, 3.1), spans(&[(0.2, 5.8), (0.3, 5.9)]));
        assert_eq!(iou_of_lengths(&predicted, &truth[0]), iou_of_lengths(&predicted, &truth[1]));
        assert_ne!(predicted.iou(&truth[0]), predicted.iou(&truth[1]));
        assert_eq!(best_iou(&predicted, &truth), predicted.iou(&truth[0]));
    }
}
