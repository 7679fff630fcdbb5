//! Where the right candidate of a query stands, and what candidates of equal score do to it.
//!
//! Released evaluators differ in ties: Frozen in Time takes them optimistically for text-to-video and
//! averages them for video-to-text; howto100m and CLIP4Clip count each tied candidate as one more
//! query. Without ties all agree. Paper: `paper.md` D.5.

use serde::{Deserialize, Serialize};

/// What happens to wrong candidates whose score equals that of the right one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ties {
    /// They stand behind it. The default, as most published numbers; a model that scores everything
    /// alike then looks perfect, which is why the evaluation of a split takes
    /// `averaged`.
    #[default]
    Optimistic,
    /// All orders among them are equally likely; R@k and ranks are expectations. Constant scores
    /// give chance.
    Averaged,
    /// They stand ahead of it.
    Pessimistic,
    /// The right candidate stands at the mean place of all that have its score, other right ones
    /// among them; R@1 asks for that place to be the first. Frozen in Time measures video-to-text
    /// so: with several captions, constant scores give less than chance.
    MeanPlace,
}

/// Where the best right candidate of one query stands.
pub(super) struct Standing {
    /// Wrong candidates of a higher score.
    ahead: usize,
    /// Wrong candidates of the same score.
    tied: usize,
    /// Right candidates of that score, at least one.
    right: usize,
}

impl Standing {
    pub(super) fn of(scores: &[f32], is_right: &[bool]) -> Self {
        let best = scores
            .iter()
            .zip(is_right)
            .filter(|(_, is_right)| **is_right)
            .map(|(&score, _)| score)
            .fold(f32::NEG_INFINITY, f32::max);
        let count = |wanted: bool, of: &dyn Fn(f32) -> bool| {
            let pairs = scores.iter().zip(is_right);
            pairs.filter(|(score, is_right)| **is_right == wanted && of(**score)).count()
        };
        Self {
            ahead: count(false, &|score| score > best),
            tied: count(false, &|score| score == best),
            right: count(true, &|score| score == best),
        }
    }

    /// Wrong candidates ahead; under [`Ties::Averaged`] their expectation. With m wrong and r right
    /// candidates in random order, each wrong one is ahead of all r right ones with probability 1 /
    /// (r + 1).
    pub(super) fn rank(&self, ties: Ties) -> f64 {
        let tied_ahead = match ties {
            Ties::Optimistic => 0.0,
            Ties::Averaged => self.tied as f64 / (self.right + 1) as f64,
            Ties::Pessimistic => self.tied as f64,
            Ties::MeanPlace => (self.tied + self.right - 1) as f64 / 2.0,
        };
        self.ahead as f64 + tied_ahead
    }

    /// Whether a right candidate is among the first `k`: 0 or 1, or under [`Ties::Averaged`] the
    /// probability.
    pub(super) fn hit(&self, k: usize, ties: Ties) -> f64 {
        let places = k.saturating_sub(self.ahead);
        let missed = match ties {
            Ties::Optimistic => f64::from(places == 0),
            Ties::Pessimistic => f64::from(places <= self.tied),
            // Places count from 0: the first is 0 and no half, the fifth is below 5.
            Ties::MeanPlace if k == 1 => f64::from(self.rank(ties) > 0.0),
            Ties::MeanPlace => f64::from(self.rank(ties) >= k as f64),
            // The first `places` of m wrong and r right candidates are all wrong:
            // m/(m+r) * (m-1)/(m+r-1) * ..; a factor is zero once the wrong ones are used up.
            Ties::Averaged => (0..places.min(self.tied + 1))
                .map(|i| (self.tied - i) as f64 / (self.tied + self.right - i) as f64)
                .product(),
        };
        1.0 - missed
    }
}
