//! What CLIP's two towers cost.

use super::{ClipTextConfig, ClipTime, ClipVisionConfig};
use crate::encoder_cost::{ClipSize, EncoderCost, PartCost, affine, attention};

impl ClipVisionConfig {
    /// Of `rows` clips that go through it together.
    pub(super) fn encoder_cost(&self, rows: usize, clip: ClipSize) -> EncoderCost {
        let num_frames = clip.num_frames;
        // Without attention over time every frame is a clip of one frame.
        let (rows, f) = match self.time {
            ClipTime::Divided => (rows, num_frames as f64),
            ClipTime::Mean => (rows * num_frames, 1.0),
        };
        let (r, p, d) = (rows as f64, clip.num_patches as f64, self.hidden_size as f64);
        let (patches, tokens) = (r * p * f, r * (1.0 + p * f));
        let pixels = (self.num_channels * self.patch_size.pow(2)) as f64;
        let over_space = layer(tokens, (r * f * (1.0 + p), 1.0 + p), d, self.intermediate_size);
        let over_time = match self.time {
            ClipTime::Divided => over_time(rows, patches, f, d),
            ClipTime::Mean => PartCost::default(),
        };
        EncoderCost {
            num_blocks: self.num_hidden_layers,
            // The patches, and the norm.
            embedding: PartCost {
                multiply_adds: affine(patches, pixels, d),
                kept: 2.0 * tokens * d,
                passing: 2.0 * tokens * d,
                kept_weights: pixels * d,
            },
            block: over_time + over_space,
            end: PartCost {
                multiply_adds: affine(r, d, self.projection_dim as f64),
                kept: r * (d + self.projection_dim as f64),
                passing: tokens * d,
                kept_weights: 0.0,
            },
            block_input: tokens * d,
        }
    }
}

impl ClipTextConfig {
    /// Of `rows` sentences, padded to `num_tokens`, that go through it together.
    pub(super) fn encoder_cost(&self, rows: usize, num_tokens: usize) -> EncoderCost {
        let (n, d) = (num_tokens as f64, self.hidden_size as f64);
        let tokens = rows as f64 * n;
        let mut block = layer(tokens, (tokens, n), d, self.intermediate_size);
        // Its attention has no kernel of its own: queries, keys and values once more, and a score a pair of tokens, as
        // it was, hidden and as a share.
        block.kept += tokens * (3.0 * d + 3.0 * n * self.num_attention_heads as f64);
        EncoderCost {
            num_blocks: self.num_hidden_layers,
            embedding: PartCost { kept: tokens * d, passing: tokens * d, ..PartCost::default() },
            block,
            end: PartCost {
                multiply_adds: affine(tokens, d, self.projection_dim as f64),
                kept: tokens * (d + self.projection_dim as f64),
                passing: tokens * d,
                kept_weights: 0.0,
            },
            block_input: tokens * d,
        }
    }
}

/// Attention of so many queries to so many keys each, and the perceptron.
pub(crate) fn layer(tokens: f64, (queries, keys): (f64, f64), d: f64, hidden: usize) -> PartCost {
    let hidden = hidden as f64;
    PartCost {
        multiply_adds: affine(tokens, d, 4.0 * d)
            + attention(queries, keys, d)
            + affine(tokens, d, 2.0 * hidden),
        // The norm, queries with keys and values, what attention gives, the sum; the norm, both sides of the bend, the
        // sum.
        kept: tokens * (8.0 * d + 2.0 * hidden),
        passing: tokens * (hidden + 2.0 * d),
        // The three maps before attention, joined.
        kept_weights: 3.0 * d * d,
    }
}

/// Attention over time, in blocks that have it.
pub(crate) fn over_time(rows: usize, patches: f64, f: f64, d: f64) -> PartCost {
    // The patches of several clips are no stretch of memory: a copy is kept.
    let copies = if rows > 1 { 1.0 } else { 0.0 };
    PartCost {
        multiply_adds: affine(patches, d, 5.0 * d) + attention(patches, f, d),
        // The norm, queries with keys and values, what attention gives, its map, the sum.
        kept: patches * (7.0 + copies) * d,
        passing: 4.0 * patches * d,
        kept_weights: 3.0 * d * d,
    }
}
