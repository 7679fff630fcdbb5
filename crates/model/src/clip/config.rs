//! The sizes of CLIP's two towers.

use serde::{Deserialize, Serialize};

use crate::encoder_cost::{ClipSize, EncoderCost};
use crate::text_tower::TextTowerConfig;
use crate::timesformer::TemporalInit;
use crate::video_tower::VideoTowerConfig;
use crate::weight_count::{blocks, sum, table};
use crate::{ModelError, setting_check};

/// The bend of a block's perceptron.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `x / (1 + e^(-1.702 x))`, of OpenAI's weights.
    QuickGelu,
    /// Exact GELU, of some weights trained by others.
    Gelu,
    /// GELU by a hyperbolic tangent, of SigLIP's weights.
    GeluTanh,
}

/// How the image tower sees a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClipTime {
    /// Every block attends over time first, as TimeSformer's divided block does.
    Divided,
    /// Every frame is an image of its own; the clip is the mean of their features.
    Mean,
}

/// Sizes of the image tower, with the names of Hugging Face's `CLIPVisionConfig`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClipVisionConfig {
    /// Side of the square frames, pixels.
    #[schemars(range(min = 1))]
    pub image_size: usize,
    /// Side of the square patches, pixels.
    #[schemars(range(min = 1))]
    pub patch_size: usize,
    /// Colour channels.
    #[schemars(range(min = 3, max = 3))]
    pub num_channels: usize,
    /// Frames of a clip; other numbers than the time embedding is made for are resized to.
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
    /// Width of CLIP's joint space, in which the clip features lie.
    #[schemars(range(min = 1))]
    pub projection_dim: usize,
    /// The bend of a block's perceptron.
    pub hidden_act: Activation,
    /// Added to the variance in every layer norm.
    pub layer_norm_eps: f64,
    /// Standard deviation of the initial weights.
    pub initializer_range: f64,
    /// How the tower sees a clip.
    pub time: ClipTime,
    /// How the temporal attention and the time embeddings start.
    pub temporal_init: TemporalInit,
}

impl Default for ClipVisionConfig {
    /// ViT-B/16 on 16 frames of 224 x 224.
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
            projection_dim: 512,
            hidden_act: Activation::QuickGelu,
            layer_norm_eps: 1e-5,
            initializer_range: 0.02,
            time: ClipTime::Divided,
            temporal_init: TemporalInit::Zero,
        }
    }
}

impl ClipVisionConfig {
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
            ("projection_dim", self.projection_dim),
        ];
        setting_check::sizes("video", &sizes)?;
        setting_check::rgb("video", self.num_channels)?;
        let numbers = [
            ("layer_norm_eps", self.layer_norm_eps),
            ("initializer_range", self.initializer_range),
        ];
        setting_check::not_negative("video", &numbers)?;
        setting_check::whole_patches("video", self.image_size, self.patch_size)?;
        let heads = ("num_attention_heads", self.num_attention_heads);
        setting_check::even_heads("video", ("hidden_size", self.hidden_size), heads)
    }
}

/// Sizes of the text tower, with the names of Hugging Face's `CLIPTextConfig`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClipTextConfig {
    /// Tokens the model knows.
    #[schemars(range(min = 1))]
    pub vocab_size: usize,
    /// Longest sentence in tokens, the first and the last included; longer ones are cut.
    #[schemars(range(min = 3))]
    pub max_position_embeddings: usize,
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
    /// Width of CLIP's joint space, in which the word features lie.
    #[schemars(range(min = 1))]
    pub projection_dim: usize,
    /// The bend of a block's perceptron.
    pub hidden_act: Activation,
    /// Added to the variance in every layer norm.
    pub layer_norm_eps: f64,
    /// Standard deviation of the initial weights.
    pub initializer_range: f64,
}

impl Default for ClipTextConfig {
    /// The text tower beside ViT-B/16.
    fn default() -> Self {
        Self {
            vocab_size: 49_408,
            max_position_embeddings: 77,
            hidden_size: 512,
            num_hidden_layers: 12,
            num_attention_heads: 8,
            intermediate_size: 2048,
            projection_dim: 512,
            hidden_act: Activation::QuickGelu,
            layer_norm_eps: 1e-5,
            initializer_range: 0.02,
        }
    }
}

impl ClipTextConfig {
    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), ModelError> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("projection_dim", self.projection_dim),
        ];
        setting_check::sizes("text", &sizes)?;
        setting_check::room_for_a_word("text", self.max_position_embeddings)?;
        let numbers = [
            ("layer_norm_eps", self.layer_norm_eps),
            ("initializer_range", self.initializer_range),
        ];
        setting_check::not_negative("text", &numbers)?;
        let heads = ("num_attention_heads", self.num_attention_heads);
        setting_check::even_heads("text", ("hidden_size", self.hidden_size), heads)
    }
}

impl VideoTowerConfig for ClipVisionConfig {
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
        self.projection_dim
    }

    fn initializer_range(&self) -> f64 {
        self.initializer_range
    }

    fn summary(&self) -> String {
        format!(
            "CLIP ViT, {} blocks of width {}, {}",
            self.num_hidden_layers,
            self.hidden_size,
            match self.time {
                ClipTime::Divided => "divided space-time attention",
                ClipTime::Mean => "frame by frame",
            }
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
            table(&[d, self.projection_dim]),
            blocks(self.num_hidden_layers, 4, d, self.intermediate_size),
        ])
    }

    fn cost(&self, rows: usize, clip: ClipSize) -> EncoderCost {
        self.encoder_cost(rows, clip)
    }
}

impl TextTowerConfig for ClipTextConfig {
    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn set_vocab_size(&mut self, vocab_size: usize) {
        self.vocab_size = vocab_size;
    }

    fn max_tokens(&self) -> usize {
        self.max_position_embeddings
    }

    fn width(&self) -> usize {
        self.projection_dim
    }

    fn initializer_range(&self) -> f64 {
        self.initializer_range
    }

    fn summary(&self) -> String {
        format!("CLIP, {} blocks of width {}", self.num_hidden_layers, self.hidden_size)
    }

    fn check(&self) -> Result<(), ModelError> {
        self.check()
    }

    fn least_weights(&self) -> u128 {
        let d = self.hidden_size;
        sum([
            table(&[self.vocab_size, d]),
            table(&[self.max_position_embeddings, d]),
            table(&[d, self.projection_dim]),
            blocks(self.num_hidden_layers, 4, d, self.intermediate_size),
        ])
    }

    fn cost(&self, rows: usize, num_tokens: usize) -> EncoderCost {
        self.encoder_cost(rows, num_tokens)
    }
}
