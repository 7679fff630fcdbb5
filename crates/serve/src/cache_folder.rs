//! Where pictures and proxies lie: a folder that somebody chose, or a temporary one.
//!
//! A temporary folder is locked as long as its server lives, and removed when it ends. The removal is not
//! waited for longer than [`REMOVAL_TIME`]: a disk may take a minute for thousands of files. What is left
//! then, or by a server that was killed, is removed by the next server that starts. One that somebody removes
//! under its server, as those do who clear up old temporary files, is made anew.

use std::fs::File;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the name of a temporary folder begins.
const NAME: &str = "locvtp-serve-";
/// How long the end of a server waits for the removal.
const REMOVAL_TIME: Duration = Duration::from_secs(1);
/// Names that are tried until one is free.
const TRIES: usize = 16;

/// A folder for what is made from videos.
pub(crate) struct CacheFolder(Kind);

enum Kind {
    /// Somebody's own; it stays.
    Chosen(PathBuf),
    /// Removed with the server.
    Temporary {
        parent: PathBuf,
        /// Where it lies, and the open folder, which is locked as long as it is open; none once the server
        /// has ended.
        now: Mutex<Option<(PathBuf, File)>>,
    },
}

impl CacheFolder {
    /// Somebody's own.
    pub(crate) fn chosen(path: PathBuf) -> Self {
        Self(Kind::Chosen(path))
    }

    /// A temporary folder in `parent`. Those of servers that have died there are removed meanwhile.
    pub(crate) fn temporary(parent: &Path) -> io::Result<Self> {
        let (path, lock) = locked_folder(parent)?;
        let owner = lock.metadata()?.uid();
        let now = Mutex::new(Some((path, lock)));
        let folder = Self(Kind::Temporary { parent: parent.to_owned(), now });
        let parent = parent.to_owned();
        std::thread::spawn(move || remove_left(&parent, owner));
        Ok(folder)
    }

    /// Where it lies; made anew where it is gone.
    pub(crate) fn there(&self) -> io::Result<PathBuf> {
        let (parent, now) = match &self.0 {
            Kind::Chosen(path) => {
                std::fs::create_dir_all(path)?;
                return Ok(path.clone());
            }
            Kind::Temporary { parent, now } => (parent, now),
        };
        let mut now = lock(now);
        let (path, folder) = now.as_ref().ok_or(io::ErrorKind::Interrupted)?;
        if is_still_there(path, folder) {
            return Ok(path.clone());
        }
        std::fs::create_dir_all(parent)?;
        let (path, _) = now.insert(locked_folder(parent)?);
        Ok(path.clone())
    }

    /// Removes it where it is temporary, for good: the server has ended.
    pub(crate) fn remove(&self) {
        let Kind::Temporary { now, .. } = &self.0 else { return };
        let Some((path, _lock)) = lock(now).take() else { return };
        let (done, removed) = channel();
        std::thread::spawn(move || {
            // What cannot be removed is left to the next server.
            let _ = std::fs::remove_dir_all(path);
            let _ = done.send(());
        });
        let _ = removed.recv_timeout(REMOVAL_TIME);
    }
}

impl Drop for CacheFolder {
    fn drop(&mut self) {
        self.remove();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new folder that only its owner may read, and its lock.
fn locked_folder(parent: &Path) -> io::Result<(PathBuf, File)> {
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..TRIES {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let path = parent.join(format!("{NAME}{:016x}", u64::from_ne_bytes(bytes)));
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        match made.and_then(|()| File::open(&path)) {
            // Another server that looks for what is left may have been quicker, and removes it.
            Ok(folder) if folder.try_lock().is_ok() && is_still_there(&path, &folder) => {
                return Ok((path, folder));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn is_still_there(path: &Path, folder: &File) -> bool {
    let same =
        |a: std::fs::Metadata, b: std::fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    match (std::fs::symlink_metadata(path), folder.metadata()) {
        (Ok(named), Ok(opened)) => same(named, opened),
        _ => false,
    }
}

/// Removes the folders of this owner whose servers have died.
fn remove_left(parent: &Path, owner: u32) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(is_name)
            && entry.metadata().is_ok_and(|about| about.is_dir() && about.uid() == owner);
        if !is_ours {
            continue;
        }
        // Who lives holds the lock.
        if let Ok(folder) = File::open(entry.path())
            && folder.try_lock().is_ok()
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_name(name: &str) -> bool {
    let figures = name.strip_prefix(NAME);
    figures.is_some_and(|it| it.len() == 16 && it.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_the_dead_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        // Not `temporary`, whose own search for the dead would run beside this test.
        let (alive, _lock) = locked_folder(parent.path()).unwrap();
        let dead = parent.path().join(format!("{NAME}0123456789abcdef"));
        std::fs::create_dir_all(dead.join("pictures")).unwrap();
        std::fs::write(dead.join("pictures/a.jpg"), "a picture").unwrap();
        let others = ["locvtp-serve-mine", "locvtp-serve-0123456789abcdeg", "other"];
        others.iter().for_each(|name| std::fs::create_dir(parent.path().join(name)).unwrap());
        let elsewhere = tempfile::tempdir().unwrap();
        let link = parent.path().join(format!("{NAME}ffffffffffffffff"));
        std::os::unix::fs::symlink(elsewhere.path(), &link).unwrap();

        remove_left(parent.path(), std::fs::metadata(parent.path()).unwrap().uid());
        assert!(!dead.exists() && alive.is_dir());
        assert!(others.iter().all(|name| parent.path().join(name).is_dir()));
        assert!(link.is_symlink() && elsewhere.path().is_dir());
    }

    #[test]
    fn a_temporary_folder_goes_with_its_server_and_a_chosen_one_stays() {
        let parent = tempfile::tempdir().unwrap();
        let temporary = CacheFolder::temporary(parent.path()).unwrap();
        let path = temporary.there().unwrap();
        std::fs::write(path.join("a.jpg"), "a picture").unwrap();
        temporary.remove();
        assert!(!path.exists());
        // What still works then finds no place.
        assert!(
            temporary.there().is_err() && std::fs::read_dir(parent.path()).unwrap().count() == 0
        );
        drop(CacheFolder::chosen(parent.path().to_owned()));
        assert!(parent.path().is_dir());
    }

    #[test]
    fn a_temporary_folder_that_is_removed_under_its_server_is_made_anew() {
        let above = tempfile::tempdir().unwrap();
        let parent = above.path().join("temporary");
        std::fs::create_dir(&parent).unwrap();
        let folder = CacheFolder::temporary(&parent).unwrap();
        let first = folder.there().unwrap();
        assert_eq!(folder.there().unwrap(), first);
        std::fs::remove_dir_all(&parent).unwrap();
        let second = folder.there().unwrap();
        assert!(second.is_dir());
        // Somebody else's folder of the same name is not ours.
        std::fs::remove_dir(&second).unwrap();
        std::fs::create_dir(&second).unwrap();
        let third = folder.there().unwrap();
        assert!(third != second && third.is_dir());
        drop(folder);
        assert!(!third.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let parent = tempfile::tempdir().unwrap();
        let error = CacheFolder::temporary(&parent.path().join("gone")).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
