//! Hits that are given away as a file.

use locvtp_video::TimeSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::media::MediaId;
use crate::query::{Evidence, Sureness};

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

/// A hit to be given away: one of an answer as it stands there, or a moment that a person chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportHit {
    /// The video.
    pub media: MediaId,
    /// The moment, in seconds from the start of the file; the end does not belong to it.
    #[serde(deserialize_with = "crate::query::span")]
    #[schemars(with = "crate::query::SpanSchema")]
    pub span: TimeSpan,
    /// What was asked for.
    #[serde(default)]
    pub query: String,
    /// Words to stand beside it: what is said there, or what a person calls it.
    #[serde(default)]
    pub text: Option<String>,
    /// As the answer has it; none of a stretch that a person chose.
    #[serde(default)]
    pub score: Option<f32>,
    /// As the answer has it.
    #[serde(default)]
    pub sure: Option<Sureness>,
    /// As the answer has it; in no file.
    #[serde(default)]
    pub false_alarm_rate: Option<f64>,
    /// As the answer has it. `source` is read, too, as earlier versions called it.
    #[serde(default, alias = "source")]
    pub evidence: Option<Evidence>,
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
    /// Videos whose moments are not in it, a line each.
    pub left_out: Vec<LeftOut>,
}

/// A video whose moments are not in an exported file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The name of its file.
    pub name: String,
    /// Why, and what to do.
    pub reason: String,
}
