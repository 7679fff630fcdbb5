//! One program at work in a folder at a time.

use std::fs::{File, TryLockError};
use std::io::{Error, ErrorKind};
use std::path::Path;

/// A folder in which this program works and no other. The system takes it back when the program ends,
/// however it ends; no file is left in the folder.
#[derive(Debug)]
pub struct FolderLock {
    _folder: File,
}

impl FolderLock {
    /// Locks a folder that is there. Where its file system knows no locks, nothing is locked.
    ///
    /// # Errors
    /// [`ErrorKind::ResourceBusy`] when another program works in it, and when it cannot be opened.
    pub fn take(folder: &Path) -> Result<Self, Error> {
        let opened = File::open(folder)?;
        match opened.try_lock() {
            Err(TryLockError::WouldBlock) => Err(ErrorKind::ResourceBusy.into()),
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { _folder: opened }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_locked_until_the_lock_is_gone_and_nothing_is_left_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        let busy = FolderLock::take(folder.path()).unwrap_err();
        assert_eq!(busy.kind(), ErrorKind::ResourceBusy);
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let missing = FolderLock::take(&folder.path().join("none")).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }
}
