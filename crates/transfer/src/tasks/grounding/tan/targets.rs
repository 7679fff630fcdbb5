//! What 2D-TAN learns: how right each moment is, from its IoU with the true one.
//!
//! `y = clamp((IoU - min) / (max - min), 0, 1)`, and binary cross-entropy over all moments of a batch.
//! PyTorch cuts logarithms off at -100; so does this, but takes them from the logit and not from the
//! rounded probability.

use burn::tensor::Tensor;
use burn::tensor::activation::log_sigmoid;
use locvtp_video::{Seconds, TimeSpan};

use super::config::TanConfig;
use super::moment_map::MomentMap;

/// How right every moment of a map is, in the order of [`MomentMap::moments`]: by the true window that
/// it meets best.
///
/// Times are f32, `f32(i) * f32(duration) / f32(N)`, as in the release.
pub fn targets(
    map: &MomentMap,
    config: &TanConfig,
    truth: &[TimeSpan],
    duration: Seconds,
) -> Vec<f32> {
    let scaled = |iou: f64| (iou - config.iou_min) / (config.iou_max - config.iou_min);
    let ious = overlaps(map, truth, duration);
    ious.into_iter().map(|iou| scaled(iou).clamp(0.0, 1.0) as f32).collect()
}

/// The IoU of every moment with the true window that it meets best.
pub fn overlaps(map: &MomentMap, truth: &[TimeSpan], duration: Seconds) -> Vec<f64> {
    let rounded = |time: Seconds| f64::from(time.0 as f32);
    let truth: Vec<TimeSpan> = truth
        .iter()
        .map(|window| TimeSpan::new(rounded(window.start), rounded(window.end)))
        .collect();
    let best = |moment: TimeSpan| truth.iter().map(|window| moment.iou(window)).fold(0.0, f64::max);
    moments(map, duration).map(best).collect()
}

/// Which moments teach nothing, in the order of [`MomentMap::moments`].
pub(super) fn ignored(
    map: &MomentMap,
    duration: Seconds,
    ignores: impl Fn(&TimeSpan) -> bool,
) -> Vec<bool> {
    moments(map, duration).map(|moment| ignores(&moment)).collect()
}

/// The moments of a map in seconds, as f32.
fn moments(map: &MomentMap, duration: Seconds) -> impl Iterator<Item = TimeSpan> {
    let frames = map.num_frames() as f32;
    let time = move |frame: usize| f64::from(frame as f32 * duration.0 as f32 / frames);
    map.moments().iter().map(move |&(s, e)| TimeSpan::new(time(s), time(e + 1)))
}

/// The mean binary cross-entropy of logits.
///
/// # Shapes
/// - `scores`, `targets`: `[b, cells]`
pub fn scaled_iou_loss(scores: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    cross_entropy(scores, targets).mean()
}

/// The same over the moments whose weight is 1; those of weight 0 teach nothing.
///
/// # Shapes
/// - `scores`, `targets`, `weights`: `[b, cells]`
pub(super) fn weighted_iou_loss(
    scores: Tensor<2>,
    targets: Tensor<2>,
    weights: Tensor<2>,
) -> Tensor<1> {
    let count = weights.clone().sum().clamp_min(1.0);
    (cross_entropy(scores, targets) * weights).sum() / count
}

fn cross_entropy(scores: Tensor<2>, targets: Tensor<2>) -> Tensor<2> {
    let right = log_sigmoid(scores.clone()).clamp_min(-100.0);
    let wrong = log_sigmoid(scores.neg()).clamp_min(-100.0);
    (targets.clone() * right + (targets.neg() + 1.0) * wrong).neg()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::tasks::grounding::tan::config::Proposals;

    #[test]
    fn the_losses_of_the_specification() {
        // paper.md F.3 (5); the fourth cell is masked there, and no cell here.
        let device = Device::flex();
        let scores = Tensor::<2>::from_floats([[0.3, -1.2, 2.0]], &device);
        for (iou_min, iou_max, expected) in [(0.5, 1.0, 0.538_189), (0.3, 0.7, 0.452_355)] {
            let scale = |iou: f32| ((iou - iou_min) / (iou_max - iou_min)).clamp(0.0, 1.0);
            let targets = [[0.55, 0.4, 0.9].map(scale)];
            let targets = Tensor::<2>::from_floats(targets, &device);
            let loss: f32 = scaled_iou_loss(scores.clone(), targets).into_scalar();
            assert!((loss - expected).abs() < 2e-6, "{loss} instead of {expected}");
        }
    }

    #[test]
    fn targets_rise_from_the_least_to_the_greatest_iou() {
        // paper.md F.3 (3): the upper triangle of 4, 20 seconds, 4..13.
        let config = TanConfig {
            samples: 4,
            stride: 1,
            scales: vec![4],
            ..TanConfig::activitynet(Proposals::MaxPool)
        };
        let map = MomentMap::new(&config);
        let window = |start, end| TimeSpan::new(start, end);
        let found = targets(&map, &config, &[window(4.0, 13.0)], Seconds(20.0));
        for (cell, expected) in
            [((0, 2), 0.2), ((1, 1), 0.111_111), ((1, 2), 0.454_545), ((1, 3), 0.0)]
        {
            let place = map.moments().iter().position(|moment| *moment == cell).unwrap();
            assert!((found[place] - expected).abs() < 1e-5, "{cell:?}: {}", found[place]);
        }
        // A second window leaves what the first says where it is met better: 15..20 is right now.
        let both = targets(&map, &config, &[window(4.0, 13.0), window(15.0, 20.0)], Seconds(20.0));
        for (place, cell) in map.moments().iter().enumerate() {
            let expected = if *cell == (3, 3) { 1.0 } else { found[place] };
            assert!((both[place] - expected).abs() < 1e-5, "{cell:?}: {}", both[place]);
        }
        let ignored = ignored(&map, Seconds(20.0), |moment| moment.start.0 >= 15.0);
        assert_eq!(ignored.iter().filter(|ignored| **ignored).count(), 1);
    }

    #[test]
    fn what_is_ignored_adds_nothing_to_the_loss() {
        let device = Device::flex();
        let tensor = |values: [f32; 3]| Tensor::<2>::from_floats([values], &device);
        let (scores, targets) = (tensor([0.3, -1.2, 2.0]), tensor([1.0, 0.0, 0.0]));
        let loss = |weights| -> f32 {
            weighted_iou_loss(scores.clone(), targets.clone(), tensor(weights)).into_scalar()
        };
        let all: f32 = scaled_iou_loss(scores.clone(), targets.clone()).into_scalar();
        assert!((loss([1.0; 3]) - all).abs() < 1e-6);
        // -ln sigmoid(.3) = .554355, -ln(1 - sigmoid(-1.2)) = .263282
        let found = loss([1.0, 1.0, 0.0]);
        assert!((found - (0.554_355 + 0.263_282) / 2.0).abs() < 1e-5, "{found}");
    }
}
