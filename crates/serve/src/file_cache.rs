//! Files that were made once and are kept as long as there is room.
//!
//! What is asked for by several at the same time is made once. When the files take more than the
//! budget, or are more than [`MOST_FILES`], those go that were not asked for the longest; a file that is being
//! sent stays readable, because it is open. What stood in the folder when the server starts is removed: nothing outlives the
//! index that it was made from. A folder that somebody removes meanwhile is made anew.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cache_folder::CacheFolder;
use crate::file_making::Makings;
use crate::open_file::OpenFile;
use crate::problem::Problem;

/// Files of a cache at most: how long it takes to remove them goes by their number.
const MOST_FILES: usize = 4_000;

/// What is said where nothing can be kept.
pub(crate) const NO_PLACE: &str = "the server cannot keep pictures and copies; its log says why";

/// A folder of made files within a budget.
pub(crate) struct FileCache {
    root: Arc<CacheFolder>,
    /// The folder's name in the root.
    name: &'static str,
    budget_bytes: u64,
    entries: Mutex<Entries>,
    /// Files that somebody waits for.
    pub(crate) makings: Makings,
}

#[derive(Default)]
struct Entries {
    by_name: HashMap<String, Entry>,
    clock: u64,
    bytes: u64,
    /// Files that are made.
    num_files: usize,
}

struct Entry {
    /// Held by who makes the file.
    making: Arc<Mutex<()>>,
    /// Bytes of the file; none as long as it is not made.
    bytes: Option<u64>,
    last_asked: u64,
}

impl FileCache {
    /// An empty cache in the folder of this name.
    pub(crate) fn create(
        root: Arc<CacheFolder>,
        name: &'static str,
        budget_bytes: u64,
    ) -> io::Result<Self> {
        let folder = root.there()?.join(name);
        match std::fs::symlink_metadata(&folder) {
            Ok(about) if about.is_dir() => std::fs::remove_dir_all(&folder)?,
            Ok(_) => std::fs::remove_file(&folder)?,
            Err(_) => {}
        }
        std::fs::create_dir_all(&folder)?;
        let (entries, makings) = (Mutex::default(), Makings::default());
        Ok(Self { root, name, budget_bytes, entries, makings })
    }

