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
//! # Examples
//! When does it happen?
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/small_model.rs"));
//! use locvtp::Grounder;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (folder, video) = small_model_and_video()?;
//! # let dir = folder.path();
//! for moment in Grounder::open(dir)?.find(video, "she cracks an egg")? {
//!     println!("{}  {:.3}", moment.span, moment.score);
//! }
//! # Ok(())
//! # }
//! ```
//! Features of a video file, clip by clip:
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/small_model.rs"));
//! use locvtp::Extractor;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (folder, video) = small_model_and_video()?;
//! # let dir = folder.path();
//! let features = Extractor::open(dir)?.features(video)?;
//! println!("{} clips of {} numbers", features.num_clips(), features.width);
//! # Ok(())
//! # }
//! ```
//! What is in a folder of videos with subtitles, or in a data set's own files:
//! ```
//! use locvtp::Corpus;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path();
//! # std::fs::write(path.join("talk.mp4"), "")?;
//! # std::fs::write(path.join("talk.srt"), "1\n00:00:01,000 --> 00:00:03,500\nshe cracks an egg\n")?;
//! let corpus = <dyn Corpus>::open(path)?;
//! println!("{} videos", corpus.videos().len());
//! # Ok(())
//! # }
//! ```
//! Anybody's predictions against a data set's own annotation file:
//! ```
//! use locvtp::score;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (predictions, annotations) = (folder.path().join("mine.jsonl"), folder.path().join("val_1.json"));
//! # std::fs::write(&annotations, r#"{"v_one": {"duration": 9.0, "timestamps": [[2, 6]], "sentences": ["It grows."]}}"#)?;
//! # std::fs::write(&predictions, r#"{"video": "v_one", "sentence": "It grows.", "spans": [[2, 7, 0.9]]}"#)?;
//! let report = score::grounding(predictions, annotations)?;
//! for (name, value) in report.metrics.iter() {
//!     println!("{name} {value:.2}");
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
pub use locvtp_measure::score;
pub use locvtp_model::{Device, LocVtp, ModelDirectory};
pub use locvtp_report::RunReport;
pub use locvtp_train::{Experiment, pretrain};
pub use locvtp_transfer::Embedder;
pub use locvtp_transfer::extraction::Extractor;
pub use locvtp_transfer::{FileGrounding, Grounder};
pub use locvtp_video::{Seconds, TimeSpan, VideoReader};

/// The code of the documents is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Documents;
