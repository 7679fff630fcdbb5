//! What indexing did, in words.

use std::path::PathBuf;

use locvtp_finder::IndexSummary;
use locvtp_search::catalogue::CatalogueLocation;
use locvtp_video::counted::counted;

use crate::command_line;
use crate::pace::duration;

/// Files of one kind that are named.
const NAMED: usize = 5;

pub(crate) fn text(summary: &IndexSummary, place: &CatalogueLocation) -> String {
    let mut lines = Vec::new();
    let clips = counted(summary.num_clips as usize, "clip");
    if summary.num_added > 0 {
        let files = counted(summary.num_added, "file");
        let rate = summary.media_s / summary.seconds.max(1e-9);
        lines.push(format!(
            "indexed: {files}, {clips}, {} of video in {}: {rate:.1} x real time",
            duration(summary.media_s),
            duration(summary.seconds),
        ));
    }
    if summary.num_cues > 0 {
        lines.push(format!("read: {}", counted(summary.num_cues as usize, "line of subtitles")));
    }
    if summary.num_other_words > 0 {
        lines.push(format!(
            "new or changed subtitles: of {}, nothing of it decoded",
            counted(summary.num_other_words, "known file")
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
    if !summary.waiting.is_empty() {
        lines.push(format!(
            "still being written: {}; add them again when they are whole",
            named(&summary.waiting)
        ));
    }
    if !summary.bad.is_empty() {
        lines.push(format!(
            "left out: {} that cannot be read, and tried again when they change",
            counted(summary.bad.len(), "file")
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
        lines.push("this model's index is whole and took the place of the other model's".into());
    }
    if summary.num_left > 0 {
        lines.push(format!(
            "{} of the other model's index are not in this one yet, so searches still use the other",
            counted(summary.num_left as usize, "file")
        ));
    }
    if !summary.is_stopped {
        let catalog = place.to_string();
        let search = command_line::command(["search", "--catalog", &catalog, "what should happen"]);
        lines.push(format!("search it with:\n  {search}"));
    }
    lines.join("\n")
}

fn named(paths: &[PathBuf]) -> String {
    let shown = paths.iter().take(NAMED).map(|path| path.display().to_string());
    let mut names: Vec<String> = shown.collect();
    if paths.len() > NAMED {
        names.push(format!("{} more", paths.len() - NAMED));
    }
    names.join(", ")
}
