//! Threads and memory of the loader: how far it may read ahead, and how it opens files.

use std::path::PathBuf;

use locvtp_video::{FrameTableCache, ReadLimits, ReaderSettings, VideoOpener};
use serde::{Deserialize, Serialize};

use crate::error::TrainError;

/// More threads than any machine has cores for; the system refuses many more, in the midst of the run.
const MOST_THREADS: usize = 1024;

/// Threads and memory of the loader; changes no result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LoaderSection {
    /// Threads that decode ahead of the encoder.
    #[schemars(range(min = 1))]
    pub threads: usize,
    /// Batches that may wait or be in the making, at most.
    #[schemars(range(min = 1))]
    pub queue: usize,
    /// Memory for them; MiB. It allows fewer where batches are large, but always one. Default 4096.
    #[schemars(range(min = 1))]
    pub queue_mib: usize,
    /// Memory for decoded videos, so that a small corpus is decoded once; MiB.
    pub cache_mib: usize,
    /// A folder where frame tables are kept, so that a file is read whole once and not at every
    /// opening; `""` for none. Two bytes a frame; may be shared by runs, and deleted at any time.
    /// Default: none, and for the commands `locvtp/frame-tables` in the user's cache folder.
    pub frame_tables: Option<PathBuf>,
}

impl Default for LoaderSection {
    fn default() -> Self {
        Self { threads: 2, queue: 4, queue_mib: 4096, cache_mib: 1024, frame_tables: None }
    }
}

impl LoaderSection {
    /// # Errors
    /// When there would be no thread, or too many, or no place for a batch.
    pub fn check(&self) -> Result<(), TrainError> {
        for (key, value) in [
            ("loader.threads", self.threads),
            ("loader.queue", self.queue),
            ("loader.queue_mib", self.queue_mib),
        ] {
            if value == 0 {
                let (key, found, expected) = (key.to_owned(), "0".to_owned(), "1 or more");
                return Err(TrainError::Setting { key, found, expected });
            }
        }
        if self.threads > MOST_THREADS {
            let (key, found) = ("loader.threads", self.threads.to_string());
            return Err(TrainError::Setting { key: key.to_owned(), found, expected: "1 to 1024" });
        }
        Ok(())
    }

    /// Batches of so many bytes that may wait or be in the making: `queue`, or fewer where they are
    /// large.
    pub fn queue_len(&self, batch_bytes: usize) -> usize {
        let bytes = self.queue_mib.saturating_mul(1 << 20);
        self.queue.min(bytes / batch_bytes.max(1)).max(1)
    }

    /// How video files are opened.
    ///
    /// # Errors
    /// When the folder of frame tables cannot be made.
    pub fn opener(&self, limits: ReadLimits) -> Result<VideoOpener, TrainError> {
        let folder = self.frame_tables.as_ref();
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        Ok(VideoOpener {
            settings: ReaderSettings { limits, ..ReaderSettings::default() },
            frame_tables: folder.map(FrameTableCache::create).transpose()?,
            ..VideoOpener::default()
        })
    }
}
