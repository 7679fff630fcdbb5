//! Downstream tasks of a pre-trained model: features of videos, heads on them, and the answers that
//! `locvtp-measure` measures.
//!
//! | module | idea |
//! |---|---|
//! | [`clip_score`] | how well a clip fits a sentence |
//! | [`grounding`] | the moment of a sentence in an untrimmed video |
//! | [`warp_similarity`] | projection similarity of a split (fig. 5c) |
//! | [`result`] | what stands in `summary.json` |
//! | [`embedding`] | features of videos and sentences, by a model from disk |
//! | [`extraction`] | clip features of many videos, into one file |
//! | [`evaluation`] | a held-out split of the synthetic corpus, measured whole |
//! | [`example_choice`], [`still`] | which queries are shown, and frames for figures |
//! | [`model_location`] | the model directory that a folder stands for |
//! | [`model_fingerprint`] | which model a directory holds, told by its contents |
//! | [`task`] | the tasks of the paper, from a task file to its numbers |
//! | [`error`] | everything that can go wrong |

pub mod clip_score;
pub mod embedding;
pub mod error;
pub mod evaluation;
pub mod example_choice;
pub mod extraction;
pub mod grounding;
pub mod model_fingerprint;
pub mod model_location;
pub mod result;
pub mod still;
pub mod task;
pub mod warp_similarity;

pub use clip_score::ClipScore;
pub use error::TransferError;
pub use result::RunSummary;
