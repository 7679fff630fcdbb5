//! Captioned spans of videos: what a corpus is, how one is read, and how training pairs are drawn
//! from it.
//!
//! What comes in is a folder of video files with their narration, as [HowTo100M](howto100m) lays it
//! out. What goes out is a [`Corpus`]: videos with timed captions, and from it, a
//! [`PairSampler`] draws the pre-training pairs of every step as a pure
//! function of seed and step. No pixels are held here; whoever trains reads them from the files.
//! [`synthetic`] makes such a folder from nothing, with the true intervals of its events beside it
//! for evaluation.
//!
//! | module | idea |
//! |---|---|
//! | [`corpus`] | the trait every layout implements |
//! | [`howto100m`] | HowTo100M's caption JSON and folder, read and written |
//! | [`pairs`] | long and short captioned spans, batch by batch |
//! | [`synthetic`] | real H.264 files of moving shapes, narrated like instruction videos |
//! | [`wording`] | words that a mirrored or recoloured picture makes untrue |
//! | [`error`] | everything that can go wrong, with the way out |
//!
//! # Example
//! ```no_run
//! use std::{path::Path, sync::Arc};
//! use locvtp_corpus::{HowTo100m, PairSampler, PairSettings, SyntheticConfig, synthesize};
//!
//! let out = Path::new("corpus");
//! synthesize(&SyntheticConfig::default(), out, &|_done, _total| {})?;
//! let (corpus, report) = HowTo100m::open(&out.join("train"))?;
//! println!("{report}");
//! let sampler = PairSampler::new(Arc::new(corpus), PairSettings::default(), 0)?;
//! for pair in sampler.batch(0) {
//!     println!("video {} {:?}: {}", pair.video, pair.span, pair.text);
//! }
//! # Ok::<(), locvtp_corpus::CorpusError>(())
//! ```

pub mod corpus;
pub mod error;
pub mod howto100m;
pub mod pairs;
mod randomness;
pub mod synthetic;
pub mod wording;

pub use corpus::{Caption, Corpus, NarratedVideo};
pub use error::CorpusError;
pub use howto100m::{DropReason, DroppedExample, HowTo100m, ReadReport};
pub use pairs::{CaptionedSpan, PairSampler, PairSettings, SpanKind};
pub use synthetic::{
    Action, Order, Split, SynthesisReport, SyntheticConfig, Truth, Vocabulary, synthesize,
};
