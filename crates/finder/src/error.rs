//! What can go wrong with an index and with questions to it.

use std::path::PathBuf;

use locvtp_cluster::ClusterError;
use locvtp_search::catalogue::CatalogueError;
use locvtp_search::scan::ScanError;
use locvtp_transfer::TransferError;
use locvtp_video::Seconds;

use crate::question_error::QuestionError;

/// Why an index is not made, or a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FinderError {
    /// A model without words.
    #[error(
        "{model}: this model has no joint space of pictures and words, so no sentence can be looked for \
         with it; choose one that was trained with both"
    )]
    NoJointSpace {
        /// Its directory.
        model: PathBuf,
    },
    /// Nothing was indexed yet.
    #[error("nothing is in the index yet; add videos with `locvtp index add`")]
    NoIndex,
    /// The index was made with another model.
    #[error(
        "the index was made with another model than {given}: {indexed}, or one with other preprocessing; \
         search with that one, or build the index anew with `locvtp index add --model {given}`"
    )]
    OtherModel {
        /// The model that the index was made with.
        indexed: String,
        /// The model that was given.
        given: PathBuf,
    },
    /// The model's files were changed where they lie since the index was made.
    #[error(
        "{model}: the model there is another one than when the index was made, as its files were changed or \
         written over; put the old ones back and search with them, or build the index anew with `locvtp index \
         add --model {model}`"
    )]
    ChangedModel {
        /// Its directory.
        model: PathBuf,
    },
    /// A file to search by that is not in the index.
    #[error("{path}: is not in the index; add it, or give a file that `locvtp index list` shows")]
    NotInIndex {
        /// The file.
        path: PathBuf,
    },
    /// A name to search by that several files of the index have.
    #[error(
        "{path}: {found} files of the index are named so; give the path of one, as `locvtp index list` shows it"
    )]
    SeveralFiles {
        /// The name.
        path: PathBuf,
        /// Files that have it.
        found: usize,
    },
    /// A picture to search by that is none.
    #[error(
        "{path}: is no picture or video that can be read; give a JPEG, PNG, WebP, GIF or BMP picture, or a video"
    )]
    NoPicture {
        /// The file.
        path: PathBuf,
    },
    /// A picture to search by that is too large to be read.
    #[error(
        "{path}: its {width}x{height} pixels are more than the {most} that are read of a picture; give a smaller copy of \
         it, as models see pictures of a few hundred pixels"
    )]
    LargePicture {
        /// The file.
        path: PathBuf,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Pixels that are read at most.
        most: u64,
    },
    /// A picture to search by whose short side cannot be scaled.
    #[error(
        "{path}: at {width}x{height} pixels it is too narrow to be compared, as models see its middle square; give one \
         whose sides are nearer to each other"
    )]
    NarrowPicture {
        /// The file.
        path: PathBuf,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A moment to search by that is not in its file.
    #[error("{path}: nothing of it is indexed at {at}; it plays for {duration}")]
    NoSuchMoment {
        /// The file.
        path: PathBuf,
        /// The moment.
        at: Seconds,
        /// The file's length.
        duration: Seconds,
    },
    /// Whoever asked waits no more.
    #[error("nobody waits for the answer any more")]
    Cancelled,
    /// A question that asks for nothing.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// The catalogue.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The model, or a video.
    #[error(transparent)]
    Transfer(#[from] TransferError),
}

impl From<ClusterError> for FinderError {
    fn from(error: ClusterError) -> Self {
        Self::Transfer(error.into())
    }
}

impl From<ScanError> for FinderError {
    fn from(error: ScanError) -> Self {
        Self::Catalogue(error.into())
    }
}

impl From<locvtp_measure::MeasureError> for FinderError {
    fn from(error: locvtp_measure::MeasureError) -> Self {
        Self::Transfer(error.into())
    }
}

impl From<locvtp_video::VideoError> for FinderError {
    fn from(error: locvtp_video::VideoError) -> Self {
        Self::Transfer(error.into())
    }
}

impl From<locvtp_model::ModelError> for FinderError {
    fn from(error: locvtp_model::ModelError) -> Self {
        Self::Transfer(error.into())
    }
}
