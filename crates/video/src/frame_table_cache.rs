//! Frame tables kept on disk, so that a file is read whole once and not at every opening.
//!
//! One small file a video in a folder of its own, named by the video's path. An entry holds for the
//! path, size and times of change (or the version of a part) that it was made from, and for the
//! FFmpeg that read the packets. The time of the content can be set back, so that of the file's rights
//! and name counts as well;
//! one that does not, or is damaged, is made again. Entries appear whole or not at all, so any number
//! of processes may share a folder. It may be deleted at any time.

use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use ffmpeg_the_third as ffmpeg;

use crate::error::VideoError;
use crate::index_bytes::{self, put};
use crate::limits::LONGEST_VIDEO_S;
use crate::media_location::MediaLocation;
use crate::packet_index::PacketIndex;
use crate::plain_file;
use crate::time::Seconds;
use crate::whole_file::{self, PartName, WholeFile};

/// First bytes of an entry; the digit counts changes of the format and of how tables are made.
const MAGIC: &[u8] = b"LocVTP frame table 6\n";

/// In the place of nanoseconds, of which there are never so many: what stands before is the version
/// of a part.
const OF_A_PART: u32 = u32::MAX;

/// Bytes of an entry, at most: two for each frame of a month of video.
const LARGEST_ENTRY: u64 = 512 << 20;

/// What the names of entries end with.
const ENDING: &str = "frames";

/// A folder of frame tables.
#[derive(Clone, Debug)]
pub struct FrameTableCache {
    folder: PathBuf,
}

/// The state of a file that an entry holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CacheKey {
    path: Vec<u8>,
    size: u64,
    changed_s: u64,
    changed_ns: u32,
    /// When the file itself was changed last, in seconds and nanoseconds; 0 of a part.
    status: (i64, i64),
    ffmpeg: u32,
}

impl FrameTableCache {
    /// The cache in this folder, which is made where it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(folder: impl Into<PathBuf>) -> Result<Self, VideoError> {
        let folder = folder.into();
        match fs::create_dir_all(&folder) {
            Ok(()) => {
                whole_file::sweep(&folder, ENDING);
                Ok(Self { folder })
            }
            Err(source) => Err(VideoError::Io {
                path: folder,
                action: "make the folder of frame tables".into(),
                source,
            }),
        }
    }

    /// When the last frame of a video ends, where an entry for its present state tells; nothing is
    /// opened or fetched.
    pub fn known_end(&self, media: &MediaLocation) -> Option<Seconds> {
        let index = self.get(&Self::key(media)?)?;
        Some(Seconds(index.clock.end_s)).filter(|end| end.0 <= LONGEST_VIDEO_S)
    }

    /// What an entry for the video must state; none for one that cannot be asked.
    pub(crate) fn key(media: &MediaLocation) -> Option<CacheKey> {
        let path = media.path();
        if let Some(part) = media.as_part() {
            return Some(CacheKey {
                path: path.as_os_str().as_bytes().to_vec(),
                size: part.num_bytes(),
                changed_s: part.version()?,
                changed_ns: OF_A_PART,
                status: (0, 0),
                ffmpeg: ffmpeg::format::version(),
            });
        }
        let about = fs::metadata(path).ok()?;
        let changed = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(CacheKey {
            path: std::path::absolute(path).ok()?.as_os_str().as_bytes().to_vec(),
            size: about.len(),
            changed_s: changed.as_secs(),
            changed_ns: changed.subsec_nanos(),
            status: (about.ctime(), about.ctime_nsec()),
            ffmpeg: ffmpeg::format::version(),
        })
    }

    /// The entry of a file; none where it is missing, old or damaged.
    pub(crate) fn get(&self, key: &CacheKey) -> Option<PacketIndex> {
        // In a folder that is shared, something else than a file may lie there.
        let bytes = plain_file::read(&self.entry(key), LARGEST_ENTRY).ok()?;
        decode(&bytes, key)
    }

    /// Keeps the table of a file. A disk that takes no more makes the next opening slow, no more.
    pub(crate) fn put(&self, key: &CacheKey, index: &PacketIndex) {
        let entry = self.entry(key);
        let whole = WholeFile::beside(&entry, PartName::Own);
        let written = whole.create().and_then(|mut file| file.write_all(&encode(index, key)));
        if written.is_ok() {
            // Not synced: what a crash leaves of an entry is found out by its check sum.
            let _ = whole.finish_unsynced();
        }
    }

    fn entry(&self, key: &CacheKey) -> PathBuf {
        self.folder.join(format!("{:016x}.{ENDING}", sum(&key.path)))
    }
}

fn encode(index: &PacketIndex, key: &CacheKey) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    put_key(&mut out, key);
    index_bytes::put_index(&mut out, index);
    let sum = sum(&out);
    out.extend(sum.to_le_bytes());
    out
}

