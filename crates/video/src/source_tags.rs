//! What an editor must know of a file to point into it: its start timecode, its stated frame rate, its
//! size and sound.
//!
//! The start timecode stands in another place in each kind of file: on a stream in MOV and MP4 (a `tmcd`
//! track), on the file in MXF and AVI, in a tag `TIMECODE` in Matroska. MPEG-TS has none.

use std::path::Path;
use std::sync::Arc;

use ffmpeg::media;
use ffmpeg_the_third as ffmpeg;
use serde::{Deserialize, Serialize};

use crate::error::VideoError;
use crate::limits::ReadLimits;
use crate::probe::{self, MediaSource};
use crate::watchdog::{self, Watch};

/// What stands in a file's header besides its pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceTags {
    /// The timecode of the first frame as it is written: `01:00:00:00`, with drop frame
    /// `01:00:00;00`.
    pub start_timecode: Option<String>,
    /// Frames per second as a fraction: `(30000, 1001)`; on average where the rate varies.
    pub frame_rate: Option<(u32, u32)>,
    /// Width in pixels as shown.
    pub width: u32,
    /// Height in pixels as shown.
    pub height: u32,
    /// Channels of the sound; 0 without sound.
    pub sound_channels: u32,
    /// Samples of sound a second; 0 without sound.
    pub sound_rate_hz: u32,
}

impl SourceTags {
    /// Opens the file and reads its header alone.
    ///
    /// # Errors
    /// As [`VideoReader::open`](crate::VideoReader::open).
    pub fn read(path: &Path) -> Result<Self, VideoError> {
        let (limits, watch) = (ReadLimits::default(), Arc::new(Watch::default()));
        let media = MediaSource { path: path.to_owned(), stretch: None };
        let inside = Arc::clone(&watch);
        let read = watchdog::run(&watch, &limits, move || {
            let file = probe::open(&media, &limits, &inside)?;
            let (width, height) = file.orientation.size(file.stored_width, file.stored_height);
            let video = file.input.stream(file.stream);
            let rates = video.map(|video| [video.avg_frame_rate(), video.rate()]);
            let frame_rate = rates.into_iter().flatten().find_map(|rate| {
                let parts = (u32::try_from(rate.0).ok()?, u32::try_from(rate.1).ok()?);
                (parts.0 > 0 && parts.1 > 0).then_some(parts)
            });
            let sound = file.input.streams().best(media::Type::Audio).map(|sound| {
                let sound = sound.parameters();
                (sound.ch_layout().channels(), sound.sample_rate())
            });
            let (sound_channels, sound_rate_hz) = sound.unwrap_or_default();
            let start_timecode = start_timecode(&file.input, file.stream);
            Ok(Self { start_timecode, frame_rate, width, height, sound_channels, sound_rate_hz })
        });
        read.unwrap_or_else(|why| Err(watchdog::error(path, "open it", why, &limits)))
    }
}

/// Of the video stream, else of another one, else of the file.
fn start_timecode(input: &ffmpeg::format::context::Input, video: usize) -> Option<String> {
    let tag = |tags: ffmpeg::DictionaryRef<'_>| tags.get("timecode").map(str::to_owned);
    let of_video = input.stream(video).and_then(|stream| tag(stream.metadata()));
    let of_others = || input.streams().find_map(|stream| tag(stream.metadata()));
    of_video.or_else(of_others).or_else(|| tag(input.metadata()))
}
