//! The sizes of a DINOv2.

use serde::{Deserialize, Serialize};

use crate::encoder_cost::{ClipSize, EncoderCost};
use crate::video_tower::VideoTowerConfig;
use crate::weight_count::{blocks, sum, table};
use crate::{ModelError, setting_check};

/// Sizes, with the names of Hugging Face's `Dinov2Config`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dinov2Config {
    /// Side of the square frames, pixels.
    #[schemars(range(min = 1))]
    pub image_size: usize,
    /// Side of the square patches, pixels.
    #[schemars(range(min = 1))]
    pub patch_size: usize,
    /// Colour channels.
    #[schemars(range(min = 3, max = 3))]
    pub num_channels: usize,
    /// Frames of a clip; each is seen alone, and the clip is the mean of their features.
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
    /// What every number that a block adds is multiplied by at first; each then learns its own.
    pub layerscale_value: f64,
    /// Added to the variance in every layer norm.
    pub layer_norm_eps: f64,
    /// Standard deviation of the initial weights.
    pub initializer_range: f64,
}

impl Default for Dinov2Config {
    /// DINOv2 ViT-S/14 on single frames of 224 x 224.
    fn default() -> Self {
        Self {
            image_size: 224,
            patch_size: 14,
            num_channels: 3,
            num_frames: 1,
            hidden_size: 384,
            num_hidden_layers: 12,
            num_attention_heads: 6,
            intermediate_size: 1536,
            layerscale_value: 1.0,
            layer_norm_eps: 1e-6,
            initializer_range: 0.02,
        }
    }
}

impl Dinov2Config {
    /// Patches of one frame.
    pub fn num_patches(&self) -> usize {
        (self.image_size / self.patch_size).pow(2)
    }

    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), ModelError> {
        let sizes = [
            ("patch_size", self.patch_size),
            ("num_frames", self.num_frames),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
        ];
        setting_check::sizes("video", &sizes)?;
        setting_check::rgb("video", self.num_channels)?;
        let numbers = [
            ("layerscale_value", self.layerscale_value),
            ("layer_norm_eps", self.layer_norm_eps),
            ("initializer_range", self.initializer_range),
        ];
        setting_check::not_negative("video", &numbers)?;
        setting_check::whole_patches("video", self.image_size, self.patch_size)?;
        let heads = ("num_attention_heads", self.num_attention_heads);
        setting_check::even_heads("video", ("hidden_size", self.hidden_size), heads)
    }
}

impl VideoTowerConfig for Dinov2Config {
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
        format!(
            "DINOv2, {} blocks of width {}, patches of {}, frame by frame",
            self.num_hidden_layers, self.hidden_size, self.patch_size
        )
    }

    fn check(&self) -> Result<(), ModelError> {
        self.check()
    }

    fn least_weights(&self) -> u128 {
        let (d, s, side) = (self.hidden_size, self.patch_size, self.image_size / self.patch_size);
        sum([
            table(&[d, 3, s, s]),
            table(&[side, side, d]),
            blocks(self.num_hidden_layers, 4, d, self.intermediate_size),
        ])
    }

    fn cost(&self, rows: usize, clip: ClipSize) -> EncoderCost {
        self.encoder_cost(rows, clip)
    }
}
