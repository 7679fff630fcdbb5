//! The formats that words beside videos are written in, by the endings of files.

use std::path::Path;

/// How words are written down; the better of what has no times of its words first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Format {
    /// SubRip
    Srt,
    /// WebVTT
    Vtt,
    /// SubStation Alpha
    Ssa,
    /// YouTube's XML and TTML
    TimedText,
    /// Whisper, whisper.cpp, WhisperX, YouTube's json3
    Json,
    /// Whisper's tab-separated table, in milliseconds
    Tsv,
    /// whisper.cpp's table, in milliseconds
    Csv,
}

/// Endings, and the format behind them.
const ENDINGS: [(&str, Format); 14] = [
    ("srt", Format::Srt),
    ("vtt", Format::Vtt),
    ("webvtt", Format::Vtt),
    ("ass", Format::Ssa),
    ("ssa", Format::Ssa),
    ("srv3", Format::TimedText),
    ("srv2", Format::TimedText),
    ("srv1", Format::TimedText),
    ("ttml", Format::TimedText),
    ("dfxp", Format::TimedText),
    ("json3", Format::Json),
    ("json", Format::Json),
    ("tsv", Format::Tsv),
    ("csv", Format::Csv),
];

impl Format {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        let known = |(known, _): &&(&str, Format)| known.eq_ignore_ascii_case(ending);
        ENDINGS.iter().find(known).map(|(_, format)| *format)
    }

    /// Whether such a file holds subtitles whatever stands in it; JSON and tables may hold anything.
    pub(super) fn is_subtitles(self) -> bool {
        matches!(self, Self::Srt | Self::Vtt | Self::Ssa | Self::TimedText)
    }
}
