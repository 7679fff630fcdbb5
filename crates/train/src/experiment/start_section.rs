//! `[start]`: where a run's weights come from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where a run's weights come from; drawn from `run.seed` when nothing is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct StartSection {
    /// A model directory, as `locvtp weights import` or an earlier run writes it, with a text
    /// encoder. `model.video`, `model.text`, `preprocessing` and the tokenizer come from it; heads
    /// that it has not in the run file's size are drawn from the seed.
    pub model: Option<PathBuf>,
    /// Checksum of its weights and words, written by the run: with it `model` is not asked for sizes
    /// again, and other weights are not taken for these.
    pub weights: Option<String>,
}
