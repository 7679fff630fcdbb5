//! What C3D costs.

use super::C3dConfig;
use crate::encoder_cost::{ClipSize, EncoderCost, PartCost, affine};

/// Multiply-adds of one number that a 3 x 3 x 3 convolution gives, for each channel that goes in.
const TAPS: f64 = 27.0;

impl C3dConfig {
    /// Of `rows` clips that go through it together. All of it is the embedding.
    pub(super) fn encoder_cost(&self, rows: usize, clip: ClipSize) -> EncoderCost {
        let num_frames = clip.num_frames;
        let (r, w) = (rows as f64, self.base_width as f64);
        let (mut frames, mut side) = (num_frames as f64, self.image_size as f64);
        let mut part = PartCost::default();
        let mut input = 3.0;
        for (number, (width, pool)) in LAYERS.into_iter().enumerate() {
            let (places, output) = (r * frames * side * side, width * w);
            part = part
                + PartCost {
                    multiply_adds: TAPS * places * input * output,
                    // Before the bend and after it, and what convolution and pool keep of it: as measured
                    // (`what_a_step_is_said_to_hold_is_what_it_holds`).
                    kept: 4.0 * places * output,
                    passing: 4.0 * places * output,
                    kept_weights: 0.0,
                };
            input = output;
            if pool {
                frames /= if number == 0 { 1.0 } else { 2.0 };
                side /= 2.0;
            }
        }
        let (inputs, feature) = (self.fc6_inputs() as f64, self.feature_width as f64);
        part.multiply_adds += affine(r, inputs, feature);
        EncoderCost {
            num_blocks: 0,
            embedding: part,
            block: PartCost::default(),
            end: PartCost::default(),
            block_input: r * feature,
        }
    }
}

/// Channels of every convolution, as multiples of the first one's, and whether a pool comes after it.
const LAYERS: [(f64, bool); 8] = [
    (1.0, true),
    (2.0, true),
    (4.0, false),
    (4.0, true),
    (8.0, false),
    (8.0, true),
    (8.0, false),
    (8.0, true),
];
