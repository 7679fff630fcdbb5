//! Captioned spans of videos: what a corpus is, how one is read, and how training pairs are drawn
//! from it.
//!
//! What comes in are the files of a data set as its authors publish them, or videos with
//! subtitles, or a plain list. What goes out is one type for all, a [`Corpus`]: videos with timed
//! captions in seconds, each caption with what had to be repaired; and from it, a [`PairSampler`]
//! draws the pre-training pairs of every step as a pure function of seed and step. No pixels are
//! held here; whoever trains reads them from the files. [`synthetic`] makes a corpus from nothing,
//! with the true intervals of its events beside it for evaluation.
//!
//! | name | idea |
//! |---|---|
//! | [`Corpus`] | videos, captions, and the trait of every corpus; `<dyn Corpus>::open` is the front door |
//! | [`CorpusReader`], [`AnnotatedCorpus`] | any corpus, read: streamed, or held |
//! | [`find_sources`], [`Layout`] | which corpora a path holds, and how a file is laid out |
//! | [`layouts`] | the data sets' own files, people's own lists and subtitles |
//! | [`subtitles_beside`], [`WordsBeside`], [`video_of_subtitles`] | the words that lie beside one video, and beside many |
//! | [`pack`], [`ShardSettings`] | any of these in tar files, here or on a server; written and read |
//! | [`Language`] | which language words are in |
//! | [`NarrationCare`] | repeated, short and merged captions |
//! | [`Repairs`], [`ReadReport`] | what was changed, what was dropped and why |
//! | [`IdList`], [`VideoFiles`] | which videos, and where their files are |
//! | [`LeftFiles`] | which files were not read |
//! | [`check_media`] | whether the files give what training asks |
//! | [`PairSampler`] | long and short captioned spans, batch by batch |
//! | [`synthetic`] | real H.264 files of moving shapes, narrated like instruction videos |
//! | [`wording`] | words that a mirrored or recoloured picture makes untrue |
//! | [`CorpusError`] | everything that can go wrong, with the way out |
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

mod bare_nan;
mod corpus;
mod csv_table;
mod drop_reason;
mod error;
mod file_ending;
mod folder_walk;
mod glance;
mod id_list;
mod intake;
mod json_cell;
mod json_pieces;
mod json_stream;
mod language;
mod language_choice;
pub mod layouts;
mod left_files;
mod media_check;
mod narration_care;
mod opening;
mod pairs;
mod reader;
mod repair;
mod report;
mod row_notes;
mod shards;
mod source_caption;
mod sources;
mod stable_hash;
pub mod synthetic;
mod table_records;
mod table_row;
mod text_file;
mod video_files;
pub mod wording;

pub use corpus::{Caption, Corpus, MomentQuery, NarratedVideo, SALIENCY_CLIP_S, Subset};
pub use error::{BatchTooLarge, CorpusError};
pub use id_list::IdList;
pub use intake::VideoSink;
pub use language::Language;
pub use layouts::{
    HowTo100m, Layout, ManifestWriter, SubtitleFile, WordsBeside, subtitles_beside,
    video_of_subtitles,
};
pub use left_files::LeftFiles;
pub use media_check::{MediaCheck, UnusableVideo, VideoInFile, check_media};
pub use narration_care::NarrationCare;
pub use pairs::{
    CaptionedSpan, CaptionsPerEpoch, PairSampler, PairSettings, Rank, SpanKind, VideoOrder,
};
pub use reader::{AnnotatedCorpus, CorpusReader, FileLookup, ReadSettings};
pub use repair::{Repair, Repairs};
pub use report::{DropReason, DroppedExample, ReadReport, SubsetCount};
pub use shards::pack::{PackReport, PackSettings, pack};
pub use shards::{Fetch, ShardSettings};
pub use sources::{FoundSources, PassedOverAs, PassedOverSource, Source, find_sources};
pub use synthetic::{
    Action, Order, Split, SynthesisReport, SyntheticConfig, Truth, Vocabulary, synthesize,
};
pub use video_files::VideoFiles;
