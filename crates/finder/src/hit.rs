//! A moment that answers a question.

use std::path::PathBuf;

use locvtp_search::Sureness;
use locvtp_search::catalogue::{FileId, FileRecord};
use locvtp_search::export;
use locvtp_search::identity::FileNow;
use locvtp_video::TimeSpan;
use serde::Serialize;

use crate::judge::Verdict;

/// What a hit rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "evidence")]
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
    /// Whether it is gone from there, as it was found when the question was answered.
    pub is_missing: bool,
    /// Whether another file lies there than was indexed: the moment is none of that one.
    pub is_changed: bool,
    /// The moment, in seconds from the start of the file.
    pub span: TimeSpan,
    /// Whether its ends were looked for to the frame.
    pub is_refined: bool,
    /// What moments are ordered by. What is seen: the score of its best clip, a cosine, of a file's first moment that of
    /// the file's best clip, and no more than that of the moment ahead of it in its file. What is said: how well the
    /// words fit. The two cannot be compared, and neither means anything beside another question's.
    pub score: f64,
    /// The mean score of its clips; none of what is said.
    pub mean_score: Option<f64>,
    /// Whether it is what was asked for, as far as it was measured.
    pub verdict: Verdict,
    /// What it rests on.
    pub evidence: Evidence,
}

impl Hit {
    /// A moment of a file of the catalogue.
    pub(crate) fn of(
        file: &FileRecord,
        span: TimeSpan,
        score: f64,
        mean_score: Option<f64>,
        verdict: Verdict,
        evidence: Evidence,
    ) -> Self {
        let path = file.looks.first().map(|look| look.path.clone()).unwrap_or_default();
        let (file, is_missing) = (file.id, file.is_gone());
        Self {
            file,
            path,
            is_missing,
            is_changed: false,
            span,
            is_refined: false,
            score,
            mean_score,
            verdict,
            evidence,
        }
    }

    /// Notes how it is with its file.
    pub(crate) fn note_file(&mut self, now: FileNow) {
        self.is_missing = now == FileNow::Gone;
        self.is_changed = now == FileNow::Changed;
    }

    /// How sure it is that this is what was asked for; tables, lists and servers all say this. Words that are
    /// said are read and not guessed, so they are found; what nobody measured may be it.
    pub fn sure(&self) -> Sureness {
        match (&self.evidence, self.verdict) {
            (Evidence::Said { .. }, _) => Sureness::Found,
            (Evidence::Seen, Verdict::Judged { sure, .. }) => sure,
            (Evidence::Seen, Verdict::Unknown) => Sureness::Maybe,
        }
    }

    /// The hit as lists and edit lists have it; `query` is what was asked for.
    pub fn to_export(&self, query: &str) -> export::Hit {
        // How well words fit is on another scale.
        let (evidence, label, score) = match &self.evidence {
            Evidence::Seen => (export::Evidence::Seen, String::new(), Some(self.score)),
            Evidence::Said { text, .. } => (export::Evidence::Said, text.clone(), None),
        };
        export::Hit {
            path: self.path.clone(),
            span: self.span,
            score,
            sure: Some(self.sure()),
            evidence: Some(evidence),
            query: query.to_owned(),
            label,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_found_and_what_nobody_measured_may_be_it() {
        let said = Evidence::Said { text: "eggs".into(), language: None, source: "a.srt".into() };
        let judged = |sure| Verdict::Judged { sure, false_alarms: 0.3 };
        for (evidence, verdict, sure) in [
            (said.clone(), Verdict::Unknown, Sureness::Found),
            (said, judged(Sureness::Guess), Sureness::Found),
            (Evidence::Seen, Verdict::Unknown, Sureness::Maybe),
            (Evidence::Seen, judged(Sureness::Found), Sureness::Found),
            (Evidence::Seen, judged(Sureness::Guess), Sureness::Guess),
        ] {
            let hit = Hit {
                file: FileId(1),
                path: "a.mp4".into(),
                is_missing: false,
                is_changed: false,
                span: TimeSpan::new(1.0, 2.0),
                is_refined: false,
                score: 0.75,
                mean_score: Some(0.5),
                verdict,
                evidence,
            };
            assert_eq!(hit.sure(), sure);
            let listed = hit.to_export("eggs");
            let score = (listed.evidence == Some(export::Evidence::Seen)).then_some(0.75);
            assert_eq!((listed.sure, listed.score), (Some(sure), score));
        }
    }
}
