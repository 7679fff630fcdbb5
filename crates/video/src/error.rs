//! What can be wrong with a video file, and the way out.
//!
//! Every variant names the file. FFmpeg's own words about the failure, which it would otherwise
//! print to the terminal, are kept in `said`; its error code is the source.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use ffmpeg_the_third::Error as FfmpegError;
use serde::{Deserialize, Serialize};

use crate::error_codes::{of_ffmpeg, of_system};
use crate::limits::LimitReached;
use crate::time::{Seconds, TimeSpan};

/// FFmpeg's last complaint, empty when it gave none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FfmpegSaid(pub(crate) String);

impl FfmpegSaid {
    /// The complaint in FFmpeg's words.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The complaint, or else what an error code says.
    fn or_code(&self, code: FfmpegError) -> Self {
        if self.0.is_empty() { Self(code.to_string()) } else { self.clone() }
    }
}

impl fmt::Display for FfmpegSaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " (FFmpeg: {})", self.0) }
    }
}

/// A video file that cannot be read or written.
///
/// Those of reading can be told by one process to another, but for the path.
#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum VideoError {
    /// The operating system refuses the file.
    #[error(
        "{path}: cannot {action}; check that it exists and that you may read or write it",
        path = path.display()
    )]
    Io {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// What was tried: "open it", "rename the finished file", ...
        action: Cow<'static, str>,
        /// The system's reason.
        #[source]
        #[serde(with = "of_system")]
        source: io::Error,
    },

    /// A video that is a part of another file, or lies on another machine, is not to be had.
    #[serde(skip)]
    #[error("{path}: cannot be read where it lies", path = path.display())]
    Part {
        /// The name of the part.
        path: PathBuf,
        /// The reason, and the way out.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The path leads to something that is not a file.
    #[serde(skip)]
    #[error(
        "{path}: is {found}, not a video file; give the path of one file",
        path = path.display()
    )]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What stands there instead.
        #[serde(skip)]
        found: &'static str,
    },

    /// A path with a zero byte, which no file can have.
    #[serde(skip)]
    #[error(
        "{path}: the path contains a zero byte, so no such file can exist",
        path = path.display()
    )]
    ZeroByteInPath {
        /// The path.
        path: PathBuf,
    },

    /// A file of zero bytes.
    #[error(
        "{path}: the file is empty (0 bytes); copy or download it again",
        path = path.display()
    )]
    Empty {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
    },

    /// FFmpeg finds no media in the file, or too little of it.
    #[error(
        "{path}: not readable as a video{}; it is damaged, cut short or of another kind, \
         so copy it again or remove it",
        said.or_code(*code), path = path.display()
    )]
    NotAVideo {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// FFmpeg's complaint.
        said: FfmpegSaid,
        /// FFmpeg's error code, in words where there is no complaint.
        #[serde(with = "of_ffmpeg")]
        code: FfmpegError,
    },

    /// Media without moving pictures.
    #[error(
        "{path}: has no video stream, it holds {found}; leave it out or give the file with \
         the pictures",
        path = path.display()
    )]
    NoVideoStream {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// The streams that are there.
        found: String,
    },

    /// The installed FFmpeg cannot decode the pictures.
    #[error(
        "{path}: FFmpeg here cannot decode {codec}{said}; convert the file to H.264 or \
         install an FFmpeg with that decoder",
        path = path.display()
    )]
    NoDecoder {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// Name of the codec.
        codec: String,
        /// FFmpeg's complaint.
        said: FfmpegSaid,
        /// FFmpeg's error code.
        #[source]
        #[serde(with = "of_ffmpeg")]
        source: FfmpegError,
    },

    /// A video stream without one whole frame.
    #[error(
        "{path}: has a video stream but not one whole frame{said}; copy it again or remove it",
        path = path.display()
    )]
    NoFrames {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// FFmpeg's complaint.
        said: FfmpegSaid,
    },

    /// A frame was asked for that the file does not list.
    #[error(
        "{path}: frame {frame} was asked for, the file has {num_frames}; plan with this \
         file's frame table",
        path = path.display()
    )]
    NoSuchFrame {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// Index asked for.
        frame: usize,
        /// Frames in the file.
        num_frames: usize,
    },

    /// A span was asked for that begins when the video is over.
    #[serde(skip)]
    #[error(
        "{path}: ends at {end}, but frames from {start} on were asked for; the file is cut short, \
         or its captions belong to another video",
        path = path.display()
    )]
    SpanAfterEnd {
        /// The file.
        path: PathBuf,
        /// When its last frame ends.
        end: Seconds,
        /// When the span begins.
        start: Seconds,
    },

    /// Several recordings in one file, of which a reader would take one for all.
    #[error("{path}: {found}; {way_out}", path = path.display())]
    Joined {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// How it was joined.
        found: String,
        /// How to join it so that it can be read.
        way_out: String,
    },

    /// Every clip of a plan touches a damaged or missing span.
    #[serde(skip)]
    #[error(
        "{path}: every clip of it touches a span that is damaged or missing; copy it again or \
         leave it out",
        path = path.display()
    )]
    NoWholeClip {
        /// The file.
        path: PathBuf,
    },

    /// A listed frame does not come out of the decoder.
    #[error(
        "{path}: frame {frame} at {at} cannot be decoded{said}; {way_out}",
        path = path.display()
    )]
    Undecodable {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// Index of the frame.
        frame: usize,
        /// Its presentation time.
        at: Seconds,
        /// FFmpeg's complaint.
        said: FfmpegSaid,
        /// What it may come of, and what to do.
        way_out: Cow<'static, str>,
    },

    /// The pictures cannot be brought to the asked size or colour format.
    #[error(
        "{path}: cannot bring {width}x{height} pictures to the asked form: {reason}",
        path = path.display()
    )]
    Transform {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// Width of the pictures as shown.
        width: u32,
        /// Height of the pictures as shown.
        height: u32,
        /// What does not fit, and what would.
        reason: String,
    },

    /// Pictures larger than [`ReadLimits::frame_pixels`](crate::ReadLimits::frame_pixels).
    #[error(
        "{path}: its pictures of {width}x{height} are over the limit of {most} pixels; leave it \
         out, or raise {limit} if they are really that large",
        path = path.display(),
        limit = LimitReached { key: "frame_pixels", was: *most }
    )]
    TooManyPixels {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// Width of the stored pictures.
        width: u32,
        /// Height of the stored pictures.
        height: u32,
        /// The limit.
        most: u64,
    },

    /// Narrow pictures that are larger than [`ReadLimits::frame_pixels`](crate::ReadLimits::frame_pixels) once their
    /// short side is the one that is asked for.
    #[error(
        "{path}: its pictures of {width}x{height} become {scaled_width}x{scaled_height} when their short side is \
         scaled, which is over the limit of {most} pixels; leave it out, or raise {limit} if they are really that \
         narrow",
        path = path.display(),
        limit = LimitReached { key: "frame_pixels", was: *most }
    )]
    TooManyScaledPixels {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// Width of the pictures as shown.
        width: u32,
        /// Height of the pictures as shown.
        height: u32,
        /// Width after scaling.
        scaled_width: u32,
        /// Height after scaling.
        scaled_height: u32,
        /// The limit.
        most: u64,
    },

    /// More pictures than [`ReadLimits::frames`](crate::ReadLimits::frames).
    #[error(
        "{path}: has more than {most} frames; cut it into shorter files or raise {limit}",
        path = path.display(),
        limit = LimitReached { key: "frames", was: *most as u64 }
    )]
    TooManyFrames {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// The limit.
        most: usize,
    },

    /// More clips than [`ReadLimits::clips`](crate::ReadLimits::clips).
    #[serde(skip)]
    #[error(
        "{path}: would be cut into {} clips, as it says that it plays for {length}, and the limit is {most}; \
         leave it out if its length is wrong, take a longer stride, or raise {limit}",
        rounded(*count), path = path.display(),
        limit = LimitReached { key: "clips", was: *most as u64 }
    )]
    TooManyClips {
        /// The file.
        path: PathBuf,
        /// Clips of 16 frames.
        count: f64,
        /// The limit.
        most: usize,
        /// How long the file says that it plays.
        length: Seconds,
    },

    /// A clock that no recording has.
    #[error(
        "{path}: the times of its pictures cannot be right: {found}; copy it again or leave it out (a \
         recording that is longer has to be cut into shorter files)",
        path = path.display()
    )]
    ImpossibleClock {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// What its clock says.
        found: String,
    },

    /// The file was given up by the watchdog.
    #[error(
        "{path}: gave up trying to {action}: {reason}; check the disk or share it is on, leave it \
         out, or raise {limit}",
        path = path.display()
    )]
    GaveUp {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// What was tried: "open it" or "read frames".
        action: Cow<'static, str>,
        /// What did not happen, and for how long.
        reason: String,
        /// The setting to raise.
        limit: LimitReached,
    },

    /// The process that decoded ended: its decoder has a fault, or the file is made to use one.
    #[error(
        "{path}: the decoder ended while it worked on this file ({how}); leave it out, or convert it on a machine \
         that has nothing to lose",
        path = path.display()
    )]
    DecoderEnded {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// How it ended: by a signal, an exit code, or with an answer of no use.
        how: String,
    },

    /// The process that decoded took more memory than
    /// [`ReadLimits::worker_bytes`](crate::ReadLimits::worker_bytes).
    #[error(
        "{path}: decoding it takes more memory than a worker may have; leave it out, or raise {limit}",
        path = path.display()
    )]
    TooMuchMemory {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// The limit.
        limit: LimitReached,
    },

    /// Whoever asked for it waits no more ([`CancelToken`](crate::CancelToken)).
    #[error("{path}: nobody waits for it any more", path = path.display())]
    Cancelled {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
    },

    /// More pixels than memory holds, or than the limit of one call.
    #[error(
        "{path}: {frames} frames of {width}x{height} do not fit in memory or are over \
         `limits.output_bytes`; ask for fewer or smaller ones, or raise {limit}",
        path = path.display(),
        limit = LimitReached { key: "output_bytes", was: *most }
    )]
    TooLarge {
        /// The file.
        #[serde(skip)]
        path: PathBuf,
        /// Frames asked for.
        frames: usize,
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
        /// The limit, in bytes.
        most: u64,
    },

    /// Settings that no encoder can follow.
    #[serde(skip)]
    #[error("{path}: cannot write this video: {reason}", path = path.display())]
    EncoderSettings {
        /// The file to be written.
        path: PathBuf,
        /// What does not fit, and what would.
        reason: String,
    },

    /// A picture whose bytes do not make up one frame.
    #[serde(skip)]
    #[error(
        "{path}: a frame of {expected} bytes (height x width x 3) was expected, {found} were \
         given",
        path = path.display()
    )]
    FrameSize {
        /// The file being written.
        path: PathBuf,
        /// Bytes of one frame.
        expected: usize,
        /// Bytes given.
        found: usize,
    },

    /// No part of a file can be cut out.
    #[serde(skip)]
    #[error("{path}: cannot cut {span} out of it{said}: {reason}", path = path.display())]
    Cut {
        /// The file.
        path: PathBuf,
        /// The span that was asked for.
        span: TimeSpan,
        /// What does not fit, and what would.
        reason: String,
        /// FFmpeg's complaint.
        said: FfmpegSaid,
    },

    /// A copy of a part of a file that no player could begin.
    #[serde(skip)]
    #[error(
        "{path}: a copy of {span} cannot be decoded from its first picture on; cut it with --exact, which encodes it anew",
        path = path.display()
    )]
    CopyUndecodable {
        /// The file.
        path: PathBuf,
        /// The span that was asked for.
        span: TimeSpan,
        /// What decoding said.
        #[source]
        why: Box<VideoError>,
    },

    /// Writing failed: most often a full disk.
    #[serde(skip)]
    #[error("{path}: cannot {action}{said}; {way_out}", path = path.display(), way_out = of_writing(source))]
    Encode {
        /// The file being written.
        path: PathBuf,
        /// What was tried.
        #[serde(skip)]
        action: &'static str,
        /// FFmpeg's complaint.
        said: FfmpegSaid,
        /// FFmpeg's error code.
        #[source]
        source: FfmpegError,
    },
}

