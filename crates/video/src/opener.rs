//! How many videos are opened alike: what one may cost, and where frame tables are kept.

use crate::cancel::CancelToken;
use crate::decode::VideoReader;
use crate::error::VideoError;
use crate::frame_table_cache::FrameTableCache;
use crate::media_location::MediaLocation;
use crate::reader_settings::ReaderSettings;

/// Opens videos, all in the same way. By default with the limits of [`ReadLimits`](crate::ReadLimits)
/// and no frame tables kept.
#[derive(Clone, Debug, Default)]
pub struct VideoOpener {
    /// How the readers work.
    pub settings: ReaderSettings,
    /// Where frame tables are kept.
    pub frame_tables: Option<FrameTableCache>,
    /// Ends reading of whatever was opened: [`VideoError::Cancelled`].
    pub cancel: CancelToken,
}

impl VideoOpener {
    /// Opens a video; with frame tables kept, one that was opened before is not read whole again.
    ///
    /// # Errors
    /// As [`VideoReader::open_media`].
    pub fn open(&self, media: &MediaLocation) -> Result<VideoReader, VideoError> {
        let tables = self.frame_tables.as_ref();
        VideoReader::open_until(&self.cancel, media, self.settings, tables)
    }
}
