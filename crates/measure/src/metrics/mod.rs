//! Numbers from scores: pure functions, no model and no files.
//!
//! All results are percentages in `0.0..=100.0`, except ranks and counts.

mod best_window;
mod dual_softmax;
mod grounding;
mod highlights;
mod moment_retrieval;
mod named;
mod ranked_moments;
mod retrieval;
mod score_matrix;
mod segmentation;
mod steps;
mod ties;
mod two_way_retrieval;

pub use best_window::best_iou;
pub use dual_softmax::dual_softmax;
pub use grounding::{GroundingMetrics, IouBoundary, TrueMoments, grounding, recall_at};
pub(crate) use grounding::{GroundingTally, check};
pub use highlights::{
    HIGHLIGHT_LEVELS, HighlightMetrics, ScoredClips, average_precision, highlights,
};
pub use moment_retrieval::{
    LengthClass, MEAN_AP_IOUS, MOST_WINDOWS, MeanAp, RetrievedWindows, ScoredWindow,
    average_precisions, mean_ap, named_mean_aps,
};
pub use named::Metrics;
pub use ranked_moments::{MomentNumbers, RankedMoments};
pub use retrieval::{RetrievalMetrics, retrieval, retrieval_chance};
pub use score_matrix::ScoreMatrix;
pub use segmentation::{BACKGROUND, FrameAccuracy, FrameTally, frame_accuracy, labels};
pub use steps::{StepRecall, StepVideo, TaskRecall, seconds_of, step_recall};
pub use ties::Ties;
pub use two_way_retrieval::{RetrievalDirection, TwoWayRetrieval, both_directions, two_ways};

/// `part` of `whole` in percent; `whole` is never zero here.
pub(crate) fn percentage(part: f64, whole: usize) -> f64 {
    100.0 * part / whole as f64
}
