//! The best of many scores.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use locvtp_video::TimeSpan;

use crate::segment::TrackId;

/// A vector that was found.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Hit {
    /// Whose vector it is.
    pub track: TrackId,
    /// Which vector of its track, from 0 in order of time.
    pub clip: u32,
    /// The cosine with the query.
    pub score: f32,
    /// The time that the vector stands for.
    pub span: TimeSpan,
}

/// A score, or the most that it can be, and whose it is. Greater is better: a higher score, then the earlier track, then the
/// earlier clip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ranked {
    pub(crate) score: f32,
    pub(crate) track: TrackId,
    pub(crate) clip: u32,
}

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_id = || (other.track, other.clip).cmp(&(self.track, self.clip));
        self.score.total_cmp(&other.score).then_with(by_id)
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best `most` of what is offered, in whatever order it comes.
#[derive(Clone, Debug)]
pub(crate) struct Top {
    most: usize,
    worst_first: BinaryHeap<std::cmp::Reverse<Ranked>>,
}

impl Top {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, worst_first: BinaryHeap::with_capacity(most.min(1 << 16) + 1) }
    }

    /// The score below which nothing is taken any more.
    #[inline]
    pub(crate) fn bar(&self) -> f32 {
        let is_full = self.worst_first.len() == self.most;
        match self.worst_first.peek() {
            Some(worst) if is_full => worst.0.score,
            _ if is_full => f32::INFINITY,
            _ => f32::NEG_INFINITY,
        }
    }

    /// Whether all that was offered can be here still.
    pub(crate) fn is_whole(&self) -> bool {
        self.worst_first.len() < self.most
    }

    pub(crate) fn offer(&mut self, ranked: Ranked) {
        if self.worst_first.len() < self.most {
            self.worst_first.push(std::cmp::Reverse(ranked));
        } else if let Some(mut worst) = self.worst_first.peek_mut()
            && worst.0 < ranked
        {
            worst.0 = ranked;
        }
    }

    /// The best first.
    pub(crate) fn into_sorted(self) -> Vec<Ranked> {
        self.worst_first.into_sorted_vec().into_iter().map(|reversed| reversed.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_are_ordered_by_track_and_clip_whatever_the_order_they_come_in() {
        let ranked = |score, track, clip| Ranked { score, track: TrackId(track), clip };
        let mut all: Vec<Ranked> = (0..60).map(|i| ranked((i % 3) as f32, i % 4, i / 4)).collect();
        let mut sorted = all.clone();
        sorted.sort_by(|a, b| b.cmp(a));
        assert_eq!((sorted[0].score, sorted[0].track, sorted[0].clip), (2.0, TrackId(0), 2));
        for _ in 0..7 {
            all.rotate_left(11);
            for most in [0, 1, 10, 60, 100] {
                let mut top = Top::new(most);
                all.iter().for_each(|it| {
                    if it.score >= top.bar() {
                        top.offer(*it);
                    }
                });
                assert_eq!(top.is_whole(), most > 60, "{most}");
                let bar = if most > 60 { f32::NEG_INFINITY } else { top.bar() };
                let worst = sorted.get(most.wrapping_sub(1)).map_or(bar, |worst| worst.score);
                assert_eq!(top.bar(), if most == 0 { f32::INFINITY } else { worst });
                assert_eq!(top.into_sorted(), sorted[..most.min(60)]);
            }
        }
    }
}
