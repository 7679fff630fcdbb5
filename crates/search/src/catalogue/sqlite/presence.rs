//! What lies in a folder where a catalogue should be.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::catalogue::bad_value::RESTORE;
use crate::catalogue::error::CatalogueError;

/// The database of a catalogue.
pub(super) fn database_of(folder: &Path) -> PathBuf {
    folder.join("catalogue.sqlite")
}

/// The folder of a catalogue's segments.
pub(super) fn segments_of(folder: &Path) -> PathBuf {
    folder.join("segments")
}

/// Whether anything of a catalogue lies in a folder: its database, or vectors that lost it.
pub(super) fn is_any(folder: &Path) -> bool {
    fs::symlink_metadata(database_of(folder)).is_ok() || has_vectors(folder)
}

/// Whether a database is there, which need not be one that can be read. What lies in its place and is no file
/// is refused, as opening it might never end.
///
/// # Errors
/// [`CatalogueError::Damaged`] for that, and for vectors whose database is not there: a new one would have them
/// removed, and what they belong to cannot be told without it.
pub(super) fn check(folder: &Path) -> Result<bool, CatalogueError> {
    let place = folder.display().to_string();
    let database = database_of(folder);
    for ending in ["", "-wal", "-shm", "-journal"] {
        let mut path = database.clone().into_os_string();
        path.push(ending);
        match fs::metadata(&path) {
            Ok(about) if !about.is_file() => {
                let what = format!(
                    "{} is no file; remove it, and if it was the database, {RESTORE}",
                    PathBuf::from(path).display()
                );
                return Err(CatalogueError::Damaged { place, what });
            }
            Err(source) if source.kind() != ErrorKind::NotFound => {
                return Err(CatalogueError::Folder { path: path.into(), source });
            }
            _ => {}
        }
    }
    let is_there = fs::metadata(&database).is_ok_and(|about| about.len() > 0);
    if !is_there {
        refuse_vectors(folder)?;
    }
    Ok(is_there)
}

/// Refuses a folder with vectors, whose database is found to be lost.
pub(super) fn refuse_vectors(folder: &Path) -> Result<(), CatalogueError> {
    if !has_vectors(folder) {
        return Ok(());
    }
    let what = "its vectors are there and its catalogue.sqlite is missing or empty. Without it they are of no \
                use, as the names of their files stand in it";
    let what = format!(
        "{what}: put that file back, or delete {} (it holds the index, and no video) and run `locvtp index \
         add` again",
        segments_of(folder).display()
    );
    Err(CatalogueError::Damaged { place: folder.display().to_string(), what })
}

fn has_vectors(folder: &Path) -> bool {
    let mut entries = fs::read_dir(segments_of(folder)).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_string_lossy().ends_with(".vectors"))
}
