//! What a search answers.

use std::borrow::Cow;
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
    /// The label, or else the query, or else the name of the file: no subtitle and no mark is without words.
    pub fn title(&self) -> Cow<'_, str> {
        let given = [&self.label, &self.query].into_iter().find(|text| !text.trim().is_empty());
        given.map_or_else(|| Cow::Owned(self.file_name()), |text| Cow::Borrowed(text.as_str()))
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
pub(super) fn single_spaced(text: &str) -> String {
    let spaced = text.replace(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}', " ");
    spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_without_words_is_called_as_its_file_is() {
        let title = |label: &str, query: &str| {
            let (path, span) = ("/videos/soup.mp4".into(), TimeSpan::new(1.0, 2.0));
            let (label, query) = (label.to_owned(), query.to_owned());
            let hit = Hit { path, span, score: None, sure: None, evidence: None, query, label };
            hit.title().into_owned()
        };
        assert_eq!(title("stir", "an egg"), "stir");
        assert_eq!(title(" ", "an egg"), "an egg");
        assert_eq!(title("", ""), "soup.mp4");
    }
}
