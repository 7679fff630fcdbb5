//! Clip scores of every query, decoded into moments and compared with the truth.
//!
//! The same function measures a model, a model asked the wrong question, and oracles: only the scores
//! differ.

use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

use crate::error::MeasureError;
use crate::metrics::{GroundingMetrics, IouBoundary, grounding};
use crate::moment::{Moment, MomentDecoder};

/// One sentence asked of one video, and the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoredQuery {
    /// Clips of the video, in order of time.
    pub clips: Vec<TimeSpan>,
    /// Similarity of every clip to the sentence.
    pub scores: Vec<f32>,
    /// The moment the sentence describes.
    pub truth: TimeSpan,
}

/// Moments of every query, best first.
///
/// # Errors
/// As [`MomentDecoder::decode`].
pub fn decode_all(
    queries: &[ScoredQuery],
    decoder: &MomentDecoder,
) -> Result<Vec<Vec<Moment>>, MeasureError> {
    queries.iter().map(|query| decoder.decode(&query.clips, &query.scores)).collect()
}

/// Decodes every query and measures the first moments.
///
/// # Errors
/// As [`MomentDecoder::decode`] and [`grounding`].
pub fn ground(
    queries: &[ScoredQuery],
    decoder: &MomentDecoder,
    boundary: IouBoundary,
) -> Result<GroundingMetrics, MeasureError> {
    let predictions: Vec<Vec<TimeSpan>> = decode_all(queries, decoder)?
        .iter()
        .map(|moments| moments.iter().map(|moment| moment.span).collect())
        .collect();
    let truths: Vec<TimeSpan> = queries.iter().map(|query| query.truth).collect();
    grounding(&predictions, &truths, boundary)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(scores: &[f32], truth: TimeSpan) -> ScoredQuery {
        ScoredQuery {
            clips: (0..scores.len()).map(|t| TimeSpan::new(t as f64, (t + 1) as f64)).collect(),
            scores: scores.to_vec(),
            truth,
        }
    }

    #[test]
    fn decoded_moments_are_matched_with_the_truth_of_their_own_query() {
        let queries = [
            query(&[0.0, 1.0, 1.0, 0.0], TimeSpan::new(1.0, 3.0)), // 1..3: IoU 1
            query(&[1.0, 0.0, 0.0, 0.0], TimeSpan::new(2.0, 4.0)), // 0..1: IoU 0
            query(&[0.5, 0.5, 0.5, 0.5], TimeSpan::new(0.0, 3.0)), // whole 0..4: IoU 3/4
        ];
        let found = ground(&queries, &MomentDecoder::default(), IouBoundary::Strict).unwrap();
        assert_eq!(found.queries, 3);
        assert!((found.r1_iou70 - 200.0 / 3.0).abs() < 1e-9);
        assert!((found.miou - 175.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_video_without_clips_is_a_miss() {
        let queries = [query(&[], TimeSpan::new(0.0, 1.0))];
        let found = ground(&queries, &MomentDecoder::default(), IouBoundary::Inclusive).unwrap();
        assert_eq!((found.queries, found.miou), (1, 0.0));
    }

    #[test]
    fn without_queries_nothing_is_measured() {
        let error = ground(&[], &MomentDecoder::default(), IouBoundary::Strict).unwrap_err();
        assert!(error.to_string().contains("queries"), "{error}");
    }
}
