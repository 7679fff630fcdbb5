//! When enough moments are found: the files that are left change nothing.

use locvtp_transfer::ClipScore;

use crate::answer::MOST_GUESSES;
use crate::hit::Hit;
use crate::judge::Verdict;
use crate::question::Question;

/// The moments that were kept so far. Files come with their best clip, the best file first, and no moment
/// is worth more than the best clip of its file: when enough are kept, the files that are left need not
/// be looked into.
pub(crate) struct Kept<'a> {
    question: &'a Question,
    /// What those are worth that are shown where something stands out.
    worths: Vec<f32>,
    /// What all are worth: guesses are of these.
    of_all: Vec<f32>,
}

impl<'a> Kept<'a> {
    pub(crate) fn new(question: &'a Question) -> Self {
        Self { question, worths: Vec::new(), of_all: Vec::new() }
    }

    pub(crate) fn note(&mut self, moments: &[(f32, Hit)]) {
        let mut most = f32::INFINITY;
        for (worth, hit) in moments {
            most = most.min(*worth);
            self.of_all.push(most);
            if self.question.show_all || !hit.verdict.is_not_found() {
                self.worths.push(most);
            }
        }
    }

    /// Whether files whose best clip has this score, or a lower one, change nothing: neither which moments
    /// are shown nor the best run, by which is judged whether there is any.
    pub(crate) fn nothing_more_from(
        &self,
        best_clip: f32,
        best_run: f64,
        verdict: impl FnOnce() -> Verdict,
    ) -> bool {
        // What the two ways to a score differ by at most.
        let bar = best_clip + 1e-4;
        if self.question.score != ClipScore::Sentence || best_run <= f64::from(bar) {
            return false;
        }
        // Of one file some may be the moment that is asked from.
        let (top, per_file) = (self.question.top, self.question.per_file);
        let are_there = |worths: &[f32], wanted: usize| {
            worths.iter().filter(|worth| **worth > bar).count() >= wanted + per_file
        };
        let are_guesses = || are_there(&self.of_all, MOST_GUESSES.min(top));
        are_there(&self.worths, top)
            || (!self.question.show_all && are_guesses() && verdict().is_not_found())
    }
}
