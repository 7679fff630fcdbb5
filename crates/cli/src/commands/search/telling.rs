//! An answer in words.

use locvtp_finder::{Answer, FileFilter, Finding};
use locvtp_video::counted::counted;

use super::asked::Asked;
use super::more::how_to_see_all;
use crate::answer_notes::measured;
use crate::output;

/// What a person should know of an answer besides its hits.
pub(super) fn tell(asked: &Asked) {
    let Asked { answer, question, notes, .. } = asked;
    if answer.num_files == 0 {
        output::note(&format!("nothing found: {}", no_files(&question.files)));
    } else if answer.hits.is_empty() {
        let (said, videos) = (says(asked), num_videos(answer));
        let all = how_to_see_all(answer, question);
        let but = match answer.has_more {
            false => String::new(),
            true if question.show_all && all == "--all" => String::new(),
            true if answer.is_denied() => format!("; {all} shows all moments"),
            true => format!("; the nearest may be right all the same, and {all} shows all"),
        };
        output::note(&format!("{said} ({videos}){}{but}", measured(answer.verdict)));
    }
    // Not twice.
    let is_told = |note: &str| answer.hits.is_empty() && note == says(asked);
    let notes = notes.iter().filter(|note| !is_told(note));
    notes.for_each(|note| output::note(&format!("note: {note}")));
}

/// The answer in a few words.
pub(super) fn says(asked: &Asked) -> &'static str {
    let Asked { answer, question, knows_words, .. } = asked;
    match answer.finding(*knows_words) {
        Finding::CannotBeTold => {
            "cannot be told: the model knows no word of it that names something, so nothing was looked for in the \
             pictures, and no subtitle says it"
        }
        Finding::NothingFound
            if answer.num_files > 0 && question.sentence.is_none() && question.alike.is_none() =>
        {
            "no subtitle says it"
        }
        finding => finding.words(),
    }
}

/// How many videos were searched.
pub(super) fn num_videos(answer: &Answer) -> String {
    let videos = counted(answer.num_files, "video");
    match answer.num_gone {
        0 => videos,
        gone => format!("{videos}, {gone} of them gone"),
    }
}

/// Why no file is searched.
pub(super) fn no_files(filter: &FileFilter) -> String {
    let given = [
        ("--in", !filter.folders.is_empty()),
        ("--file", filter.pattern.is_some()),
        ("--after", filter.after_ns.is_some()),
        ("--before", filter.before_ns.is_some()),
        ("--longer", filter.longer.is_some()),
        ("--shorter", filter.shorter.is_some()),
    ];
    let given: Vec<&str> = given.iter().filter(|(_, is)| *is).map(|(flag, _)| *flag).collect();
    let none = match given.as_slice() {
        [] => "the index holds no videos".to_owned(),
        [one] => format!("no file of the index is meant by {one}"),
        several => format!("no file of the index is meant by {} together", several.join(", ")),
    };
    none + filter.pattern.as_deref().map_or("", compared_with)
}

/// What a pattern is compared with.
fn compared_with(pattern: &str) -> &'static str {
    match pattern.contains('/') {
        true => {
            "; the pattern is compared with whole paths, with those from this folder on, and with the ends of paths, and \
             capitals count"
        }
        false => {
            "; the pattern is compared with whole names of files, as \"talk 0.mp4\", and capitals count"
        }
    }
}
