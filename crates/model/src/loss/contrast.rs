//! What a term of the loss contrasts with what.

use burn::tensor::Tensor;

use super::settings::{Denominator, LossConfig};
use crate::ops::{Anchor, ContrastChoices};

/// Anchors, and the vectors that each is contrasted with.
pub(super) struct Contrast {
    /// `[r, e]`, unit vectors
    pub(super) anchors: Tensor<2>,
    /// One for every anchor; its weight is the anchor's share in the term.
    pub(super) rows: Vec<Anchor>,
    pub(super) keys: Keys,
}

/// The vectors of a batch with which anchors are contrasted. Those of equal keys are one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// The words of all sentences.
    Words,
    /// The clips of all videos.
    Clips,
    /// The videos, each the mean of its clips.
    Videos,
    /// The sentences, each the mean of its words.
    Sentences,
}

impl Keys {
    pub(super) const ALL: [Self; 4] = [Self::Words, Self::Clips, Self::Videos, Self::Sentences];

    /// How they are contrasted with: the choices of positives and denominators are of words.
    pub(super) fn choices(self, config: &LossConfig) -> ContrastChoices {
        let are_words = self == Self::Words;
        ContrastChoices {
            temperature: config.temperature,
            positive_below: are_words && config.denominator != Denominator::AllWords,
            unit_positive: are_words && config.renormalise_positive,
        }
    }
}
