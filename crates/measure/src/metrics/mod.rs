//! Numbers from scores: pure functions, no model and no files.
//!
//! All results are percentages in `0.0..=100.0`, except ranks and counts.

pub mod best_window;
pub mod grounding;
pub mod highlights;
pub mod moment_retrieval;
pub mod named;
pub mod retrieval;
pub mod segmentation;
pub mod steps;

pub use named::Metrics;

/// `part` of `whole` in percent; `whole` is never zero here.
pub(crate) fn percentage(part: f64, whole: usize) -> f64 {
    100.0 * part / whole as f64
}
