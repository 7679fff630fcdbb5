//! The context-warping head: from the clip `delta` steps away to the clip here.
//!
//! Paper: §A.6, `z^t = g(v^{t+delta}, delta) = ReLU(W [v^{t+delta}; sgn(delta); |delta|])`, without
//! a bias.

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Tensor, TensorData, assert_shape};
use serde::{Deserialize, Serialize};

use crate::initialiser::Initialiser;

/// What the head is told of the distance; each switch is a row of the paper's ablation (§B.6 (c)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContextWarpConfig {
    /// Whether it is told the direction, as +1 or -1. Paper: yes.
    pub sign: bool,
    /// Whether it is told the number of clips, `|delta|`. Paper: yes.
    pub magnitude: bool,
    /// Divide `|delta|` by `max_distance`; the paper's formula has the raw number, which is the
    /// default.
    pub scale_magnitude: bool,
    /// The farthest clip, `delta_max`. Paper: 4.
    pub max_distance: usize,
}

impl Default for ContextWarpConfig {
    fn default() -> Self {
        Self { sign: true, magnitude: true, scale_magnitude: false, max_distance: 4 }
    }
}

/// The head.
#[derive(Module, Debug)]
pub struct ContextWarp {
    /// `[e, e + inputs]` as in the file and the formula: first the clip, then the sign, then the
    /// magnitude.
    weight: Param<Tensor<2>>,
    sign: bool,
    magnitude: bool,
    magnitude_scale: f64,
}

impl ContextWarpConfig {
    /// Inputs besides the clip.
    fn inputs(&self) -> usize {
        usize::from(self.sign) + usize::from(self.magnitude)
    }

    /// A head for a joint space of width `e`, drawn by Xavier's uniform rule.
    pub fn init(&self, e: usize, random: &mut Initialiser) -> ContextWarp {
        let columns = e + self.inputs();
        let bound = (6.0 / (e + columns) as f64).sqrt();
        self.with_weight(random.uniform([e, columns], bound))
    }

    /// A head with given weights, `[e, e + inputs]`.
    pub fn with_weight(&self, weight: Tensor<2>) -> ContextWarp {
        let [e, columns] = weight.dims();
        assert_eq!(columns, e + self.inputs(), "columns of the context-warping weight");
        ContextWarp {
            weight: Param::from_tensor(weight),
            sign: self.sign,
            magnitude: self.magnitude,
            magnitude_scale: if self.scale_magnitude { self.max_distance as f64 } else { 1.0 },
        }
    }
}

impl ContextWarp {
    /// The weight, `[e, e + inputs]`.
    pub fn weight(&self) -> Tensor<2> {
        self.weight.val()
    }

    /// # Shapes
    /// - `clips`: `[r, e]`, the clips `distances[r]` steps away
    /// - `distances`: `r` signed numbers of clips, none zero
    /// - returns `[r, e]`, none negative, not of unit length
    pub fn forward(&self, clips: Tensor<2>, distances: &[i32]) -> Tensor<2> {
        let [r, _e] = clips.dims();
        assert_eq!(distances.len(), r, "one distance per clip");
        let (device, dtype) = (clips.device(), clips.dtype());
        let column = |value: &dyn Fn(i32) -> f64| {
            let values: Vec<f64> = distances.iter().map(|&distance| value(distance)).collect();
            Tensor::<2>::from_data(TensorData::new(values, [r, 1]), (&device, dtype))
        };
        let mut inputs = vec![clips];
        if self.sign {
            inputs.push(column(&|distance| f64::from(distance.signum())));
        }
        if self.magnitude {
            inputs.push(column(&|distance| f64::from(distance.abs()) / self.magnitude_scale));
        }
        let inputs = Tensor::cat(inputs, 1);
        let weight = self.weight.val();
        assert_shape!(inputs, [r, weight.dims()[1]]);
        relu(inputs.matmul(weight.transpose()))
    }
}

/// The distances a clip may be warped from: all but zero that stay inside the video and within
/// `max_distance`.
///
/// Never clamped: a clamped distance would tell the head a wrong `|delta|` (§A.6, open point 4).
pub(crate) fn distances(clip: usize, num_clips: usize, max_distance: usize) -> Vec<i32> {
    let (t, max) = (clip as i32, max_distance as i32);
    let (first, last) = ((-max).max(-t), max.min(num_clips as i32 - 1 - t));
    (first..=last).filter(|&distance| distance != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn warping_equals_the_hand_vectors_of_the_specification() {
        // §F.3, 10: rows of W by input (v0, v1, sgn, |delta|); the file holds the transpose.
        let rows = [[0.5, -0.25], [0.1, 0.3], [0.2, -0.1], [-0.05, 0.15]];
        let device = Device::flex();
        let weight = Tensor::<2>::from_floats(rows, &device).transpose();
        let head = ContextWarpConfig::default().with_weight(weight);
        let clips = Tensor::<2>::from_floats([[0.6, 0.8]; 3], &device);
        let z = head.forward(clips, &[2, -3, 1]).into_data().try_to_vec::<f32>().unwrap();
        for (found, expected) in z.iter().zip([0.48, 0.29, 0.03, 0.64, 0.53, 0.14]) {
            assert!((found - expected).abs() < 1e-6, "{z:?}");
        }
    }

    #[test]
    fn the_first_weights_fill_the_range_of_xaviers_rule() {
        let mut random = Initialiser::new(1, &Device::flex());
        let e = 48;
        // 48 rows and 50 columns, so that neither alone gives the bound.
        let bound = (6.0_f64 / 98.0).sqrt() as f32;
        let weight = ContextWarpConfig::default().init(e, &mut random).weight();
        assert_eq!(weight.dims(), [e, e + 2]);
        let largest = weight.abs().max().into_scalar::<f32>();
        // Of 2,400 draws the largest lies within one hundredth of the bound but in one of 10^10 seeds.
        assert!(largest <= bound && largest > 0.99 * bound, "{largest} of {bound}");
    }

    #[test]
    fn distances_are_those_of_the_specification() {
        // §F.3, 12
        assert_eq!(distances(0, 8, 4), [1, 2, 3, 4]);
        assert_eq!(distances(3, 8, 4), [-3, -2, -1, 1, 2, 3, 4]);
        assert_eq!(distances(4, 8, 4), [-4, -3, -2, -1, 1, 2, 3]);
        assert_eq!(distances(7, 8, 4), [-4, -3, -2, -1]);
        assert!(distances(0, 1, 4).is_empty());
    }
}
