//! Moments as a table.

use std::path::{Path, PathBuf};

use locvtp_finder::{Answer, Evidence, Hit, Question, Verdict};

use super::asked::asked_for;
use super::more::not_shown;
use super::telling::num_videos;
use crate::answer_notes::share;
use crate::clock::clock;
use crate::output;
use crate::table::{Column, Table};

/// Characters of what is said that a line of the table shows.
const SAID: usize = 60;

/// What the number beside a moment is, which readers take for the chance of being wrong.
const FALSE_ALARMS: &str = "false alarms: of 100 sentences about something else so many stand out as much; it is not the chance \
                            that the moment is wrong";

/// Whether one of the moments has such a number.
fn is_judged(answer: &Answer) -> bool {
    let judged = |hit: &Hit| hit.evidence == Evidence::Seen && hit.verdict != Verdict::Unknown;
    answer.shown().iter().any(judged)
}

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
    let mut lines = vec![format!("{asked} in {}", num_videos(answer))];
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
    lines.extend(is_judged(answer).then(|| FALSE_ALARMS.to_owned()));
    lines.extend(not_shown(answer, question));
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
    use locvtp_finder::Denial;
    use locvtp_search::Sureness;
    use locvtp_search::catalogue::FileId;
    use locvtp_search::scan::Background;
    use locvtp_video::TimeSpan;

    use super::*;

    #[test]
    fn below_the_table_stands_that_more_is_there_and_what_shows_it() {
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
            denial: Denial::Allowed,
            has_more: true,
            is_cut_off: false,
            num_other_files: 3,
            background: Some(Background::default()),
            num_files: 4,
            num_gone: 1,
            num_touched: 0,
        };
        let mut question = Question::of("a ring");
        let told = text(&answer, &question);
        assert!(told.starts_with("\"a ring\" in 4 videos, 1 of them gone\n"), "{told}");
        let less = "not shown: moments that stand out less, also of 3 other videos; they may be right, and";
        assert!(told.contains("a.mp4 (changed)"), "{told}");
        assert!(told.contains("0.500  maybe (false alarms: 30 %)"), "{told}");
        assert!(told.contains(&format!("%)\n{FALSE_ALARMS}\nnot shown")), "{told}");
        // Four files have three moments each at most.
        assert!(told.ends_with(&format!("{less} --all --top 12 shows them")), "{told}");
        // Those that stand out as well need no guesses beside them.
        answer.is_cut_off = true;
        let told = text(&answer, &question);
        assert!(
            told.contains("after these, which a greater --top than 10 shows, and others"),
            "{told}"
        );
        assert!(told.ends_with("--all --top 12 shows all"), "{told}");
        question.show_all = true;
        let told = text(&answer, &question);
        let after = "moments that come after these, also of 3 other videos; they may be right, and --top 12 shows them";
        assert!(told.ends_with(after), "{told}");
        answer.is_cut_off = false;
        question = Question { top: 12, ..Question::of("a ring") };
        assert!(text(&answer, &question).ends_with(&format!("{less} --all shows them")));
        // Where nothing was measured, no number is told.
        answer.hits[0].verdict = Verdict::Unknown;
        assert!(!text(&answer, &question).contains("false alarms"));
        // Guesses are held back themselves.
        answer.guesses = std::mem::take(&mut answer.hits);
        let told = text(&answer, &question);
        assert!(told.contains("/v/a.mp4") && !told.contains("not shown"), "{told}");
    }
}
