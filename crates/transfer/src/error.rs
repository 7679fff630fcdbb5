//! Everything that can go wrong in a task: one enum an operation, and their sum.

use std::io::ErrorKind;
use std::path::Path;

use locvtp_measure::{MeasureError, PathError};

use crate::embed_error::EmbedError;
use crate::extraction::extract_error::ExtractError;
use crate::fit::fit_error::FitError;
use crate::inputs::input_error::InputError;
use crate::setting_error::SettingError;
use crate::tasks::grounding::grounding_error::GroundingError;
use crate::tasks::task_file_error::TaskFileError;

/// Why a task, an extraction or a measurement ended before its result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// Whoever watches stopped it; what is done is kept.
    #[error("stopped; what is done is kept, and the same command goes on")]
    Stopped,
    /// A setting has a value that cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A file or folder cannot be used.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A task cannot begin, or cannot go on.
    #[error(transparent)]
    TaskFile(#[from] TaskFileError),
    /// Features or words cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Queries cannot be asked or answered.
    #[error(transparent)]
    Grounding(#[from] GroundingError),
    /// A fit cannot go on.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Features cannot be extracted.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// A sentence cannot be embedded.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// Scores or predictions cannot be measured.
    #[error(transparent)]
    Measure(MeasureError),
    /// A run file cannot be used, or training cannot go on.
    #[error(transparent)]
    Train(locvtp_train::TrainError),
    /// A feature file cannot be read or written.
    #[error(transparent)]
    Features(locvtp_features::FeatureError),
    /// The truth of a split cannot be read.
    #[error(transparent)]
    Corpus(locvtp_corpus::CorpusError),
    /// A video cannot be read.
    #[error(transparent)]
    Video(#[from] locvtp_video::VideoError),
    /// The model cannot be used.
    #[error(transparent)]
    Model(locvtp_model::ModelError),
    /// The processes cannot work together.
    #[error(transparent)]
    Cluster(#[from] locvtp_cluster::ClusterError),
}

// Each crate has its own words for a file that is not there; whoever measures hears one.

impl From<MeasureError> for TransferError {
    fn from(error: MeasureError) -> Self {
        match error {
            MeasureError::Path(error) => Self::Path(error),
            other => Self::Measure(other),
        }
    }
}

impl From<locvtp_train::TrainError> for TransferError {
    fn from(error: locvtp_train::TrainError) -> Self {
        use locvtp_train::TrainError::{Corpus, Model, Video};
        match error {
            Corpus(error) => error.into(),
            Model(error) => error.into(),
            Video(error) => error.into(),
            other => Self::Train(other),
        }
    }
}

impl From<locvtp_features::FeatureError> for TransferError {
    fn from(error: locvtp_features::FeatureError) -> Self {
        match error {
            locvtp_features::FeatureError::Missing { path } => PathError::Missing { path }.into(),
            other => Self::Features(other),
        }
    }
}

impl From<locvtp_corpus::CorpusError> for TransferError {
    fn from(error: locvtp_corpus::CorpusError) -> Self {
        match error {
            locvtp_corpus::CorpusError::Read { path, .. } if !path.exists() => {
                PathError::Missing { path }.into()
            }
            other => Self::Corpus(other),
        }
    }
}

impl From<locvtp_model::ModelError> for TransferError {
    fn from(error: locvtp_model::ModelError) -> Self {
        match error {
            locvtp_model::ModelError::File { path, source, .. }
                if source.kind() == ErrorKind::NotFound =>
            {
                // Of a model directory the folder, where that is what is missing.
                let is_missing =
                    |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
                let path = path.parent().filter(is_missing).map(Path::to_owned).unwrap_or(path);
                PathError::Missing { path }.into()
            }
            other => Self::Model(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use locvtp_video::causes::with_causes;

    use super::*;

    #[test]
    fn a_cause_is_kept_and_told_once() {
        let source = std::io::Error::other("the disk is full");
        let path = "head.safetensors".into();
        let error = TransferError::from(PathError::Io { path, action: "write it", source });
        assert_eq!(with_causes(&error), "head.safetensors: cannot write it: the disk is full");
        assert!(error.source().is_some());
    }

    #[test]
    fn a_file_that_is_not_there_is_told_of_alike_whoever_looked_for_it() {
        let path = || std::path::PathBuf::from("/gone.h5");
        let told = "/gone.h5: does not exist; check the path";
        for error in [
            TransferError::from(locvtp_features::FeatureError::Missing { path: path() }),
            TransferError::from(MeasureError::from(PathError::Missing { path: path() })),
        ] {
            assert_eq!(error.to_string(), told);
        }
    }
}
