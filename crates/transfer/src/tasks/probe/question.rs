//! What a probe asks, and with which clips of a video: a pure function of the answer and a generator.

use rand::Rng;

use crate::setting_error::SettingError;

/// A question about the clips of one video, of which so many positions are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// `num_clips` clips at equal gaps are shown in some order: in which? The answer is the place of
    /// the permutation in lexicographic order.
    Order {
        /// `n`
        num_clips: usize,
        /// `T0`
        positions: usize,
    },
    /// Two clips: how many positions apart? The answer is the distance less one, and with `signed`
    /// as many answers follow for the later clip shown first.
    Distance {
        /// `T0`
        positions: usize,
        /// Whether the two are shown in either order.
        signed: bool,
    },
}

impl Question {
    /// # Errors
    /// When a number of clips cannot be asked about.
    pub(super) fn check(&self) -> Result<(), SettingError> {
        let setting = |key, found: usize, expected| {
            Err(SettingError { key, found: found.to_string(), expected })
        };
        match *self {
            Self::Order { num_clips, .. } if !(2..=5).contains(&num_clips) => {
                setting("num_clips", num_clips, "2 to 5: there are 120 orders of 5 clips")
            }
            Self::Order { num_clips, positions } if positions < num_clips => {
                setting("positions", positions, "as many as num_clips, or more")
            }
            Self::Distance { positions, .. } if positions < 3 => {
                setting("positions", positions, "3 or more: of 2 there is one distance")
            }
            _ => Ok(()),
        }
    }

    /// Clips that are known of a video.
    pub(super) fn positions(&self) -> usize {
        match *self {
            Self::Order { positions, .. } | Self::Distance { positions, .. } => positions,
        }
    }

    /// Clips that are shown.
    pub(super) fn num_clips(&self) -> usize {
        match *self {
            Self::Order { num_clips, .. } => num_clips,
            Self::Distance { .. } => 2,
        }
    }

    /// Answers that there are.
    pub(super) fn num_classes(&self) -> usize {
        match *self {
            Self::Order { num_clips, .. } => (1..=num_clips).product(),
            Self::Distance { positions, signed } => (positions - 1) * if signed { 2 } else { 1 },
        }
    }

    /// The positions to show, in the order shown, for which `class` is the answer.
    pub(super) fn positions_for(&self, class: usize, rng: &mut impl Rng) -> Vec<usize> {
        match *self {
            Self::Order { num_clips, positions } => {
                let gap = rng.random_range(1..=(positions - 1) / (num_clips - 1));
                let first = rng.random_range(0..positions - gap * (num_clips - 1));
                permutation(class, num_clips).iter().map(|place| first + gap * place).collect()
            }
            Self::Distance { positions, .. } => {
                let distance = class % (positions - 1) + 1;
                let first = rng.random_range(0..positions - distance);
                let shown = [first, first + distance];
                if class < positions - 1 { shown.to_vec() } else { vec![shown[1], shown[0]] }
            }
        }
    }

    /// How far the answer is from the truth, in positions; none where answers have no distance.
    pub(super) fn error_of(&self, answer: usize, truth: usize) -> Option<f64> {
        let Self::Distance { positions, .. } = *self else { return None };
        let signed = |class: usize| {
            let distance = (class % (positions - 1) + 1) as f64;
            if class < positions - 1 { distance } else { -distance }
        };
        Some((signed(answer) - signed(truth)).abs())
    }
}

impl Question {
    /// The least mean error that one and the same answer to every question has; none where answers
    /// have no distance.
    pub(super) fn error_of_a_constant(&self) -> Option<f64> {
        let classes = self.num_classes();
        let of = |answer: usize| -> Option<f64> {
            let errors = (0..classes).map(|truth| self.error_of(answer, truth));
            Some(errors.sum::<Option<f64>>()? / classes as f64)
        };
        (0..classes).filter_map(of).min_by(f64::total_cmp)
    }
}

/// The permutation of `0..n` at this place in lexicographic order.
fn permutation(mut place: usize, n: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..n).collect();
    let mut permutation = Vec::with_capacity(n);
    for remaining in (1..=n).rev() {
        let block: usize = (1..remaining).product();
        permutation.push(left.remove(place / block));
        place %= block;
    }
    permutation
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use locvtp_video::randomness::{Purpose, generator};

    use super::*;

    #[test]
    fn permutations_come_in_lexicographic_order() {
        let all: Vec<Vec<usize>> = (0..6).map(|place| permutation(place, 3)).collect();
        let expected = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        assert_eq!(all, expected);
        assert_eq!((0..24).map(|place| permutation(place, 4)).collect::<BTreeSet<_>>().len(), 24);
    }

    #[test]
    fn the_clips_of_an_order_have_equal_gaps_and_every_gap_and_start_comes() {
        let question = Question::Order { num_clips: 3, positions: 8 };
        assert_eq!((question.num_classes(), question.num_clips()), (6, 3));
        let mut seen = BTreeSet::new();
        for sample in 0..600 {
            let class = sample % 6;
            let rng = &mut generator(0, Purpose::Sample, 0, sample as u64);
            let shown = question.positions_for(class, rng);
            let mut sorted = shown.clone();
            sorted.sort_unstable();
            let gap = sorted[1] - sorted[0];
            assert!(gap > 0 && sorted[2] - sorted[1] == gap && sorted[2] < 8, "{shown:?}");
            let places: Vec<usize> = shown.iter().map(|p| (p - sorted[0]) / gap).collect();
            assert_eq!(places, permutation(class, 3));
            seen.insert((gap, sorted[0]));
        }
        // Gaps 1, 2 and 3 leave 6, 4 and 2 starts.
        assert_eq!(seen.len(), 12);
    }

    #[test]
    fn distances_are_those_of_the_answer_in_either_order() {
        for signed in [false, true] {
            let question = Question::Distance { positions: 8, signed };
            assert_eq!(question.num_classes(), if signed { 14 } else { 7 });
            for class in 0..question.num_classes() {
                let rng = &mut generator(0, Purpose::Sample, 0, class as u64);
                let shown = question.positions_for(class, rng);
                let distance = shown[1] as i64 - shown[0] as i64;
                let expected = (class % 7 + 1) as i64;
                assert_eq!(distance, if class < 7 { expected } else { -expected });
            }
        }
        let question = Question::Distance { positions: 8, signed: true };
        assert_eq!(question.error_of(2, 0), Some(2.0));
        // Distance 1 and distance -3.
        assert_eq!(question.error_of(0, 9), Some(4.0));
        let order = Question::Order { num_clips: 3, positions: 8 };
        assert_eq!((order.error_of(1, 0), order.error_of_a_constant()), (None, None));
        // Of the distances 1 to 7 always 4: (3 + 2 + 1 + 0 + 1 + 2 + 3) / 7.
        let unsigned = Question::Distance { positions: 8, signed: false };
        assert_eq!(unsigned.error_of_a_constant(), Some(12.0 / 7.0));
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let refused = |question: Question| question.check().unwrap_err().to_string();
        assert!(refused(Question::Order { num_clips: 1, positions: 8 }).contains("num_clips"));
        assert!(refused(Question::Order { num_clips: 3, positions: 2 }).contains("positions"));
        assert!(refused(Question::Distance { positions: 2, signed: false }).contains("positions"));
        assert!(Question::Order { num_clips: 3, positions: 3 }.check().is_ok());
    }
}
