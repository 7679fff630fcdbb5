//! A moment that answers a question.

use std::path::PathBuf;

use locvtp_search::Sureness;
use locvtp_search::catalogue::FileId;
use locvtp_search::export;
use locvtp_video::TimeSpan;
use serde::Serialize;

use crate::judge::Verdict;

/// What a hit rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Evidence {
    /// The pictures.
    Seen,
    /// What is said.
    Said {
        /// The words, with those around them that belong to the hit.
        text: String,
        /// Their language, where it is known.
        language: Option<String>,
        /// The subtitle file or text track.
        source: String,
    },
}

impl Evidence {
    /// `seen` or `said`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Said { .. } => "said",
        }
    }
}

/// A moment of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hit {
    /// The file's number in the catalogue.
    pub file: FileId,
    /// Where it lies, or last lay.
    pub path: PathBuf,
    /// Whether it is gone from there.
    pub is_missing: bool,
    /// The moment, in seconds from the start of the file.
    pub span: TimeSpan,
    /// Whether its ends were looked for to the frame.
    pub is_refined: bool,
    /// What is seen: the mean score of its clips, a cosine. What is said: how well the words fit. The two
    /// cannot be compared, and neither means anything beside another question's.
    pub score: f64,
    /// Whether it is what was asked for.
    pub verdict: Verdict,
    /// What it rests on.
    pub evidence: Evidence,
}

impl Hit {
    /// The hit as lists and edit lists have it; `query` is what was asked for. Of what nobody measured
    /// they say "maybe".
    pub fn to_export(&self, query: &str) -> export::Hit {
        let (evidence, label) = match &self.evidence {
            Evidence::Seen => (export::Evidence::Seen, String::new()),
            Evidence::Said { text, .. } => (export::Evidence::Said, text.clone()),
        };
        let sure = match self.verdict {
            Verdict::Judged { sure, .. } => sure,
            Verdict::Unknown => Sureness::Maybe,
        };
        export::Hit {
            path: self.path.clone(),
            span: self.span,
            score: Some(self.score),
            sure: Some(sure),
            evidence: Some(evidence),
            query: query.to_owned(),
            label,
        }
    }
}
