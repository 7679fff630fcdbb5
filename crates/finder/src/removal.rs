//! Places out of a catalogue, at a person's word.
//!
//! A file that lies elsewhere, too, loses the places that are meant and stays.

use std::path::{Path, PathBuf};

use locvtp_search::catalogue::{Catalogue, FileId, FileRecord};

use crate::error::FinderError;
use crate::true_path::{link_path, true_path};

/// What was taken out of a catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// The places of each file that is in it no more.
    pub files: Vec<Vec<PathBuf>>,
    /// Places of files that are in it still, as they lie elsewhere, too.
    pub places: Vec<PathBuf>,
}

/// Takes out what lies at `places` or below them, which need not be there any more. A link to a video is the link, where the
/// catalogue has it, and else the video.
///
/// # Errors
/// When the catalogue cannot be written.
pub fn remove(catalogue: &dyn Catalogue, places: &[PathBuf]) -> Result<Removed, FinderError> {
    let files = catalogue.files()?;
    let places: Vec<PathBuf> = places.iter().map(|place| meant(place, &files)).collect();
    let is_meant = |path: &Path| places.iter().any(|place| path.starts_with(place));
    let (mut removed, mut ids) = (Removed::default(), Vec::new());
    let mut lost: Vec<(FileId, PathBuf)> = Vec::new();
    for file in &files {
        let paths = file.looks.iter().map(|look| look.path.clone());
        let (meant, others): (Vec<PathBuf>, Vec<PathBuf>) = paths.partition(|path| is_meant(path));
        if meant.is_empty() {
            continue;
        }
        if others.is_empty() {
            ids.push(file.id);
            removed.files.push(meant);
        } else {
            lost.extend(meant.iter().map(|path| (file.id, path.clone())));
            removed.places.extend(meant);
        }
    }
    if !lost.is_empty() {
        catalogue.note_missing(&lost)?;
    }
    if !ids.is_empty() {
        catalogue.remove_files(&ids)?;
    }
    Ok(removed)
}

/// The place in the catalogue that a path means.
fn meant(path: &Path, files: &[FileRecord]) -> PathBuf {
    let link = link_path(path);
    let is_known = files.iter().flat_map(|file| &file.looks).any(|look| look.path == link);
    if is_known { link } else { true_path(path) }
}
