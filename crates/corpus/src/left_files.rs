//! What lies in the folder of a corpus's videos and was not read: videos that nobody says a word
//! about, and files that are no videos.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use locvtp_video::media_endings::{PassedOver, is_video};

use crate::file_ending::has_ending;
use crate::folder_walk::{DEPTH, walk};
use locvtp_video::counted::counted;

/// Videos that are named in a sentence.
const NAMED: usize = 5;
/// What captions, and lists of them, are written in; their readers tell what they did with them.
const TEXT_ENDINGS: [&str; 14] = [
    "srt", "vtt", "json", "jsonl", "ndjson", "json3", "srv1", "srv2", "srv3", "csv", "tsv", "txt",
    "xlsx", "md",
];

/// Files of a folder that were not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct LeftFiles {
    /// Videos that no captions belong to, sorted.
    pub without_captions: Vec<PathBuf>,
    /// Files that are no videos, or have the name of a better one that was read.
    pub passed_over: PassedOver,
}

impl LeftFiles {
    /// Finds the files under `folder` that no source claimed.
    pub(crate) fn under(folder: &Path, claimed: &Claimed) -> Self {
        let mut left = Self::default();
        // What of the folder cannot be read has no files to name.
        let _ = walk(folder, DEPTH, &mut |path| {
            if claimed.has(&path) || has_ending(&path, &TEXT_ENDINGS) {
                return;
            }
            if is_video(&path) && !claimed.has_name_of(&path) {
                left.without_captions.push(path);
            } else {
                left.passed_over.add(&path);
            }
        });
        left.without_captions.sort();
        left
    }

    /// Whether nothing was left.
    pub fn is_empty(&self) -> bool {
        self.without_captions.is_empty() && self.passed_over.is_empty()
    }

    /// Puts what another folder held beside it.
    pub(crate) fn extend(&mut self, other: Self) {
        self.without_captions.extend(other.without_captions);
        self.passed_over.extend(other.passed_over);
    }
}

impl fmt::Display for LeftFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.without_captions.len();
        if count > 0 {
            let name = |path: &PathBuf| {
                path.file_name().unwrap_or_default().to_string_lossy().into_owned()
            };
            let names: Vec<_> = self.without_captions.iter().take(NAMED).map(name).collect();
            let more = if count > NAMED { ", .." } else { "" };
            let videos = counted(count, "video");
            write!(f, "{videos} without captions ({}{more})", names.join(", "))?;
        }
        let semicolon = if count > 0 { "; " } else { "" };
        if !self.passed_over.is_empty() {
            write!(f, "{semicolon}passed over: {}", self.passed_over)?;
        }
        Ok(())
    }
}

/// Media files that sources described; eight bytes each, and eight for their names.
#[derive(Debug, Default)]
pub(crate) struct Claimed {
    paths: HashSet<u64>,
    names: HashSet<u64>,
}

impl Claimed {
    pub(crate) fn add(&mut self, path: &Path) {
        self.paths.insert(hash(path));
        self.names.insert(hash(&path.with_extension("")));
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.paths.extend(other.paths);
        self.names.extend(other.names);
    }

    fn has(&self, path: &Path) -> bool {
        self.paths.contains(&hash(path))
    }

    /// Whether a file of the same name but for the ending was claimed.
    fn has_name_of(&self, path: &Path) -> bool {
        self.names.contains(&hash(&path.with_extension("")))
    }
}

fn hash(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_describes_is_named_and_what_is_no_video_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("deep")).unwrap();
        for name in [
            "a.mp4",
            "a.webm",
            "a.jpg",
            "a.srt",
            "deep/B.MTS",
            "c.ogv",
            "s.mp3",
            "t.MP3",
            "z.zip",
            ".DS_Store",
        ] {
            std::fs::write(at(name), "").unwrap();
        }
        let mut claimed = Claimed::default();
        claimed.add(&at("a.mp4"));
        let left = LeftFiles::under(dir.path(), &claimed);
        assert_eq!(left.without_captions, [at("c.ogv"), at("deep/B.MTS")]);
        assert_eq!(
            left.to_string(),
            "2 videos without captions (c.ogv, B.MTS); passed over: 1 .jpg, 2 .mp3, 1 .webm, 1 .zip"
        );
        assert!(LeftFiles::under(&at("gone"), &claimed).is_empty());
    }
}
