//! What can go wrong with a model that is not our own mistake.

use std::path::PathBuf;

use locvtp_video::LockHolder;

/// Why a model could not be built, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file could not be read or written.
    #[error("{path}: cannot {doing}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was being done, as a verb phrase.
        doing: &'static str,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// Another program writes the directory.
    #[error(
        "{path}: {holder} is writing this folder; wait until it has ended, or choose another place"
    )]
    Busy {
        /// The directory.
        path: PathBuf,
        /// Who it is.
        holder: LockHolder,
    },
    /// A JSON file of a model directory does not say what it should.
    #[error("{path}: not a valid {what}: {reason}; was it written by `locvtp`?")]
    Json {
        /// The file.
        path: PathBuf,
        /// What the file should hold.
        what: &'static str,
        /// The parser's reason, with line and column.
        reason: String,
    },
    /// The weights file is damaged.
    #[error(
        "{path}: not a readable safetensors file: {reason}; it may be cut off, take another copy"
    )]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// The parser's reason.
        reason: String,
    },
    /// The weights are not those of this model.
    #[error(
        "{path}: the weights do not fit the model in config.json: {report}; \
         config.json and model.safetensors must come from the same model directory"
    )]
    OtherModel {
        /// The weights file.
        path: PathBuf,
        /// Missing, unused and wrongly shaped keys.
        report: String,
    },
    /// A file of weights that others wrote cannot be used.
    #[error("{path}: {reason}; {way_out}")]
    ForeignWeights {
        /// The file, or the folder.
        path: PathBuf,
        /// What is wrong with it, and with which key.
        reason: String,
        /// What to do.
        way_out: String,
    },
    /// A setting has a value it cannot have.
    #[error("`{key}` is {found}; expected {expected}")]
    Setting {
        /// The key.
        key: String,
        /// The value.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Two sizes of a configuration contradict each other.
    #[error("`{first}` and `{second}` contradict each other: {reason}")]
    Contradiction {
        /// One setting.
        first: String,
        /// The other setting.
        second: String,
        /// Why they cannot both hold, and what to change.
        reason: String,
    },
    /// Sentences were given to a model of videos alone.
    #[error(
        "the model has no text encoder (`text.kind` is \"none\"), so it can extract features of \
         videos and nothing else; take a model that was imported or trained with one"
    )]
    NoTextEncoder,
    /// The tokenizer could not be built or read.
    #[error("tokenizer: {reason}")]
    Tokenizer {
        /// The tokenizer library's reason.
        reason: String,
    },
}

impl ModelError {
    /// The same of settings that stand in the section `section` of a file.
    #[must_use]
    pub fn in_section(self, section: &str) -> Self {
        let inside = |key: String| format!("{section}.{key}");
        match self {
            Self::Setting { key, found, expected } => {
                Self::Setting { key: inside(key), found, expected }
            }
            Self::Contradiction { first, second, reason } => {
                Self::Contradiction { first: inside(first), second: inside(second), reason }
            }
            other => other,
        }
    }

    /// Wraps an input or output error with its path.
    pub(crate) fn file(
        path: impl Into<PathBuf>,
        doing: &'static str,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, doing, source }
    }
}
