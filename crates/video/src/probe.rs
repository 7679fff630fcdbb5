//! What a file says about itself, and opening it.
//!
//! Only plain files on this machine, and stretches of them, are opened: a folder, a pipe or a
//! playlist that points elsewhere is an error, so nothing here waits for a network or a writer that
//! never comes. The
//! video stream is the one FFmpeg calls best; cover pictures of music files do not count.

use std::ffi::{CStr, CString, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ffmpeg::format::context::Input;
use ffmpeg::format::stream::Disposition;
use ffmpeg::{Dictionary, Discard, Packet, codec, media};
use ffmpeg_the_third as ffmpeg;
use ffmpeg_the_third::ffi;
use serde::{Deserialize, Serialize};

use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::hdr::HdrTransfer;
use crate::limits::ReadLimits;
use crate::media_location::FileStretch;
use crate::orientation::Orientation;
use crate::plain_file;
use crate::png_texts;
use crate::sandbox;
use crate::stretch_input::StretchInput;
use crate::time::{Seconds, TimeSpan};
use crate::watchdog::Watch;

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
    /// How long the file says that it plays, where its pictures end well before: it is cut short.
    pub cut_short_of: Option<Seconds>,
    /// Frames that are shown.
    pub num_frames: usize,
    /// How often the file's own clock begins: more than once where recordings are joined byte for byte, or its counter ran over.
    /// Times count on all the same.
    pub num_clocks: usize,
    /// Frames per second, on average: in a file of variable frame rate only the frame table tells
    /// times.
    pub frame_rate_hz: f64,
    /// Codec in FFmpeg's words: `h264`, `vp9`, ...
    pub codec: String,
    /// Container in FFmpeg's words: `mov,mp4,m4a,3gp,3g2,mj2`, `matroska,webm`, ...
    pub container: String,
    /// Where pictures are missing, as the container tells: see
    /// [`FrameTable::gaps`](crate::FrameTable::gaps).
    pub gaps: Vec<TimeSpan>,
    /// How HDR stores its light; none for ordinary video. Its pixels are tone-mapped to those of ordinary
    /// video.
    pub hdr: Option<HdrTransfer>,
    /// Which of several video streams was taken, where the file does not say which one is meant.
    pub stream_choice: Option<StreamChoice>,
}

/// One of several video streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamChoice {
    /// Index of the one that was taken, among all streams of the file.
    pub taken: usize,
    /// Video streams of the file, cover pictures left out.
    pub of: usize,
    /// Width and height of the stored pictures of the one that was taken.
    pub size: (u32, u32),
}

impl VideoInfo {
    /// What a reader of the pictures should know, in sentences; mostly nothing.
    pub fn notes(&self) -> Vec<String> {
        let hdr = self.hdr.map(|transfer| {
            format!("HDR ({}): colours are tone-mapped to those of ordinary video", transfer.name())
        });
        let choice = self.stream_choice.map(|StreamChoice { taken, of, size: (width, height) }| {
            format!(
                "{of} video streams and no default: stream {taken} ({width}x{height}) was taken"
            )
        });
        self.cut_short_note().into_iter().chain(hdr).chain(choice).collect()
    }

    /// Where the pictures of a file end that is cut short; none of a whole one.
    pub fn cut_short_note(&self) -> Option<String> {
        let stated = self.cut_short_of?;
        Some(format!(
            "cut short: the pictures end at {} of {}",
            self.duration.clock(),
            stated.clock()
        ))
    }
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
    pub(crate) codec_id: codec::Id,
    pub(crate) hdr: Option<HdrTransfer>,
    pub(crate) stream_choice: Option<StreamChoice>,
    /// Read by `input`, so dropped after it.
    _stretch: Option<StretchInput>,
    /// Asked by `input` while it waits, so dropped after it.
    pub(crate) watch: Arc<Watch>,
}

impl OpenFile {
    /// Reads the next packet of a stream that is not discarded.
    pub(crate) fn next_packet(&mut self, packet: &mut Packet) -> Result<(), ffmpeg::Error> {
        let read = packet.read(&mut self.input);
        read.inspect_err(|error| sandbox::end_where_memory_is_out(*error))
    }
}

/// What is opened, as often as needed: a file, or a stretch of one under a name of its own.
#[derive(Clone)]
pub(crate) struct MediaSource {
    pub(crate) path: PathBuf,
    pub(crate) stretch: Option<FileStretch>,
}

