//! The endings of media files: one list for every command that looks into folders.
//!
//! What a file holds is found out by opening it, whatever its name. Where a folder is given, names
//! decide which of its files are opened: those with an ending that FFmpeg reads as moving pictures.
//! Endings that mostly mean something else are not here: `.ogg` and `.m4a` are sound, `.dat` and
//! `.rec` are anything. Such a file is taken where it is named itself.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Endings of moving pictures, in lower case, the better first: of several files with one name the
/// first counts.
pub const VIDEO_ENDINGS: [&str; 76] = [
    // Containers with an index, as people keep and download them.
    "mp4", "mkv", "webm", "mov", "m4v", "avi", "mpg", "mpeg", "ts", "flv", "wmv", "3gp", "gif",
    // The same under other names.
    "mk3d", "qt", "f4v", "3g2", "3gpp", "3gp2", "mj2", "ismv", "divx", "xvid",
    // Camcorders, television and discs.
    "mts", "m2ts", "m2t", "mod", "tod", "trp", "tp", "vob", "evo", "m2p", "mpe", "dvd", "svcd",
    "mxf", "gxf", "lxf", "dv", "dif", "dvr-ms", "wtv", "dav", "ty",
    // Older and rarer containers.
    "asf", "wm", "rm", "rmvb", "ogv", "ogm", "nut", "nsv", "nuv", "amv", "ivf", "swf", "bik", "smk",
    "fli", "flc", "apng", // Streams without a container.
    "h264", "264", "avc", "h265", "265", "hevc", "vc1", "obu", "m1v", "m2v", "mpv", "mjpeg",
    "mjpg", "y4m",
];

/// Endings of pictures, in lower case, the better first: videos of one frame.
pub const PICTURE_ENDINGS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "avif"];

/// Whether the file's name is one of moving pictures.
pub fn is_video(path: &Path) -> bool {
    video_rank(path).is_some()
}

/// How good the ending of a video file is, 0 best; none for what is no video by its name, hidden
/// files among them.
pub fn video_rank(path: &Path) -> Option<usize> {
    place(&VIDEO_ENDINGS, path)
}

/// The same of a picture.
pub fn picture_rank(path: &Path) -> Option<usize> {
    place(&PICTURE_ENDINGS, path)
}

fn place(endings: &[&str], path: &Path) -> Option<usize> {
    let ending = path.extension()?.to_str()?;
    // macOS keeps a `._a.mp4` beside `a.mp4`, which is none.
    let is_hidden = path.file_name()?.as_encoded_bytes().starts_with(b".");
    let found = endings.iter().position(|known| known.eq_ignore_ascii_case(ending));
    found.filter(|_| !is_hidden)
}

/// Files of folders that were not taken for videos, counted by their endings.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct PassedOver {
    by_ending: BTreeMap<String, usize>,
}

impl PassedOver {
    /// Counts a file; hidden ones are no matter of folders' owners and count nothing.
    pub fn add(&mut self, path: &Path) {
        let name = path.file_name().unwrap_or_default();
        if !name.as_encoded_bytes().starts_with(b".") {
            let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            *self.by_ending.entry(ending).or_default() += 1;
        }
    }

    /// Puts another count beside this one.
    pub fn extend(&mut self, other: Self) {
        for (ending, count) in other.by_ending {
            *self.by_ending.entry(ending).or_default() += count;
        }
    }

    /// Whether nothing was passed over.
    pub fn is_empty(&self) -> bool {
        self.by_ending.is_empty()
    }
}

impl fmt::Display for PassedOver {
    /// `3 .mp3, 1 .zip, 2 without ending`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (ending, count)) in self.by_ending.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            match ending.as_str() {
                "" => write!(f, "{comma}{count} without ending")?,
                ending => write!(f, "{comma}{count} .{ending}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ffi::{CStr, CString};

    use ffmpeg_the_third::ffi;

    use super::*;

    #[test]
    fn endings_are_known_in_any_case_and_named_once() {
        for name in
            ["CLIP1.MTS", "a.M2ts", "b.ogv", "VTS_01_1.VOB", "c.asf", "d.3g2", "e.MXF", "f.dv"]
        {
            assert!(is_video(Path::new(name)), "{name}");
        }
        for name in ["a.mp3", "a.jpg", "mp4", "a", "._a.mp4", ".mp4", "a.srt"] {
            assert!(!is_video(Path::new(name)), "{name}");
        }
        assert_eq!(picture_rank(Path::new("a.PNG")), Some(2));
        let all: BTreeSet<_> = VIDEO_ENDINGS.iter().chain(&PICTURE_ENDINGS).collect();
        assert_eq!(all.len(), VIDEO_ENDINGS.len() + PICTURE_ENDINGS.len());
        assert!(all.iter().all(|ending| **ending == ending.to_ascii_lowercase()));
    }

    /// The endings under which FFmpeg writes a container.
    fn endings_of(container: &str) -> Vec<String> {
        let name = CString::new(container).unwrap();
        // SAFETY: the format is static, its list of endings too.
        let endings = unsafe {
            let format = ffi::av_guess_format(name.as_ptr(), std::ptr::null(), std::ptr::null());
            assert!(!format.is_null(), "{container}");
            CStr::from_ptr((*format).extensions).to_str().unwrap()
        };
        endings.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn every_ending_that_ffmpeg_gives_to_video_is_in_the_list() {
        // Under these names the containers hold sound alone, a page or a list.
        let not_video = ["wma", "ra", "m4a", "isma", "psp"];
        for container in [
            "avi",
            "mov",
            "mp4",
            "ismv",
            "3gp",
            "3g2",
            "matroska",
            "webm",
            "mpegts",
            "mpeg",
            "vob",
            "svcd",
            "dvd",
            "asf",
            "flv",
            "f4v",
            "ogv",
            "mxf",
            "gxf",
            "dv",
            "nut",
            "wtv",
            "rm",
            "amv",
            "swf",
            "ivf",
            "h264",
            "hevc",
            "vc1",
            "obu",
            "m4v",
            "mpeg1video",
            "mpeg2video",
            "mjpeg",
            "yuv4mpegpipe",
            "gif",
            "apng",
        ] {
            for ending in endings_of(container) {
                let known = VIDEO_ENDINGS.contains(&ending.as_str());
                assert!(known || not_video.contains(&ending.as_str()), "{container}: .{ending}");
            }
        }
    }

    #[test]
    fn what_is_passed_over_is_counted_by_ending() {
        let mut passed_over = PassedOver::default();
        for name in ["a.mp3", "b.MP3", "c.zip", "README", ".DS_Store"] {
            passed_over.add(Path::new(name));
        }
        assert_eq!(passed_over.to_string(), "1 without ending, 2 .mp3, 1 .zip");
    }
}
