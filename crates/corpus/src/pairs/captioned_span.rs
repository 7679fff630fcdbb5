//! A stretch of a video with its words, and the kinds of them.

use locvtp_video::TimeSpan;

/// Whether a span tells one caption or a stretch of narration, or is a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// A window over neighbouring captions.
    Long,
    /// One caption's span.
    Short,
    /// A picture, which has no time.
    Picture,
}

/// A stretch of a video and the words told over it.
#[derive(Debug, Clone, PartialEq)]
pub struct CaptionedSpan {
    /// Index into [`Corpus::videos`](crate::Corpus::videos).
    pub video: usize,
    /// Presentation time; the end may lie after the end of the file.
    pub span: TimeSpan,
    /// The captions' texts, joined by spaces.
    pub text: String,
    /// Which kind it was drawn as.
    pub kind: SpanKind,
}
