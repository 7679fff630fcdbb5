//! What can be wrong with a path that somebody typed, said alike by all that measures.

use std::fs::File;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Why a file or folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// There is no such file or folder.
    #[error("{path}: does not exist; check the path", path = path.display())]
    Missing {
        /// The file or folder.
        path: PathBuf,
    },
    /// A folder was given where a file is read.
    #[error("{path}: is a folder; give a file in it", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder cannot be used.
    #[error("{path}: cannot {action}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
}

impl PathError {
    /// Wraps an input or output error with its path.
    pub fn io(path: &Path, action: &'static str) -> impl Fn(Error) -> Self {
        let path = path.to_owned();
        move |source| {
            let path = path.clone();
            match source.kind() {
                ErrorKind::NotFound if !path.exists() => Self::Missing { path },
                ErrorKind::IsADirectory => Self::Folder { path },
                _ => Self::Io { path, action, source },
            }
        }
    }

    /// That a file can be read, before anything else is.
    ///
    /// # Errors
    /// When it does not exist, is a folder, or cannot be opened.
    pub fn expect_file(path: &Path) -> Result<(), Self> {
        let about = File::open(path).and_then(|file| file.metadata());
        match about.map_err(Self::io(path, "read it"))?.is_dir() {
            true => Err(Self::Folder { path: path.to_owned() }),
            false => Ok(()),
        }
    }

    /// That a file or folder is there.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn expect_there(path: &Path) -> Result<(), Self> {
        if path.exists() { Ok(()) } else { Err(Self::Missing { path: path.to_owned() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_there_and_a_folder_in_place_of_a_file_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone.json");
        for found in [PathError::expect_file(&gone), PathError::expect_there(&gone)] {
            assert!(matches!(found, Err(PathError::Missing { .. })), "{found:?}");
        }
        let read = std::fs::read(&gone).map_err(PathError::io(&gone, "read it"));
        assert!(matches!(read, Err(PathError::Missing { .. })), "{read:?}");
        let read = std::fs::read(folder.path()).map_err(PathError::io(folder.path(), "read it"));
        assert!(matches!(read, Err(PathError::Folder { .. })), "{read:?}");
        let found = PathError::expect_file(folder.path());
        assert!(matches!(found, Err(PathError::Folder { .. })), "{found:?}");
        PathError::expect_there(folder.path()).unwrap();
    }

    #[test]
    fn a_path_that_is_there_is_not_said_to_be_missing_when_something_else_is() {
        let folder = tempfile::tempdir().unwrap();
        // As when a file in it is gone that the caller did not name.
        let gone = std::fs::read(folder.path().join("gone.json")).unwrap_err();
        let found = PathError::io(folder.path(), "read its files")(gone);
        assert!(matches!(found, PathError::Io { action: "read its files", .. }), "{found:?}");
    }
}
