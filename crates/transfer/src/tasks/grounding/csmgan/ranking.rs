//! From scores and offsets to ranked moments, and how many sentences they hit.
//!
//! As the release evaluates, in frames: bounds are rounded and kept within the video; for a required
//! IoU `m` overlapping moments are left out from an IoU of `m - 0.05`, without the frame that a hit
//! counts more; a hit is an inclusive IoU of `m` or more. Among equal scores the later proposal goes
//! first. The release's evaluation knows 800 proposals only and draws dropout; ours does neither.

use super::CsmganOutput;
use super::anchors::{FrameSpan, is_legal};

/// How far below the required IoU moments may overlap.
const BELOW_REQUIRED: f64 = 0.05;

/// The moments of one sentence, a proposal each, not in order.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredMoments {
    /// Bounds in whole frames; an end may come before the start where the offsets say so.
    pub frames: Vec<[i32; 2]>,
    /// Scores from 0 to 1.
    pub scores: Vec<f32>,
}

/// The moments of every sentence of a batch; `bases` are what the offsets of each proposal are added
/// to.
///
/// # Panics
/// When there are not as many proposals and bases as the output has.
pub fn scored_moments(
    output: CsmganOutput,
    proposals: &[FrameSpan],
    bases: &[FrameSpan],
    num_frames: usize,
) -> Vec<ScoredMoments> {
    let [b, p] = output.logits.dims();
    assert_eq!((proposals.len(), bases.len()), (p, p), "proposals and what is added to");
    let numbers = |data: burn::tensor::TensorData| data.try_to_vec::<f32>().expect("f32");
    let logits = numbers(output.logits.into_data());
    let offsets = numbers(output.offsets.into_data());
    let last = num_frames as i32 - 1;
    (0..b)
        .map(|sentence| {
            let offsets = &offsets[sentence * 2 * p..][..2 * p];
            let frames = bases.iter().zip(offsets.chunks_exact(2)).map(|(base, offset)| {
                let start = (base.start as f32 + offset[0]).round_ties_even() as i32;
                let end = (base.end as f32 + offset[1]).round_ties_even() as i32;
                [start.max(0), end.min(last)]
            });
            let logits = &logits[sentence * p..][..p];
            let scores = proposals.iter().zip(logits).map(|(it, logit)| {
                if is_legal(it, num_frames) { 1.0 / (1.0 + (-logit).exp()) } else { 0.0 }
            });
            ScoredMoments { frames: frames.collect(), scores: scores.collect() }
        })
        .collect()
}

impl ScoredMoments {
    /// The first `count` proposals by score, without those that overlap a better one by more than
    /// `overlap`, best first.
    pub fn best(&self, count: usize, overlap: f64) -> Vec<usize> {
        let mut left: Vec<usize> = (0..self.scores.len()).collect();
        // A stable order taken from its end: of equal scores the later goes first.
        left.sort_by(|a, b| self.scores[*a].total_cmp(&self.scores[*b]));
        let mut best = Vec::with_capacity(count);
        while best.len() < count {
            let Some(first) = left.pop() else { break };
            best.push(first);
            // Two moments without length share 0 of 0, which is no overlap that could be kept.
            left.retain(|other| overlap_of(self.frames[first], self.frames[*other]) <= overlap);
        }
        best
    }

    /// Whether one of the first `n` moments hits one of `truth`.
    pub fn hits(&self, truth: &[FrameSpan], n: usize, required: f64) -> bool {
        let best = self.best(n, required - BELOW_REQUIRED);
        best.into_iter().any(|it| self.iou(it, truth) >= required)
    }

    /// The IoU of the best moment with the one of `truth` that it meets best.
    pub fn iou_of_best(&self, truth: &[FrameSpan]) -> f64 {
        self.best(1, 1.0).first().map_or(0.0, |it| self.iou(*it, truth))
    }

    fn iou(&self, proposal: usize, truth: &[FrameSpan]) -> f64 {
        let span = self.span(proposal);
        truth.iter().map(|truth| span.inclusive_iou(truth)).fold(0.0, f64::max)
    }

