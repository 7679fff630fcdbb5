//! The choices that the paper leaves open in the losses, each a setting.

use serde::{Deserialize, Serialize};

/// What stands below the fraction of `L_f` and `L_t` (§A.6, open point 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Denominator {
    /// All words of all sentences, the own sentence included: the paper's formula.
    AllWords,
    /// The same and the positive.
    AllWordsPlusPositive,
    /// The positive and the words of the other sentences.
    PositivePlusOtherSentences,
}

/// What the warped clip should resemble in `L_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TemporalTarget {
    /// The words matched to the clip here: the paper's choice.
    CrossModal,
    /// The clip here; the denominator is all clips of the batch (ablation §B.6 (e)).
    IntraModal,
}

/// The choices of the three losses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LossConfig {
    /// `tau`. Paper: 0.07, fixed.
    pub temperature: f64,
    /// `L_c` in both directions, halved; the paper's formula has video to text alone.
    pub symmetric_coarse: bool,
    /// Scale the mean of the matched words to unit length again. Off: with the literal denominator
    /// it has a degenerate optimum, words spread apart so that their mean fits and no single one
    /// does.
    pub renormalise_positive: bool,
    /// What stands below the fraction of `L_f` and `L_t`.
    pub denominator: Denominator,
    /// What the warped clip should resemble.
    pub temporal_target: TemporalTarget,
    /// Scale a clip to unit length before it is warped, so that the sign and the magnitude meet a
    /// fixed scale.
    pub normalise_before_warp: bool,
}

impl Default for LossConfig {
    fn default() -> Self {
        Self {
            temperature: 0.07,
            symmetric_coarse: false,
            renormalise_positive: false,
            denominator: Denominator::AllWords,
            temporal_target: TemporalTarget::CrossModal,
            normalise_before_warp: true,
        }
    }
}
