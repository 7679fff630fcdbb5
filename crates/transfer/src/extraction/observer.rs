//! Who is told how an extraction goes, and of what.

use std::path::PathBuf;

use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

use crate::extraction::decoding::VideoEnd;
use crate::extraction::video_list::VideoFile;

/// How far an extraction is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExtractProgress {
    /// Videos that are done or bad.
    pub videos: usize,
    /// Videos that are to be done.
    pub total_videos: usize,
    /// Clips that are done.
    pub clips: usize,
    /// Of these, those that took the features of the clip before.
    pub taken_over: usize,
    /// Frames that came out of the decoder, of videos that are done or bad, and when it ends of all: those that clips
    /// are made of, and those that these are made from.
    pub decoded: u64,
    /// Length of the video that went through, seconds.
    pub video_s: f64,
    /// Bytes of the video files that are done, out of `total_bytes`: how far it is, before all files
    /// are opened.
    pub bytes: f64,
    /// Bytes of all video files that are to be done.
    pub total_bytes: f64,
    /// Since the first file was opened.
    pub seconds: f64,
}

/// Is told how an extraction goes, and may stop it.
pub trait ExtractObserver {
    /// So many videos are to be done, and others are in the file already.
    fn started(&mut self, _to_do: usize, _already: usize) {}
    /// These are in the file already, of other video files: they are done again.
    fn changed(&mut self, _ids: &[String]) {}
    /// A batch is done.
    fn progress(&mut self, _progress: &ExtractProgress) {}
    /// A video cannot be read and is left out.
    fn bad(&mut self, _bad: &BadVideo) {}
    /// A video is done in which pictures are missing or damaged, or whose file is cut short.
    fn damaged(&mut self, _damaged: &DamagedVideo) {}
    /// Whether to stop; what is done is kept.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Nobody is told.
impl ExtractObserver for () {}

/// A video that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadVideo {
    /// Its name.
    pub id: String,
    /// The file.
    pub path: PathBuf,
    /// Why, and what to do.
    pub reason: String,
    /// Whether it can be read but for some pictures: [`skip_damaged`](super::ExtractSettings::skip_damaged) would keep the
    /// others.
    pub is_damaged: bool,
    /// Whether it was given up because nothing came of it: it would hang again.
    #[serde(skip)]
    pub has_hung: bool,
}

/// A video in which pictures are missing or damaged, or whose file is cut short.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DamagedVideo {
    /// Its name.
    pub id: String,
    /// The file.
    pub path: PathBuf,
    /// Where: growing, seconds.
    pub spans: Vec<TimeSpan>,
    /// Clips that were left out because they touch these spans.
    pub clips_left_out: usize,
    /// What is said of a file that is cut short; none of a whole one.
    pub cut_short: Option<String>,
}

impl DamagedVideo {
    /// What is to be said of a video that is done; none of a whole one.
    pub(crate) fn of(video: &VideoFile, end: &VideoEnd) -> Option<Self> {
        (!end.damaged.is_empty() || end.cut_short.is_some()).then(|| Self {
            id: video.id.clone(),
            path: video.path.clone(),
            spans: end.damaged.clone(),
            clips_left_out: end.num_skipped,
            cut_short: end.cut_short.clone(),
        })
    }
}
