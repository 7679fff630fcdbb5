//! Finding moments in a folder of videos: videos and a model come in, and an index that answers
//! sentences goes out.
//!
//! - [`Indexer`]: brings a catalogue up to date with folders; what is there already is not decoded
//! - [`remove`]: takes files and places out of a catalogue
//! - [`help_to_index`]: the same of another process that takes its share of the videos
//! - [`Finder`]: answers a [`Question`] with moments, each seen or said, and with whether they are there
//!   at all
//! - [`find_said`]: the same of what is said alone, without a model
//! - [`FileFilter`]: which files a question is about
//! - [`model_record`], [`IndexSampling`]: what makes vectors comparable
//! - [`null_sentences`]: sentences that are true elsewhere, for "not here"
//!
//! From scores to moments there is one way, [`FileGrounding::of`](locvtp_transfer::FileGrounding::of),
//! for `locvtp ground` and for this crate. Where the catalogue lies, a folder or a server, is all the
//! same here.
//!
//! # Example
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/support/small_model.rs"));
//! use std::sync::Arc;
//!
//! use locvtp_finder::{Finder, Indexer, IndexSampling, Question};
//! use locvtp_search::catalogue::{Access, SqliteCatalogue};
//! use locvtp_transfer::Embedder;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (model, video) = small_model_and_video()?;
//! # let videos = tempfile::tempdir()?;
//! # std::fs::copy(video, videos.path().join("kitchen.mp4"))?;
//! # let (model, videos) = (model.path(), videos.path());
//! let catalogue = Arc::new(SqliteCatalogue::open(&videos.join(".locvtp"), Access::WRITE)?);
//! let embedder = Embedder::open(model)?;
//! let indexer = Indexer::new(catalogue.as_ref(), &embedder, model, IndexSampling::default())?;
//! let summary = indexer.add(&[videos.to_owned()], &mut ())?;
//! assert_eq!(summary.num_added, 1);
//!
//! let finder = Finder::open(catalogue, embedder, model)?;
//! let answer = finder.find(&Question::of("a red square moves left"))?;
//! for hit in &answer.hits {
//!     println!("{}  {}  {:.3}", hit.path.display(), hit.span, hit.score);
//! }
//! # assert!(!answer.hits.is_empty());
//! # Ok(())
//! # }
//! ```

mod answer;
mod beside_clips;
mod cues;
mod error;
mod file_filter;
mod finder;
mod hit;
mod holdings;
mod index_helper;
mod index_sampling;
mod index_summary;
mod indexer;
mod judge;
mod kept;
mod model_record;
mod null_sentences;
mod observer;
mod passing_fault;
mod places;
mod question;
mod question_error;
mod ranking;
mod refine;
mod removal;
mod said;
mod true_path;
mod unfinished;
mod video_sink;
mod words_again;

pub use answer::{Answer, Finding};
pub use error::FinderError;
pub use file_filter::FileFilter;
pub use finder::Finder;
pub use hit::{Evidence, Hit};
pub use holdings::Holdings;
pub use index_helper::help_to_index;
pub use index_sampling::IndexSampling;
pub use index_summary::IndexSummary;
pub use indexer::Indexer;
pub use judge::{Denial, Verdict};
pub use model_record::model_record;
pub use null_sentences::null_sentences;
pub use observer::IndexObserver;
pub use question::{Alike, Question, Sentence, names_nothing};
pub use question_error::QuestionError;
pub use removal::{Removed, remove};
pub use said::{find_said, lies_nowhere};
pub use unfinished::discard_unfinished;