    /// The folder, made anew where it is gone, or where a link to another lies in its place.
    fn folder(&self) -> io::Result<PathBuf> {
        let folder = self.root.there()?.join(self.name);
        if std::fs::symlink_metadata(&folder).is_ok_and(|about| about.is_symlink()) {
            std::fs::remove_file(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// The file of this name where it was made already; blocks.
    pub(crate) fn known(&self, name: &str) -> Option<OpenFile> {
        let mut entries = self.lock();
        entries.clock += 1;
        let now = entries.clock;
        let entry = entries.by_name.get_mut(name).filter(|entry| entry.bytes.is_some())?;
        entry.last_asked = now;
        drop(entries);
        OpenFile::open_own(&self.folder().ok()?.join(name)).ok()
    }

    /// The file of this name, a plain file name, made by `make` where it is not there; blocks.
    pub(crate) fn get(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> Result<(), Problem>,
    ) -> Result<OpenFile, Problem> {
        loop {
            let making = self.enter(name);
            let _alone = making.lock().unwrap_or_else(PoisonError::into_inner);
            // Who had it before may have dropped the entry; another one then holds the new entry.
            if self.is_of(name, &making) {
                return self.get_alone(name, make);
            }
        }
    }

    /// The same for who holds the entry.
    fn get_alone(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> Result<(), Problem>,
    ) -> Result<OpenFile, Problem> {
        let failed = |error: io::Error| Problem::failed(NO_PLACE, &error);
        let folder = self.folder().map_err(failed)?;
        let place = folder.join(name);
        if let Ok(file) = OpenFile::open_own(&place) {
            self.leave(name, Some(file.length));
            return Ok(file);
        }
        // The ending stays: it says what kind of file is made.
        let part = folder.join(format!("part-{name}"));
        // What was left there, or laid there, is not written to.
        let _ = std::fs::remove_file(&part);
        let made = make(&part).and_then(|()| {
            let moved = std::fs::rename(&part, &place);
            moved.and_then(|()| OpenFile::open_own(&place)).map_err(failed)
        });
        // What is left of a failure is of no use.
        if made.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        self.leave(name, made.as_ref().ok().map(|file| file.length));
        made
    }

    fn enter(&self, name: &str) -> Arc<Mutex<()>> {
        let mut entries = self.lock();
        entries.clock += 1;
        let last_asked = entries.clock;
        let fresh = || Entry { making: Arc::default(), bytes: None, last_asked };
        let entry = entries.by_name.entry(name.to_owned()).or_insert_with(fresh);
        entry.last_asked = last_asked;
        Arc::clone(&entry.making)
    }

    /// Whether the entry of this name is that one.
    fn is_of(&self, name: &str, making: &Arc<Mutex<()>>) -> bool {
        self.lock().by_name.get(name).is_some_and(|entry| Arc::ptr_eq(&entry.making, making))
    }

    /// Notes what was made, and makes room.
    fn leave(&self, name: &str, made: Option<u64>) {
        let mut entries = self.lock();
        match (made, entries.by_name.get_mut(name)) {
            (Some(bytes), Some(entry)) => {
                let before = entry.bytes.replace(bytes);
                entries.bytes = entries.bytes - before.unwrap_or(0) + bytes;
                entries.num_files += usize::from(before.is_none());
            }
            (None, Some(_)) => {
                let gone = entries.by_name.remove(name).and_then(|entry| entry.bytes);
                entries.bytes -= gone.unwrap_or(0);
                entries.num_files -= usize::from(gone.is_some());
            }
            (_, None) => {}
        }
        while entries.bytes > self.budget_bytes || entries.num_files > MOST_FILES {
            let made = entries
                .by_name
                .iter()
                .filter(|(other, entry)| entry.bytes.is_some() && other.as_str() != name);
            let oldest = made.min_by_key(|(_, entry)| entry.last_asked);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
            if let Ok(folder) = self.folder() {
                let _ = std::fs::remove_file(folder.join(&oldest));
            }
            let gone = entries.by_name.remove(&oldest).and_then(|entry| entry.bytes);
            entries.bytes -= gone.unwrap_or(0);
            entries.num_files -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A cache `cache` in this folder.
    fn cache(folder: &tempfile::TempDir, budget_bytes: u64) -> FileCache {
        let root = Arc::new(CacheFolder::chosen(folder.path().to_owned()));
        FileCache::create(root, "cache", budget_bytes).unwrap()
    }

    fn write(bytes: usize) -> impl FnOnce(&Path) -> Result<(), Problem> {
        move |place| {
            std::fs::write(place, vec![7; bytes]).unwrap();
            Ok(())
        }
    }

    #[test]
    fn what_was_not_asked_for_the_longest_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 250);
        let never = |_: &Path| -> Result<(), Problem> { panic!("it is there") };
        cache.get("a", write(100)).unwrap();
        cache.get("b", write(100)).unwrap();
        cache.get("a", never).unwrap();
        cache.get("c", write(100)).unwrap();
        cache.get("a", never).unwrap();
        cache.get("c", never).unwrap();
        assert!(!folder.path().join("cache/b").exists());
        assert_eq!(cache.lock().bytes, 200);
    }

    #[test]
    fn small_files_are_bounded_in_number() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, u64::MAX);
        for number in 0..=MOST_FILES {
            cache.get(&number.to_string(), write(1)).unwrap();
        }
        let made = folder.path().join("cache");
        assert_eq!(std::fs::read_dir(&made).unwrap().count(), MOST_FILES);
        assert!(!made.join("0").exists() && made.join("1").exists());
    }

    #[test]
    fn a_file_larger_than_the_budget_is_given_and_makes_room_later() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 50);
        assert_eq!(cache.get("a", write(100)).unwrap().length, 100);
        cache.get("b", write(10)).unwrap();
        assert!(!folder.path().join("cache/a").exists());
    }

    #[test]
    fn a_folder_that_is_removed_meanwhile_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 250);
        cache.get("a", write(100)).unwrap();
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert_eq!(cache.get("a", write(120)).unwrap().length, 120);
        cache.get("b", write(120)).unwrap();
        assert_eq!(cache.lock().bytes, 240);
    }

    #[test]
    fn a_failure_leaves_nothing_behind_and_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 1000);
        let failed = cache.get("a", |place| {
            std::fs::write(place, b"half").unwrap();
            Err(Problem::busy())
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read_dir(folder.path().join("cache")).unwrap().count(), 0);
        assert_eq!(cache.get("a", write(10)).unwrap().length, 10);
    }

    #[test]
    fn who_waits_while_it_fails_makes_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 1000);
        let (at_work, most_at_work) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let fail = |_: &Path| {
            most_at_work.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            at_work.fetch_sub(1, Ordering::SeqCst);
            Err(Problem::busy())
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..200).for_each(|_| assert!(cache.get("a", fail).is_err())));
            }
        });
        assert_eq!(most_at_work.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn links_in_the_place_of_files_and_folders_are_not_followed() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = elsewhere.path().join("secret");
        std::fs::write(&secret, "a secret").unwrap();
        let cache = cache(&folder, 1000);
        let place = folder.path().join("cache");
        std::os::unix::fs::symlink(&secret, place.join("a")).unwrap();
        std::os::unix::fs::symlink(&secret, place.join("part-a")).unwrap();
        assert_eq!(cache.get("a", write(10)).unwrap().length, 10);
        assert_eq!(cache.known("a").unwrap().length, 10);
        std::fs::remove_dir_all(&place).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), &place).unwrap();
        assert!(cache.known("secret").is_none());
        assert_eq!(cache.get("a", write(20)).unwrap().length, 20);
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 1);
        assert_eq!(std::fs::read(&secret).unwrap(), b"a secret");
    }

    #[test]
    fn what_many_ask_for_at_once_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 1000);
        let made = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let file = cache.get("a", |place| {
                        made.fetch_add(1, Ordering::SeqCst);
                        write(10)(place)
                    });
                    assert_eq!(file.unwrap().length, 10);
                });
            }
        });
        assert_eq!(made.load(Ordering::SeqCst), 1);
    }
}
