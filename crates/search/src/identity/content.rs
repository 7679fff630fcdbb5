//! What a file holds, by hashes.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use locvtp_video::plain_file;
use xxhash_rust::xxh3::Xxh3;

/// Bytes of the head, of the middle and of the tail.
const STRETCH: u64 = 64 << 10;

/// What a file holds. Size and sample are told in a moment and tell most files apart; two files that differ
/// elsewhere, as a download with holes and the same without them, are told apart by the whole alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentIdentity {
    /// Bytes of the file.
    pub size: u64,
    /// A hash (XXH3, 128 bits) of 64 KiB each at its start, around its middle and at its end; of a file up to 192 KiB
    /// of all of it.
    pub sample: u128,
    /// A hash (XXH3, 128 bits) of all of it; none where it was not read whole yet.
    pub whole: Option<u128>,
}

impl ContentIdentity {
    /// Reads the three stretches of a file. The whole is known of one that has no more than these.
    ///
    /// # Errors
    /// When it cannot be read, or becomes shorter meanwhile.
    pub fn of(path: &Path) -> io::Result<Self> {
        let file = plain_file::open(path)?;
        let size = file.metadata()?.len();
        let mut hash = Xxh3::new();
        let is_small = size <= 3 * STRETCH;
        let (places, length) = match is_small {
            true => (vec![0], size),
            false => (vec![0, (size - STRETCH) / 2, size - STRETCH], STRETCH),
        };
        let mut bytes = vec![0; length as usize];
        for place in places {
            file.read_exact_at(&mut bytes, place)?;
            hash.update(&bytes);
        }
        let sample = hash.digest128();
        Ok(Self { size, sample, whole: is_small.then_some(sample) })
    }

    /// What two files have in common that may be the same: size and sample.
    pub fn sampled(&self) -> (u64, u128) {
        (self.size, self.sample)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::whole_hash;

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
            let whole = whole_hash(&path, &|| false).unwrap();
            assert_eq!(first.whole, whole.filter(|_| size <= 192 << 10));
            for place in [0, size / 2, size - 1] {
                let mut other = bytes.clone();
                other[place] = 8;
                assert_ne!(identity(&other), first, "{size} bytes, changed at {place}");
            }
            assert_ne!(identity(&bytes[1..]), first);
            assert_eq!(identity(&bytes), first);
        }
        // A change between the stretches is seen by the whole alone.
        let mut bytes = vec![7; 1 << 20];
        let sampled = identity(&bytes);
        bytes[200 << 10] = 8;
        assert_eq!(identity(&bytes), sampled);
    }
}
