//! From the tokens of a sentence to its one feature.

use serde::{Deserialize, Serialize};

/// Which tokens of the text encoder make the feature of a whole sentence.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SentenceFeature {
    /// The mean of its words: what the losses train.
    #[default]
    MeanWord,
    /// The last token, as CLIP was trained by its makers, or the last place of the padded sentence, as SigLIP was; an
    /// import says so.
    LastToken,
}

impl SentenceFeature {
    /// Whether it is what stands in no file.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
