//! The sizes of the text encoder.

use serde::{Deserialize, Serialize};

use crate::encoder_cost::EncoderCost;
use crate::text_tower::TextTowerConfig;
use crate::weight_count::{blocks, sum, table};
use crate::{ModelError, setting_check};

/// Sizes, with the names of Hugging Face's `DistilBertConfig`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DistilBertConfig {
    /// Tokens the model knows.
    #[schemars(range(min = 1))]
    pub vocab_size: usize,
    /// Longest sentence in tokens, `[CLS]` and `[SEP]` included; longer ones are cut.
    #[schemars(range(min = 3))]
    pub max_position_embeddings: usize,
    /// Width of a token.
    #[schemars(range(min = 1))]
    pub dim: usize,
    /// Blocks.
    pub n_layers: usize,
    /// Attention heads.
    #[schemars(range(min = 1))]
    pub n_heads: usize,
    /// Width of the hidden layer of a block's perceptron.
    #[schemars(range(min = 1))]
    pub hidden_dim: usize,
    /// Added to the variance in every layer norm.
    pub layer_norm_eps: f64,
    /// Standard deviation of the initial weights.
    pub initializer_range: f64,
}

impl Default for DistilBertConfig {
    /// DistilBERT-base-uncased.
    fn default() -> Self {
        Self {
            vocab_size: 30_522,
            max_position_embeddings: 512,
            dim: 768,
            n_layers: 6,
            n_heads: 12,
            hidden_dim: 3072,
            layer_norm_eps: 1e-12,
            initializer_range: 0.02,
        }
    }
}

impl DistilBertConfig {
    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), ModelError> {
        let sizes =
            [("vocab_size", self.vocab_size), ("dim", self.dim), ("hidden_dim", self.hidden_dim)];
        setting_check::sizes("text", &sizes)?;
        setting_check::room_for_a_word("text", self.max_position_embeddings)?;
        let numbers = [
            ("layer_norm_eps", self.layer_norm_eps),
            ("initializer_range", self.initializer_range),
        ];
        setting_check::not_negative("text", &numbers)?;
        setting_check::even_heads("text", ("dim", self.dim), ("n_heads", self.n_heads))
    }
}

impl TextTowerConfig for DistilBertConfig {
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
        self.dim
    }

    fn initializer_range(&self) -> f64 {
        self.initializer_range
    }

    fn summary(&self) -> String {
        format!("DistilBERT, {} blocks of width {}", self.n_layers, self.dim)
    }

    fn check(&self) -> Result<(), ModelError> {
        self.check()
    }

    fn least_weights(&self) -> u128 {
        sum([
            table(&[self.vocab_size, self.dim]),
            table(&[self.max_position_embeddings, self.dim]),
            blocks(self.n_layers, 4, self.dim, self.hidden_dim),
        ])
    }

    fn cost(&self, rows: usize, num_tokens: usize) -> EncoderCost {
        self.encoder_cost(rows, num_tokens)
    }
}
