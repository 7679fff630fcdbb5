//! The text encoders a model can have, behind one face.
//!
//! The section `text` of `config.json` and of a run file says which by its `kind`; without one it
//! is a DistilBERT.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ModelError;
use crate::bert::{Bert, BertConfig};
use crate::clip::{ClipText, ClipTextConfig};
use crate::distilbert::{DistilBert, DistilBertConfig};
use crate::encoder_cost::EncoderCost;
use crate::initialiser::Initialiser;
use crate::kind_section::KindSection;
use crate::siglip::{SiglipText, SiglipTextConfig};
use crate::text_tower::{TextTower, TextTowerConfig};
use crate::token_batch::TokenBatch;
use crate::tokenizer::SentenceTokenizer;

/// Which text encoder, and its sizes.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[schemars(transform = crate::kind_schema::without_kind_the_first)]
#[non_exhaustive]
pub enum TextEncoderConfig {
    /// `kind = "distilbert"`: the paper's (§A.4).
    DistilBert(DistilBertConfig),
    /// `kind = "clip"`: CLIP's text tower (§A.3); its words are byte pairs.
    Clip(ClipTextConfig),
    /// `kind = "siglip"`: SigLIP's text tower; its words are those of its own tokenizer.
    Siglip(SiglipTextConfig),
    /// `kind = "bert"`: BERT, XLM-RoBERTa, or a sentence model made of one.
    Bert(BertConfig),
    /// `kind = "none"`: the model is a video encoder alone, for features. It has no tokenizer, no
    /// projection heads and no context-warping head.
    None,
}

impl Default for TextEncoderConfig {
    fn default() -> Self {
        Self::DistilBert(DistilBertConfig::default())
    }
}

impl From<DistilBertConfig> for TextEncoderConfig {
    fn from(config: DistilBertConfig) -> Self {
        Self::DistilBert(config)
    }
}

impl From<ClipTextConfig> for TextEncoderConfig {
    fn from(config: ClipTextConfig) -> Self {
        Self::Clip(config)
    }
}

impl From<SiglipTextConfig> for TextEncoderConfig {
    fn from(config: SiglipTextConfig) -> Self {
        Self::Siglip(config)
    }
}

impl From<BertConfig> for TextEncoderConfig {
    fn from(config: BertConfig) -> Self {
        Self::Bert(config)
    }
}

impl<'de> Deserialize<'de> for TextEncoderConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Refuses every setting.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct NoSettings {}

        let section = KindSection::deserialize(deserializer)?;
        match section.kind.as_deref() {
            None | Some("distilbert") => Ok(Self::DistilBert(section.read()?)),
            Some("clip") => Ok(Self::Clip(section.read()?)),
            Some("siglip") => Ok(Self::Siglip(section.read()?)),
            Some("bert") => Ok(Self::Bert(section.read()?)),
            Some("none") => section.read().map(|NoSettings {}| Self::None),
            Some(other) => {
                let kinds = &["distilbert", "clip", "siglip", "bert", "none"];
                Err(D::Error::unknown_variant(other, kinds))
            }
        }
    }
}

