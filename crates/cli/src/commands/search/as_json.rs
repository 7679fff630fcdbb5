//! An answer for programs.

use locvtp_finder::Evidence;
use locvtp_search::scan::Background;
use serde_json::{Value, json};

use super::asked::Asked;
use super::telling::{no_files, says};

/// The question, the verdict, and the moments that the table shows.
pub(super) fn as_json(asked: &Asked) -> Value {
    let Asked { question, answer, knows_words, .. } = asked;
    json!({
        "question": {
            "sentence": question.sentence.as_ref().map(|it| &it.text),
            "with": question.sentence.as_ref().map(|it| &it.with),
            "without": question.sentence.as_ref().map(|it| &it.without),
            "said": question.said,
            "scores": question.score.name(),
        },
        "num_videos": answer.num_files,
        "verdict": {
            "sure": answer.finding(*knows_words),
            "false_alarms": answer.false_alarms(),
            "says": says(asked),
        },
        "num_gone": answer.num_gone,
        "hits": answer.shown().iter().map(|hit| {
            let is_seen = hit.evidence == Evidence::Seen;
            let mut value = json!({
                "file": hit.path.to_string_lossy(),
                "start_s": hit.span.start,
                "end_s": hit.span.end,
                "score": is_seen.then_some(hit.score),
                "mean_score": hit.mean_score,
                "evidence": hit.evidence.word(),
                "is_refined": hit.is_refined,
                "is_missing": hit.is_missing,
                "is_changed": hit.is_changed,
                "verdict": { "sure": hit.sure(), "false_alarms": hit.verdict.false_alarms() },
            });
            if let Evidence::Said { text, language, source } = &hit.evidence {
                value["text"] = json!(text);
                value["language"] = json!(language);
                value["source"] = json!(source);
            }
            value
        }).collect::<Vec<_>>(),
        "has_more": answer.has_more,
        "num_other_videos": answer.num_other_files,
        "notes": notes(asked),
        "background": answer.background.as_ref().map(background),
    })
}

/// All notes, those of a filter that no file passes among them.
fn notes(asked: &Asked) -> Vec<String> {
    let none = (asked.answer.num_files == 0).then(|| no_files(&asked.question.files));
    asked.word_notes.iter().cloned().chain(none).chain(asked.notes.iter().cloned()).collect()
}

fn background(background: &Background) -> Value {
    let quantiles = [0.05, 0.5, 0.95].map(|share| background.quantile(share));
    json!({
        "num_clips": background.num_scores(),
        "mean": background.mean(),
        "deviation": background.deviation(),
        "quantiles": quantiles,
    })
}
