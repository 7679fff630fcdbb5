//! A hash of three stretches of a file.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::str::FromStr;

use xxhash_rust::xxh3::Xxh3;

/// Bytes of the head, of the middle and of the tail.
const STRETCH: u64 = 64 << 10;

/// What a file holds: its size, and a hash (XXH3, 128 bits) of 64 KiB each at its start, around its
/// middle and at its end. Files up to 192 KiB are hashed whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentIdentity {
    /// Bytes of the file.
    pub size: u64,
    /// The hash of the three stretches.
    pub sample: u128,
}

impl ContentIdentity {
    /// Reads the three stretches of a file.
    ///
    /// # Errors
    /// When it cannot be read, or becomes shorter meanwhile.
    pub fn of(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut hash = Xxh3::new();
        let (places, length) = if size <= 3 * STRETCH {
            (vec![0], size)
        } else {
            (vec![0, (size - STRETCH) / 2, size - STRETCH], STRETCH)
        };
        let mut bytes = vec![0; length as usize];
        for place in places {
            file.read_exact_at(&mut bytes, place)?;
            hash.update(&bytes);
        }
        Ok(Self { size, sample: hash.digest128() })
    }
}

/// The hash (XXH3, 128 bits) of a whole file, for those who must be sure.
///
/// # Errors
/// When it cannot be read.
pub fn hash_whole(path: &Path) -> io::Result<u128> {
    let mut file = File::open(path)?;
    let mut hash = Xxh3::new();
    let mut bytes = vec![0; 1 << 20];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(hash.digest128()),
            read => hash.update(&bytes[..read]),
        }
    }
}

impl fmt::Display for ContentIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:032x}", self.size, self.sample)
    }
}

impl FromStr for ContentIdentity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('-').and_then(|(size, sample)| {
            Some(Self { size: size.parse().ok()?, sample: u128::from_str_radix(sample, 16).ok()? })
        });
        parts.ok_or_else(|| format!("{text:?} is no identity of a file's content"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_differ_at_their_head_middle_tail_or_in_size_are_two() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        let identity = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            ContentIdentity::of(&path).unwrap()
        };
        for size in [10, 192 << 10, 1 << 20] {
            let bytes = vec![7; size];
            let first = identity(&bytes);
            assert_eq!(first.to_string().parse(), Ok(first));
            for place in [0, size / 2, size - 1] {
                let mut other = bytes.clone();
                other[place] = 8;
                assert_ne!(identity(&other), first, "{size} bytes, changed at {place}");
            }
            assert_ne!(identity(&bytes[1..]), first);
            assert_eq!(identity(&bytes), first);
        }
        // The whole is another matter: a change between the stretches is seen by it alone.
        let mut bytes = vec![7; 1 << 20];
        let (sampled, whole) = (identity(&bytes), hash_whole(&path).unwrap());
        bytes[200 << 10] = 8;
        assert_eq!(identity(&bytes), sampled);
        assert_ne!(hash_whole(&path).unwrap(), whole);
    }
}
