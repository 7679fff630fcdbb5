//! Whether a file is still the one that was indexed.

use std::io::ErrorKind;
use std::path::Path;

use super::content::ContentIdentity;
use super::walk::{Look, look_at};

/// How it is with the file of a path now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileNow {
    /// It holds what was indexed.
    AsIndexed,
    /// It holds something else.
    Changed,
    /// Nothing lies there.
    Gone,
}

impl FileNow {
    /// Of the file at `path`, by what was noted when it was last looked at. One that has the size and time of then is
    /// not opened; of one that was only touched 192 KiB are read.
    pub fn of(path: &Path, identity: ContentIdentity, looks: &[Look]) -> Self {
        let now = match look_at(path) {
            Ok(now) => now,
            Err(error) => {
                return match error.kind() {
                    ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Gone,
                    // Whoever opens it is told why it cannot be.
                    _ => Self::AsIndexed,
                };
            }
        };
        let is_noted = looks.iter().any(|known| {
            known.path == now.path && (known.size, known.modified_ns) == (now.size, now.modified_ns)
        });
        let is_same = || {
            now.size == identity.size
                && path.is_file()
                && ContentIdentity::of(path).is_ok_and(|content| content == identity)
        };
        if is_noted || is_same() { Self::AsIndexed } else { Self::Changed }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_file_that_was_touched_is_the_same_and_one_with_other_bytes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        std::fs::write(&path, "frames").unwrap();
        let (identity, looks) = (ContentIdentity::of(&path).unwrap(), [look_at(&path).unwrap()]);
        let now = || FileNow::of(&path, identity, &looks);
        let touch = || {
            let file = File::options().append(true).open(&path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        };
        assert_eq!(now(), FileNow::AsIndexed);
        touch();
        assert_eq!(now(), FileNow::AsIndexed);
        std::fs::write(&path, "others").unwrap();
        touch();
        assert_eq!(now(), FileNow::Changed);
        std::fs::write(&path, "frames and more").unwrap();
        assert_eq!(now(), FileNow::Changed);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(now(), FileNow::Gone);
        std::fs::create_dir(&path).unwrap();
        assert_eq!(now(), FileNow::Changed);
    }
}
