//! What lies in a folder where a catalogue should be.

use std::fs;
use std::io::{self, ErrorKind};
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

/// Whether anything of a catalogue lies in a folder: its database, or vectors that lost it. A link that leads nowhere
/// may be to one whose drive is away.
pub(super) fn is_any(folder: &Path) -> bool {
    fs::symlink_metadata(database_of(folder)).is_ok()
        || has_vectors(folder)
        || leads_nowhere(folder)
}

/// How an index comes to lie on another disk, where a part of it is a link.
const WHOLE: &str =
    "remove it; an index that is to lie elsewhere is moved as a whole, and named with --catalog";

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink())
}

fn leads_nowhere(path: &Path) -> bool {
    is_link(path) && fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Refuses what lies where the folder of a catalogue and that of its segments should be, and is none. A folder of
/// segments that is a link is refused, too: in an index that comes with a stranger's videos it would have files made
/// and removed wherever it leads.
///
/// # Errors
/// [`CatalogueError::Folder`].
pub(super) fn check_folders(folder: &Path) -> Result<(), CatalogueError> {
    for path in [folder.to_owned(), segments_of(folder)] {
        let what = match fs::metadata(&path) {
            _ if path != folder && is_link(&path) => format!("it is a link; {WHOLE}"),
            Ok(about) if !about.is_dir() => "a file is there; move it away".to_owned(),
            _ if leads_nowhere(&path) => {
                let target = fs::read_link(&path).unwrap_or_default();
                format!(
                    "it is a link to {}, and nothing is there; mount its drive, or remove the link",
                    target.display()
                )
            }
            _ => continue,
        };
        return Err(CatalogueError::Folder { path, source: io::Error::other(what) });
    }
    Ok(())
}

/// Whether a database is there, which need not be one that can be read. What lies in its place and is no file
/// is refused, as opening it might never end.
///
/// # Errors
/// [`CatalogueError::Damaged`] for that, and for vectors whose database is not there: a new one would have them
/// removed, and what they belong to cannot be told without it.
pub(super) fn check(folder: &Path) -> Result<bool, CatalogueError> {
    check_folders(folder)?;
    let place = folder.display().to_string();
    let database = database_of(folder);
    for ending in ["", "-wal", "-shm", "-journal"] {
        let mut path = database.clone().into_os_string();
        path.push(ending);
        // What it leads to would be written.
        if is_link(Path::new(&path)) {
            let what = format!("{} is a link; {WHOLE}", PathBuf::from(path).display());
            return Err(CatalogueError::Damaged { place, what });
        }
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
