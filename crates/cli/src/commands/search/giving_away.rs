//! Hits as files: cuts of the videos, and lists for editors and tables.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use locvtp_search::catalogue::CatalogueLocation;
use locvtp_search::cutting::{CutWay, cut_hits};
use locvtp_search::export::{Hit, check_place, export_file};
use locvtp_video::causes::with_causes;
use locvtp_video::counted::counted;

use super::Search;
use crate::output;

/// Refuses, before anything is searched, what could not be written then: a list with an ending that no list
/// has, in the place of a file or in no folder, and cuts in a folder that cannot be made.
pub(super) fn check(args: &Search) -> anyhow::Result<()> {
    if let Some(list) = &args.export {
        check_place(list, args.overwrite)?;
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

/// Cuts each hit into a file of `folder`. What each file holds is told; one that fails is told, too.
pub(super) fn cut(
    hits: &[Hit],
    folder: &Path,
    index: &CatalogueLocation,
    args: &Search,
) -> anyhow::Result<()> {
    if !folder.is_dir() {
        std::fs::create_dir(folder)
            .with_context(|| format!("{}: the folder cannot be made", folder.display()))?;
    }
    if is_indexed(folder, hits, index) {
        output::note(&format!(
            "note: {} lies where videos are indexed, so the next `locvtp index add` takes the cuts in, too; \
             a folder whose name begins with a dot is passed over",
            folder.display()
        ));
    }
    let way = if args.exact { CutWay::Exact } else { CutWay::Copy };
    let mut num_failed = 0;
    for cut in cut_hits(hits, folder, way, args.overwrite) {
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
    Ok(())
}

/// Whether a folder lies, not hidden, in the one that an index lies in, or in that of a video.
fn is_indexed(folder: &Path, hits: &[Hit], index: &CatalogueLocation) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let root = index.folder().and_then(|it| it.canonicalize().ok());
    let root = root.as_deref().filter(|it| it.ends_with(".locvtp")).and_then(Path::parent);
    let roots = root.into_iter().chain(hits.iter().filter_map(|hit| hit.path.parent()));
    let is_hidden = |below: &Path| {
        below.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
    };
    let mut below = roots.filter_map(|root| folder.strip_prefix(root).ok());
    below.any(|below| !is_hidden(below))
}

/// Writes the hits as a list, and says what is not in it.
pub(super) fn list(hits: &[Hit], file: &Path, overwrite: bool) -> anyhow::Result<()> {
    let written = export_file(file, hits, overwrite)?;
    for reason in &written.left_out {
        output::note(&format!("not in the list: {reason}"));
    }
    let told = |file: &PathBuf| output::note(&format!("written: {}", file.display()));
    written.files.iter().for_each(told);
    Ok(())
}
