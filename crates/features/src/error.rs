//! Everything that can go wrong with feature files, each with the way out.

use std::path::{Path, PathBuf};

/// Why features could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    /// A file could not be read or written.
    #[error("{path}: cannot {action}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The name of the file does not say what to write.
    #[error(
        "{path}: do not know what to write; end the name in .h5, .hdf5 or .safetensors",
        path = path.display()
    )]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// The HDF5 library refuses.
    #[error("{path}: cannot {action}: {reason}", path = path.display())]
    Hdf5 {
        /// The file.
        path: PathBuf,
        /// What was being done, as a verb phrase.
        action: String,
        /// The library's reason.
        reason: String,
    },
    /// Not a feature file, or half of one.
    #[error("{path}: not a whole feature file: {reason}; copy it or extract it again", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another program writes the file.
    #[error(
        "{path}: another program has this HDF5 file open for writing; wait until it is done or \
         close it there (a notebook counts)",
        path = path.display()
    )]
    OpenElsewhere {
        /// The file.
        path: PathBuf,
    },
    /// Another run of ours writes the file.
    #[error(
        "{out}: process {process} is writing this file now; wait for it, stop it, or choose another \
         --out",
        out = out.display()
    )]
    Busy {
        /// The file that both want to write.
        out: PathBuf,
        /// The other process, in its own words.
        process: String,
    },
    /// A video is not in the file.
    #[error("{path}: no video {id:?} among its {num_videos}; look at the ids in the file", path = path.display())]
    NoVideo {
        /// The file.
        path: PathBuf,
        /// The id asked for.
        id: String,
        /// Videos in the file.
        num_videos: usize,
    },
    /// No video of the file has a dataset of the name asked for.
    #[error(
        "{path}: no video with a dataset {dataset:?}; {found}: name the dataset that is there",
        path = path.display()
    )]
    NoDataset {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        dataset: String,
        /// What was found instead.
        found: String,
    },
    /// A dataset is not a table of clips.
    #[error("{path}: {dataset} has shape {found:?}; expected {expected}", path = path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The dataset.
        dataset: String,
        /// Its shape.
        found: Vec<usize>,
        /// What it should be.
        expected: &'static str,
    },
    /// The file holds features of another kind.
    #[error(
        "{path}: holds features with `{key}` {there:?}, these would have {here:?}; choose another \
         --out, or start over with --fresh",
        path = path.display()
    )]
    OtherSettings {
        /// The file, or its journal.
        path: PathBuf,
        /// What differs.
        key: String,
        /// In the file.
        there: String,
        /// Now.
        here: String,
    },
    /// The file was not written by this program.
    #[error(
        "{path}: does not say what made it, so nothing is added to it; choose another --out, or \
         replace it with --fresh",
        path = path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A video's name cannot stand in the file.
    #[error("the video id {id:?} cannot stand in a feature file: {reason}; rename the video file")]
    Id {
        /// The id.
        id: String,
        /// Why not.
        reason: &'static str,
    },
}

impl FeatureError {
    /// Wraps an input or output error with its path.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, action, source }
    }

    /// What is wrong with a file that cannot be used as it is.
    pub fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into() }
    }
}
