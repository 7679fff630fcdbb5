//! The sizes of SigLIP's two towers.

use serde::{Deserialize, Serialize};

use crate::clip::attention::LayerSize;
use crate::clip::{Activation, ClipTime};
use crate::encoder_cost::{ClipSize, EncoderCost};
use crate::text_tower::TextTowerConfig;
use crate::timesformer::TemporalInit;
use crate::video_tower::VideoTowerConfig;
use crate::weight_count::{blocks, sum, table};
use crate::{ModelError, setting_check};

/// Sizes of the image tower, with the names of Hugging Face's `SiglipVisionConfig`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SiglipVisionConfig {
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
    /// Width of a token, and of SigLIP's joint space, in which the clip features lie.
    #[schemars(range(min = 1))]
    pub hidden_size: usize,
    /// Blocks.
    pub num_hidden_layers: usize,
    /// Attention heads, of the blocks and of the pooling.
    #[schemars(range(min = 1))]
    pub num_attention_heads: usize,
    /// Width of the hidden layer of a block's perceptron.
    #[schemars(range(min = 1))]
    pub intermediate_size: usize,
    /// Added to the variance in every layer norm.
    pub layer_norm_eps: f64,
    /// Standard deviation of the initial weights.
    pub initializer_range: f64,
    /// How the tower sees a clip.
    pub time: ClipTime,
    /// How the temporal attention and the time embeddings start.
    pub temporal_init: TemporalInit,
}

impl Default for SiglipVisionConfig {
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
            layer_norm_eps: 1e-6,
            initializer_range: 0.02,
            time: ClipTime::Divided,
            temporal_init: TemporalInit::Zero,
        }
    }
}

impl SiglipVisionConfig {
    /// Patches of one frame.
    pub fn num_patches(&self) -> usize {
        (self.image_size / self.patch_size).pow(2)
    }

    pub(super) fn layer_size(&self) -> LayerSize {
        LayerSize {
            hidden_size: self.hidden_size,
            intermediate_size: self.intermediate_size,
            layer_norm_eps: self.layer_norm_eps,
            initializer_range: self.initializer_range,
            activation: Activation::GeluTanh,
        }
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
        ];
        setting_check::not_negative("video", &numbers)?;
        setting_check::whole_patches("video", self.image_size, self.patch_size)?;
        let heads = ("num_attention_heads", self.num_attention_heads);
        setting_check::even_heads("video", ("hidden_size", self.hidden_size), heads)
    }
}

/// Sizes of the text tower, with the names of Hugging Face's `SiglipTextConfig`, and what makes a probability of a
/// cosine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SiglipTextConfig {
    /// Tokens the model knows.
    #[schemars(range(min = 1))]
    pub vocab_size: usize,
    /// Tokens of every sentence: shorter ones are padded, longer ones are cut.
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
    /// Width of SigLIP's joint space, in which the word features lie.
    #[schemars(range(min = 1))]
    pub projection_size: usize,
    /// Added to the variance in every layer norm.
    pub layer_norm_eps: f64,
    /// Standard deviation of the initial weights.
    pub initializer_range: f64,
    /// The logarithm of what a cosine is multiplied by before it becomes a probability, as the checkpoint has it.
    pub logit_scale: f64,
    /// What is added then, as the checkpoint has it.
    pub logit_bias: f64,
}

impl Default for SiglipTextConfig {
    /// The text tower of SigLIP 1 beside ViT-B/16; scale and bias as its training begins.
    fn default() -> Self {
        Self {
            vocab_size: 32_000,
            max_position_embeddings: 64,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            projection_size: 768,
            layer_norm_eps: 1e-6,
            initializer_range: 0.02,
            logit_scale: std::f64::consts::LN_10,
            logit_bias: -10.0,
        }
    }
}

impl SiglipTextConfig {
    /// The probability that a picture and a sentence belong together, of their cosine: SigLIP's loss is of each pair by
    /// itself.
    ///
    /// # Example
    /// ```
    /// use locvtp_model::encoders::SiglipTextConfig;
    ///
    /// let config = SiglipTextConfig { logit_bias: -5.0, ..SiglipTextConfig::default() };
    /// assert!((config.pair_probability(0.5) - 0.5).abs() < 1e-9);
    /// ```
    pub fn pair_probability(&self, cosine: f64) -> f64 {
        1.0 / (1.0 + (-(self.logit_scale.exp() * cosine + self.logit_bias)).exp())
    }

    pub(super) fn layer_size(&self) -> LayerSize {
        LayerSize {
            hidden_size: self.hidden_size,
            intermediate_size: self.intermediate_size,
            layer_norm_eps: self.layer_norm_eps,
            initializer_range: self.initializer_range,
            activation: Activation::GeluTanh,
        }
    }

    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), ModelError> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("projection_size", self.projection_size),
        ];
        setting_check::sizes("text", &sizes)?;
        setting_check::room_for_a_word("text", self.max_position_embeddings)?;
        let numbers = [
            ("layer_norm_eps", self.layer_norm_eps),
            ("initializer_range", self.initializer_range),
        ];
        setting_check::not_negative("text", &numbers)?;
        setting_check::finite("text", ("logit_scale", self.logit_scale))?;
        setting_check::finite("text", ("logit_bias", self.logit_bias))?;
        let heads = ("num_attention_heads", self.num_attention_heads);
        setting_check::even_heads("text", ("hidden_size", self.hidden_size), heads)
    }
}

impl VideoTowerConfig for SiglipVisionConfig {
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
            "SigLIP ViT, {} blocks of width {}, {}",
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
        let blocks_and_head = self.num_hidden_layers.saturating_add(1);
        sum([
            table(&[d, 3, s, s]),
            table(&[side, side, d]),
            blocks(blocks_and_head, 4, d, self.intermediate_size),
        ])
    }

    fn cost(&self, rows: usize, clip: ClipSize) -> EncoderCost {
        self.encoder_cost(rows, clip)
    }
}

impl TextTowerConfig for SiglipTextConfig {
    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn set_vocab_size(&mut self, vocab_size: usize) {
        self.vocab_size = vocab_size;
    }

    fn max_tokens(&self) -> usize {
        self.max_position_embeddings
    }

    fn has_first_token(&self) -> bool {
        false
    }

    fn width(&self) -> usize {
        self.projection_size
    }

    fn initializer_range(&self) -> f64 {
        self.initializer_range
    }

    fn summary(&self) -> String {
        format!("SigLIP, {} blocks of width {}", self.num_hidden_layers, self.hidden_size)
    }

    fn check(&self) -> Result<(), ModelError> {
        self.check()
    }

    fn least_weights(&self) -> u128 {
        let d = self.hidden_size;
        sum([
            table(&[self.vocab_size, d]),
            table(&[self.max_position_embeddings, d]),
            table(&[d, self.projection_size]),
            blocks(self.num_hidden_layers, 4, d, self.intermediate_size),
        ])
    }

    fn cost(&self, rows: usize, num_tokens: usize) -> EncoderCost {
        self.encoder_cost(rows, num_tokens)
    }
}
