//! What can stop a training run.

use std::path::PathBuf;

use locvtp_cluster::ClusterError;
use locvtp_corpus::CorpusError;
use locvtp_model::ModelError;
use locvtp_video::{LockHolder, VideoError};

use locvtp_video::counted::counted;

/// Why a run could not start, go on, or be saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A file could not be read or written.
    #[error("{path}: cannot {doing}; {way_out}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the user can do.
        way_out: &'static str,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A file is not there.
    #[error("{path}: does not exist; {way_out}")]
    Missing {
        /// The file or folder.
        path: PathBuf,
        /// What the user can do.
        way_out: &'static str,
    },
    /// The run file does not parse.
    #[error("{origin}: {reason}")]
    RunFile {
        /// The file with its line, or the flag that overrides a key.
        origin: String,
        /// What is wrong, and for an unknown key which one was probably meant.
        reason: String,
    },
    /// A setting has a value it cannot have.
    #[error("`{key}` is {found}; expected {expected}")]
    Setting {
        /// The key in the run file.
        key: String,
        /// The value.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Two settings cannot both hold.
    #[error("`{first}` and `{second}` contradict each other: {reason}")]
    Contradiction {
        /// One key.
        first: &'static str,
        /// The other key.
        second: &'static str,
        /// Why, and what to change.
        reason: String,
    },
    /// No way to find a step's gradient is small enough.
    #[error(
        "`train.memory_gib` is {gib}; the least that this run takes is {least_gib:.2}. Raise it, or set smaller batches \
         (pairs.long_batch and the others), loader.queue=1 or loader.cache_mib=0"
    )]
    MemoryTooSmall {
        /// What the run may take.
        gib: f64,
        /// What it takes at least.
        least_gib: f64,
    },
    /// A run cannot begin with the weights of a model directory.
    #[error("{path}: `start.model` cannot be taken: {reason}; {way_out}")]
    StartModel {
        /// The model directory.
        path: PathBuf,
        /// What does not fit.
        reason: String,
        /// What the user can do.
        way_out: String,
    },
    /// No video of the corpus can be used.
    #[error("{corpus}: none of its {} can be read ({example}); nothing to train on", counted(*listed, "video"))]
    NothingUsable {
        /// The corpus.
        corpus: String,
        /// Videos that were tried.
        listed: usize,
        /// The first reason.
        example: String,
    },
    /// Neither a video of a batch nor one in its place can be decoded.
    #[error(
        "{corpus}: a video of step {step} cannot be decoded, nor can the {tried} tried in its place \
         (last: {example}); repair the files or take them out of the corpus"
    )]
    NoReplacement {
        /// The corpus.
        corpus: String,
        /// The step, from 0.
        step: u64,
        /// Videos that were tried in its place.
        tried: usize,
        /// The last reason.
        example: String,
    },
    /// A loss is infinite or not a number.
    #[error(
        "step {step}: {what} is {value}; nothing was updated. Lower `optimizer.learning_rate`, or set \
         `optimizer.gradient_clip`, and go on from the last checkpoint with --resume"
    )]
    NotFinite {
        /// The step, from 0.
        step: u64,
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A checkpoint is damaged.
    #[error("{path}: the checkpoint is damaged: {reason}")]
    Damaged {
        /// The checkpoint's directory.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is no run in the folder that should be gone on with.
    #[error(
        "{path}: nothing to resume here: no run was begun in this folder{did_you_mean} To begin one here, \
         leave --resume out"
    )]
    NothingToResume {
        /// The run's folder.
        path: PathBuf,
        /// The runs beside it, as a question; a full stop where there are none.
        did_you_mean: String,
    },
    /// There is nothing to resume.
    #[error(
        "{path}: no checkpoint to resume from{reason}; remove the folder and start again, or choose \
         another --run folder"
    )]
    NoCheckpoint {
        /// The run's folder.
        path: PathBuf,
        /// What was found instead.
        reason: String,
    },
    /// The checkpoint belongs to another run.
    #[error(
        "{path}: the checkpoint was made with another `{section}` ({found}) than the run file has now \
         ({expected}); use the run file saved in the run folder, or another --run folder"
    )]
    OtherRun {
        /// The checkpoint's directory.
        path: PathBuf,
        /// The setting that differs.
        section: String,
        /// What the checkpoint was made with.
        found: String,
        /// What the run file says.
        expected: String,
    },
    /// The corpus lists other videos than it did.
    #[error(
        "{path}: the checkpoint was made with other videos than the corpus has now; put its list and its files back as they \
         were (a file that is there and cannot be read does no harm), or begin a run in another --run folder with \
         `start.model` set to this one"
    )]
    OtherVideos {
        /// The checkpoint's directory.
        path: PathBuf,
    },
    /// More steps are done than the run file asks for.
    #[error(
        "{path}: {} done already, and the run file asks for {total}; raise `train.steps` (or \
         `train.epochs`), or begin a run in another --run folder",
        counted(*done, "step")
    )]
    Overrun {
        /// The run's folder.
        path: PathBuf,
        /// Steps that are done.
        done: u64,
        /// Steps of the whole run.
        total: u64,
    },
    /// The run folder holds a run already.
    #[error(
        "{path}: a run is in this folder already; go on with --resume, or choose another --run folder"
    )]
    RunExists {
        /// The run's folder.
        path: PathBuf,
    },
    /// Another program trains into the run folder.
    #[error(
        "{path}: {holder} is at work in this folder; wait until it has ended, or choose another --run folder"
    )]
    RunBusy {
        /// The run's folder.
        path: PathBuf,
        /// Who it is.
        holder: LockHolder,
    },
    /// A loader thread died.
    #[error("a loader thread stopped: {reason}")]
    Loader {
        /// The panic's message.
        reason: String,
    },
    /// The ranks of the run cannot work together, or another one failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The corpus cannot be used.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Frame tables cannot be kept.
    #[error(transparent)]
    Video(#[from] VideoError),
}

impl TrainError {
    /// The same of a setting that stands in the section `section` of a task file.
    #[must_use]
    pub fn in_section(self, section: &str) -> Self {
        match self {
            Self::Setting { key, found, expected } => {
                Self::Setting { key: format!("{section}.{key}"), found, expected }
            }
            other => other,
        }
    }

    /// Wraps an error of a write, whose way out is about space and rights.
    pub(crate) fn writing(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            path,
            doing: "write",
            way_out: "free space on the disk or choose another --run folder; what was saved before is intact",
            source,
        }
    }

    /// The same for the files of a model.
    pub(crate) fn saving(error: ModelError) -> Self {
        match error {
            ModelError::File { path, source, .. } => Self::writing(path)(source),
            other => Self::Model(other),
        }
    }

    /// Wraps an error of a read.
    pub(crate) fn reading(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            std::io::ErrorKind::NotFound => Self::Missing { path, way_out: "check the path" },
            _ => Self::File { path, doing: "read", way_out: "check the path", source },
        }
    }
}
