//! How video files are opened: what one may cost, and where frame tables are kept.

use std::path::Path;

use crate::decode::{ReaderSettings, VideoReader};
use crate::error::VideoError;
use crate::frame_table_cache::FrameTableCache;

/// Opens files, all in the same way. By default with the limits of [`ReadLimits`](crate::ReadLimits)
/// and no frame tables kept.
#[derive(Clone, Debug, Default)]
pub struct VideoOpener {
    /// How the readers work.
    pub settings: ReaderSettings,
    /// Where frame tables are kept.
    pub frame_tables: Option<FrameTableCache>,
}

impl VideoOpener {
    /// Opens a file; with frame tables kept, one that was opened before is not read whole again.
    ///
    /// # Errors
    /// As [`VideoReader::open`].
    pub fn open(&self, path: &Path) -> Result<VideoReader, VideoError> {
        match &self.frame_tables {
            Some(tables) => VideoReader::open_cached(path, self.settings, tables),
            None => VideoReader::open_with(path, self.settings),
        }
    }
}
