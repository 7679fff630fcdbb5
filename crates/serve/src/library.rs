//! What an index of videos must answer: the only thing that the server knows of it.
//!
//! All functions block; the server calls them on threads of their own, several at a time. Times are
//! seconds from the start of the file, as everywhere else.

use std::path::Path;

use locvtp_video::TimeSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::media::{Media, MediaId, MediaPage, PageRequest};
use crate::query::{Answer, ClipScore, Query, Source, Verdict};
use crate::reports::{BadFile, Job, LibraryState};
use crate::subtitles::SubtitleTrack;

/// An index of videos that can be searched.
///
/// # Errors
/// Every function may fail with a [`LibraryError`], whose kind decides the answer's status and whose
/// words are shown to the person who asked.
pub trait Library: Send + Sync {
    /// The moments that a query describes, or an honest "not here".
    fn search(&self, query: &Query) -> Result<Answer, LibraryError>;

    /// One video; none when the index has no such id.
    fn media(&self, id: &MediaId) -> Result<Option<Media>, LibraryError>;

    /// How well each clip of one video fits a query, in the order of time: what the strip under the
    /// player shows. On the scale of [`Hit::score`](crate::Hit::score).
    fn heat(&self, id: &MediaId, query: &Query) -> Result<Vec<ClipScore>, LibraryError>;

    /// A page of all videos, in an order that does not change between calls.
    fn list(&self, page: &PageRequest) -> Result<MediaPage, LibraryError>;

    /// Work that is waiting, running, or was done lately; the newest first.
    fn jobs(&self) -> Result<Vec<Job>, LibraryError>;

    /// Files that could not be indexed, each with the reason.
    fn bad_files(&self) -> Result<Vec<BadFile>, LibraryError>;

    /// The model of the index and how much is in it.
    fn state(&self) -> Result<LibraryState, LibraryError>;

    /// What is said in one video, a track for each language or source; none where nothing is known.
    fn subtitles(&self, id: &MediaId) -> Result<Vec<SubtitleTrack>, LibraryError>;

    /// Hits as a file for an editor or a table.
    fn export(
        &self,
        format: ExportFormat,
        hits: &[ExportHit],
    ) -> Result<ExportedFile, LibraryError>;

    /// Writes a stretch of a video as a file that every browser plays (H.264 and AAC in fragmented
    /// MP4, beginning at 0) to `into`, which does not exist yet and whose folder does.
    fn proxy(&self, media: &Media, span: TimeSpan, into: &Path) -> Result<(), LibraryError>;
}

/// Why an index gives no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// The question cannot be answered as it stands: a date that is none, a format that these files
    /// do not fit. The words say what to change.
    #[error("{0}")]
    Refused(String),

    /// What was asked for is not in the index any more.
    #[error("{0}")]
    NotThere(String),

    /// Not now: the model is still loading, the catalogue is locked. The words say until when.
    #[error("{0}")]
    NotNow(String),

    /// Something failed that is not the asker's fault. The words are logged and shown.
    #[error("{0}")]
    Failed(String, #[source] Option<Box<dyn std::error::Error + Send + Sync>>),
}

/// A kind of file that hits are given away as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ExportFormat {
    /// A table: file, start, end, words.
    Csv,
    /// All that is known of the hits.
    Json,
    /// Subtitles, SubRip.
    Srt,
    /// Subtitles, WebVTT.
    Vtt,
    /// An edit decision list, CMX 3600.
    Edl,
    /// OpenTimelineIO.
    Otio,
    /// Final Cut Pro's XML.
    Fcpxml,
}

/// A hit to be given away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportHit {
    /// The video.
    pub media: MediaId,
    /// The moment, in seconds from the start of the file; the end does not belong to it.
    #[schemars(with = "crate::query::SpanSchema")]
    pub span: TimeSpan,
    /// What was asked for.
    #[serde(default)]
    pub query: String,
    /// Words to stand beside it: what is said there, or what a person calls it.
    #[serde(default)]
    pub text: String,
    /// As the answer has it; none of a stretch that a person chose.
    #[serde(default)]
    pub score: Option<f32>,
    /// As the answer has it.
    #[serde(default)]
    pub sure: Option<Verdict>,
    /// As the answer has it.
    #[serde(default)]
    pub source: Option<Source>,
}

/// A file made of hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedFile {
    /// A name to save it under, without a folder.
    pub name: String,
    /// Its media type, such as `text/csv; charset=utf-8`.
    pub media_type: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}
