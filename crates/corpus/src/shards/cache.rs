//! What was fetched from other machines, in a folder of bounded size.
//!
//! A file has its name only when it is whole, so a download that is cut off never counts as one.
//! What was used longest ago is removed when room is needed, which is before a file is fetched: what is
//! under way counts as if it were there. A video that is open goes on being read from the removed file. Any number of processes may share the folder, and it may be deleted at any
//! time.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use locvtp_video::whole_file::{PartName, WholeFile};

use crate::error::CorpusError;
use crate::stable_hash::{StableHash, StableHasher};

/// Ending of whole files.
const ENDING: &str = "fetched";
/// A failure is remembered this long, so that not every video of a shard that is not to be had waits
/// for the server again.
const REMEMBERED: Duration = Duration::from_secs(30);
/// What a process that was killed left half-written is removed when it is as old as this.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// A folder of fetched files.
#[derive(Debug)]
pub(crate) struct FetchCache {
    folder: PathBuf,
    most_bytes: u64,
    state: Mutex<State>,
    /// Something was fetched.
    fetched: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes in the folder and under way, as far as this process knows; none: not counted yet.
    bytes: Option<u64>,
    /// What is being fetched now, and how many bytes of it are expected.
    under_way: HashMap<PathBuf, u64>,
    /// Threads that wait for that.
    waiting: usize,
    failed: HashMap<PathBuf, (Instant, Arc<CorpusError>)>,
}

impl FetchCache {
    /// The cache in this folder, which is made when the first file is fetched.
    pub(crate) fn new(folder: PathBuf, most_bytes: u64) -> Self {
        Self { folder, most_bytes, state: Mutex::default(), fetched: Condvar::new() }
    }

    /// The most bytes that are kept, and so the largest file.
    pub(crate) fn most_bytes(&self) -> u64 {
        self.most_bytes
    }

