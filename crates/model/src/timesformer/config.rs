//! The sizes of the video encoder.

use serde::{Deserialize, Serialize};

use crate::encoder_cost::{ClipSize, EncoderCost};
use crate::video_tower::VideoTowerConfig;
use crate::weight_count::{blocks, sum, table};
use crate::{ModelError, setting_check};

/// How the temporal attention and the time embeddings start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemporalInit {
    /// At zero, as the paper does on top of image weights: the time embeddings, and the temporal
    /// attention's last map. The divided block is the mean of its frames then. The frozen one
    /// starts as its release does: no queries, keys and values, and an output map of ones.
    Zero,
    /// Like every other weight: for models that start from nothing, which learn motion sooner so.
    Normal,
}

/// How time and space attention follow each other in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeSformerBlock {
    /// TimeSformer's: time attention of the patches alone, its result goes into space attention,
    /// and both are added up (§A.3 (a)).
    Divided,
    /// Frozen-in-Time's: the class token takes part in time attention and sees every patch; the
    /// result of space attention is added to what came in before time attention (§A.3 (b)).
    Frozen,
}

/// Sizes, with the names of Hugging Face's `TimesformerConfig`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimeSformerConfig {
    /// Side of the square frames, pixels.
    #[schemars(range(min = 1))]
    pub image_size: usize,
    /// Side of the square patches, pixels.
    #[schemars(range(min = 1))]
    pub patch_size: usize,
    /// Colour channels.
    #[schemars(range(min = 3, max = 3))]
    pub num_channels: usize,
    /// Frames of a clip that the time embedding is made for; other numbers are resized to.
    #[schemars(range(min = 1))]
    pub num_frames: usize,
    /// Width of a token.
    #[schemars(range(min = 1))]
    pub hidden_size: usize,
    /// Blocks.
    pub num_hidden_layers: usize,
    /// Attention heads.
    #[schemars(range(min = 1))]
    pub num_attention_heads: usize,
    /// Width of the hidden layer of a block's perceptron.
    #[schemars(range(min = 1))]
    pub intermediate_size: usize,
    /// Added to the variance in every layer norm.
    pub layer_norm_eps: f64,
    /// Standard deviation of the initial weights.
    pub initializer_range: f64,
    /// Standard deviation of the initial position embeddings, and of the initial time embeddings
    /// where `temporal_init` is not zero. A model trained from nothing needs them as large as its
    /// patches (about 0.5): with small ones it takes a clip for a bag of frames.
    pub embedding_range: f64,
    /// How the temporal attention and the time embeddings start.
    pub temporal_init: TemporalInit,
    /// How time and space attention follow each other.
    pub block: TimeSformerBlock,
}

impl Default for TimeSformerConfig {
    /// The paper's ViT-B/16 on 16 frames of 224 x 224.
    fn default() -> Self {
        Self {
            image_size: 224,
            patch_size: 16,
            num_channels: 3,
            num_frames: 16,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            layer_norm_eps: 1e-6,
            initializer_range: 0.02,
            embedding_range: 0.02,
            temporal_init: TemporalInit::Zero,
            block: TimeSformerBlock::Divided,
        }
    }
}

impl TimeSformerConfig {
    /// Patches of one frame.
    pub fn num_patches(&self) -> usize {
        (self.image_size / self.patch_size).pow(2)
    }

    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), ModelError> {
        let sizes = [
            ("num_frames", self.num_frames),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
        ];
        setting_check::sizes("video", &sizes)?;
        setting_check::rgb("video", self.num_channels)?;
        let numbers = [
            ("layer_norm_eps", self.layer_norm_eps),
            ("initializer_range", self.initializer_range),
            ("embedding_range", self.embedding_range),
        ];
        setting_check::not_negative("video", &numbers)?;
        setting_check::whole_patches("video", self.image_size, self.patch_size)?;
        let heads = ("num_attention_heads", self.num_attention_heads);
        setting_check::even_heads("video", ("hidden_size", self.hidden_size), heads)
    }
}

impl VideoTowerConfig for TimeSformerConfig {
    fn image_size(&self) -> usize {
        self.image_size
    }

    fn patch_size(&self) -> usize {
        self.patch_size
    }

    fn num_frames(&self) -> usize {
        self.num_frames
    }

    fn width(&self) -> usize {
        self.hidden_size
    }

    fn initializer_range(&self) -> f64 {
        self.initializer_range
    }

    fn summary(&self) -> String {
        format!("TimeSformer, {} blocks of width {}", self.num_hidden_layers, self.hidden_size)
    }

    fn check(&self) -> Result<(), ModelError> {
        self.check()
    }

    fn least_weights(&self) -> u128 {
        let (d, s, side) = (self.hidden_size, self.patch_size, self.image_size / self.patch_size);
        sum([
            table(&[d, 3, s, s]),
            table(&[side, side, d]),
            table(&[self.num_frames, d]),
            // Attention over time and over a frame.
            blocks(self.num_hidden_layers, 8, d, self.intermediate_size),
        ])
    }

    fn cost(&self, rows: usize, clip: ClipSize) -> EncoderCost {
        self.encoder_cost(rows, clip)
    }
}
