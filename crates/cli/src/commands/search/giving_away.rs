//! Hits as files: cuts of the videos, and lists for editors and tables.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use locvtp_search::cutting::{CutWay, cut_hits};
use locvtp_search::export::{ExportFormat, Hit, export_file};
use locvtp_video::causes::with_causes;
use locvtp_video::counted::counted;

use crate::output;

/// Refuses an ending that no list has, before anything is searched.
pub(super) fn check(list: Option<&PathBuf>) -> anyhow::Result<()> {
    list.map(|list| ExportFormat::of(list)).transpose()?;
    Ok(())
}

/// Cuts each hit into a file of `folder`. What each file holds is told; one that fails is told, too.
pub(super) fn cut(hits: &[Hit], folder: &Path, is_exact: bool) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{}: the folder cannot be made", folder.display()))?;
    let way = if is_exact { CutWay::Exact } else { CutWay::Copy };
    let mut num_failed = 0;
    for cut in cut_hits(hits, folder, way) {
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

/// Writes the hits as a list.
pub(super) fn list(hits: &[Hit], file: &Path) -> anyhow::Result<()> {
    output::make_folder_of(file)?;
    for written in export_file(file, hits)? {
        output::note(&format!("written: {}", written.display()));
    }
    Ok(())
}
