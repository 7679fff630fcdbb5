//! H.264 files for what this project generates itself.
//!
//! RGB frames go in one after another, an `.mp4` comes out (libx264, 4:2:0, index at the front).
//! The file stands under a temporary name beside the final one until [`Encoder::finish`] renames
//! it, so a killed process leaves no half file that looks whole. One encoder thread and no dates or
//! versions in the container: equal frames and settings give equal bytes.

use std::path::{Path, PathBuf};

use ffmpeg::codec::{self, threading};
use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg::{Dictionary, Packet, Rational, ffi, frame};
use ffmpeg_the_third as ffmpeg;
use serde::{Deserialize, Serialize};

use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::probe;
use crate::time::Seconds;
use crate::whole_file::{PartName, WholeFile};

/// Ticks of the file's clock per frame: fine enough for frames at any time ([`Encoder::push_at`]).
const TICKS_PER_FRAME: i32 = 512;

/// How hard libx264 tries: slower presets give smaller files of the same look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderPreset {
    /// Largest files, least work.
    Ultrafast,
    /// Small files at little work: the default.
    #[default]
    Veryfast,
    /// libx264's own default, about four times the work of `Veryfast`.
    Medium,
}

impl EncoderPreset {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ultrafast => "ultrafast",
            Self::Veryfast => "veryfast",
            Self::Medium => "medium",
        }
    }
}

/// What a written file is like. Start from [`EncoderSettings::new`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncoderSettings {
    /// Width of the pushed frames in pixels. An odd width or height is written as 4:4:4, which
    /// browsers do not play.
    pub width: u32,
    /// Height of the pushed frames in pixels.
    pub height: u32,
    /// Frames per second.
    pub frame_rate_hz: u32,
    /// Frames from one key frame to the next, exactly; 1 makes every frame a key frame.
    pub key_frame_interval: u32,
    /// Most B-frames in a row; 0 for none, 3 is libx264's default.
    pub max_b_frames: u8,
    /// Constant quality, 0 (lossless) to 51; 23 is libx264's default.
    pub crf: u8,
    /// Work put into small files.
    pub preset: EncoderPreset,
    /// Clockwise turn that players shall give the pictures: 0, 90, 180 or 270. Pixels are stored as
    /// pushed.
    pub rotation_degrees: u16,
}

impl EncoderSettings {
    /// Settings for frames of `width` x `height` pixels: a key frame each second, quality 23, 3
    /// B-frames, veryfast.
    pub fn new(width: u32, height: u32, frame_rate_hz: u32) -> Self {
        Self {
            width,
            height,
            frame_rate_hz,
            key_frame_interval: frame_rate_hz.max(1),
            max_b_frames: 3,
            crf: 23,
            preset: EncoderPreset::default(),
            rotation_degrees: 0,
        }
    }

    fn check(&self) -> Result<(), String> {
        let Self { width, height, frame_rate_hz, .. } = *self;
        if width == 0 || height == 0 || width > 16_384 || height > 16_384 {
            return Err(format!("{width}x{height} pixels; both sides must be 1 to 16384"));
        }
        if frame_rate_hz == 0 || frame_rate_hz > 1000 {
            return Err(format!("`frame_rate_hz` is {frame_rate_hz}; it must be 1 to 1000"));
        }
        if self.key_frame_interval == 0 {
            return Err("`key_frame_interval` is 0; use 1 to make every frame a key frame".into());
        }
        if self.crf > 51 {
            return Err(format!("`crf` is {}; it must be 0 to 51", self.crf));
        }
        if self.max_b_frames > 16 {
            return Err(format!("`max_b_frames` is {}; it must be 0 to 16", self.max_b_frames));
        }
        if !matches!(self.rotation_degrees, 0 | 90 | 180 | 270) {
            let found = self.rotation_degrees;
            return Err(format!("`rotation_degrees` is {found}; it must be 0, 90, 180 or 270"));
        }
        Ok(())
    }
}

/// Writes one H.264 file, frame by frame. Dropped without [`Encoder::finish`], it leaves nothing
/// behind.
pub struct Encoder {
    path: PathBuf,
    whole: WholeFile,
    settings: EncoderSettings,
    output: ffmpeg::format::context::Output,
    encoder: codec::encoder::video::Encoder,
    scaler: scaling::Context,
    rgb: frame::Video,
    next_pts: i64,
}

// SAFETY: the swscale context is the only part that is not `Send` by itself. It is owned by this
// encoder alone, holds no thread-local state, and is only touched through `&mut self`.
unsafe impl Send for Encoder {}