impl TextEncoderConfig {
    /// Whether there is no text encoder.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    fn config(&self) -> Option<&dyn TextTowerConfig> {
        match self {
            Self::DistilBert(config) => Some(config),
            Self::Clip(config) => Some(config),
            Self::Siglip(config) => Some(config),
            Self::Bert(config) => Some(config),
            Self::None => None,
        }
    }

    /// Tokens the encoder knows; 0 where there is none.
    pub fn vocab_size(&self) -> usize {
        self.config().map_or(0, TextTowerConfig::vocab_size)
    }

    /// The same for a vocabulary of another size.
    pub fn set_vocab_size(&mut self, vocab_size: usize) {
        match self {
            Self::DistilBert(config) => config.set_vocab_size(vocab_size),
            Self::Clip(config) => config.set_vocab_size(vocab_size),
            Self::Siglip(config) => config.set_vocab_size(vocab_size),
            Self::Bert(config) => config.set_vocab_size(vocab_size),
            Self::None => {}
        }
    }

    /// Longest sentence in tokens, first and last included; 0 where there is no encoder.
    pub fn max_tokens(&self) -> usize {
        self.config().map_or(0, TextTowerConfig::max_tokens)
    }

    /// That words are cut as the encoder reads them: with a token before them, or without.
    ///
    /// # Errors
    /// When they are not; the message says which words belong to it.
    pub fn check_tokenizer(&self, tokenizer: &SentenceTokenizer) -> Result<(), ModelError> {
        let Some(config) = self.config() else { return Ok(()) };
        if config.has_first_token() == tokenizer.has_first_token() {
            return Ok(());
        }
        let (found, expected) = match config.has_first_token() {
            true => ("of SigLIP's kind", "with a token before and one behind a sentence"),
            false => (
                "not SigLIP's own",
                "SigLIP's own; import a SigLIP, and train from it with start.model",
            ),
        };
        Err(ModelError::Contradiction {
            first: "text.kind".into(),
            second: "tokenizer".into(),
            reason: format!("the words are {found}, and the text encoder reads words {expected}"),
        })
    }

    /// Width of a word's feature, `d`; 0 where there is no encoder.
    pub fn width(&self) -> usize {
        self.config().map_or(0, TextTowerConfig::width)
    }

    /// Standard deviation of the initial weights.
    pub fn initializer_range(&self) -> f64 {
        self.config().map_or(0.0, TextTowerConfig::initializer_range)
    }

    /// What stands before a text that asks, when the encoder's own vector of it is made; mostly nothing.
    pub fn query_prompt(&self) -> &str {
        match self {
            Self::Bert(config) => &config.query_prompt,
            _ => "",
        }
    }

    /// The same before a text that is searched in.
    pub fn document_prompt(&self) -> &str {
        match self {
            Self::Bert(config) => &config.document_prompt,
            _ => "",
        }
    }

    /// Name and size, for people.
    pub fn summary(&self) -> String {
        self.config().map_or_else(|| "none".into(), TextTowerConfig::summary)
    }

    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), ModelError> {
        self.config().map_or(Ok(()), TextTowerConfig::check)
    }

    /// How many numbers its large parameters have, by its sizes alone.
    pub(crate) fn least_weights(&self) -> u128 {
        self.config().map_or(0, TextTowerConfig::least_weights)
    }

    /// What `rows` sentences, padded to `num_tokens`, cost that go through it together.
    pub(crate) fn cost(&self, rows: usize, num_tokens: usize) -> EncoderCost {
        self.config().map_or_else(EncoderCost::default, |config| config.cost(rows, num_tokens))
    }

    pub(crate) fn init(&self, random: &mut Initialiser) -> Option<TextEncoder> {
        match self {
            Self::DistilBert(config) => {
                Some(TextEncoder::DistilBert(KeyedDistilBert { distilbert: config.init(random) }))
            }
            Self::Clip(config) => Some(TextEncoder::Clip(KeyedClip { clip: config.init(random) })),
            Self::Siglip(config) => {
                Some(TextEncoder::Siglip(KeyedSiglip { siglip: config.init(random) }))
            }
            Self::Bert(config) => Some(TextEncoder::Bert(KeyedBert { bert: config.init(random) })),
            Self::None => None,
        }
    }
}

/// One of the text encoders; the structs in between give the parameters their prefixes.
#[derive(Module, Debug)]
pub(crate) enum TextEncoder {
    DistilBert(KeyedDistilBert),
    Clip(KeyedClip),
    Siglip(KeyedSiglip),
    Bert(KeyedBert),
}

#[derive(Module, Debug)]
pub(crate) struct KeyedDistilBert {
    /// `distilbert.*`
    distilbert: DistilBert,
}

#[derive(Module, Debug)]
pub(crate) struct KeyedClip {
    /// `clip.text_model.*` and `clip.text_projection.weight`
    clip: ClipText,
}

#[derive(Module, Debug)]
pub(crate) struct KeyedSiglip {
    /// `siglip.text_model.*`
    siglip: SiglipText,
}

#[derive(Module, Debug)]
pub(crate) struct KeyedBert {
    /// `bert.*`
    bert: Bert,
}

impl TextEncoder {
    pub(crate) fn tower(&self) -> &dyn TextTower {
        match self {
            Self::DistilBert(keyed) => &keyed.distilbert,
            Self::Clip(keyed) => &keyed.clip,
            Self::Siglip(keyed) => &keyed.siglip,
            Self::Bert(keyed) => &keyed.bert,
        }
    }

    /// Features of all tokens, first and last included; rows of padding have no meaning.
    ///
    /// # Shapes
    /// - returns `[b, n, d]`
    pub(crate) fn token_features(&self, tokens: &TokenBatch) -> Tensor<3> {
        self.tower().token_features(tokens)
    }
}