fn decode(bytes: &[u8], key: &CacheKey) -> Option<PacketIndex> {
    let (body, check) = bytes.split_last_chunk::<8>()?;
    if u64::from_le_bytes(*check) != sum(body) {
        return None;
    }
    let mut expected = MAGIC.to_vec();
    put_key(&mut expected, key);
    index_bytes::index_of(body.strip_prefix(expected.as_slice())?)
}

fn put_key(out: &mut Vec<u8>, key: &CacheKey) {
    put(out, key.path.len() as i64);
    out.extend(&key.path);
    out.extend(key.size.to_le_bytes());
    out.extend(key.changed_s.to_le_bytes());
    out.extend(key.changed_ns.to_le_bytes());
    out.extend(key.status.0.to_le_bytes());
    out.extend(key.status.1.to_le_bytes());
    out.extend(key.ffmpeg.to_le_bytes());
}

/// The 64-bit sum FNV-1a.
fn sum(bytes: &[u8]) -> u64 {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet_index::{Access, Clock, KeyPacket};
    use crate::timeline::{Part, Timeline};
    use proptest::prelude::*;

    fn key() -> CacheKey {
        let path = b"/videos/caf\xe9.mp4".to_vec();
        let (changed_s, changed_ns, status) = (1_700_000_000, 7, (1_800_000_000, 9));
        CacheKey { path, size: 12_345, changed_s, changed_ns, status, ffmpeg: 59 }
    }

    fn index() -> PacketIndex {
        let stamps: Vec<i64> = (0..200).map(|i| i * 512 + i % 7).collect();
        let orders = (0..200u32).map(|i| i ^ 1).collect();
        let key =
            |i: i64| KeyPacket { pts: i * 512, dts: i * 512 - 1024, order: 3, at_byte: i * 99 };
        let keys = [0, 60, 120].map(key);
        let clock = Clock { tick_s: 1.0 / 12_800.0, start_s: 0.25, end_s: 8.0 };
        let timeline = Timeline::of_parts(vec![Part { from: 70, shift: -5120, at_byte: 7777 }]);
        PacketIndex {
            access: Access::Seek,
            stamps,
            orders,
            keys: keys.to_vec(),
            second_fields: vec![3, 5, 9],
            timeline,
            restarts: vec![70, 90],
            damaged_from: vec![17],
            gaps: vec![(512, 1024)],
            clock,
        }
    }

    #[test]
    fn what_a_killed_process_left_is_removed_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["old", "new"].map(|name| format!(".{name}.frames.partial-77-0"));
        for (name, age_s) in names.iter().zip([90_000, 60]) {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            let age = std::time::Duration::from_secs(age_s);
            file.set_modified(std::time::SystemTime::now() - age).unwrap();
        }
        FrameTableCache::create(folder.path()).unwrap();
        assert!(!folder.path().join(&names[0]).exists() && folder.path().join(&names[1]).exists());
    }

    #[test]
    fn an_entry_gives_back_what_was_put_in_and_is_small() {
        let steady = PacketIndex { stamps: (0..200).map(|i| i * 512).collect(), ..index() };
        let bytes = encode(&steady, &key());
        assert_eq!(decode(&bytes, &key()), Some(steady));
        // Two bytes a frame, one for its time and one for its place, and what is said once.
        assert!(bytes.len() < 2 * 200 + 186, "{} bytes", bytes.len());
    }

    #[test]
    fn an_entry_of_another_state_of_the_file_does_not_hold() {
        let bytes = encode(&index(), &key());
        for other in [
            CacheKey { size: 12_346, ..key() },
            CacheKey { changed_ns: 8, ..key() },
            CacheKey { status: (1_800_000_000, 10), ..key() },
            CacheKey { path: b"/videos/other.mp4".to_vec(), ..key() },
            CacheKey { ffmpeg: 60, ..key() },
        ] {
            assert_eq!(decode(&bytes, &other), None);
        }
    }

    #[test]
    fn an_entry_that_is_cut_or_changed_anywhere_is_not_believed() {
        let bytes = encode(&index(), &key());
        for at in 0..bytes.len() {
            assert_eq!(decode(&bytes[..at], &key()), None);
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            assert_eq!(decode(&damaged, &key()), None, "byte {at}");
        }
    }

    proptest! {
        #[test]
        fn bytes_with_a_right_sum_and_wrong_contents_are_no_panic(tail: Vec<u8>) {
            let mut bytes = MAGIC.to_vec();
            put_key(&mut bytes, &key());
            bytes.extend(tail);
            let check = sum(&bytes);
            bytes.extend(check.to_le_bytes());
            let _ = decode(&bytes, &key());
        }
    }
}
