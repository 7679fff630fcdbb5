//! LocVTP: video-text pre-training for temporal localisation.
//!
//! Video files and what is said in them come in; the moment a sentence describes goes out. This
//! crate holds nothing of its own: it names the front doors of the workspace's crates, so that one
//! dependency is enough.
//!
//! | crate | one idea | engine |
//! |---|---|---|
//! | [`video`] | frames of real files at exact presentation times, sampled into clips | no |
//! | [`corpus`] | captioned spans of videos: HowTo100M's layout, training pairs, a synthetic corpus | no |
//! | [`features`] | clip features of whole videos in HDF5 and safetensors files | no |
//! | [`measure`] | moments from scores, metrics, prediction files, references | no |
//! | [`model`] | encoders, joint space, correspondence, context warping, the three losses | yes |
//! | [`train`] | the run file, the loader, the loop, checkpoints that resume bit for bit | yes |
//! | [`transfer`] | the tasks of the paper: features, heads, results | yes |
//! | [`report`] | figures and one HTML page from plain numbers | no |
//!
//! The command `locvtp` is one more crate on top of these. `ARCHITECTURE.md` says how they fit
//! together, `docs/paper-map.md` where each equation of the paper is.
//!
//! # Example
//! ```no_run
//! use std::path::Path;
//!
//! use locvtp::{Device, Embedder, ModelDirectory, MomentDecoder};
//! use locvtp::transfer::ClipScore;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let device = Device::flex();
//! let model = ModelDirectory::read(Path::new("runs/mine/model"), &device)?;
//! let embedder = Embedder::new(model, device);
//! let video = embedder.embed_video(Path::new("kitchen.mp4"))?;
//! let sentence = &embedder.embed_sentences(&["she cracks an egg"])?[0];
//! let scores = ClipScore::Sentence.scores(&video, sentence);
//! for moment in MomentDecoder::default().decode(&video.spans, &scores)? {
//!     println!("{}  {:.3}", moment.span, moment.score);
//! }
//! # Ok(())
//! # }
//! ```

pub use locvtp_corpus as corpus;
pub use locvtp_features as features;
pub use locvtp_measure as measure;
pub use locvtp_model as model;
pub use locvtp_report as report;
pub use locvtp_train as train;
pub use locvtp_transfer as transfer;
pub use locvtp_video as video;

pub use locvtp_corpus::{Corpus, HowTo100m, SyntheticConfig, synthesize};
pub use locvtp_measure::MomentDecoder;
pub use locvtp_model::{Device, LocVtp, ModelDirectory};
pub use locvtp_report::RunReport;
pub use locvtp_train::{Experiment, pretrain};
pub use locvtp_transfer::Embedder;
pub use locvtp_video::{Seconds, TimeSpan, VideoReader};

/// The code of the documents is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Documents;
