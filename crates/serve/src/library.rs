//! What an index of videos must answer: the only thing that the server knows of it.
//!
//! Questions and copies, which may take long, look at a token and end early once nobody waits for them any more: what
//! they then return is seen by nobody.
//!
//! All functions block; the server calls them on threads of their own, several at a time. Times are
//! seconds from the start of the file, as everywhere else.

use std::path::Path;

use locvtp_video::{CancelToken, TimeSpan};

use crate::exports::{ExportFormat, ExportHit, ExportedFile};
use crate::media::{Media, MediaId, MediaPage, PageRequest};
use crate::query::{Answer, ClipScore, Query};
use crate::reports::{BadFile, Job, LibraryState};
use crate::subtitle_track::SubtitleTrack;

/// An index of videos that can be searched.
///
/// # Errors
/// Every function may fail with a [`LibraryError`], whose kind decides the answer's status and whose
/// words are shown to the person who asked.
pub trait Library: Send + Sync {
    /// The moments that a query describes, or an honest "not here".
    fn search(&self, query: &Query, cancel: &CancelToken) -> Result<Answer, LibraryError>;

    /// One video; none when the index has no such id.
    fn media(&self, id: &MediaId) -> Result<Option<Media>, LibraryError>;

    /// How well each clip of one video fits a query, in the order of time: what the strip under the
    /// player shows. On the scale of [`Hit::score`](crate::Hit::score).
    fn heat(
        &self,
        id: &MediaId,
        query: &Query,
        cancel: &CancelToken,
    ) -> Result<Vec<ClipScore>, LibraryError>;

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
    fn proxy(
        &self,
        media: &Media,
        span: TimeSpan,
        into: &Path,
        cancel: &CancelToken,
    ) -> Result<(), LibraryError>;
}

/// What went wrong beneath an error: told to the log, never to the asker, who would learn of paths.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an index gives no answer. The words are shown to who asked; what went wrong beneath is logged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// The question cannot be answered as it stands: a date that is none, a format that these files
    /// do not fit. The words say what to change.
    #[error("{0}")]
    Refused(String),

    /// What was asked for is not in the index any more, or its file is not to be had.
    #[error("{0}")]
    NotThere(String, #[source] Option<Cause>),

    /// Not now: the catalogue is locked, gone, or cannot be read. The words say until when.
    #[error("{0}")]
    NotNow(String, #[source] Option<Cause>),

    /// Something failed that is not the asker's fault.
    #[error("{0}")]
    Failed(String, #[source] Option<Cause>),
}
