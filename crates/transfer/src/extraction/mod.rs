//! Clip features of many videos, into one file.
//!
//! ```text
//! video files ─▶ decode threads ─▶ bounded queue of clips ─▶ batches across videos ─▶ encoder
//!                                                                                        │
//!                       output file ◀── at the end, whole ◀── journal ◀── clips by video ┘
//! ```
//!
//! Decoding runs ahead of the encoder by as many clips as the queue holds, and clips of short videos
//! share a batch, so neither waits for the other more than it must. Memory holds the queue, one batch
//! and what the decoders keep; no video is ever in it whole. Clips are cut and encoded by
//! [`Embedder`](crate::Embedder), as everywhere else.
//!
//! A video that cannot be read is named, counted and left out, whole: half a video is no video. Where
//! only some pictures are damaged, [`ExtractSettings::skip_damaged`] leaves out the clips that touch
//! them, and the file says where. What
//! is in the file already, from a file of the same size, is not done again.
//!
//! - `video_list`: which videos, and what they are called
//! - `settings`: where clips begin and which features are taken
//! - `decoding`: the threads that decode
//! - `stills`: pictures that do not differ from the one before
//! - `encoding`: the loop
//! - `observer`: who is told how it goes
//! - `sharing`: which of several processes takes which videos
//! - `together`: the loop of several processes
//! - `letter`: what they tell each other
//! - [`Extractor`]: the features of one video, in memory
//! - `run`: features of many videos into a file, or to any [`ClipSink`]

pub(crate) mod decoding;
pub(crate) mod encoding;
pub(crate) mod extract_error;
mod extractor;
mod letter;
mod observer;
mod run;
mod settings;
mod sharing;
mod stills;
mod together;
mod video_list;

pub use decoding::VideoEnd;
pub use encoding::{Aside, ClipSink, Encoded};
pub use extract_error::ExtractError;
pub use extractor::Extractor;
pub use observer::{BadVideo, DamagedVideo, ExtractObserver, ExtractProgress};
pub use run::{ExtractSummary, extract, extract_together};
pub use settings::{ExtractSettings, FeatureSpace};
pub use together::VideoEncoding;
pub use video_list::{IdRule, VideoFile, VideoList, list_videos};
