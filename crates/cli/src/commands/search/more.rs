//! Moments that are not shown.

use locvtp_finder::{Answer, Question};
use locvtp_video::counted::counted;

/// The flags by which all moments of the searched files are shown.
pub(super) fn how_to_see_all(answer: &Answer, question: &Question) -> String {
    let most = question.per_file.saturating_mul(answer.num_files).min(MOST);
    match question.top {
        top if top >= most => "--all".to_owned(),
        _ if question.show_all => format!("--top {most}"),
        _ => format!("--all --top {most}"),
    }
}

/// What `--top` takes at most.
pub(super) const MOST: usize = 100_000;

/// The line below a table that does not show all there is.
pub(super) fn not_shown(answer: &Answer, question: &Question) -> Option<String> {
    if !answer.has_more || answer.hits.is_empty() {
        return None;
    }
    if answer.background.is_none() {
        return Some(format!(
            "not shown: moments that come after these; a greater --top than {} shows them",
            question.top
        ));
    }
    let how = how_to_see_all(answer, question);
    if question.show_all && how == "--all" {
        return None;
    }
    let others = match answer.num_other_files {
        0 => String::new(),
        others => format!(", also of {}", counted(others, "other video")),
    };
    let (which, them) = match (question.show_all, answer.is_cut_off) {
        (true, _) => ("moments that come after these".to_owned(), "them"),
        (false, false) => ("moments that stand out less".to_owned(), "them"),
        (false, true) => {
            let which = format!(
                "moments that come after these, which a greater --top than {} shows, and others that stand out less",
                question.top
            );
            (which, "all")
        }
    };
    Some(format!("not shown: {which}{others}; they may be right, and {how} shows {them}"))
}
