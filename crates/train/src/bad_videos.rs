//! The list of videos a run could not use, `bad_videos.json`: up to date whenever the run may end.

use std::path::{Path, PathBuf};

use locvtp_model::model_directory::write_synced;

use crate::error::TrainError;
use crate::usable::BadVideo;

/// The list's name in a run folder.
const LIST_FILE: &str = "bad_videos.json";

/// The list and its file.
pub(crate) struct BadVideoList {
    path: PathBuf,
    videos: Vec<BadVideo>,
}

impl BadVideoList {
    /// The list of the run in `run`, which begins with `earlier` and `unreadable`, written.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn create(
        run: &Path,
        earlier: Vec<BadVideo>,
        unreadable: Vec<BadVideo>,
    ) -> Result<Self, TrainError> {
        let mut list = Self { path: run.join(LIST_FILE), videos: earlier };
        unreadable.into_iter().for_each(|video| list.insert(video));
        list.write()?;
        Ok(list)
    }

    /// Adds a video that turned out to be bad, and writes the list.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn add(&mut self, video: BadVideo) -> Result<(), TrainError> {
        self.insert(video);
        self.write()
    }

    pub(crate) fn into_videos(self) -> Vec<BadVideo> {
        self.videos
    }

    fn insert(&mut self, video: BadVideo) {
        match self.videos.iter_mut().find(|known| known.id == video.id) {
            Some(known) => *known = video,
            None => self.videos.push(video),
        }
    }

    fn write(&self) -> Result<(), TrainError> {
        let text = serde_json::to_string_pretty(&self.videos).expect("plain data") + "\n";
        write_synced(&self.path, text.as_bytes()).map_err(TrainError::saving)
    }
}

/// The list of a run folder; empty where there is none that can be read.
pub(crate) fn read(run: &Path) -> Vec<BadVideo> {
    std::fs::read_to_string(run.join(LIST_FILE))
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(id: &str, reason: &str) -> BadVideo {
        let path = format!("{id}.mp4").into();
        BadVideo { id: id.into(), path, reason: reason.into(), at_start: false }
    }

    #[test]
    fn the_list_outlives_a_resume_and_names_every_video_once() {
        let run = tempfile::tempdir().unwrap();
        let mut list = BadVideoList::create(run.path(), Vec::new(), vec![bad("a", "cut")]).unwrap();
        assert_eq!(read(run.path()), [bad("a", "cut")]);
        list.add(bad("b", "frame 7")).unwrap();
        drop(list);
        let resumed =
            BadVideoList::create(run.path(), read(run.path()), vec![bad("a", "empty")]).unwrap();
        let both = [bad("a", "empty"), bad("b", "frame 7")];
        assert_eq!(resumed.into_videos(), both);
        assert_eq!(read(run.path()), both);
    }
}
