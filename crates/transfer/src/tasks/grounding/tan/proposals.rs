//! From the scores of a map to moments in seconds.
//!
//! Times are f32, `f32(i) / f32(N) * f32(duration)`, as in the release, and their IoUs are f64: at a
//! threshold of 0.5 many IoUs of moments on a grid lie on the threshold, and f64 times keep others.

use locvtp_video::{Seconds, TimeSpan};

use super::moment_map::MomentMap;
use crate::error::TransferError;
use locvtp_measure::{MeasureError, suppress_overlaps};

/// The best moments of a video of `duration`, best first: `top` at most, none of an IoU over `nms`
/// with a better one. Of equal scores the earlier moment comes first.
///
/// # Errors
/// When a score is not finite.
pub fn best_moments(
    map: &MomentMap,
    scores: &[f32],
    duration: Seconds,
    nms: f64,
    top: usize,
) -> Result<Vec<TimeSpan>, TransferError> {
    if let Some(column) = scores.iter().position(|score| !score.is_finite()) {
        let found = scores[column];
        return Err(MeasureError::Score { of: "moment", row: column, column: 0, found }.into());
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let moments = map.moments();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(moments[a].cmp(&moments[b])));
    let frames = map.num_frames() as f32;
    let time = |frame: usize| f64::from(frame as f32 / frames * duration.0 as f32);
    let span = |&cell: &usize| TimeSpan::new(time(moments[cell].0), time(moments[cell].1 + 1));
    let ranked: Vec<TimeSpan> = order.iter().map(span).collect();
    Ok(suppress_overlaps(&ranked, nms, top).into_iter().map(|kept| ranked[kept]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::grounding::tan::config::{Proposals, TanConfig};

    fn map() -> MomentMap {
        let config = TanConfig::synthetic(Proposals::MaxPool);
        MomentMap::new(&TanConfig { samples: 4, stride: 1, scales: vec![4], ..config })
    }

    #[test]
    fn the_best_moments_stand_apart_and_are_seconds() {
        let map = map();
        let score = |cell: &(usize, usize)| match cell {
            (1, 2) => 0.9, // 5..15 of 20 seconds
            (1, 3) => 0.8, // 5..20: IoU 2/3 with the best
            (0, 0) => 0.7, // 0..5
            _ => 0.1,
        };
        let scores: Vec<f32> = map.moments().iter().map(score).collect();
        let found = best_moments(&map, &scores, Seconds(20.0), 0.5, 2).unwrap();
        assert_eq!(found, [TimeSpan::new(5.0, 15.0), TimeSpan::new(0.0, 5.0)]);
    }

    #[test]
    fn a_score_that_is_no_number_has_no_rank() {
        let map = map();
        let mut scores = vec![0.0; map.moments().len()];
        scores[3] = f32::NAN;
        let error = best_moments(&map, &scores, Seconds(20.0), 0.5, 5).unwrap_err();
        assert!(
            matches!(error, TransferError::Measure(MeasureError::Score { row: 3, .. })),
            "{error}"
        );
    }
}
