//! The sections of a few keys that no other part of the program owns.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Name and seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunSection {
    /// For logs and reports.
    pub name: String,
    /// Everything random follows from it.
    pub seed: u64,
}

impl Default for RunSection {
    fn default() -> Self {
        Self { name: "run".into(), seed: 0 }
    }
}

/// How a pair's span becomes clips.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SamplingSection {
    /// Clips of a long span, `T`. Paper: 8.
    pub long_clips: usize,
    /// Clips of a short span.
    pub short_clips: usize,
    /// Take every frame at a random moment of its part of the clip; off: in the middle.
    pub jitter: bool,
}

impl Default for SamplingSection {
    fn default() -> Self {
        Self { long_clips: 8, short_clips: 8, jitter: true }
    }
}

/// Where the words come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenizerSection {
    /// A `tokenizer.json`; without one a vocabulary is trained on the corpus.
    pub file: Option<PathBuf>,
    /// Tokens of a trained vocabulary, at most; but never fewer than the corpus has characters.
    pub vocab_size: usize,
}

impl Default for TokenizerSection {
    fn default() -> Self {
        Self { file: None, vocab_size: 1000 }
    }
}

/// How long, how often logged and saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrainSection {
    /// Steps of the whole run. Default: as many as `epochs` says.
    pub steps: Option<u64>,
    /// Epochs of the whole run where `steps` is not given, of `videos / pairs.long_batch` whole steps each, and as many as
    /// visit every picture, if there are some. Paper: 200.
    pub epochs: u64,
    /// Steps between two lines of the log.
    pub log_every: u64,
    /// Steps between two checkpoints; 0 keeps the last state alone.
    pub checkpoint_every: u64,
    /// Checkpoints kept.
    pub keep_checkpoints: usize,
}

impl Default for TrainSection {
    fn default() -> Self {
        Self { steps: None, epochs: 200, log_every: 10, checkpoint_every: 500, keep_checkpoints: 2 }
    }
}
