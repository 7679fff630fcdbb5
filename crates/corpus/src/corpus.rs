//! What a corpus is: video files, each with captions that say roughly when they hold.
//!
//! A corpus is read whole before training (text and times only) and does not change afterwards, so
//! an index into [`Corpus::videos`] names a video for good. Caption spans are as loose as their
//! source: they may overlap, may leave gaps, and may end after the video does; whoever opens the
//! file clips them to it.

use std::path::PathBuf;

use locvtp_video::TimeSpan;

/// One piece of narration and the stretch of time it was given for.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    /// Presentation time in the video; the end may lie after the end of the file.
    pub span: TimeSpan,
    /// The words, as the source gives them; never empty.
    pub text: String,
}

/// A video file and its narration.
#[derive(Debug, Clone, PartialEq)]
pub struct NarratedVideo {
    /// The name the corpus gives the video.
    pub id: String,
    /// The file; it existed when the corpus was read.
    pub path: PathBuf,
    /// Sorted by start; never empty.
    pub captions: Vec<Caption>,
}

/// Captioned videos in a fixed order.
pub trait Corpus: Send + Sync {
    /// A short name for logs and reports.
    fn name(&self) -> &str;
    /// Every usable video, in an order that depends on the corpus alone.
    fn videos(&self) -> &[NarratedVideo];
}
