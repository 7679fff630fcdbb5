//! What a worker is asked, and what it answers.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::layers::Layers;
use crate::error::VideoError;
use crate::limits::ReadLimits;
use crate::media_location::FileStretch;
use crate::open_video::Seen;
use crate::reader_settings::ReaderSettings;
use crate::text_tracks::TextTrack;
use crate::transform::FrameTransform;

/// To a worker.
#[derive(Serialize, Deserialize)]
pub(super) enum Request {
    /// The first of all: to give its rights up. It answers [`Answer::Ready`].
    Begin {
        /// The process that asks, and with which it ends.
        asker: u32,
        /// Memory for its data, in bytes.
        memory: u64,
    },
    /// To open the file that comes with it. Beside it the file's index, where that is known. It answers [`Answer::Opened`].
    Open { place: Place, settings: ReaderSettings },
    /// To read frames of the open file. It answers [`Answer::Frames`].
    Read { wanted: WantedFrames, transform: FrameTransform },
    /// To read the subtitles of the file that comes with it. It answers [`Answer::Tracks`].
    TextTracks { place: Place, limits: ReadLimits },
    /// To close the open file. No answer.
    Close,
}

/// Of a worker. Errors are without the path, which the asker knows.
#[derive(Serialize, Deserialize)]
pub(super) enum Answer {
    Ready(Layers),
    /// Beside it the index, where it was not known.
    Opened(Seen),
    /// Beside it the pictures, `[num_frames, height, width, 3]`.
    Frames {
        /// The places of frames that could not be decoded.
        missing: Vec<usize>,
        /// Frames that came out of the decoder since the file was opened.
        num_decoded: u64,
    },
    Tracks(Vec<TextTrack>),
    Failed(VideoError),
    /// It cannot begin; the reason.
    Refused(String),
}

/// A stretch of a file that is handed over, and what it is called.
#[derive(Serialize, Deserialize)]
pub(super) struct Place {
    path: Vec<u8>,
    start: u64,
    len: u64,
}

impl Place {
    pub(super) fn of(path: &Path, stretch: &FileStretch) -> Self {
        let path = path.as_os_str().as_bytes().to_vec();
        Self { path, start: stretch.start, len: stretch.len }
    }

    pub(super) fn path(&self) -> PathBuf {
        OsStr::from_bytes(&self.path).into()
    }

    pub(super) fn stretch(&self, file: std::fs::File) -> FileStretch {
        FileStretch { file: file.into(), start: self.start, len: self.len }
    }
}

/// [`Wanted`](crate::open_video::Wanted) on its way. A list goes with its first part alone.
#[derive(Serialize, Deserialize)]
pub(super) enum WantedFrames {
    Frames(Vec<usize>),
    All,
    Part { list: Option<Vec<usize>>, from: usize, to: usize, skip_damaged: bool },
}
