//! Where the index of a server lies: a database that was removed or exchanged is still open and would go on
//! answering.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use locvtp_search::catalogue::CatalogueLocation;
use locvtp_serve::LibraryError;

/// The database of an index, as it was when the server opened it. One on a server of its own is asked itself.
pub(super) struct IndexPlace(Option<(PathBuf, (u64, u64))>);

impl IndexPlace {
    pub(super) fn of(location: &CatalogueLocation) -> Self {
        let path = location.folder().map(|folder| folder.join("catalogue.sqlite"));
        let opened = path.and_then(|path| {
            let file = std::fs::metadata(&path).ok().map(|about| file_of(&about));
            file.map(|file| (path, file))
        });
        Self(opened)
    }

    /// Whether it is the same still.
    pub(super) fn check(&self) -> Result<(), LibraryError> {
        let Some((path, opened)) = &self.0 else { return Ok(()) };
        match std::fs::metadata(path) {
            Ok(about) if file_of(&about) == *opened => Ok(()),
            Ok(_) => Err(LibraryError::NotNow(
                "another index lies where this server opened its own; start the server again".into(),
            )),
            Err(_) => Err(LibraryError::NotNow(
                "the index is gone: its folder was removed or moved; put it back, or make it again with \
                 `locvtp index add` and start the server again"
                    .into(),
            )),
        }
    }
}

fn file_of(about: &Metadata) -> (u64, u64) {
    (about.dev(), about.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_gone_or_another_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.sqlite");
        std::fs::write(&path, "one").unwrap();
        let place = IndexPlace::of(&CatalogueLocation::Folder(folder.path().to_owned()));
        assert!(place.check().is_ok());
        std::fs::write(&path, "it has changed").unwrap();
        assert!(place.check().is_ok());
        std::fs::write(folder.path().join("other"), "another").unwrap();
        std::fs::rename(folder.path().join("other"), &path).unwrap();
        assert!(place.check().unwrap_err().to_string().contains("start the server again"));
        std::fs::remove_file(&path).unwrap();
        assert!(place.check().unwrap_err().to_string().contains("the index is gone"));
    }
}
