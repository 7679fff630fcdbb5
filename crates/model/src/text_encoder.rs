//! The text encoders a model can have, behind one face.
//!
//! The section `text` of `config.json` and of a run file says which by its `kind`; without one it
//! is a DistilBERT.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ModelError;
use crate::clip::{ClipText, ClipTextConfig};
use crate::distilbert::{DistilBert, DistilBertConfig};
use crate::initialiser::Initialiser;
use crate::kind_section::KindSection;
use crate::token_batch::TokenBatch;

/// Which text encoder, and its sizes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TextEncoderConfig {
    /// `kind = "distilbert"`: the paper's (§A.4).
    DistilBert(DistilBertConfig),
    /// `kind = "clip"`: CLIP's text tower (§A.3); its words are byte pairs.
    Clip(ClipTextConfig),
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
            Some("none") => section.read().map(|NoSettings {}| Self::None),
            Some(other) => Err(D::Error::unknown_variant(other, &["distilbert", "clip", "none"])),
        }
    }
}

impl TextEncoderConfig {
    /// Whether there is no text encoder.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// Tokens the encoder knows; 0 where there is none.
    pub fn vocab_size(&self) -> usize {
        match self {
            Self::DistilBert(config) => config.vocab_size,
            Self::Clip(config) => config.vocab_size,
            Self::None => 0,
        }
    }

    /// The same for a vocabulary of another size.
    pub fn set_vocab_size(&mut self, vocab_size: usize) {
        match self {
            Self::DistilBert(config) => config.vocab_size = vocab_size,
            Self::Clip(config) => config.vocab_size = vocab_size,
            Self::None => {}
        }
    }

    /// Longest sentence in tokens, first and last included; 0 where there is no encoder.
    pub fn max_tokens(&self) -> usize {
        match self {
            Self::DistilBert(config) => config.max_position_embeddings,
            Self::Clip(config) => config.max_position_embeddings,
            Self::None => 0,
        }
    }

    /// Width of a word's feature, `d`; 0 where there is no encoder.
    pub fn width(&self) -> usize {
        match self {
            Self::DistilBert(config) => config.dim,
            Self::Clip(config) => config.projection_dim,
            Self::None => 0,
        }
    }

    /// Standard deviation of the initial weights.
    pub fn initializer_range(&self) -> f64 {
        match self {
            Self::DistilBert(config) => config.initializer_range,
            Self::Clip(config) => config.initializer_range,
            Self::None => 0.0,
        }
    }

    /// Name and size, for people.
    pub fn summary(&self) -> String {
        match self {
            Self::DistilBert(config) => {
                format!("DistilBERT, {} blocks of width {}", config.n_layers, config.dim)
            }
            Self::Clip(config) => {
                format!("CLIP, {} blocks of width {}", config.num_hidden_layers, config.hidden_size)
            }
            Self::None => "none".into(),
        }
    }

    /// # Errors
    /// When a size cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Result<(), ModelError> {
        match self {
            Self::DistilBert(config) => config.check(),
            Self::Clip(config) => config.check(),
            Self::None => Ok(()),
        }
    }

    pub(crate) fn init(&self, random: &mut Initialiser) -> Option<TextEncoder> {
        match self {
            Self::DistilBert(config) => {
                Some(TextEncoder::DistilBert(KeyedDistilBert { distilbert: config.init(random) }))
            }
            Self::Clip(config) => Some(TextEncoder::Clip(KeyedClip { clip: config.init(random) })),
            Self::None => None,
        }
    }
}

/// One of the text encoders; the structs in between give the parameters their prefixes.
#[derive(Module, Debug)]
pub(crate) enum TextEncoder {
    DistilBert(KeyedDistilBert),
    Clip(KeyedClip),
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

impl TextEncoder {
    /// Features of all tokens, first and last included; rows of padding have no meaning.
    ///
    /// # Shapes
    /// - returns `[b, n, d]`
    pub(crate) fn token_features(&self, tokens: &TokenBatch) -> Tensor<3> {
        match self {
            Self::DistilBert(keyed) => keyed.distilbert.forward(tokens),
            Self::Clip(keyed) => keyed.clip.forward(tokens),
        }
    }
}
