//! How much an index holds, in the same words everywhere.
//!
//! A *video* is a content that can be searched: two copies are one video. A *file* is a place where one lies, so copies and
//! links count. A *bad file* is a content that could not be indexed.

use locvtp_search::catalogue::{FileRecord, FileState};
use locvtp_video::counted::counted;
use serde::Serialize;

/// How much an index holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Holdings {
    /// Contents that can be searched.
    pub num_videos: usize,
    /// Places where these lie, or lay.
    pub num_files: usize,
    /// Contents that could not be indexed.
    pub num_bad_files: usize,
}

impl Holdings {
    /// Of an index with these files.
    pub fn of(files: &[FileRecord]) -> Self {
        let videos = || files.iter().filter(|file| file.track.is_some());
        Self {
            num_videos: videos().count(),
            num_files: videos().map(|video| video.looks.len()).sum(),
            num_bad_files: files.iter().filter(|file| file.state == FileState::Bad).count(),
        }
    }

    /// In words: `11 videos in 13 files, 2 bad files`.
    pub fn words(&self) -> String {
        let mut words = counted(self.num_videos, "video");
        if self.num_files != self.num_videos {
            words += &format!(" in {}", counted(self.num_files, "file"));
        }
        if self.num_bad_files > 0 {
            words += &format!(", {}", counted(self.num_bad_files, "bad file"));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_files_of_one_video_and_bad_files_are_told_apart() {
        let words = |num_videos, num_files, num_bad_files| {
            Holdings { num_videos, num_files, num_bad_files }.words()
        };
        assert_eq!(words(1, 1, 0), "1 video");
        assert_eq!(words(11, 13, 2), "11 videos in 13 files, 2 bad files");
        assert_eq!(words(0, 0, 1), "0 videos, 1 bad file");
    }
}
