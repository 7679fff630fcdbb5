//! An answer in words.

use locvtp_finder::{Answer, Evidence, FileFilter, Finding, Verdict};
use locvtp_search::catalogue::{JobRecord, JobState};
use locvtp_video::counted::counted;

use super::asked::Asked;
use crate::output;

/// What a person should know of an answer besides its hits.
pub(super) fn tell(asked: &Asked) {
    let Asked { answer, question, .. } = asked;
    if answer.num_files == 0 {
        output::note(&format!("nothing found: {}", no_files(&question.files)));
        return;
    }
    let files = num_files(answer);
    if answer.hits.is_empty() {
        let said = says(asked);
        let but = match answer.num_held_back {
            0 => "",
            _ if answer.verdict.is_denied() => "; --all shows all moments",
            _ => "; the nearest may be right all the same, and --all shows all",
        };
        output::note(&format!("{said} ({files}){}{but}", measured(answer.verdict)));
        return;
    }
    let has_seen = answer.hits.iter().any(|hit| hit.evidence == Evidence::Seen);
    match answer.verdict {
        Verdict::Unknown if has_seen && !question.is_plain() => output::note(
            "note: how alike is enough was not measured; the nearest are shown, also where nothing is alike",
        ),
        Verdict::Unknown if has_seen => {
            let why = match answer.is_large_enough() {
                false => "the index is too small to measure it",
                true => {
                    "the index was not measured, which `locvtp index add` does when it ends: type it again"
                }
            };
            output::note(&format!(
                "note: how sure this is cannot be told, as {why}; the nearest are shown, also where nothing is there"
            ));
        }
        Verdict::Judged { .. }
            if has_seen && answer.verdict.is_not_found() && question.show_all =>
        {
            let said = match answer.verdict.is_denied() {
                true => Finding::NotInTheseVideos,
                false => Finding::NothingStandsOut,
            };
            output::note(&format!("note: {}{}", said.words(), measured(answer.verdict)));
        }
        _ => {}
    }
}

/// The answer in a few words.
pub(super) fn says(asked: &Asked) -> &'static str {
    let Asked { answer, question, knows_words, .. } = asked;
    match answer.finding(*knows_words) {
        Finding::CannotBeTold => {
            "cannot be told: the model knows no word of it, so nothing was looked for in the pictures, and \
             no subtitle says it"
        }
        Finding::NothingStandsOut if answer.verdict == Verdict::Unknown => {
            match question.sentence.is_none() && question.alike.is_none() {
                true => "no subtitle says it",
                false => "nothing found",
            }
        }
        finding => finding.words(),
    }
}

/// How many files were searched.
pub(super) fn num_files(answer: &Answer) -> String {
    let files = counted(answer.num_files, "file");
    match answer.num_gone {
        0 => files,
        gone => format!("{files}, {gone} of them gone"),
    }
}

/// What a person should know of an index that is not whole.
pub(super) fn tell_of_unfinished(jobs: &[JobRecord]) {
    let Some(JobRecord { kind, state, progress, .. }) = jobs.first() else { return };
    let done = progress.done_files + progress.bad_files;
    let how = match state {
        JobState::Running => "is at work or was broken off",
        JobState::Stopped | JobState::Failed => "was stopped",
        JobState::Done => return,
    };
    if done < progress.num_files {
        output::note(&format!(
            "note: the index is not whole: `locvtp index {kind}` {how} with {done} of {} done; where it does not \
             run, type it again",
            counted(progress.num_files as usize, "file")
        ));
    }
}

fn measured(verdict: Verdict) -> String {
    match verdict {
        Verdict::Judged { false_alarms, .. } => {
            format!(": {} of sentences about other things stand out as much", share(false_alarms))
        }
        Verdict::Unknown => String::new(),
    }
}

/// Why no file is searched.
fn no_files(filter: &FileFilter) -> String {
    let given = [
        ("--in", !filter.folders.is_empty()),
        ("--file", filter.pattern.is_some()),
        ("--after", filter.after_ns.is_some()),
        ("--before", filter.before_ns.is_some()),
        ("--longer", filter.longer.is_some()),
        ("--shorter", filter.shorter.is_some()),
    ];
    let given: Vec<&str> = given.iter().filter(|(_, is)| *is).map(|(flag, _)| *flag).collect();
    match given.as_slice() {
        [] => "the index holds no videos".to_owned(),
        [one] => format!("no file of the index is meant by {one}"),
        several => format!("no file of the index is meant by {} together", several.join(", ")),
    }
}

pub(super) fn share(share: f64) -> String {
    match share * 100.0 {
        percent if percent < 1.0 => "less than 1 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}
