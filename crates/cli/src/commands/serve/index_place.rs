//! Where the index of a server lies: a database that was removed or exchanged is still open and would go on
//! answering.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use locvtp_search::catalogue::CatalogueLocation;
use locvtp_serve::LibraryError;

use super::failures::unreadable;

/// Bytes that every database begins with.
const HEADER_BYTES: u64 = 100;

/// Where the database lies; none of one on a server of its own, which is asked itself.
pub(super) struct IndexPlace(Option<PathBuf>);

/// The state of a database's file, by which an exchange is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    file: (u64, u64),
    bytes: u64,
    changed: (i64, i64),
}

impl Seen {
    /// Whether it is the same file, though it may have been written to.
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        self.file == other.file
    }
}

impl IndexPlace {
    pub(super) fn of(location: &CatalogueLocation) -> Self {
        Self(location.folder().map(|folder| folder.join("catalogue.sqlite")))
    }

    /// What lies there now; none of an index that lies in no folder.
    pub(super) fn look(&self) -> Result<Option<Seen>, LibraryError> {
        let Some(path) = &self.0 else { return Ok(None) };
        let Ok(about) = std::fs::metadata(path) else {
            let words = "the index is gone: its folder was removed or moved; put it back, or make it \
                         again with `locvtp index add`, and the server goes on with that";
            return Err(LibraryError::NotNow(words.into(), None));
        };
        if about.len() < HEADER_BYTES {
            return Err(unreadable(format!("{}: is empty", path.display()).into()));
        }
        Ok(Some(Seen {
            file: (about.dev(), about.ino()),
            bytes: about.len(),
            changed: (about.mtime(), about.mtime_nsec()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_gone_emptied_or_another_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.sqlite");
        std::fs::write(&path, "one".repeat(100)).unwrap();
        let place = IndexPlace::of(&CatalogueLocation::Folder(folder.path().to_owned()));
        let look = || place.look().unwrap().unwrap();
        let first = look();
        assert_eq!(look(), first);
        std::fs::write(&path, "it has changed".repeat(100)).unwrap();
        assert!(look().is_same_file(&first) && look() != first);
        std::fs::write(folder.path().join("other"), "another".repeat(100)).unwrap();
        std::fs::rename(folder.path().join("other"), &path).unwrap();
        assert!(!look().is_same_file(&first));
        std::fs::write(&path, "").unwrap();
        assert!(place.look().unwrap_err().to_string().contains("cannot be read"));
        std::fs::remove_file(&path).unwrap();
        assert!(place.look().unwrap_err().to_string().contains("the index is gone"));
    }
}
