//! What an index answers.

use locvtp_search::Sureness;
use locvtp_search::scan::Background;
use serde::Serialize;

use crate::hit::Hit;
use crate::judge::{Denial, FEWEST_CLIPS, Verdict};

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
    /// Whether it may be said that what should be seen is not there.
    pub denial: Denial,
    /// Whether there are moments besides those that are shown: they stand out less, or come after as many as were asked for.
    pub has_more: bool,
    /// Whether some of these stand out, too, and come after as many as were asked for: more would be shown if more were
    /// asked for.
    pub is_cut_off: bool,
    /// Of the files that were searched, those without a moment among those that are shown; each has some that stand out less or
    /// come after. 0 where nothing should be seen.
    pub num_other_files: usize,
    /// The scores of all clips that were looked at; none where nothing should be seen.
    pub background: Option<Background>,
    /// Files that were searched.
    pub num_files: usize,
    /// Of these, files that are gone.
    pub num_gone: usize,
    /// Files of the moments that were touched since they were indexed, and are too large to be compared for an answer.
    pub num_touched: usize,
}

/// What is said of a question as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// A moment is found.
    Found,
    /// A moment may be it.
    Maybe,
    /// In the pictures, which were looked at. It may be there all the same.
    NothingStandsOut,
    /// There is nothing to show: no subtitle says it, or no file was searched.
    NothingFound,
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
            Self::NothingFound => "nothing found",
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
            denial: Denial::Allowed,
            has_more: false,
            is_cut_off: false,
            num_other_files: 0,
            background: None,
            num_files: 0,
            num_gone: 0,
            num_touched: 0,
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
            _ if self.num_files == 0 => Finding::NothingFound,
            Some(Sureness::Guess) => self.of_pictures().unwrap_or(Finding::NothingFound),
            None => Finding::CannotBeTold,
        }
    }

    /// What is said of the pictures alone; none where nothing was measured.
    pub fn of_pictures(&self) -> Option<Finding> {
        let Verdict::Judged { sure, .. } = self.verdict else { return None };
        Some(match sure {
            Sureness::Found => Finding::Found,
            Sureness::Maybe => Finding::Maybe,
            Sureness::Guess if self.is_denied() => Finding::NotInTheseVideos,
            Sureness::Guess => Finding::NothingStandsOut,
        })
    }

    /// Whether it stands out so little that it is said not to be there.
    pub fn is_denied(&self) -> bool {
        self.verdict.is_far_below() && self.denial == Denial::Allowed
    }

    /// Why it is not said not to be there though it stands out so little; none where that is said, or does not stand so.
    pub fn not_denied(&self) -> Option<Denial> {
        Some(self.denial).filter(|it| self.verdict.is_far_below() && *it != Denial::Allowed)
    }

    /// The measured rate of false alarms of what [`Answer::finding`] says, 0 to 1; none of what is found by what is said
    /// alone, which nobody measures.
    pub fn false_alarms(&self) -> Option<f64> {
        let is_surer_by_words = match self.verdict {
            Verdict::Judged { sure, .. } => self.hits.iter().any(|hit| hit.sure() > sure),
            Verdict::Unknown => false,
        };
        self.verdict.false_alarms().filter(|_| !is_surer_by_words)
    }

    /// Whether the index has so many clips that `locvtp index add` measures it when it ends.
    pub fn is_large_enough(&self) -> bool {
        self.background.as_ref().is_some_and(|all| all.num_scores() >= FEWEST_CLIPS)
    }
}