/// Opens the file and finds its video stream.
pub(crate) fn open(
    media: &MediaSource,
    limits: &ReadLimits,
    watch: &Arc<Watch>,
) -> Result<OpenFile, VideoError> {
    let path = &media.path;
    ffmpeg_log::listen();
    let url = file_url(path)?;
    match &media.stretch {
        None => check_plain_file(path)?,
        Some(FileStretch { len: 0, .. }) => {
            return Err(VideoError::Empty { path: path.to_owned() });
        }
        Some(_) => {}
    }
    watch.step();
    let not_a_video = |code| {
        let (path, said) = (path.to_owned(), ffmpeg_log::said());
        VideoError::NotAVideo { path, said, code }
    };
    let open_with = |look: Look| -> Result<(Input, Option<StretchInput>), ffmpeg::Error> {
        let out_of_memory = ffmpeg::Error::Other { errno: libc::ENOMEM };
        let stretch = media.stretch.clone().map(|stretch| StretchInput::new(stretch, watch));
        let stretch = stretch.map(|made| made.ok_or(out_of_memory)).transpose()?;
        let input = open_input(&url, stretch.as_ref(), limits, watch, look)?;
        watch.step();
        Ok((input, stretch))
    };
    let mut opened = open_with(Look::Usual).map_err(not_a_video)?;
    if may_begin_late(&opened.0) {
        drop(opened);
        opened = open_with(Look::Far).map_err(not_a_video)?;
    }
    let (input, stretch) = opened;
    // What is bound last is dropped first: the input, which reads from the stretch.
    let (stretch, mut input) = (stretch, input);

    let Some(stream) = best_video(&input) else {
        return Err(VideoError::NoVideoStream { path: path.to_owned(), found: streams(&input) });
    };
    let (index, parameters) = (stream.index(), stream.parameters());
    let codec_id = parameters.id();
    let codec = codec_id.name().to_owned();
    let (stored_width, stored_height) = (parameters.width(), parameters.height());
    if stored_width == 0 || stored_height == 0 {
        let (path, said) = (path.to_owned(), ffmpeg_log::said());
        return Err(match over_the_limit(said.as_str()) {
            Some((width, height)) => {
                VideoError::TooManyPixels { path, width, height, most: limits.frame_pixels }
            }
            None => VideoError::NoFrames { path, said },
        });
    }
    if u64::from(stored_width) * u64::from(stored_height) > limits.frame_pixels {
        let (path, most) = (path.to_owned(), limits.frame_pixels);
        let (width, height) = (stored_width, stored_height);
        return Err(VideoError::TooManyPixels { path, width, height, most });
    }
    // SAFETY: the stream belongs to `input`, which is alive, and so does its description.
    let hdr = HdrTransfer::of(unsafe { (*(*stream.as_ptr()).codecpar).color_trc });
    let stream_choice = stream_choice(&input, index, (stored_width, stored_height));
    // SAFETY: the stream belongs to `input`, which is alive.
    let orientation = unsafe { display_orientation(stream.as_ptr()) };
    let may_change_streams = matches!(input.format().name(), "mpegts" | "mpeg" | "flv");
    for i in 0..input.nb_streams() as usize {
        if let Some(mut other) = input.stream_mut(i).filter(|_| i != index) {
            // The video may go on in another stream, which is noticed by its packets alone.
            if may_change_streams && other.parameters().medium() == media::Type::Video {
                continue;
            }
            // SAFETY: as above; the field says which packets the demuxer need not hand out.
            unsafe { (*other.as_mut_ptr()).discard = Discard::All.into() };
        }
    }
    let (stream, watch) = (index, Arc::clone(watch));
    Ok(OpenFile {
        input,
        stream,
        orientation,
        stored_width,
        stored_height,
        codec,
        codec_id,
        hdr,
        stream_choice,
        _stretch: stretch,
        watch,
    })
}

/// The video stream that FFmpeg calls best; a cover picture is none.
pub(crate) fn best_video(input: &Input) -> Option<ffmpeg::Stream<'_>> {
    let best = input.streams().best(media::Type::Video);
    best.filter(|stream| !stream.disposition().contains(Disposition::ATTACHED_PIC))
}

/// Whether the file may have pictures behind what was looked at: the header that tells their size comes
/// with a key frame, and containers without a list of streams have those alone that were seen.
fn may_begin_late(input: &Input) -> bool {
    // SAFETY: the context is alive.
    let has_no_list = unsafe { (*input.as_ptr()).ctx_flags } & ffi::AVFMTCTX_NOHEADER != 0;
    match best_video(input) {
        Some(stream) => stream.parameters().width() == 0 || stream.parameters().height() == 0,
        None => has_no_list,
    }
}

/// How far into a file its streams are looked for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Look {
    /// As far as FFmpeg does: 5 MB, or some seconds.
    Usual,
    /// Until the pictures begin, within [`FAR_BYTES`].
    Far,
}

