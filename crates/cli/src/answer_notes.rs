//! What a person should know of an answer besides its moments: the same at the command line, in JSON and at the server.

use locvtp_finder::{Alike, Answer, Denial, Evidence, Finding, Question, Verdict};
use locvtp_search::catalogue::{JobRecord, JobState, MOST_OPEN_WORDS_SAID, MOST_WORDS_SAID};
use locvtp_video::counted::counted;

/// The notes, a line each, without a full stop; `finding` is what is said of the answer as a whole.
pub(crate) fn notes(answer: &Answer, question: &Question, finding: Finding) -> Vec<String> {
    if answer.num_files == 0 {
        return Vec::new();
    }
    let has_seen = answer.shown().iter().any(|hit| hit.evidence == Evidence::Seen);
    let mut notes = Vec::new();
    if answer.verdict == Verdict::Unknown && has_seen {
        notes.push(not_measured(answer, question));
    }
    let of_pictures = answer.of_pictures().filter(|it| {
        *it != finding && [Finding::NothingStandsOut, Finding::NotInTheseVideos].contains(it)
    });
    if let Some(of_pictures) = of_pictures {
        notes.push(format!("in the pictures: {}{}", of_pictures.words(), measured(answer.verdict)));
    }
    match answer.not_denied() {
        Some(Denial::TooShort) => notes.push(
            "sentences about other things that are as short stand out as little, so it cannot be said that it is not there"
                .into(),
        ),
        Some(Denial::LengthsNotMeasured) => notes.push(
            "an earlier version measured the index, so it cannot be said that it is not there; `locvtp index add` \
             measures it anew"
                .into(),
        ),
        _ => {}
    }
    if answer.num_touched > 0 {
        notes.push(format!(
            "touched since they were indexed, and shown as they were then: {}; `locvtp index add` tells whether they \
             were changed",
            counted(answer.num_touched, "file"),
        ));
    }
    if question.sentence.is_some() && question.words_said().is_none() {
        notes.push(format!(
            "the sentence has more than {MOST_WORDS_SAID} words, or {MOST_OPEN_WORDS_SAID} with a * behind them, so it was \
             not looked for in subtitles"
        ));
    }
    if matches!(question.alike, Some(Alike::Moment { .. })) && !has_seen {
        notes.push("the moment itself, and what lies within a second of it, is not shown".into());
    }
    let words_were_sought = question.said.is_some();
    if words_were_sought && answer.shown().iter().all(|hit| hit.evidence == Evidence::Seen) {
        notes.push("no subtitle says it".into());
    }
    notes
}

fn not_measured(answer: &Answer, question: &Question) -> String {
    if !question.is_plain() {
        return "how alike is enough was not measured; the nearest are shown, also where nothing is alike"
            .into();
    }
    let why = match answer.is_large_enough() {
        false => "the index is too small to measure it",
        true => {
            "the index was not measured: type `locvtp index add` again, which does it when it ends, or says why it cannot \
             with this model"
        }
    };
    format!(
        "how sure this is cannot be told, as {why}; the nearest are shown, also where nothing is there"
    )
}

/// That the index is not whole; none where it is.
pub(crate) fn unfinished(jobs: &[JobRecord]) -> Option<String> {
    let JobRecord { kind, state, progress, .. } = jobs.first()?;
    let done = progress.done_files + progress.bad_files;
    let how = match state {
        JobState::Running => "is at work or was broken off",
        JobState::Stopped | JobState::Failed => "was stopped",
        JobState::Done => return None,
    };
    (done < progress.num_files).then(|| {
        format!(
            "the index is not whole: `locvtp index {kind}` {how} with {done} of {} done; where it does not run, type \
             it again",
            counted(progress.num_files as usize, "file")
        )
    })
}

/// What was measured, behind a few words; empty where nothing was.
pub(crate) fn measured(verdict: Verdict) -> String {
    match verdict.false_alarms() {
        Some(rate) => {
            format!(": {} of sentences about other things stand out as much", share(rate))
        }
        None => String::new(),
    }
}

/// Shares above which another word is said of a moment, in per cent.
const CUTS: [f64; 3] = [5.0, 50.0, 95.0];

/// A share of null sentences in per cent, rounded so that it lies on the side of each cut that its word is of.
pub(crate) fn share(share: f64) -> String {
    let (exact, rounded) = (share * 100.0, (share * 100.0).round());
    match CUTS.iter().any(|cut| exact > *cut && rounded <= *cut) {
        _ if exact < 1.0 => "less than 1 %".to_owned(),
        true => format!("{:.0} %", exact.ceil()),
        false => format!("{rounded:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_never_contradicts_its_word() {
        for (exact, shown) in [
            (0.004, "less than 1 %"),
            (0.05, "5 %"),
            (11.0 / 201.0, "6 %"),
            (0.497, "50 %"),
            (0.502, "51 %"),
            (0.949, "95 %"),
            (0.9502, "96 %"),
            (0.18, "18 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(share(exact), shown, "{exact}");
        }
    }
}
