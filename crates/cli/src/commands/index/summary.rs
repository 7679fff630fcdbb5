//! What indexing did, in words.

use std::path::PathBuf;

use locvtp_finder::{Holdings, IndexSummary};
use locvtp_search::catalogue::CatalogueLocation;
use locvtp_search::identity::NO_MEDIA;
use locvtp_video::counted::counted;

use crate::command_line;
use crate::output::one_line;
use crate::pace::duration;

/// Files of one kind that are named.
const NAMED: usize = 5;

/// What was done, with the command that searches the index at `place`.
pub(crate) fn text(summary: &IndexSummary, place: Option<&CatalogueLocation>) -> String {
    let mut lines = Vec::new();
    let clips = counted(summary.num_clips as usize, "clip");
    if summary.num_added > 0 {
        let videos = counted(summary.num_added, "video");
        let rate = summary.media_s / summary.seconds.max(1e-9);
        lines.push(format!(
            "indexed: {videos}, {clips}, {} of video in {}: {rate:.1} x real time",
            duration(summary.media_s),
            duration(summary.seconds),
        ));
    }
    if summary.num_cues > 0 {
        lines.push(format!("read: {} of subtitles", counted(summary.num_cues as usize, "line")));
    }
    if summary.num_other_words > 0 {
        lines.push(format!(
            "subtitles that came, went or changed: of {}, nothing of it decoded",
            counted(summary.num_other_words, "known video")
        ));
    }
    if summary.num_unchanged > 0 {
        lines.push(format!("unchanged: {}", counted(summary.num_unchanged, "file")));
    }
    if summary.num_moved > 0 {
        lines.push(format!(
            "moved, copied or seen again: {}, recognised by content",
            counted(summary.num_moved, "file")
        ));
    }
    if !summary.missing.is_empty() {
        lines.push(format!("gone, and kept in the index: {}", named(&summary.missing)));
    }
    if !summary.gone_places.is_empty() {
        lines.push(format!(
            "gone, and known by another place: {}; the index has that one alone now",
            named(&summary.gone_places)
        ));
    }
    if !summary.gone_bad.is_empty() {
        lines.push(format!(
            "gone, and could not be read: {}; the index has nothing of it any more",
            named(&summary.gone_bad)
        ));
    }
    lines.extend(links_not_followed(&summary.links));
    lines.extend(folders_left_out(&summary.left_out));
    if !summary.waiting.is_empty() {
        lines.push(format!(
            "still being written: {}; add them again when they are whole",
            named(&summary.waiting)
        ));
    }
    let num_cut_short = summary.num_cut_short + summary.num_still_cut_short;
    if num_cut_short > 0 {
        let as_before = match summary.num_still_cut_short {
            0 => String::new(),
            before => format!(" ({before} as before)"),
        };
        lines.push(format!(
            "cut short: {}{as_before}, indexed as far as the pictures go; `locvtp index list` names them",
            counted(num_cut_short, "video")
        ));
    }
    let num_bad = summary.bad.len() + summary.num_still_bad;
    if num_bad > 0 {
        let as_before = match summary.num_still_bad {
            0 => String::new(),
            before if before == num_bad => {
                format!(" ({before} as before; `locvtp index list` says why)")
            }
            before => {
                format!(
                    " ({before} as before; `locvtp index list` says why, and of the others it stands above)"
                )
            }
        };
        lines.push(format!(
            "left out: {} that cannot be read, each tried again when it changes{as_before}",
            counted(num_bad, "file")
        ));
    }
    lines.push(format!("decoded: {}", counted(summary.num_frames as usize, "frame")));
    if summary.num_taken_over > 0 {
        lines.push(format!(
            "as the frame before, and not encoded again: {}",
            counted(summary.num_taken_over as usize, "frame")
        ));
    }
    if summary.is_swapped_in {
        lines.push("this index is whole and took the place of the one before".into());
    }
    if summary.holdings != Holdings::default() {
        lines.push(format!("in the index now: {}", summary.holdings.words()));
    }
    lines.extend(left(summary));
    lines.extend(begun_beside(summary));
    let has_any = summary.num_added + summary.num_moved + summary.num_unchanged > 0;
    if let Some(place) = place.filter(|_| has_any && !summary.is_stopped) {
        let catalog = one_line(&place.to_string());
        let search = command_line::command(["search", "--catalog", &catalog, "what should happen"]);
        lines.push(format!("search it with:\n  {search}"));
    }
    lines.join("\n")
}