/// Kept in memory meanwhile. A minute of 30 Mbit/s.
const FAR_BYTES: i64 = 1 << 28;

/// Opens the container and looks into its streams, with the watch asked meanwhile and no picture
/// beyond the limit decoded. With a stretch the bytes come from there, and the URL is only a name.
pub(crate) fn open_input(
    url: &OsString,
    stretch: Option<&StretchInput>,
    limits: &ReadLimits,
    watch: &Arc<Watch>,
    look: Look,
) -> Result<Input, ffmpeg::Error> {
    if sandbox::entered().is_some() {
        // Workers open videos, and nobody else.
        return Err(ffmpeg::Error::Other { errno: libc::EPERM });
    }
    let url = CString::new(url.as_encoded_bytes()).map_err(|_| ffmpeg::Error::InvalidData)?;
    let mut options = Dictionary::new();
    options.set("protocol_whitelist", "file");
    options.set("format_whitelist", self_contained_formats());
    // SAFETY: the context is FFmpeg's own until `wrap` takes it; where opening fails FFmpeg frees it.
    // The watch and the stretch outlive the context (see `OpenFile`), or this function where it
    // fails.
    let mut input = unsafe {
        let mut context = ffi::avformat_alloc_context();
        if context.is_null() {
            return Err(ffmpeg::Error::Other { errno: libc::ENOMEM });
        }
        (*context).interrupt_callback = watch.interrupt();
        if let Some(stretch) = stretch {
            (*context).pb = stretch.context();
        }
        let (no_format, options) = (std::ptr::null(), options.as_mut_ptr());
        check(ffi::avformat_open_input(&raw mut context, url.as_ptr(), no_format, options))?;
        if look == Look::Far {
            (*context).probesize = FAR_BYTES;
            // Microseconds: no end but that of the bytes.
            (*context).max_analyze_duration = i64::MAX / 4;
        }
        Input::wrap(context)
    };
    for mut stream in input.streams_mut() {
        // SAFETY: the stream belongs to `input`, which is alive and nobody else's.
        unsafe { png_texts::take_out_of_header(stream.as_mut_ptr()) };
    }
    let mut per_stream = Dictionary::new();
    per_stream.set("max_pixels", limits.frame_pixels.min(i32::MAX as u64).to_string());
    let mut per_stream = vec![per_stream; input.nb_streams() as usize];
    let mut raw: Vec<_> = per_stream.drain(..).map(Dictionary::into_raw).collect();
    // SAFETY: one dictionary for each stream there is now, which FFmpeg may exchange for others.
    let looked = unsafe { ffi::avformat_find_stream_info(input.as_mut_ptr(), raw.as_mut_ptr()) };
    // SAFETY: as above, freed once.
    raw.iter_mut().for_each(|options| unsafe { ffi::av_dict_free(options) });
    check(looked)?;
    Ok(input)
}

fn check(code: i32) -> Result<(), ffmpeg::Error> {
    if code < 0 { Err(code.into()) } else { Ok(()) }
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

/// Width and height of a picture that FFmpeg did not look at, as they are over the limit: of files that are one picture it
/// tells them by this complaint alone.
fn over_the_limit(said: &str) -> Option<(u32, u32)> {
    let (_, behind) = said.split_once("Picture size ")?;
    let (size, _) = behind.split_once(" exceeds specified max pixel count")?;
    let (width, height) = size.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

/// Turns away what FFmpeg would wait on or name badly.
pub(crate) fn check_plain_file(path: &Path) -> Result<(), VideoError> {
    let io = |source| VideoError::Io { path: path.to_owned(), action: "open it".into(), source };
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
    plain_file::open(path).map_err(io)?;
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

/// What is to be said of the taken stream: nothing where it is the only one, or the only default.
fn stream_choice(input: &Input, taken: usize, size: (u32, u32)) -> Option<StreamChoice> {
    let is_video = |stream: &ffmpeg::Stream<'_>| {
        stream.parameters().medium() == media::Type::Video
            && !stream.disposition().contains(Disposition::ATTACHED_PIC)
    };
    let all: Vec<_> = input.streams().filter(is_video).collect();
    let defaults = all.iter().filter(|one| one.disposition().contains(Disposition::DEFAULT));
    let defaults: Vec<usize> = defaults.map(ffmpeg::Stream::index).collect();
    (all.len() > 1 && defaults != [taken]).then_some(StreamChoice { taken, of: all.len(), size })
}

/// Reads the display matrix of a stream.
///
/// # Safety
/// `stream` is alive.
pub(crate) unsafe fn display_orientation(stream: *const ffi::AVStream) -> Orientation {
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
