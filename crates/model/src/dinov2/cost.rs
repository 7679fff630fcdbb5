//! What a DINOv2 costs.

use super::Dinov2Config;
use crate::encoder_cost::{ClipSize, EncoderCost, PartCost, affine, attention};

impl Dinov2Config {
    /// Of `rows` clips that go through it together: every frame is a picture of its own.
    pub(super) fn encoder_cost(&self, rows: usize, clip: ClipSize) -> EncoderCost {
        let pictures = (rows * clip.num_frames) as f64;
        let (p, d, hidden) =
            (clip.num_patches as f64, self.hidden_size as f64, self.intermediate_size as f64);
        let (patches, tokens) = (pictures * p, pictures * (1.0 + p));
        let pixels = (self.num_channels * self.patch_size.pow(2)) as f64;
        EncoderCost {
            num_blocks: self.num_hidden_layers,
            // The patches, and the class token before them.
            embedding: PartCost {
                multiply_adds: affine(patches, pixels, d),
                kept: 2.0 * tokens * d,
                passing: 2.0 * tokens * d,
                kept_weights: pixels * d,
            },
            block: PartCost {
                multiply_adds: affine(tokens, d, 4.0 * d)
                    + attention(tokens, 1.0 + p, d)
                    + affine(tokens, d, 2.0 * hidden),
                // The norm, queries with keys and values, what attention gives, its map, that scaled, the sum; the
                // norm, both sides of the bend, the map, that scaled, the sum.
                kept: tokens * (12.0 * d + 2.0 * hidden),
                passing: tokens * (hidden + 2.0 * d),
                // The three maps before attention, joined.
                kept_weights: 3.0 * d * d,
            },
            end: PartCost { kept: 2.0 * pictures * d, passing: tokens * d, ..PartCost::default() },
            block_input: tokens * d,
        }
    }
}
