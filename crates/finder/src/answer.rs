//! What an index answers.

use locvtp_search::Sureness;
use locvtp_search::scan::Background;
use serde::Serialize;

use crate::hit::Hit;
use crate::judge::{FEWEST_CLIPS, Verdict};

/// Guesses that are shown where nothing stands out.
pub(crate) const MOST_GUESSES: usize = 3;

/// What an index answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Whether what should be seen is there. Unknown where nothing should be seen.
    pub verdict: Verdict,
    /// The moments, the best first.
    pub hits: Vec<Hit>,
    /// Where there is none: the nearest moments of those held back, three at most and no more than were asked for.
    /// Each is a guess.
    pub guesses: Vec<Hit>,
    /// Moments that were held back because they do not stand out; of files that were looked into.
    pub num_held_back: usize,
    /// Files that have no moment among the hits and one among those that were held back.
    pub num_files_held_back: usize,
    /// The scores of all clips that were looked at; none where nothing should be seen.
    pub background: Option<Background>,
    /// Files that were searched.
    pub num_files: usize,
    /// Of these, files that are gone.
    pub num_gone: usize,
}

/// What is said of a question as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// A moment is found.
    Found,
    /// A moment may be it.
    Maybe,
    /// It may be there all the same.
    NothingStandsOut,
    /// It stands out so little that it is not there.
    NotInTheseVideos,
    /// The model knows no word of it, and no subtitle says it.
    CannotBeTold,
}

impl Finding {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Maybe => "maybe",
            Self::NothingStandsOut => "nothing stands out",
            Self::NotInTheseVideos => "not in these videos",
            Self::CannotBeTold => "cannot be told",
        }
    }
}

impl Answer {
    /// Nothing was looked for in the pictures.
    pub(crate) fn unseen() -> Self {
        Self {
            verdict: Verdict::Unknown,
            hits: Vec::new(),
            guesses: Vec::new(),
            num_held_back: 0,
            num_files_held_back: 0,
            background: None,
            num_files: 0,
            num_gone: 0,
        }
    }

    /// The moments that a person is shown: the hits, or else the guesses.
    pub fn shown(&self) -> &[Hit] {
        if self.hits.is_empty() { &self.guesses } else { &self.hits }
    }

    /// How sure it is that this is there: as sure as its pictures together, or its surest moment. None where it cannot be told: no subtitle says
    /// it, and the model knows no word of it (`knows_words` is false), so that nothing was looked for in the
    /// pictures.
    pub fn sure(&self, knows_words: bool) -> Option<Sureness> {
        let of_pictures = match self.verdict {
            Verdict::Judged { sure, .. } => Some(sure),
            Verdict::Unknown => None,
        };
        let of_hits = self.hits.iter().map(Hit::sure).max();
        of_hits.max(of_pictures).or_else(|| knows_words.then_some(Sureness::Guess))
    }

    /// What is said of the question as a whole; `knows_words` as of [`Answer::sure`].
    pub fn finding(&self, knows_words: bool) -> Finding {
        match self.sure(knows_words) {
            Some(Sureness::Found) => Finding::Found,
            Some(Sureness::Maybe) => Finding::Maybe,
            Some(Sureness::Guess) if self.verdict.is_denied() && self.num_files > 0 => {
                Finding::NotInTheseVideos
            }
            Some(Sureness::Guess) => Finding::NothingStandsOut,
            None => Finding::CannotBeTold,
        }
    }

    /// Whether the index has so many clips that `locvtp index add` measures it when it ends.
    pub fn is_large_enough(&self) -> bool {
        self.background.as_ref().is_some_and(|all| all.num_scores() >= FEWEST_CLIPS)
    }
}
