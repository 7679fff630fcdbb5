//! Whether a folder of videos was moved or renamed with its index, so that no file lies where it was indexed.

use std::path::Path;

use locvtp_finder::lies_nowhere;
use locvtp_search::catalogue::{CatalogueLocation, FileRecord};

use crate::catalogue_place::videos_folder;
use crate::{command_line, output};

/// Says so, with the command that finds the files again; nothing where it was not moved.
pub(crate) fn tell(files: &[FileRecord], index: &CatalogueLocation) {
    let folder = videos_folder(index).filter(|folder| is_elsewhere(files, folder));
    if let Some(folder) = folder {
        let add = command_line::command(["index", "add", &folder.to_string_lossy()]);
        output::note(&format!(
            "note: none of the files lies where it was indexed; if their folder was moved or renamed, type `{add}`, \
             which decodes nothing anew"
        ));
    }
}

/// Whether no file of an index was indexed in the folder where it lies now, and none is where it was.
fn is_elsewhere(files: &[FileRecord], folder: &Path) -> bool {
    let mut looks = files.iter().flat_map(|file| &file.looks);
    let is_any = looks.clone().next().is_some();
    is_any && looks.all(|look| !look.path.starts_with(folder)) && files.iter().all(lies_nowhere)
}
