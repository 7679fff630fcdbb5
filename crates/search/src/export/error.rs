//! Why hits cannot be written in a format, and the way out.

use std::io;
use std::path::PathBuf;

use locvtp_video::VideoError;

/// An export that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The name of the file says no format.
    #[error(
        "{path}: the ending names no format of hits; use .csv, .json, .srt, .vtt, .edl, .otio or .fcpxml",
        path = path.display()
    )]
    Format {
        /// The file to be written.
        path: PathBuf,
    },

    /// A source without a frame rate, for a list that counts in frames.
    #[error(
        "{path}: its frame rate varies, and an EDL counts in frames of one rate; export .otio or .fcpxml, or \
         make a copy of constant rate first: ffmpeg -i IN -vf fps={fps} OUT.mp4",
        path = path.display()
    )]
    VariableRate {
        /// The source.
        path: PathBuf,
        /// A constant rate that keeps all of its frames, as FFmpeg takes it.
        fps: String,
    },

    /// Sources of several rates, for a list that has one.
    #[error(
        "{path} has {rate} frames a second and {other_path} has {other_rate}, and an EDL has one rate for all; \
         export .otio or .fcpxml, or one EDL a file (--file)",
        path = path.display(),
        other_path = other_path.display()
    )]
    SeveralRates {
        /// One source.
        path: PathBuf,
        /// Its rate.
        rate: String,
        /// Another source.
        other_path: PathBuf,
        /// Its rate.
        other_rate: String,
    },

    /// A file is there already.
    #[error(
        "{path}: is there already; choose another name, or write over it with --overwrite",
        path = path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },

    /// The folder of the file is not there.
    #[error(
        "{path}: its folder does not exist; make it first, or choose another place",
        path = path.display()
    )]
    NoFolder {
        /// The file to be written.
        path: PathBuf,
    },

    /// Something that is no file is in the place.
    #[error("{path}: is there and no file; choose another name", path = path.display())]
    NoFile {
        /// What is there.
        path: PathBuf,
    },

    /// A source that is gone, for a list that counts its frames.
    #[error(
        "{path}: is gone, and its frames cannot be counted; export .csv, .json, .srt or .vtt, or bring it back",
        path = path.display()
    )]
    Gone {
        /// The source.
        path: PathBuf,
    },

    /// More events than a format numbers.
    #[error(
        "{found} hits, and an EDL numbers {most} at most; narrow them with --top {most}, or export .otio"
    )]
    TooMany {
        /// Hits given.
        found: usize,
        /// Most that can be written.
        most: usize,
    },

    /// A list that places its hits on a timeline was given none.
    #[error("there is no hit to export")]
    NoHit,

    /// The clock of a source was not given.
    #[error("{path}: its frame rate and start timecode are not known", path = path.display())]
    NoClock {
        /// The source.
        path: PathBuf,
    },

    /// A source cannot be asked for its clock.
    #[error(transparent)]
    Source(#[from] VideoError),

    /// The file cannot be written.
    #[error("{path}: cannot be written; check that the folder is there and has room", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}