impl Encoder {
    /// Starts a file that will stand at `path`, whose folder must exist.
    ///
    /// # Errors
    /// Settings that do not fit together, a folder that cannot be written, or an FFmpeg without
    /// libx264.
    pub fn create(path: &Path, settings: EncoderSettings) -> Result<Self, VideoError> {
        ffmpeg_log::listen();
        let refused = |reason| VideoError::EncoderSettings { path: path.to_owned(), reason };
        settings.check().map_err(refused)?;
        let codec = codec::encoder::find_by_name("libx264").ok_or_else(|| {
            refused("the installed FFmpeg has no libx264; install one that has".into())
        })?;
        if path.file_name().is_none() {
            return Err(VideoError::NotAFile { path: path.to_owned(), found: "a folder" });
        }
        let whole = WholeFile::beside(path, PartName::Own);
        // Made here, not by FFmpeg, for the system's plain reason when the folder is missing or
        // closed.
        whole.create().map_err(io_error(path, "create the file in its folder"))?;
        // `file:` keeps a name with a colon from being read as a protocol.
        let url = probe::file_url(whole.part())?;

        let failed = |action| move |source| encode_error(path, action, source);
        let mut output =
            ffmpeg::format::output_as(url, "mp4").map_err(failed("create the file"))?;
        let encoder = open_encoder(codec, &settings).map_err(failed("start the encoder"))?;
        let mut stream = output.add_stream(codec).map_err(failed("start the video stream"))?;
        stream.set_time_base(time_base(&settings));
        stream.set_avg_frame_rate(Rational(settings.frame_rate_hz as i32, 1));
        stream.copy_parameters_from_context(&encoder);
        if settings.rotation_degrees != 0 {
            // SAFETY: the stream belongs to `output`, which is alive and has no header written yet.
            unsafe { write_rotation(stream.as_mut_ptr(), &settings) };
        }
        let mut options = Dictionary::new();
        options.set("movflags", "+faststart");
        options.set("fflags", "+bitexact");
        output.write_header_with(options).map_err(failed("write the header"))?;

        let (width, height) = (settings.width, settings.height);
        // Exact rounding on every processor, so that a seed makes the same file everywhere.
        let flags = scaling::Flags::from_bits_retain(
            ffi::SWS_BILINEAR | ffi::SWS_ACCURATE_RND | ffi::SWS_BITEXACT,
        );
        let scaler = scaling::Context::get(
            Pixel::RGB24,
            width,
            height,
            pixel_format(&settings),
            width,
            height,
            flags,
        )
        .map_err(failed("convert from RGB"))?;
        let rgb = frame::Video::new(Pixel::RGB24, width, height);
        let path = path.to_owned();
        Ok(Self { path, whole, settings, output, encoder, scaler, rgb, next_pts: 0 })
    }

    /// Adds the next frame, one frame time after the one before. `rgb` is `[height, width, 3]`.
    ///
    /// # Errors
    /// A picture of another size, or a disk that takes no more.
    pub fn push(&mut self, rgb: &[u8]) -> Result<(), VideoError> {
        self.push_pts(rgb, self.next_pts)
    }

    /// Adds a frame shown from `at` until the next one: a file of variable frame rate.
    ///
    /// Times are rounded to a 512th of a frame time and must grow by at least that.
    ///
    /// # Errors
    /// As [`Encoder::push`], and a time that is not after the frame before.
    pub fn push_at(&mut self, rgb: &[u8], at: Seconds) -> Result<(), VideoError> {
        let clock_hz = f64::from(self.settings.frame_rate_hz) * f64::from(TICKS_PER_FRAME);
        let pts = (at.0 * clock_hz).round() as i64;
        let earliest = (self.next_pts - i64::from(TICKS_PER_FRAME) + 1).max(0);
        if pts < earliest {
            let reason = format!("the frame at {at} does not come after the one before it");
            return Err(VideoError::EncoderSettings { path: self.path.clone(), reason });
        }
        self.push_pts(rgb, pts)
    }

    /// Writes what is left and puts the file under its final name, replacing a file that stood
    /// there.
    ///
    /// # Errors
    /// No frame was pushed, or a disk that takes no more.
    pub fn finish(mut self) -> Result<(), VideoError> {
        if self.next_pts == 0 {
            let reason = "it has no frame; push at least one before finishing".to_owned();
            return Err(VideoError::EncoderSettings { path: self.path.clone(), reason });
        }
        ffmpeg_log::listen();
        self.encoder.send_eof().map_err(|e| encode_error(&self.path, "finish encoding", e))?;
        self.write_packets()?;
        let written = self.output.write_trailer();
        written.map_err(|e| encode_error(&self.path, "write the end of the video", e))?;
        // SAFETY: the context is alive; closing here and not on drop is the only way to see a
        // failed last write.
        let closed = unsafe { ffi::avio_closep(&raw mut (*self.output.as_mut_ptr()).pb) };
        if closed < 0 {
            return Err(encode_error(&self.path, "write the end of the file", closed.into()));
        }
        // Not synced: what this project generates is made again where it is missing.
        let renamed = self.whole.finish_unsynced();
        renamed.map_err(io_error(&self.path, "rename the finished file"))
    }