/// What to do when FFmpeg cannot write: the system's numbers are of the disk, but for the one of what cannot be right.
fn of_writing(error: &FfmpegError) -> &'static str {
    match error {
        FfmpegError::Other { errno } if *errno != libc::EINVAL => {
            "check that the disk has space and the folder may be written"
        }
        _ => {
            "this kind of file does not take what it should hold; try another ending, or encode it anew"
        }
    }
}

impl VideoError {
    /// The same of the file at `path`, which another process could not tell.
    pub(crate) fn at(mut self, whole: &Path) -> Self {
        match &mut self {
            Self::Io { path, .. }
            | Self::Part { path, .. }
            | Self::NotAFile { path, .. }
            | Self::ZeroByteInPath { path }
            | Self::Empty { path }
            | Self::NotAVideo { path, .. }
            | Self::NoVideoStream { path, .. }
            | Self::NoDecoder { path, .. }
            | Self::NoFrames { path, .. }
            | Self::NoSuchFrame { path, .. }
            | Self::SpanAfterEnd { path, .. }
            | Self::Joined { path, .. }
            | Self::NoWholeClip { path }
            | Self::Undecodable { path, .. }
            | Self::Transform { path, .. }
            | Self::TooManyPixels { path, .. }
            | Self::TooManyScaledPixels { path, .. }
            | Self::TooManyFrames { path, .. }
            | Self::TooManyClips { path, .. }
            | Self::ImpossibleClock { path, .. }
            | Self::GaveUp { path, .. }
            | Self::DecoderEnded { path, .. }
            | Self::Cancelled { path }
            | Self::TooMuchMemory { path, .. }
            | Self::TooLarge { path, .. }
            | Self::EncoderSettings { path, .. }
            | Self::FrameSize { path, .. }
            | Self::Cut { path, .. }
            | Self::CopyUndecodable { path, .. }
            | Self::Encode { path, .. } => whole.clone_into(path),
        }
        self
    }

    /// Whether there was no more memory to be had.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        match self {
            Self::Io { source, .. } => source.raw_os_error() == Some(libc::ENOMEM),
            Self::NotAVideo { code: source, .. } | Self::NoDecoder { source, .. } => {
                matches!(source, FfmpegError::Other { errno: libc::ENOMEM })
            }
            _ => false,
        }
    }
}

/// A whole number that may be beyond all bounds, as people read it.
fn rounded(count: f64) -> String {
    if count < 1e15 { format!("{count:.0}") } else { format!("{count:.0e}") }
}
