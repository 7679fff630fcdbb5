//! The second look: from the most that scores can be to what they are.

use super::top::{Ranked, Top};
use crate::segment::SegmentError;

/// What a second look found.
pub(super) struct Looked {
    /// The best by their scores, the best first.
    pub(super) best: Vec<Ranked>,
    /// Whether a candidate that was not looked at, and whatever comes after it, cannot be among them.
    pub(super) is_sure: bool,
}

/// The best `most` of candidates, which come with the most that their scores can be, the highest first.
/// `exact` gives the score itself, and is asked only while a candidate can still be among the best.
pub(super) fn look_again(
    candidates: &[Ranked],
    most: usize,
    exact: impl Fn(&Ranked) -> Result<Ranked, SegmentError>,
) -> Result<Looked, SegmentError> {
    let mut top = Top::new(most);
    for candidate in candidates {
        if candidate.score < top.bar() {
            return Ok(Looked { best: top.into_sorted(), is_sure: true });
        }
        top.offer(exact(candidate)?);
    }
    Ok(Looked { best: top.into_sorted(), is_sure: false })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::segment::TrackId;

    #[test]
    fn a_second_look_ends_where_nothing_that_follows_can_be_among_the_best() {
        let ranked = |score, clip| Ranked { score, track: TrackId(1), clip };
        // The most that scores can be, and each is 0.1 lower.
        let candidates =
            [0.9, 0.8, 0.75, 0.7, 0.69].map(|most| ranked(most, (most * 100.0) as u32));
        let asked = Cell::new(0);
        let exact = |candidate: &Ranked| {
            asked.set(asked.get() + 1);
            Ok(ranked(candidate.score - 0.1, candidate.clip))
        };
        let looked = look_again(&candidates, 2, exact).unwrap();
        // The second best is 0.7 after two looks: what can be 0.7 itself is looked at, 0.69 is not.
        assert_eq!((looked.is_sure, asked.get()), (true, 4));
        assert_eq!(looked.best.iter().map(|it| it.clip).collect::<Vec<_>>(), [90, 80]);
        let all = look_again(&candidates, 3, exact).unwrap();
        assert!(!all.is_sure && all.best.len() == 3);
        assert!(look_again(&candidates, 0, exact).unwrap().best.is_empty());
    }
}
