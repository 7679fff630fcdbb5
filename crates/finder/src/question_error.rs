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
    #[error("what is asked for has {found} letters; ask with {most} at most")]
    TooLong {
        /// Letters that were typed.
        found: usize,
        /// Letters that are read.
        most: usize,
    },
    /// More words than are looked for in what is said.
    #[error(
        "what should be said has {found} words; ask with {most} at most, as all must stand in one line"
    )]
    TooManyWords {
        /// Words that were typed, each phrase once.
        found: usize,
        /// Words that are looked for.
        most: usize,
    },
    /// More words with a star than are looked for in what is said.
    #[error("what should be said has {found} words with a * behind them; ask with {most} at most")]
    TooManyOpenWords {
        /// Words with a star that were typed, each once.
        found: usize,
        /// Such words that are looked for.
        most: usize,
    },
    /// A quote that does not end.
    #[error("{sentence:?}: a quote is not closed; close it")]
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
    /// A term in words to be said.
    #[error(
        "{term:?}: in words that are said, + and - say nothing; give the words that should all stand in one line, \
         without signs before them"
    )]
    SaidTerm {
        /// The term.
        term: String,
    },
    /// A phrase in words to be said.
    #[error(
        "{said:?}: in words that are said, quotes say nothing; give the words that should all stand in one line, \
         without quotes"
    )]
    SaidQuote {
        /// What was typed.
        said: String,
    },
    /// Terms that take away all that is asked for.
    #[error("{sentence:?} takes away what it asks for; leave out the term that does")]
    Cancelled {
        /// What was typed.
        sentence: String,
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
