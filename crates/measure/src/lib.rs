//! What predictions are worth: moments from scores, metrics, and the references they must be read with.
//!
//! No model and no tensor engine: what comes in are similarities or anybody's prediction files, what goes
//! out are numbers. Chance alone is too weak a reference: an oracle that knows nothing but the colour of
//! every clip grounds the synthetic corpus far above it. So a result stands beside references on the
//! same queries, with the same decoder.
//!
//! | name | idea |
//! |---|---|
//! | [`MomentDecoder`] | clip scores to ranked moments |
//! | [`ground`] | clip scores of every query to grounding metrics |
//! | [`metrics`] | the numbers of all tasks, pure functions |
//! | [`score`] | metrics alone: anybody's predictions against annotation files |
//! | [`annotated_queries`] | what is asked of a video, with every window that answers it |
//! | [`random_interval`], [`wrong_queries`] | what a result is to be compared with |
//! | [`SimilaritySummary`] | reference, bias and projection similarity (fig. 5c) |
//! | [`synthetic`] | what the synthetic corpus alone can say: oracles, action choice |
//! | [`MeasureError`] | everything that can go wrong; [`PathError`], what is wrong with a path |
//!
//! # Example
//! ```
//! use locvtp_measure::{IouBoundary, MomentDecoder, ScoredQuery, ground};
//! use locvtp_video::TimeSpan;
//!
//! // Four clips of two seconds; the sentence describes the second and third.
//! let clips = (0..4).map(|t| TimeSpan::new(2.0 * t as f64, 2.0 * (t + 1) as f64)).collect();
//! let scores = vec![0.12, 0.48, 0.44, 0.09];
//! let query = ScoredQuery { clips, scores, truth: TimeSpan::new(2.5, 6.0) };
//! let metrics = ground(&[query], &MomentDecoder::default(), IouBoundary::Strict)?;
//! assert_eq!(metrics.miou, 87.5); // 2.5..6 of 2..6
//! # Ok::<(), locvtp_measure::MeasureError>(())
//! ```

mod annotated_query;
mod error;
mod maximal_runs;
pub mod metrics;
mod moment;
mod path_error;
mod references;
pub mod score;
mod scored_query;
mod similarity;
pub mod synthetic;

pub use annotated_query::{AnnotatedQuery, Repeats, SameSentence, annotated_queries};
pub use error::MeasureError;
pub use metrics::{GroundingMetrics, IouBoundary, Metrics, RetrievalMetrics, ScoreMatrix, Ties};
pub use moment::{Moment, MomentDecoder, Threshold, suppress_overlaps};
pub use path_error::PathError;
pub use references::{ReferenceSettings, random_interval, wrong_queries};
pub use scored_query::{ScoredQuery, decode_all, ground};
pub use similarity::{CosineHistogram, SimilaritySummary};
