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
}

/// The targets of a sentence whose moment is `truth`.
pub fn targets(
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
        let found = targets(&PROPOSALS, &truth, 10, rule);
        assert_eq!(found.scores, [0.0, 1.0, 1.0 / 3.0, 0.0]);
        assert_eq!(found.regressed, [false, true, true, false]);
        // 6..=9 ends with the video of ten frames, and after one of nine.
        let truth = FrameSpan { start: 6.0, end: 8.0 };
        assert_eq!(targets(&PROPOSALS, &truth, 10, rule).scores, [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(targets(&PROPOSALS, &truth, 9, rule).scores, [0.0; 4]);
    }

    #[test]
    fn with_a_required_iou_a_moment_can_have_no_regressed_proposal() {
        let truth = FrameSpan { start: 3.0, end: 8.0 };
        let found =
            targets(&PROPOSALS, &truth, 10, RegressionRule { by: RegressedBy::Iou, from: 0.45 });
        // 2..=5 shares 3 of 7 frames, 6..=9 shares 3 of 7.
        assert_eq!(found.scores[2], 1.0);
        assert_eq!(found.regressed, [false; 4]);
        let found =
            targets(&PROPOSALS, &truth, 10, RegressionRule { by: RegressedBy::Iou, from: 0.4 });
        assert_eq!(found.regressed, [false, false, true, true]);
    }
}
