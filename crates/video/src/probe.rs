//! What a file says about itself, and opening it.
//!
//! Only plain files on this machine are opened: a folder, a pipe or a playlist that points
//! elsewhere is an error, so nothing here waits for a network or a writer that never comes. The
//! video stream is the one FFmpeg calls best; cover pictures of music files do not count.

use std::ffi::{CStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ffmpeg::format::context::Input;
use ffmpeg::format::stream::Disposition;
use ffmpeg::{Dictionary, Discard, media};
use ffmpeg_the_third as ffmpeg;
use ffmpeg_the_third::ffi;
use serde::Serialize;

use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::orientation::Orientation;
use crate::time::Seconds;

/// What is known of a video without looking at its pixels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VideoInfo {
    /// The file.
    pub path: PathBuf,
    /// Width in pixels as shown: after the rotation that the file asks for.
    pub width: u32,
    /// Height in pixels as shown.
    pub height: u32,
    /// Clockwise turn from the stored to the shown picture: 0, 90, 180 or 270.
    pub rotation_degrees: u16,
    /// When the last frame ends.
    pub duration: Seconds,
    /// Frames that are shown.
    pub num_frames: usize,
    /// Frames per second, on average: in a file of variable frame rate only the frame table tells
    /// times.
    pub frame_rate_hz: f64,
    /// Codec in FFmpeg's words: `h264`, `vp9`, ...
    pub codec: String,
    /// Container in FFmpeg's words: `mov,mp4,m4a,3gp,3g2,mj2`, `matroska,webm`, ...
    pub container: String,
}

/// An opened file and its video stream; packets of other streams are not read.
pub(crate) struct OpenFile {
    pub(crate) input: Input,
    pub(crate) stream: usize,
    pub(crate) orientation: Orientation,
    /// Size of the stored pictures.
    pub(crate) stored_width: u32,
    pub(crate) stored_height: u32,
    pub(crate) codec: String,
}

/// Opens the file and finds its video stream.
pub(crate) fn open(path: &Path) -> Result<OpenFile, VideoError> {
    ffmpeg_log::listen();
    let url = file_url(path)?;
    check_plain_file(path)?;
    let mut options = Dictionary::new();
    options.set("protocol_whitelist", "file");
    options.set("format_whitelist", self_contained_formats());
    let not_a_video =
        |source| VideoError::NotAVideo { path: path.to_owned(), said: ffmpeg_log::said(), source };
    let mut input = ffmpeg::format::input_with_dictionary(url, options).map_err(not_a_video)?;

    let best = input.streams().best(media::Type::Video);
    let best = best.filter(|stream| !stream.disposition().contains(Disposition::ATTACHED_PIC));
    let Some(stream) = best else {
        return Err(VideoError::NoVideoStream { path: path.to_owned(), found: streams(&input) });
    };
    let (index, parameters) = (stream.index(), stream.parameters());
    let codec = parameters.id().name().to_owned();
    let (stored_width, stored_height) = (parameters.width(), parameters.height());
    if stored_width == 0 || stored_height == 0 {
        return Err(VideoError::NoFrames { path: path.to_owned(), said: ffmpeg_log::said() });
    }
    // SAFETY: the stream belongs to `input`, which is alive.
    let orientation = unsafe { display_orientation(stream.as_ptr()) };
    for i in 0..input.nb_streams() as usize {
        if let Some(mut other) = input.stream_mut(i).filter(|_| i != index) {
            // SAFETY: as above; the field says which packets the demuxer need not hand out.
            unsafe { (*other.as_mut_ptr()).discard = Discard::All.into() };
        }
    }
    Ok(OpenFile { input, stream: index, orientation, stored_width, stored_height, codec })
}

/// The path as FFmpeg takes it: `file:` keeps a name with a colon from being read as a protocol.
pub(crate) fn file_url(path: &Path) -> Result<OsString, VideoError> {
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(VideoError::ZeroByteInPath { path: path.to_owned() });
    }
    let mut url = OsString::from("file:");
    url.push(path);
    Ok(url)
}

/// All formats that FFmpeg here reads, without those that play other files or servers: a playlist
/// named `.mp4` would otherwise be waited on for minutes.
fn self_contained_formats() -> &'static str {
    const POINTERS: [&str; 14] = [
        "hls",
        "applehttp",
        "dash",
        "webm_dash_manifest",
        "imf",
        "concat",
        "concatf",
        "image2",
        "sdp",
        "rtsp",
        "rtp",
        "sap",
        "avisynth",
        "vapoursynth",
    ];
    static NAMES: OnceLock<String> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut place = std::ptr::null_mut();
        // SAFETY: FFmpeg walks its own static list, `place` being its bookmark; names are static
        // strings.
        let names = std::iter::from_fn(|| unsafe {
            let format = ffi::av_demuxer_iterate(&raw mut place).as_ref()?;
            CStr::from_ptr(format.name).to_str().ok()
        });
        let names = names.filter(|names| !names.split(',').any(|name| POINTERS.contains(&name)));
        names.collect::<Vec<_>>().join(",")
    })
}

/// Turns away what FFmpeg would wait on or name badly.
fn check_plain_file(path: &Path) -> Result<(), VideoError> {
    let io = |source| VideoError::Io { path: path.to_owned(), action: "open it", source };
    let about = fs::metadata(path).map_err(io)?;
    if about.is_dir() {
        return Err(VideoError::NotAFile { path: path.to_owned(), found: "a folder" });
    }
    if !about.is_file() {
        return Err(VideoError::NotAFile { path: path.to_owned(), found: "a pipe or device" });
    }
    if about.len() == 0 {
        return Err(VideoError::Empty { path: path.to_owned() });
    }
    fs::File::open(path).map_err(io)?;
    Ok(())
}

/// The streams of a file without video, in words.
fn streams(input: &Input) -> String {
    let names: Vec<String> = input
        .streams()
        .map(|stream| {
            let (parameters, disposition) = (stream.parameters(), stream.disposition());
            if disposition.contains(Disposition::ATTACHED_PIC) {
                return "a cover picture".to_owned();
            }
            let kind = match parameters.medium() {
                media::Type::Audio => "audio",
                media::Type::Subtitle => "subtitles",
                _ => "data",
            };
            format!("{kind} ({})", parameters.id().name())
        })
        .collect();
    if names.is_empty() { "no stream at all".into() } else { names.join(", ") }
}

/// Reads the display matrix of a stream.
///
/// # Safety
/// `stream` is alive.
unsafe fn display_orientation(stream: *const ffi::AVStream) -> Orientation {
    let kind = ffi::AVPacketSideDataType::DISPLAYMATRIX;
    let mut size = 0;
    // SAFETY: FFmpeg returns null or `size` bytes that live as long as the stream; nine integers
    // are read only when there are as many, and without assuming alignment.
    unsafe {
        let data = ffi::av_stream_get_side_data(stream, kind, &raw mut size);
        if data.is_null() || size < 36 {
            return Orientation::default();
        }
        Orientation::from_display_matrix(data.cast::<[i32; 9]>().read_unaligned())
    }
}
