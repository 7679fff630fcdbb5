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
//! | [`clip_score`] | how well a clip fits a sentence |
//! | [`model_location`] | the model directory that a folder stands for |
//! | [`model_fingerprint`] | which model a directory holds, told by its contents |
//! | [`synthetic`] | what only the synthetic corpus can be asked |
//!
//! What can go wrong is [`TransferError`]: the sum of one enum an operation.

mod clip_score;
mod embed_error;
mod embedding;
mod error;
pub mod extraction;
pub mod fit;
pub mod inputs;
mod made_folder;
mod model_fingerprint;
mod model_location;
mod observer;
pub mod results;
mod setting_error;
pub mod synthetic;
pub mod tasks;

pub use clip_score::ClipScore;
pub use embed_error::EmbedError;
pub use embedding::{
    Embedder, JointVector, SentenceEmbedding, VideoEmbedding, cosines, dot, mean_unit, unit,
};
pub use error::TransferError;
pub use model_fingerprint::ModelIdentity;
pub use model_location::locate_model;
pub use observer::{EpochReport, FitStep, TaskObserver};
pub use setting_error::SettingError;
