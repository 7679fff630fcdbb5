//! The picture of a question: what it may be, and what it may cost.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use locvtp_video::{FileStretch, MediaLocation, MediaPart, ReadLimits};

use super::failures::{Failure, NO_PICTURE, failed, refused};

/// How pictures begin that a question may be: JPEG, PNG, GIF, BMP. WebP has its name further in.
const BEGINNINGS: [&[u8]; 4] = [&[0xff, 0xd8, 0xff], b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM"];

/// Scans and frames of a JPEG at most. Programs write about ten. The decoder goes through all pixels for each, however few
/// bytes it has, and cannot be stopped within one picture: a thousandth of a second at most of the pixels that are taken.
/// In 9 MB of anything else such pairs of bytes stand about 800 times.
const MOST_SCANS: usize = 1200;

/// What is said of more.
const TOO_MANY_SCANS: &str =
    "the picture has more scans than programs write; save a copy of it as an ordinary JPEG";

/// What a picture may cost. The pixels are those of 4096 x 4096: photos of telephones have 12 million, models see some
/// hundred a side, and at 8 bytes a pixel one picture is 128 MiB. The time ends between two pictures of one that moves.
pub(super) fn limits() -> ReadLimits {
    ReadLimits {
        stall_s: 10,
        call_s: 20,
        frame_pixels: 1 << 24,
        frames: 10_000,
        clips: 1_000,
        output_bytes: 256 << 20,
        ..ReadLimits::default()
    }
}

/// A picture as a file without a name: nothing of it is left when its server ends, however that happens. Only what begins as
/// a picture is one: a playlist or the like names other files.
pub(super) fn picture(bytes: &[u8]) -> Result<MediaLocation, Failure> {
    let is_web_p = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    if !is_web_p && !BEGINNINGS.iter().any(|begins| bytes.starts_with(begins)) {
        return Err(refused(NO_PICTURE));
    }
    // Whatever it begins as: how it is read is told by more than its first bytes.
    if num_scans(bytes) > MOST_SCANS {
        return Err(refused(TOO_MANY_SCANS));
    }
    let file = nameless(bytes);
    let file =
        file.map_err(|error| failed("the picture cannot be kept while it is looked at", error))?;
    let stretch = FileStretch { file: Arc::new(file), start: 0, len: bytes.len() as u64 };
    Ok(MediaLocation::part("the picture", Arc::new(Picture(stretch))))
}

fn nameless(bytes: &[u8]) -> io::Result<File> {
    // The place for temporary files may have been cleared away since the server began.
    std::fs::create_dir_all(std::env::temp_dir())?;
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    Ok(file)
}

/// The beginnings of scans and of frames, as a JPEG has them. In its own packed pixels such a pair does not stand.
fn num_scans(bytes: &[u8]) -> usize {
    let begins = |pair: &&[u8]| matches!(pair, [0xff, 0xc0..=0xc3 | 0xda | 0xf7]);
    bytes.windows(2).filter(begins).count()
}

/// A whole file as a part.
#[derive(Debug)]
struct Picture(FileStretch);

impl MediaPart for Picture {
    fn num_bytes(&self) -> u64 {
        self.0.len
    }

    fn version(&self) -> Option<u64> {
        None
    }

    fn open(&self) -> Result<FileStretch, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn only_pictures_are_looked_at() {
        assert!(picture(b"#EXTM3U\nfile:///etc/passwd").is_err());
        assert!(picture(b"ffconcat version 1.0").is_err());
        let kept = picture(b"\xff\xd8\xff\xe0rest").unwrap().open().unwrap();
        // It has no name, so nothing of it is left, however the server ends.
        assert_eq!(kept.file.metadata().unwrap().nlink(), 0);
        let mut bytes = [0; 16];
        assert_eq!(kept.read_at(&mut bytes, 0).unwrap(), 8);
        assert_eq!(&bytes[..8], b"\xff\xd8\xff\xe0rest");
    }

    #[test]
    fn a_picture_of_more_scans_than_programs_write_is_not_decoded() {
        let jpeg = |scans| [b"\xff\xd8\xff\xe0".as_slice(), &b"\xff\xda".repeat(scans)].concat();
        assert!(picture(&jpeg(MOST_SCANS)).is_ok());
        assert!(picture(&jpeg(MOST_SCANS + 1)).is_err());
    }
}
