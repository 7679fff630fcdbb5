//! A span of a file as a file of its own.
//!
//! [`copy_span`] takes the packets as they are: nothing is lost and nothing computed, but the cut begins
//! at the key frame before. [`encode_span`] begins and ends at the frame, as H.264 and AAC. Both say
//! what they hold. The pictures' turn stays a note in the container, as it was.
//!
//! What is cut stands under its name when it is whole. Colours of HDR are tone-mapped for players without
//! it, or else kept as code values with their tags, at 8 bits. Of recordings joined in one file, whose clock starts again
//! or jumps, each packet has its place on one timeline ([`crate::joined_packets`]), in what is cut as well.
//!
//! A copy begins with the headers that a decoder needs, and its first picture is decoded before it gets its name.

mod copy;
mod encode;
mod output;
mod sound;
mod source;

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cancel::CancelToken;
use crate::encode::EncoderPreset;
use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::frame_table_cache::FrameTableCache;
use crate::limits::ReadLimits;
use crate::time::TimeSpan;
use crate::watchdog::{self, Watch};
use output::CutOutput;
use source::CutSource;

/// How long sound may lie behind its pictures in a file, in seconds: a pack of MPEG-PS holds seconds of pictures that hardly
/// change.
const SOUND_BEHIND_S: f64 = 10.0;

/// What a cut holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// The part of the source: from the time of the first frame that is shown to the end of the last.
    pub span: TimeSpan,
    /// Whether pictures and sound were encoded anew.
    pub encoded: bool,
}

/// How a span is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CutSettings {
    /// Constant quality, 0 (lossless) to 51.
    pub crf: u8,
    /// Work put into small files.
    pub preset: EncoderPreset,
    /// Larger pictures are scaled down to this height of the stored picture; none keeps the size.
    pub most_lines: Option<u32>,
    /// HDR becomes ordinary video; else it keeps its code values and their tags.
    pub tone_mapped: bool,
    /// In fragments that play while the file is still loading, as browsers want them; no B-frames.
    pub fragmented: bool,
}

impl CutSettings {
    /// For an editor: quality 18, the size of the source.
    pub fn exact() -> Self {
        Self {
            crf: 18,
            preset: EncoderPreset::Veryfast,
            most_lines: None,
            tone_mapped: false,
            fragmented: false,
        }
    }

    /// For a browser that cannot play the source: at most 720 lines, without HDR, in fragments.
    pub fn proxy() -> Self {
        Self {
            crf: 26,
            preset: EncoderPreset::Ultrafast,
            most_lines: Some(720),
            tone_mapped: true,
            fragmented: true,
        }
    }
}

/// Copies the packets of `span` to a file of the kind that the name of `to` says, from the key frame
/// before its start on; the best video stream and all sound. In `tables` is looked up whether the file's clock goes on;
/// without, all packets of MPEG-TS and MPEG-PS are read for that.
///
/// # Errors
/// A file that cannot be read, a span outside it, a kind of file that does not take its streams, or a
/// disk that takes no more. [`VideoError::CopyUndecodable`] where the first picture of the copy cannot be decoded.
pub fn copy_span(
    from: &Path,
    span: TimeSpan,
    to: &Path,
    tables: Option<&FrameTableCache>,
) -> Result<Cut, VideoError> {
    let to = to.to_owned();
    work_on(from, span, tables, &CancelToken::default(), move |source| {
        let output = CutOutput::file(&to)?;
        copy::copy(source, span, output)
    })
}

/// Encodes `span` from the frame on the screen at its start to its end, as H.264 and AAC; `tables` as of
/// [`copy_span`].
///
/// # Errors
/// As [`copy_span`], and an FFmpeg without libx264.
pub fn encode_span(
    from: &Path,
    span: TimeSpan,
    to: &Path,
    settings: &CutSettings,
    tables: Option<&FrameTableCache>,
) -> Result<Cut, VideoError> {
    encode_span_until(&CancelToken::default(), from, span, to, settings, tables)
}

/// As [`encode_span`], ended by the token; nothing then stands at `to`.
///
/// # Errors
/// As [`encode_span`]; [`VideoError::Cancelled`] when it was ended.
pub fn encode_span_until(
    cancel: &CancelToken,
    from: &Path,
    span: TimeSpan,
    to: &Path,
    settings: &CutSettings,
    tables: Option<&FrameTableCache>,
) -> Result<Cut, VideoError> {
    let (to, settings) = (to.to_owned(), settings.clone());
    work_on(from, span, tables, cancel, move |source| {
        let output = CutOutput::file(&to)?;
        Ok(encode::encode(source, span, output, &settings)?.0)
    })
}

/// As [`encode_span`], into memory: an MP4, always in fragments.
///
/// # Errors
/// As [`encode_span`].
pub fn encode_span_in_memory(
    from: &Path,
    span: TimeSpan,
    settings: &CutSettings,
) -> Result<(Cut, Vec<u8>), VideoError> {
    let settings = CutSettings { fragmented: true, ..settings.clone() };
    work_on(from, span, None, &CancelToken::default(), move |source| {
        let output = CutOutput::memory(source.path())?;
        encode::encode(source, span, output, &settings)
    })
}

/// Opens the source and works on it under the watchdog.
fn work_on<T: Send + 'static>(
    from: &Path,
    span: TimeSpan,
    tables: Option<&FrameTableCache>,
    cancel: &CancelToken,
    work: impl FnOnce(&mut CutSource) -> Result<T, VideoError> + Send + 'static,
) -> Result<T, VideoError> {
    // However long the span is: it ends when nothing comes any more.
    let limits = ReadLimits { call_s: 0, ..ReadLimits::default() };
    let watch = Arc::new(Watch::until(cancel));
    let (path, inside, tables) = (from.to_owned(), Arc::clone(&watch), tables.cloned());
    let done = watchdog::run(&watch, &limits, move || {
        ffmpeg_log::listen();
        let mut source = CutSource::open(&path, &limits, &inside)?;
        source.place_joined(span, tables.as_ref())?;
        work(&mut source)
    });
    done.unwrap_or_else(|why| Err(watchdog::error(from, "cut it", why, &limits)))
}
