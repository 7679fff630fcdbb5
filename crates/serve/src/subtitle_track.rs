//! What is said in a video, line by line.

use locvtp_video::TimeSpan;

/// The subtitles of a video in one language, or from one source.
#[derive(Clone, Debug, PartialEq)]
pub struct SubtitleTrack {
    /// A code such as `en`; none where it is not known.
    pub language: Option<String>,
    /// Where they come from, for display: a file's name or a track's.
    pub name: String,
    /// In the order of time.
    pub cues: Vec<SubtitleCue>,
}

/// A line of subtitles.
#[derive(Clone, Debug, PartialEq)]
pub struct SubtitleCue {
    /// When it is said, in seconds from the start of the file.
    pub span: TimeSpan,
    /// What is said.
    pub text: String,
}
