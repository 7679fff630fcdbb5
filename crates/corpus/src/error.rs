//! Everything that can go wrong with a corpus, each with the file or key and the way out.

use std::path::PathBuf;

use locvtp_video::VideoError;

use crate::howto100m::ReadReport;

/// Why a corpus could not be read, drawn from or made.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file or folder could not be read.
    #[error("{path}: cannot be read", path = .path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A file or folder could not be written.
    #[error(
        "{path}: cannot be written; free space or choose another folder",
        path = .path.display()
    )]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A folder holds no caption file.
    #[error(
        "{dir}: holds neither caption.json nor raw_caption.json; give the folder that holds one \
         of them beside the folder videos/",
        dir = .dir.display()
    )]
    NoCaptionFile {
        /// The folder that was opened.
        dir: PathBuf,
    },
    /// The caption file is not in HowTo100M's layout.
    #[error(
        "{path}: is not a HowTo100M caption file; expected \
         {{\"<video id>\": {{\"start\": [..], \"end\": [..], \"text\": [..]}}, ..}}",
        path = .path.display()
    )]
    Captions {
        /// The caption file.
        path: PathBuf,
        /// Where the parser stopped.
        #[source]
        source: serde_json::Error,
    },
    /// The corpus was read, and nothing in it can be used.
    #[error(
        "{dir}: no video with captions can be used ({report}); check that \
         videos/<id>.mp4, .mkv or .webm carry the ids of the caption file",
        dir = .dir.display()
    )]
    NothingUsable {
        /// The folder that was opened.
        dir: PathBuf,
        /// What was found and dropped.
        report: Box<ReadReport>,
    },
    /// The truth of a synthetic split could not be understood.
    #[error(
        "{path}: is not the truth of a synthetic split; make the corpus again",
        path = .path.display()
    )]
    Truth {
        /// The truth file.
        path: PathBuf,
        /// Where the parser stopped.
        #[source]
        source: serde_json::Error,
    },
    /// One setting has a value that cannot be used.
    #[error("`{key}` is {found}; expected {expected}")]
    Setting {
        /// The setting, as the run file names it.
        key: &'static str,
        /// Its value.
        found: String,
        /// What values can be used.
        expected: &'static str,
    },
    /// Two settings cannot hold together.
    #[error(
        "`{first}` ({first_value}) and `{second}` ({second_value}) cannot hold together: {why}"
    )]
    Contradiction {
        /// One setting.
        first: &'static str,
        /// Its value.
        first_value: String,
        /// The other setting.
        second: &'static str,
        /// Its value.
        second_value: String,
        /// The reason, and which to change.
        why: String,
    },
    /// A batch asks for more videos than the corpus has.
    #[error(
        "`{key}` is {batch}, but the corpus has {videos} usable videos; lower it to at most \
         {videos} or add videos"
    )]
    BatchExceedsCorpus {
        /// The batch size's setting.
        key: &'static str,
        /// Its value.
        batch: usize,
        /// Videos in the corpus.
        videos: usize,
    },
    /// The folder to write to exists and is not a synthetic corpus.
    #[error(
        "{path}: exists and is not a synthetic corpus; nothing was touched: choose \
         another folder or remove it",
        path = .path.display()
    )]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The folder to write to holds a synthetic corpus of another config.
    #[error(
        "{path}: holds a synthetic corpus of another config (`{key}` is {existing} there and \
         {wanted} now); choose another folder or remove it",
        path = .path.display()
    )]
    OtherConfig {
        /// The folder.
        path: PathBuf,
        /// The first setting that differs.
        key: String,
        /// Its value in the folder.
        existing: String,
        /// Its value now.
        wanted: String,
    },
    /// A synthetic corpus has lost files since it was made.
    #[error("{path}: {what}; remove the folder to make the corpus again", path = .path.display())]
    Incomplete {
        /// The split's folder.
        path: PathBuf,
        /// What is missing.
        what: String,
    },
    /// A video could not be encoded.
    #[error(transparent)]
    Video(#[from] VideoError),
}
