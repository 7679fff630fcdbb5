//! Where the index of a server lies: a database that was removed or exchanged is still open and would go on
//! answering.

use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use locvtp_search::catalogue::CatalogueLocation;
use locvtp_serve::LibraryError;
use locvtp_video::plain_file;

/// Bytes that every database begins with.
const HEADER_BYTES: usize = 100;

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
        let about = std::fs::metadata(path).map_err(|error| lost(path, error))?;
        if !about.is_file() {
            return Err(lost(path, io::ErrorKind::NotFound.into()));
        }
        // SQLite goes on with what it once read of a file that was emptied or cut short.
        if let Some(what) = damage(path, about.len()).map_err(|error| lost(path, error))? {
            let words = format!(
                "the index's database {what}; put a good copy of it in its place, and the server goes on with that"
            );
            return Err(LibraryError::NotNow(words, Some(path.display().to_string().into())));
        }
        Ok(Some(Seen {
            file: (about.dev(), about.ino()),
            bytes: about.len(),
            changed: (about.mtime(), about.mtime_nsec()),
        }))
    }
}

/// An index whose database is not to be had.
fn lost(path: &Path, error: io::Error) -> LibraryError {
    let words = match error.kind() {
        io::ErrorKind::NotFound if path.parent().is_some_and(Path::is_dir) => {
            "the index is gone: its folder has no catalogue.sqlite any more; put a copy of it back, and the server \
             goes on with that"
        }
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            "the index is gone: its folder is not where it was; put it back, or make it again with `locvtp index \
             add`, and the server goes on with that"
        }
        _ => {
            "the system does not let the index's database be read; see to its rights and its drive"
        }
    };
    // What is gone is no riddle for the log.
    let is_gone = words.starts_with("the index is gone");
    let cause = (!is_gone).then(|| format!("{}: {error}", path.display()).into());
    LibraryError::NotNow(words.into(), cause)
}

/// What a database that is no whole one is: it must begin as a database and have as many pages as it says. None where
/// all is well.
fn damage(path: &Path, bytes: u64) -> io::Result<Option<&'static str>> {
    if bytes == 0 {
        return Ok(Some("is empty"));
    }
    let mut header = [0; HEADER_BYTES];
    match plain_file::open(path)?.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Ok(Some("is cut short"));
        }
        read => read?,
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Ok(Some("is another file"));
    }
    // Pages that stand in the log may be on their way into the file, the first, which says how many, before the
    // last.
    if std::fs::metadata(path.with_extension("sqlite-wal")).is_ok_and(|log| log.len() > 0) {
        return Ok(None);
    }
    let page_bytes = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    let num_pages = u32::from_be_bytes([header[28], header[29], header[30], header[31]]);
    let is_whole = bytes >= page_bytes * u64::from(num_pages);
    Ok((!is_whole).then_some("is cut short"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a database of so many pages of 1,024 bytes, and these pages.
    fn database(num_pages: u32) -> Vec<u8> {
        let mut bytes = b"SQLite format 3\0".to_vec();
        bytes.resize(1024 * num_pages as usize, 7);
        bytes[16..18].copy_from_slice(&1024u16.to_be_bytes());
        bytes[28..32].copy_from_slice(&num_pages.to_be_bytes());
        bytes
    }

    #[test]
    fn a_database_that_is_gone_damaged_or_another_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.sqlite");
        std::fs::write(&path, database(3)).unwrap();
        let place = IndexPlace::of(&CatalogueLocation::Folder(folder.path().to_owned()));
        let look = || place.look().unwrap().unwrap();
        let first = look();
        assert_eq!(look(), first);
        std::fs::write(&path, database(4)).unwrap();
        assert!(look().is_same_file(&first) && look() != first);
        std::fs::write(folder.path().join("other"), database(3)).unwrap();
        std::fs::rename(folder.path().join("other"), &path).unwrap();
        assert!(!look().is_same_file(&first));
        for (damaged, what) in [
            (&[][..], "is empty"),
            (&[7; 5000], "is another file"),
            (&database(3)[..2048], "is cut short"),
            (&database(3)[..50], "is cut short"),
        ] {
            std::fs::write(&path, damaged).unwrap();
            let told = place.look().unwrap_err().to_string();
            assert!(told.contains(what) && !told.contains('/'), "{told}");
        }
        std::fs::write(&path, &database(3)[..2048]).unwrap();
        std::fs::write(folder.path().join("catalogue.sqlite-wal"), "the third page").unwrap();
        assert!(place.look().is_ok());
        let gone = || place.look().unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(
            gone().contains("the index is gone: its folder has no catalogue.sqlite"),
            "{}",
            gone()
        );
        std::fs::create_dir(&path).unwrap();
        assert!(gone().contains("the index is gone"), "{}", gone());
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert!(gone().contains("the index is gone: its folder is not where it was"), "{}", gone());
    }
}
