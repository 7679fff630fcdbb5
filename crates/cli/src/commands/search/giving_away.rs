//! Hits as files: cuts of the videos, and lists for editors and tables.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use locvtp_corpus::video_of_subtitles;
use locvtp_finder::{Answer, Hit};
use locvtp_search::catalogue::CatalogueLocation;
use locvtp_search::cutting::{CutWay, cut_hits};
use locvtp_search::export::{self, ExportFormat, check_place, export_file};
use locvtp_video::causes::with_causes;
use locvtp_video::counted::counted;

use super::{Search, files};
use crate::catalogue_place::videos_folder;
use crate::{file_reading, output};

/// Refuses, before anything is searched, what could not be written then: a list with an ending that no list
/// has, in the place of a file or in no folder, or with the name of a video's subtitles, and cuts in a folder that
/// cannot be made.
pub(super) fn check(args: &Search) -> anyhow::Result<()> {
    if let Some(list) = &args.export {
        // The folder of the cuts is made.
        let will_be_there =
            args.cut.as_deref().is_some_and(|cuts| list.parent() == Some(cuts) && !cuts.exists());
        match will_be_there {
            true => ExportFormat::of(list)?,
            false => check_place(list, args.overwrite)?,
        };
        check_name(list, args.overwrite)?;
    }
    if let Some(folder) = args.cut.as_ref().filter(|folder| !folder.is_dir()) {
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
        if folder.symlink_metadata().is_ok() {
            bail!("{}: is no folder; give one for the cuts", folder.display());
        }
        if !above.is_none_or(Path::is_dir) {
            bail!(
                "{}: the folder that it should lie in does not exist; make it first, or choose another \
                 place",
                folder.display()
            );
        }
    }
    Ok(())
}

/// Whether a list is to be written that counts in frames of the files.
pub(super) fn counts_frames(args: &Search) -> bool {
    let format = args.export.as_deref().map(ExportFormat::of);
    format.is_some_and(|format| format.is_ok_and(ExportFormat::needs_clocks))
}

/// Refuses a list that would be taken for words of a video beside it: a guess would be said there from then on.
fn check_name(list: &Path, overwrite: bool) -> anyhow::Result<()> {
    let Some(video) = video_of_subtitles(list) else { return Ok(()) };
    let taken = format!(
        "{}: has the name of what is said in {}, and players and `locvtp index add` take it for that",
        list.display(),
        video.display()
    );
    if overwrite {
        output::note(&format!("note: {taken}"));
        return Ok(());
    }
    let ending = list.extension().unwrap_or_default().to_string_lossy();
    let free = list.with_extension(format!("moments.{ending}"));
    bail!("{taken}; choose another name, as {}, or take it with --overwrite", free.display());
}

/// Says that nothing was written, where that was asked for and only guesses are there.
pub(super) fn tell_of_none(answer: &Answer, args: &Search) {
    let is_asked = args.export.is_some() || args.cut.is_some();
    if is_asked && !answer.guesses.is_empty() {
        output::note("no file was written, as only guesses are there; --all writes guesses, too");
    } else if is_asked {
        output::note("no file was written");
    }
}

/// Writes the list and the cuts that are asked for; of files that are gone or were changed what can be.
pub(super) fn write(
    hits: &[Hit],
    query: &str,
    index: &CatalogueLocation,
    args: &Search,
) -> anyhow::Result<()> {
    if let Some(folder) = args.cut.as_deref().filter(|folder| !folder.is_dir()) {
        std::fs::create_dir(folder)
            .with_context(|| format!("{}: the folder cannot be made", folder.display()))?;
    }
    let listed = args.export.as_ref().map_or(Ok(()), |list| {
        // Frames are counted in the file itself, and these would be another one's.
        let is_counted = ExportFormat::of(list)?.needs_clocks();
        let (others, kept): (Vec<&Hit>, Vec<&Hit>) =
            hits.iter().partition(|hit| is_counted && hit.is_changed);
        let changed = files::faults(others, index);
        write_list(&exported(&kept, query), &changed, list, args.overwrite)
    });
    let cut = args.cut.as_ref().map_or(Ok(()), |folder| {
        let (kept, others): (Vec<&Hit>, Vec<&Hit>) =
            hits.iter().partition(|hit| files::fault(hit, index).is_none());
        let num_left_out = others.len();
        for fault in files::faults(others, index) {
            output::note(&format!("not cut: {fault}"));
        }
        let num_cut = cut(&exported(&kept, query), folder, index, args)?;
        if num_cut == 0 && num_left_out > 0 {
            bail!("not cut: {}; the reasons stand above", counted(num_left_out, "moment"));
        }
        Ok(())
    });
    listed.and(cut)
}

