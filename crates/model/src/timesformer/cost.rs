//! What a TimeSformer costs.

use super::{TimeSformerBlock, TimeSformerConfig};
use crate::encoder_cost::{ClipSize, EncoderCost, PartCost, affine, attention};

impl TimeSformerConfig {
    /// Of `rows` clips that go through it together.
    pub(super) fn encoder_cost(&self, rows: usize, clip: ClipSize) -> EncoderCost {
        let num_frames = clip.num_frames;
        let (r, f, p) = (rows as f64, num_frames as f64, clip.num_patches as f64);
        let d = self.hidden_size as f64;
        let pixels = (self.num_channels * self.patch_size.pow(2)) as f64;
        let (patches, tokens) = (r * p * f, r * (1.0 + p * f));
        let block = match self.block {
            TimeSformerBlock::Divided => self.divided(rows, f, p),
            TimeSformerBlock::Frozen => self.frozen(r, f, p),
        };
        EncoderCost {
            num_blocks: self.num_hidden_layers,
            embedding: PartCost {
                multiply_adds: affine(patches, pixels, d),
                kept: tokens * d,
                passing: 2.0 * tokens * d,
                kept_weights: pixels * d,
            },
            block,
            // The last layer norm.
            end: PartCost { kept: tokens * d, passing: tokens * d, ..PartCost::default() },
            block_input: tokens * d,
        }
    }

    fn divided(&self, rows: usize, f: f64, p: f64) -> PartCost {
        let (r, d, hidden) = (rows as f64, self.hidden_size as f64, self.intermediate_size as f64);
        let (patches, tokens) = (r * p * f, r * (1.0 + p * f));
        let over_time = affine(patches, d, 4.0 * d) + attention(patches, f, d);
        let over_space = affine(tokens, d, 4.0 * d) + attention(r * f * (1.0 + p), 1.0 + p, d);
        // The patches of several clips are no stretch of memory: a copy is kept.
        let copies = if rows > 1 { 1.0 } else { 0.0 };
        PartCost {
            // The two maps after attention over time are one, which is made anew for every part.
            multiply_adds: over_time + d.powi(3) + over_space + affine(tokens, d, 2.0 * hidden),
            // Each attention: the norm, queries with keys and values, what it gives, the sum. Then the norm, both
            // sides of the bend, the sum.
            kept: patches * copies * d + tokens * (14.0 * d + 2.0 * hidden),
            passing: tokens * (hidden + 2.0 * d),
            kept_weights: d * d,
        }
    }

    fn frozen(&self, r: f64, f: f64, p: f64) -> PartCost {
        let (d, hidden) = (self.hidden_size as f64, self.intermediate_size as f64);
        let tokens = r * (1.0 + p * f);
        // The class token sees all rows, and is joined with each group of the others.
        let class = attention(r, 1.0 + p * f, d);
        let over_time =
            affine(tokens, d, 4.0 * d) + attention(r * p * (1.0 + f), 1.0 + f, d) + class;
        let over_space =
            affine(tokens, d, 4.0 * d) + attention(r * f * (1.0 + p), 1.0 + p, d) + class;
        PartCost {
            multiply_adds: over_time + over_space + affine(tokens, d, 2.0 * hidden),
            // As the divided block; and for the class token's own row keys and values once more, in each.
            kept: tokens * (18.0 * d + 2.0 * hidden),
            passing: tokens * (hidden + 2.0 * d),
            kept_weights: 0.0,
        }
    }
}
