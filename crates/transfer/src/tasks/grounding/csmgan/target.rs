//! What the scores of a sentence's proposals should be, and which proposals are regressed.

use super::anchors::{FrameSpan, is_legal};
use super::config::{RegressedBy, RegressionRule};

/// The targets of one sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposalTargets {
    /// For every proposal its IoU with the true moment, divided by the greatest; 0 out of range.
    pub scores: Vec<f32>,
    /// Whether it is drawn towards the true moment.
    pub regressed: Vec<bool>,
    /// The true moment that it is compared with: of several, where its score is the greatest.
    pub moments: Vec<FrameSpan>,
    /// Whether it teaches nothing.
    pub ignored: Vec<bool>,
}

impl ProposalTargets {
    /// The same, without the proposals that `ignores` names.
    #[must_use]
    pub fn ignoring(
        mut self,
        proposals: &[FrameSpan],
        ignores: impl Fn(&FrameSpan) -> bool,
    ) -> Self {
        self.ignored = proposals.iter().map(ignores).collect();
        for (regressed, ignored) in self.regressed.iter_mut().zip(&self.ignored) {
            *regressed &= !ignored;
        }
        self
    }
}

/// The targets of a sentence whose moments are `truth`, one or more.
///
/// # Panics
/// Without moments.
pub fn targets(
    proposals: &[FrameSpan],
    truth: &[FrameSpan],
    num_frames: usize,
    rule: RegressionRule,
) -> ProposalTargets {
    let mut all = truth.iter().map(|moment| targets_of_one(proposals, moment, num_frames, rule));
    let mut best = all.next().expect("a sentence has a moment");
    for other in all {
        for proposal in 0..proposals.len() {
            if other.scores[proposal] > best.scores[proposal] {
                best.scores[proposal] = other.scores[proposal];
                best.regressed[proposal] = other.regressed[proposal];
                best.moments[proposal] = other.moments[proposal];
            }
        }
    }
    best
}

fn targets_of_one(
    proposals: &[FrameSpan],
    truth: &FrameSpan,
    num_frames: usize,
    rule: RegressionRule,
) -> ProposalTargets {
    let ious: Vec<f64> = proposals
        .iter()
        .map(|proposal| match is_legal(proposal, num_frames) {
            true => proposal.inclusive_iou(truth),
            false => 0.0,
        })
        .collect();
    let greatest = ious.iter().copied().fold(0.0, f64::max);
    let least = match rule.by {
        RegressedBy::ShareOfGreatest => rule.from * greatest,
        RegressedBy::Iou => rule.from,
    };
    // A moment that no proposal meets has no right score: all are 0. The release gives up there.
    let scale = if greatest > 0.0 { greatest } else { 1.0 };
    ProposalTargets {
        scores: ious.iter().map(|iou| (iou / scale) as f32).collect(),
        regressed: ious.iter().map(|iou| *iou > 0.0 && *iou >= least).collect(),
        moments: vec![*truth; proposals.len()],
        ignored: vec![false; proposals.len()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROPOSALS: [FrameSpan; 4] = [
        FrameSpan { start: -1.0, end: 2.0 },
        FrameSpan { start: 0.0, end: 3.0 },
        FrameSpan { start: 2.0, end: 5.0 },
        FrameSpan { start: 6.0, end: 9.0 },
    ];

    #[test]
    fn scores_are_ious_over_the_greatest_and_out_of_range_is_never_right() {
        let truth = FrameSpan { start: 0.0, end: 3.0 };
        let rule = RegressionRule { by: RegressedBy::ShareOfGreatest, from: 0.3 };
        // IoU of 2..=5 with 0..=3: frames 2 and 3 of six. The first begins before the video.
        let found = targets(&PROPOSALS, &[truth], 10, rule);
        assert_eq!(found.scores, [0.0, 1.0, 1.0 / 3.0, 0.0]);
        assert_eq!(found.regressed, [false, true, true, false]);
        // 6..=9 ends with the video of ten frames, and after one of nine.
        let truth = FrameSpan { start: 6.0, end: 8.0 };
        assert_eq!(targets(&PROPOSALS, &[truth], 10, rule).scores, [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(targets(&PROPOSALS, &[truth], 9, rule).scores, [0.0; 4]);
    }

    #[test]
    fn every_moment_of_a_sentence_has_a_proposal_that_is_right() {
        let truth = [FrameSpan { start: 0.0, end: 3.0 }, FrameSpan { start: 6.0, end: 7.0 }];
        let rule = RegressionRule { by: RegressedBy::ShareOfGreatest, from: 0.5 };
        let found = targets(&PROPOSALS, &truth, 10, rule);
        // 6..=9 shares 2 of 4 frames with the second moment, and nothing meets that better.
        assert_eq!(found.scores, [0.0, 1.0, 1.0 / 3.0, 1.0]);
        assert_eq!(found.regressed, [false, true, false, true]);
        assert_eq!((found.moments[1], found.moments[3]), (truth[0], truth[1]));
        let found = found.ignoring(&PROPOSALS, |proposal| proposal.start > 5.0);
        assert_eq!(found.regressed, [false, true, false, false]);
        assert_eq!(found.ignored, [false, false, false, true]);
    }

    #[test]
    fn with_a_required_iou_a_moment_can_have_no_regressed_proposal() {
        let truth = FrameSpan { start: 3.0, end: 8.0 };
        let found =
            targets(&PROPOSALS, &[truth], 10, RegressionRule { by: RegressedBy::Iou, from: 0.45 });
        // 2..=5 shares 3 of 7 frames, 6..=9 shares 3 of 7.
        assert_eq!(found.scores[2], 1.0);
        assert_eq!(found.regressed, [false; 4]);
        let found =
            targets(&PROPOSALS, &[truth], 10, RegressionRule { by: RegressedBy::Iou, from: 0.4 });
        assert_eq!(found.regressed, [false, false, true, true]);
    }
}
