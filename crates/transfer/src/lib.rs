//! Downstream tasks of a pre-trained model: features of videos, heads on them, and the answers that
//! `locvtp-measure` measures.
//!
//! | room | idea |
//! |---|---|
//! | [`tasks`] | the tasks of the paper, from a task file to its numbers |
//! | [`fit`](mod@fit) | how a head learns: the loop, the seeds, what it leaves on disk |
//! | [`inputs`] | what a task is given: clip features, words, texts |
//! | [`results`] | what comes out of a task |
//! | [`extraction`] | clip features of many videos, into one file |
//! | [`synthetic`] | what only the synthetic corpus can be asked |
//!
//! Beside them stand [`Embedder`], features of videos and sentences by a model from disk;
//! [`ClipScore`], how well a clip fits a sentence; [`locate_model`] and [`ModelIdentity`], where a model
//! lies and which one it is; and [`TaskObserver`], who is told how a task goes. What can go wrong is
//! [`TransferError`], the sum of one enum an operation.

mod clip_score;
mod embed_error;
mod embedding;
mod error;
pub mod extraction;
pub mod fit;
mod grounder;
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
    Embedder, JointVector, SentenceEmbedding, TextRole, VideoEmbedding, cosines, dot, mean_unit,
    unit,
};
pub use error::TransferError;
pub use grounder::{FileGrounding, Grounder};
pub use model_fingerprint::ModelIdentity;
pub use model_location::locate_model;
pub use observer::{EpochReport, FitStep, TaskObserver};
pub use setting_error::SettingError;
