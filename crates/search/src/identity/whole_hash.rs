//! The hash of a whole file, read once for each state that it is in.
//!
//! What was read is remembered as long as the program runs, so that a file that was touched costs one reading and
//! not one for each question about it.

use std::collections::HashMap;
use std::fs::Metadata;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use locvtp_video::plain_file;
use xxhash_rust::xxh3::Xxh3;

/// Bytes that are read at a time.
const PIECE: usize = 1 << 20;

/// States of files that are remembered at most.
const MOST_REMEMBERED: usize = 20_000;

/// A file as the file system tells it from others and from itself at other times. Its other links have the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl State {
    fn of(about: &Metadata) -> Self {
        Self {
            device: about.dev(),
            inode: about.ino(),
            size: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }
}

/// The hash (XXH3, 128 bits) of a whole file; none where `should_stop` says so, or where the file was changed
/// while it was read.
///
/// # Errors
/// When it cannot be read.
pub fn whole_hash(path: &Path, should_stop: &dyn Fn() -> bool) -> io::Result<Option<u128>> {
    let mut file = plain_file::open(path)?;
    let state = State::of(&file.metadata()?);
    if let Some(known) = remembered().get(&state) {
        return Ok(Some(*known));
    }
    let mut hash = Xxh3::new();
    let mut bytes = vec![0; PIECE];
    loop {
        if should_stop() {
            return Ok(None);
        }
        match file.read(&mut bytes)? {
            0 => break,
            read => hash.update(&bytes[..read]),
        }
    }
    if State::of(&file.metadata()?) != state {
        return Ok(None);
    }
    let hash = hash.digest128();
    let mut remembered = remembered();
    if remembered.len() >= MOST_REMEMBERED {
        remembered.clear();
    }
    remembered.insert(state, hash);
    Ok(Some(hash))
}

/// Whether two paths are names of one file, by links of either kind.
pub(super) fn are_one_file(one: &Path, other: &Path) -> bool {
    let number = |path: &Path| std::fs::metadata(path).map(|about| (about.dev(), about.ino()));
    matches!((number(one), number(other)), (Ok(one), Ok(other)) if one == other)
}

fn remembered() -> MutexGuard<'static, HashMap<State, u128>> {
    static REMEMBERED: LazyLock<Mutex<HashMap<State, u128>>> = LazyLock::new(Mutex::default);
    REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn every_byte_counts_and_a_state_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        std::fs::write(&path, vec![7; 3 << 20]).unwrap();
        let num_pieces = Cell::new(0);
        let hash = |path: &Path| {
            num_pieces.set(0);
            let count = || {
                num_pieces.set(num_pieces.get() + 1);
                false
            };
            (whole_hash(path, &count).unwrap().unwrap(), num_pieces.get())
        };
        let (first, pieces) = hash(&path);
        assert_eq!((first, pieces), (xxhash_rust::xxh3::xxh3_128(&vec![7; 3 << 20]), 4));
        assert_eq!(hash(&path), (first, 0));
        // Another name of it is no other file.
        let link = folder.path().join("b.mp4");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(hash(&link), (first, 0));
        assert!(are_one_file(&path, &link));
        File::options().write(true).open(&path).unwrap().write_all_at(&[8], 1_000_000).unwrap();
        let (changed, pieces) = hash(&path);
        assert!(changed != first && pieces == 4);
        let copy = folder.path().join("c.mp4");
        std::fs::copy(&path, &copy).unwrap();
        assert!(!are_one_file(&path, &copy));
        assert_eq!(hash(&copy).0, changed);
    }

    #[test]
    fn a_file_that_is_written_to_while_it_is_read_has_no_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        std::fs::write(&path, vec![7; 2 << 20]).unwrap();
        let lengthen = || {
            let mut file = File::options().append(true).open(&path).unwrap();
            io::Write::write_all(&mut file, b"more").unwrap();
            false
        };
        // Else it would have no end.
        let most = Cell::new(3);
        let written = whole_hash(&path, &|| {
            most.set(most.get() - 1);
            if most.get() > 0 { lengthen() } else { false }
        });
        assert_eq!(written.unwrap(), None);
        assert_eq!(whole_hash(&path, &|| true).unwrap(), None);
        assert!(whole_hash(&folder.path().join("none.mp4"), &|| false).is_err());
    }
}
