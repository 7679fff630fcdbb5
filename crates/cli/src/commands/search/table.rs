//! Moments as a table.

use std::path::{Path, PathBuf};

use locvtp_finder::{Answer, Evidence, Hit, Question, Verdict};
use locvtp_video::counted::counted;

use super::asked::asked_for;
use super::telling::{num_files, share};
use crate::clock::clock;
use crate::output;
use crate::table::{Column, Table};

/// Characters of what is said that a line of the table shows.
const SAID: usize = 60;

/// How sure a hit is, and why.
fn how_sure(hit: &Hit) -> String {
    let why = match (&hit.evidence, hit.verdict) {
        (Evidence::Said { text, .. }, _) => {
            let mut shown: String = text.chars().take(SAID).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            format!(", said: {shown}")
        }
        (Evidence::Seen, Verdict::Judged { false_alarms, .. }) => {
            format!(" (false alarms: {})", share(false_alarms))
        }
        (Evidence::Seen, Verdict::Unknown) => " (not measured)".to_owned(),
    };
    format!("{}{why}", hit.sure())
}

/// What was asked, and the moments: the hits, or else the guesses.
pub(super) fn text(answer: &Answer, question: &Question) -> String {
    let asked = asked_for(question).into_iter().map(|it| format!("\"{}\"", output::one_line(&it)));
    let asked = asked.collect::<Vec<_>>().join(", ");
    let mut lines = vec![format!("{asked} in {}", num_files(answer))];
    let mut table = Table::new([
        Column::numbers(2),
        Column::words(4),
        Column::numbers(9),
        Column::numbers(9),
        Column::numbers(9),
        Column::words(0),
    ]);
    table.row(["", "file", "start", "end", "best clip", "how sure"]);
    for (rank, hit) in answer.shown().iter().enumerate() {
        let state = match (hit.is_missing, hit.is_changed) {
            (true, _) => " (gone)",
            (_, true) => " (changed)",
            _ => "",
        };
        let score = match hit.evidence {
            Evidence::Seen => format!("{:.3}", hit.score),
            // On another scale.
            Evidence::Said { .. } => String::new(),
        };
        table.row([
            (rank + 1).to_string(),
            format!("{}{state}", shown(&hit.path)),
            clock(hit.span.start.0),
            clock(hit.span.end.0),
            score,
            how_sure(hit),
        ]);
    }
    lines.extend(table.lines("  "));
    if answer.num_held_back > 0 && !answer.hits.is_empty() {
        let others = match answer.num_files_held_back {
            0 => String::new(),
            others => format!(", also of {}", counted(others, "other file")),
        };
        lines.push(format!(
            "held back: {} that stand out less{others}; they may be right, and --all shows them",
            counted(answer.num_held_back, "moment")
        ));
    }
    lines.join("\n")
}

/// A path from here, where it lies below.
fn shown(path: &Path) -> String {
    let below = here().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    below.as_deref().unwrap_or(path).display().to_string()
}

pub(super) fn here() -> Option<PathBuf> {
    std::env::current_dir().and_then(|here| here.canonicalize()).ok()
}

#[cfg(test)]
mod tests {
    use locvtp_search::Sureness;
    use locvtp_search::catalogue::FileId;
    use locvtp_video::TimeSpan;

    use super::*;

    #[test]
    fn below_the_table_stands_what_was_held_back_and_of_how_many_other_files() {
        let verdict = Verdict::Judged { sure: Sureness::Maybe, false_alarms: 0.3 };
        let hit = Hit {
            file: FileId(1),
            path: "/v/a.mp4".into(),
            is_missing: false,
            is_changed: true,
            span: TimeSpan::new(1.0, 2.0),
            is_refined: false,
            score: 0.5,
            mean_score: Some(0.4),
            verdict,
            evidence: Evidence::Seen,
        };
        let mut answer = Answer {
            verdict,
            hits: vec![hit],
            guesses: Vec::new(),
            num_held_back: 3,
            num_files_held_back: 2,
            background: None,
            num_files: 4,
            num_gone: 1,
        };
        let question = Question::of("a ring");
        let told = text(&answer, &question);
        assert!(told.starts_with("\"a ring\" in 4 files, 1 of them gone\n"), "{told}");
        let held_back =
            "held back: 3 moments that stand out less, also of 2 other files; they may be right";
        assert!(
            told.contains("a.mp4 (changed)")
                && told.contains("0.500  maybe (false alarms: 30 %)")
                && told.contains(held_back),
            "{told}"
        );
        // Guesses are held back themselves.
        answer.guesses = std::mem::take(&mut answer.hits);
        let told = text(&answer, &question);
        assert!(told.contains("/v/a.mp4") && !told.contains("held back"), "{told}");
    }
}
