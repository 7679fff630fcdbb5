//! One program at work in a folder at a time.

use std::fmt;
use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// A folder in which this program works and no other. The system takes it back when the program ends,
/// however it ends; no file is left in the folder.
#[derive(Debug)]
pub struct FolderLock {
    folder: File,
}

/// Why a folder is not locked.
#[derive(Debug, thiserror::Error)]
pub enum FolderLockError {
    /// Another program works in it.
    #[error("{holder} works in it")]
    Busy {
        /// Which one.
        holder: LockHolder,
    },
    /// It cannot be opened.
    #[error("it cannot be opened")]
    Open(#[source] io::Error),
}

/// The program that holds a folder: `process 1234`, or `another process` where the system does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockHolder(Option<u32>);

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(process) => write!(f, "process {process}"),
            None => f.write_str("another process"),
        }
    }
}

impl FolderLock {
    /// Locks a folder that is there. Where its file system knows no locks, nothing is locked.
    ///
    /// # Errors
    /// [`FolderLockError::Busy`] when another program works in it, and when it cannot be opened.
    pub fn take(folder: &Path) -> Result<Self, FolderLockError> {
        Self::lock(File::open(folder).map_err(FolderLockError::Open)?)
    }

    /// The same of a folder that this program made, or finds left by one: a link is not followed.
    ///
    /// # Errors
    /// As [`FolderLock::take`]; also when it is no folder.
    pub fn take_own(folder: &Path) -> Result<Self, FolderLockError> {
        let flags = libc::O_NOFOLLOW | libc::O_DIRECTORY;
        let opened = File::options().read(true).custom_flags(flags).open(folder);
        Self::lock(opened.map_err(FolderLockError::Open)?)
    }

    fn lock(folder: File) -> Result<Self, FolderLockError> {
        match folder.try_lock() {
            Err(TryLockError::WouldBlock) => Err(FolderLockError::Busy { holder: holder(&folder) }),
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { folder }),
        }
    }

    /// Whether the folder that is locked is the one that has this name now: the one before may have been renamed
    /// or removed by who held it.
    pub fn is_of(&self, folder: &Path) -> bool {
        let place = |about: Metadata| (about.dev(), about.ino());
        let there = std::fs::symlink_metadata(folder).map(place);
        there.is_ok_and(|there| self.folder.metadata().is_ok_and(|own| place(own) == there))
    }
}

/// Who holds the lock, as Linux lists all of them.
fn holder(folder: &File) -> LockHolder {
    let listed = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    LockHolder(folder.metadata().ok().and_then(|about| listed_holder(&listed, &about)))
}

/// The process in a line such as `1: FLOCK ADVISORY WRITE 4321 08:01:131 0 EOF`. Some file systems list another device
/// than they tell, so that the file's number counts where one line alone has it.
fn listed_holder(listed: &str, about: &Metadata) -> Option<u32> {
    let (device, number) = (about.dev(), about.ino().to_string());
    let device = format!("{:02x}:{:02x}", libc::major(device), libc::minor(device));
    let mut holders = Vec::new();
    for line in listed.lines() {
        let mut words = line.split_whitespace().skip(1);
        if words.next() != Some("FLOCK") {
            continue;
        }
        let (process, place) = (words.nth(2)?.parse::<u32>().ok(), words.next()?);
        match (process, place.rsplit_once(':')) {
            (Some(process), Some((on, its))) if its == number => {
                holders.push((on == device, process));
            }
            _ => {}
        }
    }
    let is_only = holders.len() == 1;
    holders.into_iter().find(|(is_there, _)| *is_there || is_only).map(|(_, process)| process)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(folder: &Path) -> LockHolder {
        match FolderLock::take(folder).unwrap_err() {
            FolderLockError::Busy { holder } => holder,
            FolderLockError::Open(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_folder_is_locked_until_the_lock_is_gone_and_nothing_is_left_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        let own = LockHolder(Some(std::process::id()));
        assert!([own, LockHolder(None)].contains(&busy(folder.path())));
        assert!(lock.is_of(folder.path()) && !lock.is_of(Path::new("/")));
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let missing = FolderLock::take(&folder.path().join("none")).unwrap_err();
        assert!(
            matches!(missing, FolderLockError::Open(error) if error.kind() == io::ErrorKind::NotFound)
        );
    }

    #[test]
    fn a_link_in_the_place_of_a_folder_of_ours_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        FolderLock::take(&link).unwrap();
        assert!(matches!(FolderLock::take_own(&link), Err(FolderLockError::Open(_))));
        FolderLock::take_own(&real).unwrap();
    }

    #[test]
    fn the_holder_is_found_in_the_systems_list() {
        let folder = tempfile::tempdir().unwrap();
        let about = folder.path().metadata().unwrap();
        let device = about.dev();
        let device = format!("{:02x}:{:02x}", libc::major(device), libc::minor(device));
        let number = about.ino();
        let listed = format!(
            "1: POSIX  ADVISORY  WRITE 11 {device}:{number} 0 EOF\n\
             2: FLOCK  ADVISORY  WRITE 12 00:63:{number} 0 EOF\n\
             3: FLOCK  ADVISORY  WRITE 13 {device}:{number} 0 EOF\n\
             3: -> FLOCK  ADVISORY  WRITE 14 {device}:{number} 0 EOF\n"
        );
        assert_eq!(listed_holder(&listed, &about), Some(13));
        let elsewhere = format!("1: FLOCK  ADVISORY  WRITE 12 ff:63:{number} 0 EOF\n");
        assert_eq!(listed_holder(&elsewhere, &about), Some(12));
        assert_eq!(listed_holder("1: FLOCK\n2:\n", &about), None);
        assert_eq!(LockHolder(Some(13)).to_string(), "process 13");
        assert_eq!(LockHolder(None).to_string(), "another process");
    }
}
