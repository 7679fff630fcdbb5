//! Downstream tasks of a pre-trained model: retrieval, temporal grounding, and what to compare them
//! with.
//!
//! What comes in are similarities of clips and sentences; what goes out are moments, and numbers
//! beside the references they must be read with. Chance alone is too weak a reference: an oracle
//! that knows nothing but the colour of every clip grounds the synthetic corpus far above it. So
//! every split is measured against [`references`] on the same queries, with the same decoder, and
//! [`mod@action_choice`] asks what no single frame can answer.
//!
//! | module | idea |
//! |---|---|
//! | [`clip_score`] | how well a clip fits a sentence |
//! | [`annotated_query`] | what is asked of a video, with every window that answers it |
//! | [`moment`] | clip scores to ranked moments |
//! | [`grounding`] | the moment of a sentence in an untrimmed video |
//! | [`mod@action_choice`] | which action word fits an event, the rest of it being given |
//! | [`references`] | random intervals, wrong queries, oracles |
//! | [`similarity`], [`warp_similarity`] | reference, bias and projection similarity (fig. 5c) |
//! | [`metrics`] | the numbers of all tasks, pure functions |
//! | [`score`] | metrics alone: anybody's predictions against annotation files |
//! | [`result`] | what stands in `summary.json` |
//! | [`embedding`] | features of videos and sentences, by a model from disk |
//! | [`extraction`] | clip features of many videos, into one file |
//! | [`evaluation`] | a held-out split of the synthetic corpus, measured whole |
//! | [`example_choice`], [`still`] | which queries are shown, and frames for figures |
//! | [`model_location`] | the model directory that a folder stands for |
//! | [`model_fingerprint`] | which model a directory holds, told by its contents |
//! | [`task`] | the tasks of the paper, from a task file to its numbers |
//! | [`error`] | everything that can go wrong |
//!
//! # Example
//! ```
//! use locvtp_transfer::grounding::zero_shot::{ScoredQuery, ground};
//! use locvtp_transfer::{IouBoundary, MomentDecoder};
//! use locvtp_video::TimeSpan;
//!
//! // Four clips of two seconds; the sentence describes the second and third.
//! let clips = (0..4).map(|t| TimeSpan::new(2.0 * t as f64, 2.0 * (t + 1) as f64)).collect();
//! let scores = vec![0.12, 0.48, 0.44, 0.09];
//! let query = ScoredQuery { clips, scores, truth: TimeSpan::new(2.5, 6.0) };
//! let metrics = ground(&[query], &MomentDecoder::default(), IouBoundary::Strict)?;
//! assert_eq!(metrics.miou, 87.5); // 2.5..6 of 2..6
//! # Ok::<(), locvtp_transfer::TransferError>(())
//! ```

pub mod action_choice;
pub mod annotated_query;
pub mod clip_score;
pub mod embedding;
pub mod error;
pub mod evaluation;
pub mod example_choice;
pub mod extraction;
pub mod grounding;
pub mod metrics;
pub mod model_fingerprint;
pub mod model_location;
pub mod moment;
pub mod references;
pub mod result;
pub mod score;
pub mod similarity;
pub mod still;
pub mod task;
pub mod warp_similarity;

pub use action_choice::{ActionChoice, ActionScores, action_choice};
pub use clip_score::ClipScore;
pub use error::TransferError;
pub use metrics::grounding::{GroundingMetrics, IouBoundary};
pub use metrics::retrieval::{RetrievalMetrics, ScoreMatrix, Ties};
pub use moment::{Moment, MomentDecoder, Threshold};
pub use result::RunSummary;
