//! The file of an index that a path means.

use std::path::{Component, Path, PathBuf};

use locvtp_search::catalogue::FileRecord;

use crate::error::FinderError;
use crate::true_path::true_path;

/// The file that lies at a path, or behind a link there; else the only one whose path ends so, as a name alone does.
///
/// # Errors
/// [`FinderError::NotInIndex`] where there is none, [`FinderError::SeveralFiles`] where there are several.
pub(crate) fn named_file<'f>(
    path: &Path,
    files: &'f [FileRecord],
) -> Result<&'f FileRecord, FinderError> {
    let indexed = || files.iter().filter(|file| file.track.is_some());
    let lies_at = |place: &dyn Fn(&Path) -> bool, file: &FileRecord| {
        file.looks.iter().any(|look| place(&look.path))
    };
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let places = [true_path(path), absolute];
    let is_there = |place: &Path| places.iter().any(|known| known == place);
    if let Some(file) = indexed().find(|file| lies_at(&is_there, file)) {
        return Ok(file);
    }
    let bare: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    let ends_so = |place: &Path| place.ends_with(&bare);
    let found: Vec<&FileRecord> = indexed().filter(|file| lies_at(&ends_so, file)).collect();
    match found.as_slice() {
        [file] => Ok(file),
        [] => Err(FinderError::NotInIndex { path: path.to_owned() }),
        several => Err(FinderError::SeveralFiles { path: path.to_owned(), found: several.len() }),
    }
}
