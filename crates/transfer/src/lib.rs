//! Downstream tasks of a pre-trained model: features of videos, heads on them, and the answers that
//! `locvtp-measure` measures.
//!
//! | module | idea |
//! |---|---|
//! | [`tasks`] | the tasks of the paper, from a task file to its numbers |
//! | [`fit`](mod@fit) | how a head learns: the loop, the seeds, what it leaves on disk |
//! | [`observer`] | who is told how a task goes |
//! | [`inputs`] | what a task is given: clip features, words, texts |
//! | [`results`] | what comes out of a task |
//! | [`extraction`] | clip features of many videos, into one file |
//! | [`embedding`] | features of videos and sentences, by a model from disk |
//! | [`Grounder`] | when a sentence happens in a video file |
//! | [`clip_score`] | how well a clip fits a sentence |
//! | [`model_location`] | the model directory that a folder stands for |
//! | [`model_fingerprint`] | which model a directory holds, told by its contents |
//! | [`synthetic`] | what only the synthetic corpus can be asked |
//! | [`error`] | everything that can go wrong |

pub mod clip_score;
pub mod embedding;
pub mod error;
pub mod extraction;
pub mod fit;
mod grounder;
pub mod inputs;
mod made_folder;
pub mod model_fingerprint;
pub mod model_location;
pub mod observer;
pub mod results;
pub mod synthetic;
pub mod tasks;

pub use clip_score::ClipScore;
pub use error::TransferError;
pub use grounder::{FileGrounding, Grounder};
