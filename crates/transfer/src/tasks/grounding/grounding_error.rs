//! What can go wrong in a grounding task, beside its features.

use std::path::PathBuf;

/// Why queries cannot be asked or answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GroundingError {
    /// No query of a part can be asked.
    #[error(
        "the {part} part has no query left ({counts}); check the annotation file, and that \
         `features.file` holds its videos by the same ids"
    )]
    NoQueries {
        /// `train` or `test`.
        part: &'static str,
        /// What was left out, and why.
        counts: String,
    },
    /// A file of word vectors cannot be used.
    #[error(
        "{path}, line {line}: {fault}; expected a word and its numbers a line, as in glove.6B.300d.txt",
        path = path.display()
    )]
    WordVectors {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        fault: WordVectorFault,
    },
    /// Clips and words that should be compared are of different width.
    #[error(
        "{path}: its features are {features} wide and the words {words}; zero-shot grounding compares \
         both in the joint space of one model: give the model that made the features as words.model, \
         and extract with --space projected",
        path = path.display()
    )]
    NotTheJointSpace {
        /// The feature file.
        path: PathBuf,
        /// Width of a clip.
        features: usize,
        /// Width of a word.
        words: usize,
    },
}

/// What is wrong with a file of word vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordVectorFault {
    /// A word that is wanted has not as many numbers as the others.
    #[error("{word:?} has no {width} finite numbers")]
    Numbers {
        /// The word.
        word: String,
        /// Numbers of a vector.
        width: usize,
    },
    /// The file ends and has none of the words.
    #[error("none of the words asked for ({num_words}) stands in the file")]
    NoneThere {
        /// How many are wanted.
        num_words: usize,
    },
}
