//! A video as the page sees it: without the path.

use schemars::JsonSchema;
use serde::Serialize;

use crate::media::{Media, MediaId};

/// A video of the index.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ShownMedia {
    /// Its name in the index.
    pub(crate) id: MediaId,
    /// The name of the file.
    pub(crate) name: String,
    /// Its folder, for display.
    pub(crate) folder: String,
    /// Seconds from the start of the file to the end of the last picture.
    pub(crate) duration_s: f64,
    /// What the file's own clock shows at the start of the file.
    pub(crate) start_s: f64,
    /// Width in pixels, as shown.
    pub(crate) width: u32,
    /// Height in pixels, as shown.
    pub(crate) height: u32,
    /// Pictures a second, on average.
    pub(crate) frame_rate_hz: Option<f64>,
    /// The codec of the pictures in FFmpeg's words.
    pub(crate) codec: String,
    /// What to ask the browser whether it can play it.
    pub(crate) media_type: Option<String>,
    /// When the file was changed, in seconds since 1970 in UTC.
    pub(crate) modified_unix_s: Option<i64>,
    /// Whether the file is not where it was any more.
    pub(crate) is_missing: bool,
    /// What the file lacks, as where it is cut short.
    pub(crate) note: Option<String>,
}

impl From<Media> for ShownMedia {
    fn from(media: Media) -> Self {
        Self {
            id: media.id,
            name: media.name,
            folder: media.folder,
            duration_s: media.duration_s,
            start_s: media.start_s,
            width: media.width,
            height: media.height,
            frame_rate_hz: media.frame_rate_hz,
            codec: media.codec,
            media_type: media.media_type,
            modified_unix_s: media.modified_unix_s,
            is_missing: media.is_missing,
            note: media.note,
        }
    }
}
