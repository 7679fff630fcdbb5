//! What SigLIP's two towers cost.

use super::{SiglipTextConfig, SiglipVisionConfig};
use crate::clip::ClipTime;
use crate::clip::cost::{layer, over_time};
use crate::encoder_cost::{ClipSize, EncoderCost, PartCost, affine, attention};

impl SiglipVisionConfig {
    /// Of `rows` clips that go through it together.
    pub(super) fn encoder_cost(&self, rows: usize, clip: ClipSize) -> EncoderCost {
        let num_frames = clip.num_frames;
        // Without attention over time every frame is a clip of one frame.
        let (rows, f) = match self.time {
            ClipTime::Divided => (rows, num_frames as f64),
            ClipTime::Mean => (rows * num_frames, 1.0),
        };
        let (r, p, d) = (rows as f64, clip.num_patches as f64, self.hidden_size as f64);
        let (tokens, frames) = (r * p * f, r * f);
        let pixels = (self.num_channels * self.patch_size.pow(2)) as f64;
        let over_time = match self.time {
            ClipTime::Divided => over_time(rows, tokens, f, d),
            ClipTime::Mean => PartCost::default(),
        };
        EncoderCost {
            num_blocks: self.num_hidden_layers,
            embedding: PartCost {
                multiply_adds: affine(tokens, pixels, d),
                kept: tokens * d,
                passing: 2.0 * tokens * d,
                kept_weights: pixels * d,
            },
            block: over_time + layer(tokens, (tokens, p), d, self.intermediate_size),
            end: self.pooling(tokens, frames, d),
            block_input: tokens * d,
        }
    }

    /// The norm, and a probe for each frame.
    fn pooling(&self, tokens: f64, frames: f64, d: f64) -> PartCost {
        let hidden = self.intermediate_size as f64;
        PartCost {
            multiply_adds: affine(tokens, d, 2.0 * d)
                + attention(tokens, 1.0, d)
                + affine(frames, d, d + 2.0 * hidden),
            // Of a frame what attention gives, its map, the norm, both sides of the bend, the sum. What is kept of patches
            // (the norm, keys and values) is given back before the gradient of a block holds its most, which is more.
            kept: frames * (5.0 * d + 2.0 * hidden),
            passing: tokens * (hidden + 2.0 * d),
            kept_weights: 3.0 * d * d,
        }
    }
}

impl SiglipTextConfig {
    /// Of `rows` sentences, padded to `num_tokens`, that go through it together.
    pub(super) fn encoder_cost(&self, rows: usize, num_tokens: usize) -> EncoderCost {
        let (n, d, e) = (num_tokens as f64, self.hidden_size as f64, self.projection_size as f64);
        let tokens = rows as f64 * n;
        EncoderCost {
            num_blocks: self.num_hidden_layers,
            embedding: PartCost { kept: tokens * d, passing: tokens * d, ..PartCost::default() },
            block: layer(tokens, (tokens, n), d, self.intermediate_size),
            end: PartCost {
                multiply_adds: affine(tokens, d, e),
                kept: tokens * (d + e),
                passing: tokens * d,
                kept_weights: 0.0,
            },
            block_input: tokens * d,
        }
    }
}