    /// The file of this name, opened; `fetch` writes it where it is not there, at most `bytes` bytes
    /// if that is not 0.
    ///
    /// Two threads that ask for the same wait for one download, and one waits while what others fetch
    /// leaves no room.
    ///
    /// # Errors
    /// As `fetch`; when the folder cannot be written.
    pub(crate) fn get(
        &self,
        name: &impl StableHash,
        bytes: u64,
        fetch: impl FnOnce(&mut File) -> Result<(), CorpusError>,
    ) -> Result<File, Arc<CorpusError>> {
        let path = self.path(name);
        let mut state = self.lock();
        loop {
            if let Ok(file) = File::open(&path) {
                // So that it is known as used; a disk that cannot be written is no hindrance.
                let _ = file.set_modified(SystemTime::now());
                return Ok(file);
            }
            if let Some((at, error)) = state.failed.get(&path)
                && at.elapsed() < REMEMBERED
            {
                return Err(Arc::clone(error));
            }
            let others: u64 = state.under_way.values().sum();
            let has_room = others == 0 || others.saturating_add(bytes) <= self.most_bytes;
            if has_room && !state.under_way.contains_key(&path) {
                break;
            }
            state.waiting += 1;
            state = self.fetched.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.under_way.insert(path.clone(), bytes);
        drop(state);
        let under_way = UnderWay { cache: self, path: &path };
        self.make_room(bytes);
        let result = self.fetch(&path, bytes, fetch).map_err(Arc::new);
        let mut state = self.lock();
        match &result {
            Ok(_) => drop(state.failed.remove(&path)),
            Err(error) => {
                drop(state.failed.insert(path.clone(), (Instant::now(), Arc::clone(error))));
                // What it would have taken is counted anew.
                state.bytes = None;
            }
        }
        drop(state);
        drop(under_way);
        result
    }

    fn fetch(
        &self,
        path: &Path,
        expected: u64,
        fetch: impl FnOnce(&mut File) -> Result<(), CorpusError>,
    ) -> Result<File, CorpusError> {
        let unwritable = |source| CorpusError::Write { path: self.folder.clone(), source };
        fs::create_dir_all(&self.folder).map_err(unwritable)?;
        let whole = WholeFile::beside(path, PartName::Own);
        let mut file = whole.create().map_err(unwritable)?;
        fetch(&mut file)?;
        // Not synced: it is fetched again where it is missing.
        whole.finish_unsynced().map_err(unwritable)?;
        let bytes = file.metadata().map_err(unwritable)?.len();
        self.make_room(bytes.saturating_sub(expected));
        Ok(file)
    }

    /// Counts new bytes, and removes what was used longest ago when the folder is over its bound.
    fn make_room(&self, new_bytes: u64) {
        let mut state = self.lock();
        if let Some(bytes) = &mut state.bytes {
            *bytes = bytes.saturating_add(new_bytes);
            if *bytes <= self.most_bytes {
                return;
            }
        }
        // Other processes write here too, so what counts is what is there.
        let mut files = self.files();
        let under_way = state.under_way.values().sum::<u64>();
        let mut bytes = files.iter().map(|(_, len, _)| len).sum::<u64>().saturating_add(under_way);
        files.sort();
        for (_, len, path) in files {
            if bytes <= self.most_bytes {
                break;
            }
            if fs::remove_file(path).is_ok() {
                bytes -= len;
            }
        }
        state.bytes = Some(bytes);
    }

    /// When used, bytes, and path of the whole files; removes what was abandoned.
    fn files(&self) -> Vec<(SystemTime, u64, PathBuf)> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let now = SystemTime::now();
        let about = |path: PathBuf| {
            let about = fs::metadata(&path).ok()?;
            let used = about.modified().ok()?;
            if path.extension().is_some_and(|ending| ending == ENDING) {
                return Some((used, about.len(), path));
            }
            if now.duration_since(used).is_ok_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(path);
            }
            None
        };
        entries.filter_map(|entry| about(entry.path())).collect()
    }

    fn path(&self, name: &impl StableHash) -> PathBuf {
        let mut hasher = StableHasher::new();
        hasher.add(name);
        let first = hasher.finish();
        // 128 bits in all, so that two names never share a file.
        hasher.add(&(first, name));
        self.folder.join(format!("{first:016x}{:016x}.{ENDING}", hasher.finish()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch that others may wait for. However it ends, also by a panic, they are woken and look again.
struct UnderWay<'a> {
    cache: &'a FetchCache,
    path: &'a Path,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.cache.lock().under_way.remove(self.path);
        self.cache.fetched.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::fs::FileExt;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn written(file: &mut File, bytes: &[u8]) -> Result<(), CorpusError> {
        file.write_all(bytes).unwrap();
        Ok(())
    }

    fn put(cache: &FetchCache, name: u32, bytes: &[u8]) -> File {
        cache.get(&name, bytes.len() as u64, |file| written(file, bytes)).unwrap()
    }

    /// Until so many others wait for what is being fetched.
    fn until_waited_for(cache: &FetchCache, others: usize) {
        let began = Instant::now();
        while cache.lock().waiting < others {
            assert!(began.elapsed() < Duration::from_secs(60), "{others} never waited");
            std::thread::yield_now();
        }
    }

    /// As if it had been used last so many seconds ago.
    fn was_used(cache: &FetchCache, name: u32, seconds: u64) {
        let file = File::options().write(true).open(cache.path(&name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    }

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).map_or(0, Iterator::count)
    }

    #[test]
    fn what_was_used_longest_ago_makes_room_and_stays_readable_while_it_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FetchCache::new(folder.path().join("c"), 25);
        let first = put(&cache, 1, &[1; 10]);
        put(&cache, 2, &[2; 10]);
        was_used(&cache, 1, 60);
        was_used(&cache, 2, 30);
        // Used again, so the second is the oldest.
        let mut text = Vec::new();
        cache.get(&1u32, 0, |_| panic!("it is there")).unwrap().read_to_end(&mut text).unwrap();
        assert_eq!(text, [1; 10]);
        put(&cache, 3, &[3; 10]);
        assert_eq!(names(&folder.path().join("c")), 2);
        let mut again = false;
        let fetch = |file: &mut File| {
            again = true;
            written(file, b"")
        };
        cache.get(&2u32, 0, fetch).unwrap();
        assert!(again);
        put(&cache, 4, &[4; 25]);
        let mut bytes = [0; 10];
        first.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(bytes, [1; 10]);
    }

    #[test]
    fn room_is_made_before_a_file_is_fetched_and_kept_while_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FetchCache::new(folder.path().join("c"), 25);
        let kept = || -> u64 { cache.files().iter().map(|(_, len, _)| len).sum() };
        put(&cache, 1, &[1; 10]);
        put(&cache, 2, &[2; 10]);
        std::thread::scope(|scope| {
            let other = cache.get(&3u32, 20, |file| {
                assert_eq!(kept(), 0, "there is no room for either beside it");
                // One that has no room now is not fetched before this one is done.
                scope.spawn(|| put(&cache, 4, &[4; 10]));
                until_waited_for(&cache, 1);
                written(file, &[3; 20])
            });
            assert_eq!(other.unwrap().metadata().unwrap().len(), 20);
        });
        assert!(kept() <= 25, "{}", kept());
        // One that fails gives its room back.
        let failed = cache
            .get(&5u32, 25, |_| Err(CorpusError::ConnectionCut { address: "http://a".into() }));
        assert!(failed.is_err());
        put(&cache, 6, &[6; 10]);
        put(&cache, 7, &[7; 10]);
        assert_eq!(kept(), 20);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FetchCache::new(folder.path().to_owned(), 100);
        for (name, age_s) in [("old.partial-1-0", 90_000), ("new.partial-2-0", 60)] {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age_s)).unwrap();
        }
        put(&cache, 1, b"x");
        assert!(!folder.path().join("old.partial-1-0").exists());
        assert!(folder.path().join("new.partial-2-0").exists());
    }

    #[test]
    fn a_download_that_fails_leaves_nothing_and_is_not_tried_by_everyone_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FetchCache::new(folder.path().to_owned(), 100);
        let cut = |address: &str| CorpusError::ConnectionCut { address: address.into() };
        let failed = cache.get(&1u32, 0, |file| {
            file.write_all(b"half").unwrap();
            Err(cut("http://a"))
        });
        assert!(failed.unwrap_err().to_string().contains("http://a"));
        assert_eq!(names(folder.path()), 0);
        let soon = cache.get(&1u32, 0, |_| panic!("too soon")).unwrap_err();
        assert!(soon.to_string().contains("http://a"));
    }

    #[test]
    fn a_fetch_that_panics_leaves_nothing_and_lets_those_who_wait_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FetchCache::new(folder.path().to_owned(), 100);
        let (begun, has_begun) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let panicking = scope.spawn(|| {
                cache.get(&7u32, 0, |file| {
                    file.write_all(b"half").unwrap();
                    begun.send(()).unwrap();
                    until_waited_for(&cache, 1);
                    panic!("a fault of ours, on purpose");
                })
            });
            has_begun.recv().unwrap();
            let fetched = cache.get(&7u32, 0, |file| written(file, b"whole"));
            assert_eq!(fetched.unwrap().metadata().unwrap().len(), 5);
            assert!(panicking.join().is_err());
        });
        assert_eq!(names(folder.path()), 1, "what was half written is removed");
    }

    #[test]
    fn a_file_that_was_fetched_by_an_earlier_version_is_found_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FetchCache::new(folder.path().to_owned(), 100);
        let kept = folder.path().join("507e548d2c3655b508c7839689e27396.fetched");
        fs::write(kept, b"kept").unwrap();
        let found = cache.get(&("s3://bucket/00000.tar", 99u64), 0, |_| panic!("it is there"));
        assert_eq!(found.unwrap().metadata().unwrap().len(), 4);
    }

    #[test]
    fn two_who_want_the_same_share_one_download() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FetchCache::new(folder.path().to_owned(), 100);
        let downloads = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let fetched = cache.get(&7u32, 0, |file| {
                        downloads.fetch_add(1, Ordering::SeqCst);
                        until_waited_for(&cache, 3);
                        written(file, b"x")
                    });
                    assert_eq!(fetched.unwrap().metadata().unwrap().len(), 1);
                });
            }
        });
        assert_eq!(downloads.into_inner(), 1);
    }
}
