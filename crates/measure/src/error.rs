//! Everything that can go wrong while scores are measured, each with what was expected and found.
//!
//! A measure never guesses: a score that is not a number has no rank, and a query without a right
//! answer has no recall. Both are refused here rather than counted as misses, which would look like
//! a bad model.

use std::path::PathBuf;

use locvtp_video::counted::counted_as;
use locvtp_video::{Seconds, TimeSpan};

use crate::path_error::PathError;

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// Two lists that belong together differ in length.
    #[error("{what}: expected {expected}, found {found}; give one for each")]
    Count {
        /// What was counted, and what for.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// There is nothing to measure.
    #[error(
        "{what}: there are none, so nothing can be measured; check the split that was evaluated"
    )]
    Nothing {
        /// What is missing.
        what: &'static str,
    },
    /// A score of a matrix in a file is no number that has a rank.
    #[error(
        "{path}: the score of row {row} (a text), column {column} (a video), from 0, is {found}; \
         expected a finite number, or -inf for a pair that is left out: {}. Look for the texts or videos whose \
         features are not finite",
        counted_as(*count, "score is such", "scores are such"),
        path = path.display()
    )]
    MatrixScore {
        /// The file.
        path: PathBuf,
        /// The first such row, from 0.
        row: usize,
        /// Its column, from 0.
        column: usize,
        /// What stands there.
        found: f32,
        /// How many there are.
        count: usize,
    },
    /// A score is NaN, or infinite where that has no meaning.
    #[error(
        "the score of {of} {row}, entry {column}, is {found}; expected a finite number: \
         look for the first step whose loss was not finite"
    )]
    Score {
        /// What the row stands for.
        of: &'static str,
        /// Which row, from 0.
        row: usize,
        /// Which entry of the row, from 0.
        column: usize,
        /// The value.
        found: f32,
    },
    /// A query has no right candidate.
    #[error(
        "query {query} has no right candidate; leave it out or name one of 0..{num_candidates}"
    )]
    NoRightCandidate {
        /// The query, from 0.
        query: usize,
        /// How many candidates there are.
        num_candidates: usize,
    },
    /// An index points past the end of its list.
    #[error("{what} of {of} {row} is {found}; expected one of 0..{end}")]
    Index {
        /// What the index stands for.
        what: &'static str,
        /// What it belongs to.
        of: &'static str,
        /// Which of those, from 0.
        row: usize,
        /// The index.
        found: usize,
        /// The first index that is too large.
        end: usize,
    },
    /// A true moment is empty, or its times are not numbers.
    #[error(
        "the true moment of query {query} is {found}; expected an end after the start: \
         correct it or leave it out"
    )]
    TrueMoment {
        /// The query, from 0.
        query: usize,
        /// The moment.
        found: TimeSpan,
    },
    /// The length of a query's video is not a positive number.
    #[error(
        "the video of query {query} lasts {found}; expected a positive number: probe the file again"
    )]
    Duration {
        /// The query, from 0.
        query: usize,
        /// The length.
        found: Seconds,
    },
    /// Clips are not in order of time, or a time is not a number.
    #[error(
        "clip {clip} ({found}) starts or ends before the clip ahead of it ({previous}), or has \
         no finite times; sort clips by time"
    )]
    ClipOrder {
        /// The later clip, from 0.
        clip: usize,
        /// Its span.
        found: TimeSpan,
        /// The span of the clip ahead of it.
        previous: TimeSpan,
    },
    /// One setting has a value that cannot be used.
    #[error("`{key}` is {found}; expected {expected}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// Its value.
        found: String,
        /// What values can be used.
        expected: &'static str,
    },
    /// A reference asks for queries of other videos, and there are none.
    #[error("all queries ({num_queries}) belong to one video; a wrong query needs a second video")]
    OneVideo {
        /// How many queries there are.
        num_queries: usize,
    },
    /// A line of predictions cannot be read, or says what cannot be measured.
    #[error("{path}, line {line}: {reason}; docs/score.md says what a line holds", path = path.display())]
    Prediction {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Annotation files hold nothing that could be measured against.
    #[error(
        "{truth}: no annotated video can be used ({reasons}); give the annotation file of this split, \
         look at --subset and --only, or say with --format how the file is laid out \
         (`locvtp corpus check FILE` tells what is in it)"
    )]
    EmptyTruth {
        /// The files, their layout and the part that was asked for.
        truth: String,
        /// What was left out, and why.
        reasons: String,
    },
    /// A file that is given as the truth is of no known layout.
    #[error(
        "{path}: its layout is not known, so nothing can be measured against it; give a data set's \
         annotation file as it is published, or a manifest with the columns path,start,end,text, or \
         say with --format how it is laid out (docs/score.md lists what is read)",
        path = .path.display()
    )]
    UnknownTruth {
        /// The file or folder.
        path: PathBuf,
    },
    /// No prediction is of anything that is annotated.
    #[error(
        "no prediction is of anything annotated in {truth}: {predicted} is predicted, {caption:?} of \
         {annotated:?} is annotated; call both as the annotation file does, or name the file of this \
         split"
    )]
    NothingMatches {
        /// The annotation files and their layout.
        truth: String,
        /// The first prediction.
        predicted: String,
        /// The first annotated video.
        annotated: String,
        /// Its first caption.
        caption: String,
    },
    /// A file is not the matrix that it should be.
    #[error("{path}: {reason}; docs/score.md says what it holds", path = path.display())]
    Matrix {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or folder cannot be used.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A NumPy array cannot be read.
    #[error(transparent)]
    Features(locvtp_features::FeatureError),
    /// The truth cannot be read.
    #[error(transparent)]
    Corpus(locvtp_corpus::CorpusError),
    /// The list of videos cannot be read.
    #[error(transparent)]
    Video(locvtp_video::VideoError),
}

impl From<locvtp_features::FeatureError> for MeasureError {
    fn from(error: locvtp_features::FeatureError) -> Self {
        match error {
            locvtp_features::FeatureError::Missing { path } => PathError::Missing { path }.into(),
            other => Self::Features(other),
        }
    }
}

impl From<locvtp_corpus::CorpusError> for MeasureError {
    fn from(error: locvtp_corpus::CorpusError) -> Self {
        match error {
            locvtp_corpus::CorpusError::Read { path, .. } if !path.exists() => {
                PathError::Missing { path }.into()
            }
            other => Self::Corpus(other),
        }
    }
}

impl From<locvtp_video::VideoError> for MeasureError {
    fn from(error: locvtp_video::VideoError) -> Self {
        Self::Video(error)
    }
}