/// Why this index does not take the place of the one before yet, and what is to be done.
fn left(summary: &IndexSummary) -> Option<String> {
    let (left, gone) = (summary.num_left, summary.num_left_gone);
    let state = match (left, gone) {
        (0, _) => return None,
        (_, 0) => String::new(),
        (1, 1) => ", which is gone".to_owned(),
        (left, gone) if left == gone => ", which are gone".to_owned(),
        (_, gone) => format!(", {gone} of them gone"),
    };
    Some(format!(
        "the index before stays, and searches use it: this one lacks {} of it{state}. Type the command again when all of it \
         can be read, or take those files out first with `locvtp index remove`; `locvtp index list` shows what is gone",
        counted(left as usize, "file"),
    ))
}

/// That another index was begun and not finished, and what becomes of it.
fn begun_beside(summary: &IndexSummary) -> Option<String> {
    let model = one_line(summary.begun_beside.as_ref()?);
    Some(format!(
        "an index of another model or --stride, begun with {model}, is kept beside this one and is not whole: the command \
         that began it goes on with it, and `locvtp index compact` discards it"
    ))
}

/// That folders behind links were passed over, and the way to have them; none where there are no such links.
pub(super) fn links_not_followed(links: &[PathBuf]) -> Option<String> {
    let first = links.first()?;
    let typed = command_line::command(["index", "add", &one_line(&first.display().to_string())]);
    Some(format!(
        "links to folders, which are not followed: {}; name such a folder itself, as `{typed} --catalog DIR` with the place of \
         this index",
        named(links)
    ))
}

/// Which folders are kept out by a file in them; none where there are none.
pub(super) fn folders_left_out(folders: &[PathBuf]) -> Option<String> {
    let has_some = !folders.is_empty();
    has_some.then(|| {
        format!(
            "left out, as a file {NO_MEDIA} in the folder asks for: {}; what the index has of it already goes with `locvtp \
             index remove`",
            named(folders)
        )
    })
}

fn named(paths: &[PathBuf]) -> String {
    let shown = paths.iter().take(NAMED).map(|path| one_line(&path.display().to_string()));
    let mut names: Vec<String> = shown.collect();
    if paths.len() > NAMED {
        names.push(format!("{} more", paths.len() - NAMED));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_said_to_be_kept_only_where_it_is() {
        let [kept, place, bad, link, folder] =
            ["a.mp4", "b.mp4", "c.mp4", "d", "e"].map(PathBuf::from);
        let summary = IndexSummary {
            missing: vec![kept],
            gone_places: vec![place],
            gone_bad: vec![bad],
            links: vec![link],
            left_out: vec![folder],
            ..IndexSummary::default()
        };
        let told = text(&summary, None);
        let lines: Vec<&str> = told.lines().take(5).collect();
        assert_eq!(lines[0], "gone, and kept in the index: a.mp4");
        assert!(lines[1].starts_with("gone, and known by another place: b.mp4; "), "{told}");
        assert!(lines[2].starts_with("gone, and could not be read: c.mp4; "), "{told}");
        assert!(lines[3].starts_with("links to folders, which are not followed: d; "), "{told}");
        assert!(lines[3].contains(" index add d --catalog DIR`"), "{told}");
        assert!(lines[4].starts_with("left out, as a file .nomedia in the folder asks for: e; "));
    }

    #[test]
    fn of_files_that_are_left_out_it_is_said_where_the_reasons_stand() {
        let mut summary = IndexSummary { num_still_bad: 1, ..IndexSummary::default() };
        let left_out = |summary: &IndexSummary| {
            let told = text(summary, None);
            told.lines().find(|line| line.starts_with("left out: ")).unwrap().to_owned()
        };
        let each = "that cannot be read, each tried again when it changes";
        let listed = "1 as before; `locvtp index list` says why";
        assert_eq!(left_out(&summary), format!("left out: 1 file {each} ({listed})"));
        // A pipe is in no list.
        summary.bad.push(("pipe.mp4".into(), "is a pipe".into()));
        let others = format!("{listed}, and of the others it stands above");
        assert_eq!(left_out(&summary), format!("left out: 2 files {each} ({others})"));
        summary.num_still_bad = 0;
        assert_eq!(left_out(&summary), format!("left out: 1 file {each}"));
    }
}
