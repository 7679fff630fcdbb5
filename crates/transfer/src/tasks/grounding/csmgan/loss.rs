//! The loss: cross-entropy of the scores with their targets, and a little of the distance between
//! the regressed proposals and the true moment.

use burn::tensor::activation::log_sigmoid;
use burn::tensor::{Tensor, TensorData};

use super::CsmganOutput;
use super::anchors::{FrameSpan, is_legal};
use super::target::ProposalTargets;

/// The smallest logarithm, as in PyTorch's cross-entropy.
const LEAST_LOG: f32 = -100.0;

/// What a loss is measured against.
#[derive(Clone, Debug)]
pub struct LossTruth<'a> {
    /// All proposals of a video.
    pub proposals: &'a [FrameSpan],
    /// What the offsets of each are added to.
    pub bases: &'a [FrameSpan],
    /// Frames of a video.
    pub num_frames: usize,
    /// Of each sentence.
    pub targets: &'a [ProposalTargets],
    /// Share of the distance in the loss.
    pub regression_weight: f64,
}

/// `BCE(σ(logits) legal, target) + weight SmoothL1(base + offsets, moment)`: the first a mean
/// over all proposals of all sentences, those out of range or ignored (which add nothing) included; the second
/// a mean over the bounds of all regressed proposals of all sentences, 0 where there are none.
///
/// # Panics
/// When there are not as many targets as sentences.
pub fn loss(output: CsmganOutput, truth: &LossTruth<'_>) -> Tensor<1> {
    let CsmganOutput { logits, offsets } = output;
    let [b, p] = logits.dims();
    assert_eq!(truth.targets.len(), b, "targets");
    let (device, dtype) = (logits.device(), logits.dtype());
    let constant = |values: Vec<f32>, rows: usize| {
        Tensor::<2>::from_data(TensorData::new(values, [rows, p]), (&device, dtype))
    };
    let legal = truth.proposals.iter().map(|it| f32::from(is_legal(it, truth.num_frames)));
    let legal = constant(legal.collect(), 1);
    let right = constant(truth.targets.iter().flat_map(|it| it.scores.clone()).collect(), b);
    let of_right = log_sigmoid(logits.clone()).clamp_min(LEAST_LOG) * right.clone();
    let of_wrong = log_sigmoid(-logits).clamp_min(LEAST_LOG) * (-right + 1.0);
    let taught = truth.targets.iter().flat_map(|it| it.ignored.iter().map(|it| f32::from(!*it)));
    let taught = constant(taught.collect(), b);
    let cross_entropy = -((of_right + of_wrong) * legal * taught).mean();

    let regressed: Vec<f32> =
        truth.targets.iter().flat_map(|it| it.regressed.iter().map(|it| f32::from(*it))).collect();
    let count = regressed.iter().sum::<f32>();
    let regressed = constant(regressed, b);
    let mut distance = Tensor::zeros([1], (&device, dtype));
    for (side, bound) in [|it: &FrameSpan| it.start, |it: &FrameSpan| it.end].iter().enumerate() {
        let base = constant(truth.bases.iter().map(|it| bound(it) as f32).collect(), 1);
        let wanted = truth.targets.iter().flat_map(|it| &it.moments).map(|it| bound(it) as f32);
        let wanted = wanted.collect();
        let offsets = offsets.clone().narrow(2, side, 1).squeeze_dim(2);
        let error = (offsets + base - constant(wanted, b)).abs();
        // Half the square below 1, from there on the distance less a half.
        let capped = error.clone().clamp_max(1.0);
        let smooth = capped.clone() * (error - capped * 0.5);
        distance = distance + (smooth * regressed.clone()).sum();
    }
    cross_entropy + distance * (truth.regression_weight / f64::from(2.0 * count.max(1.0)))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn loss_of(logits: [f32; 3], offsets: [[f32; 2]; 3], regressed: [bool; 3], weight: f64) -> f32 {
        let device = Device::flex();
        let output = CsmganOutput {
            logits: Tensor::from_data([logits], &device),
            offsets: Tensor::from_data([offsets], &device),
        };
        let span = |start, end| FrameSpan { start, end };
        let truth = LossTruth {
            proposals: &[span(-1.0, 1.0), span(0.0, 2.0), span(1.0, 3.0)],
            bases: &[span(-1.0, 1.0), span(0.0, 2.0), span(1.0, 3.0)],
            num_frames: 4,
            targets: &[ProposalTargets {
                scores: vec![0.0, 0.25, 1.0],
                regressed: regressed.to_vec(),
                moments: vec![span(1.0, 3.0); 3],
                ignored: vec![false; 3],
            }],
            regression_weight: weight,
        };
        loss(output, &truth).into_scalar()
    }

    #[test]
    fn a_proposal_out_of_range_adds_nothing_but_is_counted() {
        // σ(0) = .5 for both that count: 2 ln 2 over three proposals.
        let found = loss_of([50.0, 0.0, 0.0], [[0.0; 2]; 3], [false; 3], 1.0);
        assert!((found - 2.0 * 2f32.ln() / 3.0).abs() < 1e-6, "{found}");
        // A right proposal that scores e^-1000: the logarithm ends at -100, and .25 of it counts.
        let found = loss_of([0.0, -1000.0, 1000.0], [[0.0; 2]; 3], [false; 3], 1.0);
        assert!((found - 25.0 / 3.0).abs() < 1e-4, "{found}");
    }

    #[test]
    fn distances_are_squares_when_small_and_a_mean_over_the_regressed_bounds() {
        let none = loss_of([0.0; 3], [[0.5; 2]; 3], [false; 3], 2.0);
        // Proposal 0..2 + (.5, 3) is .5 before the start and 2 after the end: .125 and 1.5; proposal
        // 1..3 + (0, .5): 0 and .125. The mean of four, twice.
        let offsets = [[9.0, 9.0], [0.5, 3.0], [0.0, 0.5]];
        let found = loss_of([0.0; 3], offsets, [false, true, true], 2.0);
        assert!((found - none - 2.0 * 1.75 / 4.0).abs() < 1e-6, "{}", found - none);
    }
}
