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
//! | module | idea |
//! |---|---|
//! | [`corpus`] | videos, captions, and the trait of every corpus |
//! | [`reader`] | any corpus, opened: the front door |
//! | [`sources`], [`layout`] | which corpora a path holds, and how a file is laid out |
//! | [`language`] | which language words are in |
//! | [`howto100m`] | HowTo100M's captions and folder, read and written |
//! | [`webvid`], [`cc3m`] | the other pre-training sets |
//! | [`msrvtt`], [`activitynet`], [`charades`], [`tacos`], [`crosstask`], [`coin`], [`youcook2`] | the data sets of the tasks |
//! | [`moment_queries`] | QVHighlights, and every data set in its form |
//! | [`manifest`], [`subtitles`] | people's own data |
//! | [`shards`] | any of these in tar files, here or on a server; read and written |
//! | [`narration_care`] | repeated, short and merged captions |
//! | [`repair`], [`report`] | what was changed, what was dropped and why |
//! | [`id_list`], [`video_files`] | which videos, and where their files are |
//! | [`left_files`] | which files were not read |
//! | [`media_check`] | whether the files give what training asks |
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

pub mod activitynet;
mod bare_nan;
pub mod cc3m;
pub mod charades;
pub mod coin;
pub mod corpus;
pub mod crosstask;
mod csv_table;
mod drop_reason;
pub mod error;
mod file_ending;
mod folder_walk;
mod glance;
pub mod howto100m;
pub mod id_list;
mod intake;
mod json_cell;
mod json_pieces;
mod json_stream;
mod known_files;
pub mod language;
mod language_choice;
pub mod layout;
mod layout_reader;
pub mod left_files;
pub mod manifest;
pub mod media_check;
pub mod moment_queries;
pub mod msrvtt;
pub mod narration_care;
mod opening;
pub mod pairs;
pub mod reader;
pub mod repair;
pub mod report;
mod row_notes;
pub mod shards;
mod source_caption;
pub mod sources;
mod stable_hash;
pub mod subtitles;
pub mod synthetic;
mod table_records;
mod table_row;
pub mod tacos;
mod text_file;
mod video_database;
pub mod video_files;
pub mod webvid;
pub mod wording;
pub mod youcook2;

pub use corpus::{Caption, Corpus, MomentQuery, NarratedVideo, SALIENCY_CLIP_S, Subset};
pub use error::{BatchTooLarge, CorpusError};
pub use howto100m::HowTo100m;
pub use id_list::IdList;
pub use intake::VideoSink;
pub use language::Language;
pub use layout::Layout;
pub use left_files::LeftFiles;
pub use manifest::ManifestWriter;
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
pub use sources::Source;
pub use synthetic::{
    Action, Order, Split, SynthesisReport, SyntheticConfig, Truth, Vocabulary, synthesize,
};
pub use video_files::VideoFiles;
