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
