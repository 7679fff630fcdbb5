//! The files of hits: whether they can be read as they were indexed.

use std::collections::BTreeSet;
use std::path::Path;

use locvtp_finder::{Evidence, Hit};
use locvtp_search::catalogue::{Catalogue, CatalogueLocation};

use super::asked::Asked;
use crate::catalogue_place::videos_folder;
use crate::{command_line, moved_folder, output};

/// Why the file of a hit cannot be read as it was indexed; none where it can.
pub(super) fn fault(hit: &Hit, index: &CatalogueLocation) -> Option<String> {
    let path = hit.path.display();
    if hit.is_changed {
        let add = add_again(index, &hit.path);
        return Some(format!("{path}: was changed since it was indexed; type `{add}`"));
    }
    hit.is_missing.then(|| format!("{path}: is gone"))
}

/// The faults of the files of these hits, each once.
pub(super) fn faults<'h>(
    hits: impl IntoIterator<Item = &'h Hit>,
    index: &CatalogueLocation,
) -> BTreeSet<String> {
    hits.into_iter().filter_map(|hit| fault(hit, index)).collect()
}

/// Says which moments could not be refined, and where the folder of the videos seems to have another name now.
pub(super) fn tell(
    asked: &Asked,
    catalogue: &dyn Catalogue,
    index: &CatalogueLocation,
) -> anyhow::Result<()> {
    let Asked { answer, question, .. } = asked;
    if question.refine {
        let seen = answer.shown().iter().filter(|hit| hit.evidence == Evidence::Seen);
        for fault in faults(seen, index) {
            output::note(&format!("not refined: {fault}"));
        }
    }
    let is_any_gone = answer.shown().iter().any(|hit| hit.is_missing);
    if is_any_gone || answer.num_files == 0 {
        moved_folder::tell(&catalogue.files()?, index);
    }
    Ok(())
}

/// The command that takes in what a file holds now.
fn add_again(index: &CatalogueLocation, path: &Path) -> String {
    let folder = videos_folder(index).filter(|folder| path.starts_with(folder));
    match folder {
        Some(folder) => command_line::command(["index", "add", &folder.to_string_lossy()]),
        None => {
            let (path, index) = (path.to_string_lossy(), index.to_string());
            command_line::command(["index", "add", &path, "--catalog", &index])
        }
    }
}