fn exported(hits: &[&Hit], query: &str) -> Vec<export::Hit> {
    hits.iter().map(|hit| hit.to_export(query)).collect()
}

/// Cuts each hit into a file of `folder`. What each file holds is told; one that fails is told, too. Returns how many
/// were cut.
fn cut(
    hits: &[export::Hit],
    folder: &Path,
    index: &CatalogueLocation,
    args: &Search,
) -> anyhow::Result<usize> {
    if is_indexed(folder, hits, index) {
        output::note(&format!(
            "note: {} lies where videos are indexed, so the next `locvtp index add` takes the cuts in, too; \
             a folder whose name begins with a dot is passed over",
            folder.display()
        ));
    }
    let way = if args.exact { CutWay::Exact } else { CutWay::Copy };
    let mut num_failed = 0;
    let tables = file_reading::default_tables();
    for cut in cut_hits(hits, folder, way, args.overwrite, tables.as_ref()) {
        match cut {
            Ok(cut) => output::note(&cut.message()),
            Err(error) => {
                num_failed += 1;
                output::note(&format!("not cut: {}", with_causes(&error)));
            }
        }
    }
    if num_failed > 0 {
        bail!("not cut: {}; the reasons stand above", counted(num_failed, "moment"));
    }
    Ok(hits.len())
}

/// Whether a folder lies, not hidden, in the one that an index lies in, or in that of a video.
fn is_indexed(folder: &Path, hits: &[export::Hit], index: &CatalogueLocation) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let root = videos_folder(index);
    let roots = root.as_deref().into_iter().chain(hits.iter().filter_map(|hit| hit.path.parent()));
    let is_hidden = |below: &Path| {
        below.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
    };
    let mut below = roots.filter_map(|root| folder.strip_prefix(root).ok());
    below.any(|below| !is_hidden(below))
}

/// Writes the hits as a list, and says what is not in it; `changed` files are not.
fn write_list(
    hits: &[export::Hit],
    changed: &BTreeSet<String>,
    file: &Path,
    overwrite: bool,
) -> anyhow::Result<()> {
    if let Some(first) = changed.first().filter(|_| hits.is_empty()) {
        bail!("{first}");
    }
    for reason in changed {
        output::note(&format!("not in the list: {reason}"));
    }
    let written = export_file(file, hits, overwrite)?;
    for reason in &written.left_out {
        output::note(&format!("not in the list: {}", with_causes(reason)));
    }
    if let Some(rate) = written.odd_rate {
        output::note(&format!(
            "note: this EDL counts {rate} frames a second, and few editors have a timeline of that rate; .otio and \
             .fcpxml go into any"
        ));
    }
    for path in &written.joined {
        output::note(&format!(
            "note: {} has a clock that starts again or jumps, as where recordings are joined byte for byte. The list counts all \
             of its frames, and an editor may go by that clock; `ffmpeg -fflags +genpts -i FILE -c copy FILE.mkv` makes one clock of them, or where that fails \
             `ffmpeg -i FILE -c:v libx264 -c:a aac FILE.mkv`: index that",
            path.display()
        ));
    }
    let told = |file: &PathBuf| output::note(&format!("written: {}", file.display()));
    written.files.iter().for_each(told);
    for reason in &written.failed {
        output::note(&format!("not written: {}", with_causes(reason)));
    }
    if !written.failed.is_empty() {
        bail!("not written: {}; the reasons stand above", counted(written.failed.len(), "file"));
    }
    Ok(())
}
