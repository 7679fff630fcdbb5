//! What can be wrong with a question.

use std::path::PathBuf;

/// Why words ask for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// Nothing to look for.
    #[error(
        "nothing is asked for; give a sentence, words that are said, a picture, or a moment to look for \
         others like it"
    )]
    Empty,
    /// Only terms that should not be there.
    #[error("{sentence:?} says only what should not be there; say also what should")]
    OnlyWithout {
        /// What was typed.
        sentence: String,
    },
    /// More than any sentence.
    #[error("the sentence has {found} letters; ask with {most} at most")]
    TooLong {
        /// Letters that were typed.
        found: usize,
        /// Letters that are read.
        most: usize,
    },
    /// A quote that does not end.
    #[error("{sentence:?}: a \" is not closed; close it")]
    OpenQuote {
        /// What was typed.
        sentence: String,
    },
    /// Words to be said without a letter.
    #[error(
        "{said:?}: no word stands in it; give the words that should be said, as \"crack egg*\""
    )]
    NoWords {
        /// What was typed.
        said: String,
    },
    /// A folder that is not there.
    #[error("{folder}: no such folder is there, and the index knows of none; check the path", folder = folder.display())]
    NoFolder {
        /// What was given.
        folder: PathBuf,
    },
    /// A pattern of names that cannot be read.
    #[error("{pattern}: is no pattern of file names ({what}); * stands for any letters, ? for one")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        what: String,
    },
}
