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
use crate::metrics::grounding::iou;

/// How right every moment of a map is, in the order of [`MomentMap::moments`].
///
/// Times are f32, `f32(i) * f32(duration) / f32(N)`, as in the release.
pub fn targets(
    map: &MomentMap,
    config: &TanConfig,
    truth: &TimeSpan,
    duration: Seconds,
) -> Vec<f32> {
    let scaled = |iou: f64| (iou - config.iou_min) / (config.iou_max - config.iou_min);
    let ious = overlaps(map, truth, duration);
    ious.into_iter().map(|iou| scaled(iou).clamp(0.0, 1.0) as f32).collect()
}

/// The IoU of every moment with the true one.
pub fn overlaps(map: &MomentMap, truth: &TimeSpan, duration: Seconds) -> Vec<f64> {
    let frames = map.frames() as f32;
    let time = |frame: usize| f64::from(frame as f32 * duration.0 as f32 / frames);
    let rounded = |time: Seconds| f64::from(time.0 as f32);
    let truth = TimeSpan::new(rounded(truth.start), rounded(truth.end));
    let moment = |&(s, e): &(usize, usize)| iou(&TimeSpan::new(time(s), time(e + 1)), &truth);
    map.moments().iter().map(moment).collect()
}

/// The mean binary cross-entropy of logits.
///
/// # Shapes
/// - `scores`, `targets`: `[b, cells]`
pub fn scaled_iou_loss(scores: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let right = log_sigmoid(scores.clone()).clamp_min(-100.0);
    let wrong = log_sigmoid(scores.neg()).clamp_min(-100.0);
    (targets.clone() * right + (targets.neg() + 1.0) * wrong).mean().neg()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::super::config::Proposals;
    use super::*;

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
        let found = targets(&map, &config, &TimeSpan::new(4.0, 13.0), Seconds(20.0));
        for (cell, expected) in
            [((0, 2), 0.2), ((1, 1), 0.111_111), ((1, 2), 0.454_545), ((1, 3), 0.0)]
        {
            let place = map.moments().iter().position(|moment| *moment == cell).unwrap();
            assert!((found[place] - expected).abs() < 1e-5, "{cell:?}: {}", found[place]);
        }
    }
}