    fn span(&self, proposal: usize) -> FrameSpan {
        let [start, end] = self.frames[proposal];
        FrameSpan { start: f64::from(start), end: f64::from(end) }
    }
}

/// Shared by joint length, both in frames without the one more; not a number for 0 of 0.
fn overlap_of([start, end]: [i32; 2], [other_start, other_end]: [i32; 2]) -> f64 {
    let shared = f64::from((end.min(other_end) - start.max(other_start)).max(0));
    shared / (f64::from(end - start) + f64::from(other_end - other_start) - shared)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor};

    use super::*;

    fn moments(frames: &[[i32; 2]], scores: &[f32]) -> ScoredMoments {
        ScoredMoments { frames: frames.to_vec(), scores: scores.to_vec() }
    }

    #[test]
    fn overlapping_moments_are_left_out_and_of_equal_scores_the_later_goes_first() {
        // `paper.md` F.3 4, here in order of falling scores.
        let frames = [[0, 10], [1, 10], [5, 15], [0, 5], [12, 20], [10, 20]];
        let falling = moments(&frames, &[0.9, 0.8, 0.7, 0.6, 0.5, 0.4]);
        assert_eq!(falling.best(9, 0.5), [0, 2, 3, 4]);
        assert_eq!(falling.best(9, 0.4), [0, 2, 4]);
        assert_eq!(falling.best(2, 0.5), [0, 2]);
        // All equal: from the last. 12..20 shares 8 of 10 with 10..20; 0..10 shares 5 of 15 with
        // 5..15, and half of itself with 0..5.
        assert_eq!(moments(&frames, &[0.5; 6]).best(9, 0.5), [5, 3, 2, 1]);
    }

    #[test]
    fn bounds_are_rounded_to_even_and_kept_in_the_video() {
        let device = Device::flex();
        let proposals = [
            FrameSpan { start: 0.0, end: 3.0 },
            FrameSpan { start: -1.0, end: 4.0 },
            FrameSpan { start: 2.0, end: 9.0 },
        ];
        let output = CsmganOutput {
            logits: Tensor::from_data([[0.0, 5.0, 3f32.ln()]], &device),
            offsets: Tensor::from_data([[[0.5, 0.5], [-3.0, 0.0], [0.4, 0.6]]], &device),
        };
        let found = scored_moments(output, &proposals, &proposals, 10);
        // .5 is 0, 3.5 is 4; below 0 is 0; 9.6 is 10 and with ten frames 9.
        assert_eq!(found[0].frames, [[0, 4], [0, 4], [2, 9]]);
        let scores = &found[0].scores;
        assert!((scores[0] - 0.5).abs() < 1e-6 && (scores[2] - 0.75).abs() < 1e-6, "{scores:?}");
        assert_eq!(scores[1], 0.0, "out of range");
    }

    #[test]
    fn a_hit_is_an_inclusive_iou_of_the_required_or_more() {
        let truth = [FrameSpan { start: 0.0, end: 9.0 }];
        // 0..=4 shares 5 of 10 frames, 20..=29 none; of 1..=9 it is 9 of 10.
        let found = moments(&[[0, 4], [20, 29], [1, 9]], &[0.9, 0.8, 0.1]);
        assert!(found.hits(&truth, 1, 0.5));
        assert!(!found.hits(&truth, 1, 0.7));
        assert!(!found.hits(&truth, 2, 0.7));
        assert!(found.hits(&truth, 3, 0.7));
        assert_eq!(found.iou_of_best(&truth), 0.5);
        let two = [truth[0], FrameSpan { start: 0.0, end: 4.0 }];
        assert_eq!(found.iou_of_best(&two), 1.0);
    }

    #[test]
    fn a_moment_without_length_leaves_out_its_like() {
        let found = moments(&[[3, 3], [3, 3], [7, 7]], &[0.9, 0.8, 0.7]);
        // Each shares 0 of 0 with the first: no number, so it is left out, as in the release.
        assert_eq!(found.best(3, 0.5), [0]);
    }
}
