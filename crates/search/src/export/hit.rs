//! What a search answers.

use std::path::{Path, PathBuf};

use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

use crate::Sureness;

/// A moment of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The video.
    pub path: PathBuf,
    /// The moment, in seconds from the start of the file.
    pub span: TimeSpan,
    /// What hits are ranked by; it means nothing beside another query's. None of what a person chose.
    pub score: Option<f64>,
    /// How sure it is; none of what a person chose.
    pub sure: Option<Sureness>,
    /// Whether it was seen or said; none of what a person chose.
    pub evidence: Option<Evidence>,
    /// What was asked for.
    pub query: String,
    /// A name for lists; what was said, or what the user calls it. May be empty.
    pub label: String,
}

/// What a hit rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The pictures.
    Seen,
    /// Subtitles.
    Said,
}

impl Evidence {
    /// `seen` or `said`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Said => "said",
        }
    }
}

impl Hit {
    /// The label, or else the query.
    pub fn title(&self) -> &str {
        if self.label.is_empty() { &self.query } else { &self.label }
    }

    /// The file's name without its folder.
    pub(super) fn file_name(&self) -> String {
        file_name(&self.path)
    }
}

/// A path's last part, readable.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A text in one line, without characters that text files take for orders.
pub(super) fn one_line(text: &str) -> String {
    let spaced = text.replace(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}', " ");
    spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