    fn push_pts(&mut self, rgb: &[u8], pts: i64) -> Result<(), VideoError> {
        ffmpeg_log::listen();
        let row_bytes = self.settings.width as usize * 3;
        let expected = row_bytes * self.settings.height as usize;
        if rgb.len() != expected {
            let path = self.path.clone();
            return Err(VideoError::FrameSize { path, expected, found: rgb.len() });
        }
        let stride = self.rgb.stride(0);
        let rows = self.rgb.data_mut(0).chunks_mut(stride);
        for (to, from) in rows.zip(rgb.chunks_exact(row_bytes)) {
            to[..row_bytes].copy_from_slice(from);
        }
        let path = &self.path;
        let failed = |action| move |source| encode_error(path, action, source);
        // A fresh frame each time: the encoder keeps references to those it looks ahead at.
        let mut yuv = frame::Video::empty();
        self.scaler.run(&self.rgb, &mut yuv).map_err(failed("convert from RGB"))?;
        yuv.set_pts(Some(pts));
        self.encoder.send_frame(&yuv).map_err(failed("encode a frame"))?;
        self.next_pts = pts + i64::from(TICKS_PER_FRAME);
        self.write_packets()
    }

    fn write_packets(&mut self) -> Result<(), VideoError> {
        let stream_time_base = self.output.stream(0).map(|stream| stream.time_base());
        let stream_time_base = stream_time_base.unwrap_or(time_base(&self.settings));
        let mut packet = Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            packet.set_stream(0);
            // Without it the last frame, or the only one, would be shown for no time at all.
            packet.set_duration(i64::from(TICKS_PER_FRAME));
            packet.rescale_ts(time_base(&self.settings), stream_time_base);
            let written = packet.write_interleaved(&mut self.output);
            written.map_err(|e| encode_error(&self.path, "write a frame", e))?;
        }
        Ok(())
    }
}

fn open_encoder(
    codec: ffmpeg::Codec,
    settings: &EncoderSettings,
) -> Result<codec::encoder::video::Encoder, ffmpeg::Error> {
    let mut video = codec::Context::new_with_codec(codec).encoder().video()?;
    video.set_width(settings.width);
    video.set_height(settings.height);
    video.set_format(pixel_format(settings));
    video.set_time_base(time_base(settings));
    video.set_frame_rate(Some(Rational(settings.frame_rate_hz as i32, 1)));
    video.set_gop(settings.key_frame_interval);
    video.set_max_b_frames(usize::from(settings.max_b_frames));
    video.set_flags(codec::Flags::GLOBAL_HEADER | codec::Flags::BITEXACT);
    video.set_threading(threading::Config::count(1));
    // What swscale makes of RGB by default, said in the file so that every player inverts the same
    // matrix.
    video.set_colorspace(ffmpeg::color::Space::SMPTE170M);
    video.set_color_range(ffmpeg::color::Range::MPEG);
    let mut options = Dictionary::new();
    options.set("preset", settings.preset.name());
    options.set("crf", settings.crf.to_string());
    // With it, equal pictures gave other bytes in one file of ten: x264's lookahead reads what it did not write.
    options.set("mbtree", "0");
    // No extra key frames at cuts: the interval is what was asked for.
    options.set("sc_threshold", "0");
    // The fine clock is the container's; in the stream it would read as 512 times the frame rate.
    options.set("x264-params", "force-cfr=1");
    video.open_with(options)
}

fn pixel_format(settings: &EncoderSettings) -> Pixel {
    let even = settings.width.is_multiple_of(2) && settings.height.is_multiple_of(2);
    if even { Pixel::YUV420P } else { Pixel::YUV444P }
}

fn time_base(settings: &EncoderSettings) -> Rational {
    Rational(1, settings.frame_rate_hz as i32 * TICKS_PER_FRAME)
}

/// Writes the display matrix of a clockwise turn into the stream.
///
/// # Safety
/// `stream` belongs to a live output without a header.
unsafe fn write_rotation(stream: *mut ffi::AVStream, settings: &EncoderSettings) {
    let kind = ffi::AVPacketSideDataType::DISPLAYMATRIX;
    // SAFETY: FFmpeg allocates 36 bytes aligned for integers, which the next call fills.
    unsafe {
        let matrix: *mut i32 = ffi::av_stream_new_side_data(stream, kind, 36).cast();
        if !matrix.is_null() {
            ffi::av_display_rotation_set(matrix, f64::from(settings.rotation_degrees));
        }
    }
}

fn io_error(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> VideoError {
    move |source| VideoError::Io { path: path.to_owned(), action: action.into(), source }
}

fn encode_error(path: &Path, action: &'static str, source: ffmpeg::Error) -> VideoError {
    VideoError::Encode { path: path.to_owned(), action, said: ffmpeg_log::said(), source }
}
