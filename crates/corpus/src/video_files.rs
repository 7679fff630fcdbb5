//! The media files of a corpus, found by name: `<id>.mp4` somewhere under a folder.
//!
//! Data sets agree on ids and on little else: some keep videos in one folder, some in one folder a
//! class, and downloads end in whatever the site served. So every media file under the folder is
//! known by its name without ending; of several with one name the better container counts, then the
//! first path. CC3M's pictures, as its readers store them, have a number for a name and no ending.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use locvtp_video::media_endings::{
    PICTURE_ENDINGS, VIDEO_ENDINGS, is_video, picture_rank, video_rank,
};

use crate::error::CorpusError;
use crate::folder_walk::{DEPTH, walk};

/// Media files by name.
#[derive(Debug, Clone, Default)]
pub struct VideoFiles {
    files: BTreeMap<String, PathBuf>,
}

impl VideoFiles {
    /// Finds all media files under `dir`.
    ///
    /// # Errors
    /// When the folder cannot be read; folders below it that cannot be read are passed over.
    pub fn under(dir: &Path) -> Result<Self, CorpusError> {
        let mut found = Self::default();
        walk(dir, DEPTH, &mut |path| found.add_if_media(path))
            .map_err(|source| CorpusError::Read { path: dir.to_owned(), source })?;
        Ok(found)
    }

    /// Takes a file whose name is one of media.
    pub(crate) fn add_if_media(&mut self, path: PathBuf) {
        if rank(&path).is_none() {
            return;
        }
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { return };
        match self.files.get(stem) {
            Some(known) if (rank(known), known) <= (rank(&path), &path) => {}
            _ => drop(self.files.insert(stem.to_owned(), path)),
        }
    }

    /// The file named `stem`, whatever its ending; `stem` may bring an ending of its own.
    pub fn find(&self, stem: &str) -> Option<&Path> {
        let bare = || Some(stem.rsplit_once('.')?.0);
        let found = self.files.get(stem).or_else(|| self.files.get(bare()?));
        found.map(PathBuf::as_path)
    }

    /// The file of exactly this name, whatever its ending.
    pub(crate) fn exact(&self, stem: &str) -> Option<&Path> {
        self.files.get(stem).map(PathBuf::as_path)
    }

    /// The names of all files, sorted.
    pub fn stems(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Whether any of them is a video by its name; pictures are none.
    pub fn has_videos(&self) -> bool {
        self.files.values().any(|path| is_video(path))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no media file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// Whether the file's name is one of a picture, as the thumbnail beside a video.
pub(crate) fn is_picture(path: &Path) -> bool {
    path.extension().is_none() || picture_rank(path).is_some()
}

/// Whether the file's name ends as that of a video or picture.
pub(crate) fn has_media_ending(path: &Path) -> bool {
    video_rank(path).is_some() || picture_rank(path).is_some()
}

/// How good the file's ending is, 0 best; none for what is no media file.
pub(crate) fn rank(path: &Path) -> Option<usize> {
    let picture = || picture_rank(path).map(|rank| VIDEO_ENDINGS.len() + rank);
    let bare = || {
        let name = path.file_name()?.as_encoded_bytes();
        let is_number = path.extension().is_none() && name.iter().all(u8::is_ascii_digit);
        is_number.then_some(VIDEO_ENDINGS.len() + PICTURE_ENDINGS.len())
    };
    video_rank(path).or_else(picture).or_else(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_name_in_folders_below_and_the_better_container_counts() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("train/226");
        std::fs::create_dir_all(&deep).unwrap();
        for name in ["a.webm", "a.mp4", "b.MKV", "notes.txt", "123456", "readme"] {
            std::fs::write(deep.join(name), b"").unwrap();
        }
        let files = VideoFiles::under(dir.path()).unwrap();
        assert_eq!(files.find("a").unwrap(), deep.join("a.mp4"));
        assert_eq!(files.find("b.avi").unwrap(), deep.join("b.MKV"));
        assert_eq!(files.stems().collect::<Vec<_>>(), ["123456", "a", "b"]);
        assert!(files.find("notes").is_none());
        let error = VideoFiles::under(&dir.path().join("gone")).unwrap_err().to_string();
        assert!(error.contains("gone"), "{error}");
    }
}
