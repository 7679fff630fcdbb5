//! The sizes of a BERT, and how it makes a vector of a whole sentence.

use serde::{Deserialize, Serialize};

use crate::encoder_cost::EncoderCost;
use crate::text_tower::TextTowerConfig;
use crate::weight_count::{blocks, sum, table};
use crate::{ModelError, setting_check};

/// Which tokens make the vector of a whole sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenPooling {
    /// The mean of all tokens, first and last included.
    Mean,
    /// The first token.
    Class,
}

/// Sizes, with the names of Hugging Face's `BertConfig`, and the rules of a sentence model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BertConfig {
    /// Tokens the model knows.
    #[schemars(range(min = 1))]
    pub vocab_size: usize,
    /// Rows of the table of places.
    #[schemars(range(min = 3))]
    pub max_position_embeddings: usize,
    /// Row of the first token's place: 0 in BERT; in XLM-RoBERTa 2, behind those of its padding.
    pub first_position: usize,
    /// Longest sentence in tokens, the first and the last included; longer ones are cut. At most the places
    /// from `first_position` on.
    #[schemars(range(min = 3))]
    pub max_tokens: usize,
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
    /// Kinds of tokens; a sentence alone is of the first.
    #[schemars(range(min = 1))]
    pub type_vocab_size: usize,
    /// Added to the variance in every layer norm.
    pub layer_norm_eps: f64,
    /// Standard deviation of the initial weights.
    pub initializer_range: f64,
    /// Which tokens make the model's own vector of a sentence.
    pub pooling: TokenPooling,
    /// Whether that vector is brought to unit length.
    pub normalize: bool,
    /// What stands before a sentence that is asked, when its own vector is made; nothing for most models.
    pub query_prompt: String,
    /// The same before a text that is searched in.
    pub document_prompt: String,
}

impl Default for BertConfig {
    /// BERT-base-uncased.
    fn default() -> Self {
        Self {
            vocab_size: 30_522,
            max_position_embeddings: 512,
            first_position: 0,
            max_tokens: 512,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            type_vocab_size: 2,
            layer_norm_eps: 1e-12,
            initializer_range: 0.02,
            pooling: TokenPooling::Mean,
            normalize: false,
            query_prompt: String::new(),
            document_prompt: String::new(),
        }
    }
}

impl BertConfig {
    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), ModelError> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("type_vocab_size", self.type_vocab_size),
        ];
        setting_check::sizes("text", &sizes)?;
        let places = self.max_position_embeddings.saturating_sub(self.first_position);
        setting_check::room_for_a_word("text", places)?;
        if !(3..=places).contains(&self.max_tokens) {
            return Err(ModelError::Contradiction {
                first: "text.max_tokens".into(),
                second: "text.max_position_embeddings".into(),
                reason: format!(
                    "sentences of {} tokens, and places for {places} of them; choose max_tokens from 3 to \
                     {places}",
                    self.max_tokens
                ),
            });
        }
        let numbers = [
            ("layer_norm_eps", self.layer_norm_eps),
            ("initializer_range", self.initializer_range),
        ];
        setting_check::not_negative("text", &numbers)?;
        let heads = ("num_attention_heads", self.num_attention_heads);
        setting_check::even_heads("text", ("hidden_size", self.hidden_size), heads)
    }
}

impl TextTowerConfig for BertConfig {
    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn set_vocab_size(&mut self, vocab_size: usize) {
        self.vocab_size = vocab_size;
    }

    fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    fn width(&self) -> usize {
        self.hidden_size
    }

    fn initializer_range(&self) -> f64 {
        self.initializer_range
    }

    fn summary(&self) -> String {
        format!("BERT, {} blocks of width {}", self.num_hidden_layers, self.hidden_size)
    }

    fn check(&self) -> Result<(), ModelError> {
        self.check()
    }

    fn least_weights(&self) -> u128 {
        let d = self.hidden_size;
        sum([
            table(&[self.vocab_size, d]),
            table(&[self.max_position_embeddings, d]),
            table(&[self.type_vocab_size, d]),
            blocks(self.num_hidden_layers, 4, d, self.intermediate_size),
        ])
    }

    fn cost(&self, rows: usize, num_tokens: usize) -> EncoderCost {
        self.encoder_cost(rows, num_tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_has_no_more_tokens_than_places() {
        let xlm = BertConfig {
            max_position_embeddings: 514,
            first_position: 2,
            max_tokens: 512,
            ..BertConfig::default()
        };
        xlm.check().unwrap();
        for wrong in [
            BertConfig { max_tokens: 513, ..xlm.clone() },
            BertConfig { max_tokens: 2, ..xlm.clone() },
            BertConfig { first_position: 515, ..xlm.clone() },
            BertConfig { type_vocab_size: 0, ..xlm.clone() },
            BertConfig { num_attention_heads: 5, ..xlm },
        ] {
            wrong.check().unwrap_err();
        }
    }
}
