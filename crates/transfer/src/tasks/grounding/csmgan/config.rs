//! Sizes of the network and what it learns, with the presets of the release.

use serde::{Deserialize, Serialize};

use crate::setting_error::SettingError;

/// `[csmgan]` of a task file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CsmganConfig {
    /// Frames that every video is brought to. Release: 200.
    #[schemars(range(min = 1))]
    pub num_frames: usize,
    /// Words of a sentence that are read; the rest is cut off. Release: 20.
    #[schemars(range(min = 1))]
    pub num_words: usize,
    /// Width of a frame in the video encoder; features of another width are mapped to it first.
    /// Release: 500, the features of ActivityNet Captions as they are, those of TACoS mapped.
    #[schemars(range(min = 1))]
    pub frame_width: usize,
    /// Width of everything after the encoders; even. Release: 512.
    #[schemars(range(min = 2))]
    pub hidden_width: usize,
    /// Layers of attention among neighbouring frames. Release: 2.
    pub attention_layers: usize,
    /// Their heads, which share `frame_width` evenly. Release: 4.
    #[schemars(range(min = 1))]
    pub attention_heads: usize,
    /// Neighbours on either side that a frame attends to. Release: 3.
    pub attention_radius: usize,
    /// Probability that a number is dropped in training. Release: 0.2.
    pub dropout: f64,
    /// Widths of the proposals around every frame, frames; not always whole.
    pub anchor_widths: Vec<f64>,
    /// Whether offsets are added to proposals as they are, and not to their bounds rounded towards
    /// zero. Release: false. Its proposals take the type of the true moment on the way, which is an
    /// integer, in training and in evaluation.
    pub keep_fractions: bool,
    /// Which proposals are drawn towards the true moment.
    pub regressed: RegressionRule,
    /// Share of their distance in the loss. Release: 1e-3 for ActivityNet Captions, 5e-3 for TACoS.
    pub regression_weight: f64,
}

/// Which proposals are drawn towards the true moment, by their IoU with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegressionRule {
    /// What of a proposal is compared with `from`.
    pub by: RegressedBy,
    /// Those with at least so much. Release: 0.8 for ActivityNet Captions, 0.45 for TACoS.
    pub from: f64,
}

/// What decides whether a proposal is drawn towards the true moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegressedBy {
    /// Its IoU as a share of the greatest IoU of any proposal. Release, ActivityNet Captions.
    ShareOfGreatest,
    /// Its IoU, so a moment can have none. Release, TACoS.
    Iou,
}

impl Default for CsmganConfig {
    fn default() -> Self {
        Self::activitynet()
    }
}

impl CsmganConfig {
    /// ActivityNet Captions, as the release trains it.
    pub fn activitynet() -> Self {
        Self {
            num_frames: 200,
            num_words: 20,
            frame_width: 500,
            hidden_width: 512,
            attention_layers: 2,
            attention_heads: 4,
            attention_radius: 3,
            dropout: 0.2,
            anchor_widths: vec![16.0, 32.0, 64.0, 96.0, 128.0, 160.0, 192.0],
            keep_fractions: false,
            regressed: RegressionRule { by: RegressedBy::ShareOfGreatest, from: 0.8 },
            regression_weight: 1e-3,
        }
    }

    /// TACoS, as the release trains it.
    pub fn tacos() -> Self {
        Self {
            // 0.25 (w - 1) + 1 for w = 8, 16, 32, 64
            anchor_widths: vec![2.75, 4.75, 8.75, 16.75],
            regressed: RegressionRule { by: RegressedBy::Iou, from: 0.45 },
            regression_weight: 5e-3,
            ..Self::activitynet()
        }
    }

    /// A small network for a laptop and the synthetic corpus.
    pub fn synthetic() -> Self {
        Self {
            num_frames: 24,
            num_words: 12,
            frame_width: 32,
            hidden_width: 32,
            attention_layers: 1,
            attention_radius: 2,
            dropout: 0.1,
            anchor_widths: vec![2.0, 4.0, 8.0, 12.0, 16.0],
            regression_weight: 5e-3,
            ..Self::activitynet()
        }
    }

    /// Proposals of a video.
    pub fn num_proposals(&self) -> usize {
        self.num_frames * self.anchor_widths.len()
    }

    /// # Errors
    /// When a setting cannot be used; the message names it.
    pub fn check(&self) -> Result<(), SettingError> {
        let setting = |key, found, expected| Err(SettingError { key, found, expected });
        for (key, size) in [
            ("csmgan.num_frames", self.num_frames),
            ("csmgan.num_words", self.num_words),
            ("csmgan.frame_width", self.frame_width),
            ("csmgan.attention_heads", self.attention_heads),
        ] {
            if size == 0 {
                return setting(key, "0".into(), "1 or more");
            }
        }
        if self.hidden_width == 0 || !self.hidden_width.is_multiple_of(2) {
            let found = self.hidden_width.to_string();
            return setting(
                "csmgan.hidden_width",
                found,
                "an even number: half for each direction",
            );
        }
        if !self.frame_width.is_multiple_of(self.attention_heads) {
            let found = self.frame_width.to_string();
            let expected = "a multiple of `csmgan.attention_heads`";
            return setting("csmgan.frame_width", found, expected);
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return setting("csmgan.dropout", self.dropout.to_string(), "0 to below 1");
        }
        let fits = |width: &f64| (1.0..=self.num_frames as f64).contains(width);
        if self.anchor_widths.is_empty() || !self.anchor_widths.iter().all(fits) {
            let found = format!("{:?}", self.anchor_widths);
            let expected = "one width or more, each from 1 to `csmgan.num_frames`";
            return setting("csmgan.anchor_widths", found, expected);
        }
        let from = self.regressed.from;
        if !(from > 0.0 && from <= 1.0) {
            return setting("csmgan.regressed.from", from.to_string(), "above 0, at most 1");
        }
        if !(self.regression_weight >= 0.0 && self.regression_weight.is_finite()) {
            let found = self.regression_weight.to_string();
            return setting("csmgan.regression_weight", found, "a number, 0 or more");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_have_the_releases_proposals() {
        for (config, proposals) in [
            (CsmganConfig::activitynet(), 1400),
            (CsmganConfig::tacos(), 800),
            (CsmganConfig::synthetic(), 120),
        ] {
            config.check().unwrap();
            assert_eq!(config.num_proposals(), proposals);
        }
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named() {
        let config = CsmganConfig::default();
        for (wrong, key) in [
            (CsmganConfig { hidden_width: 5, ..config.clone() }, "hidden_width"),
            (CsmganConfig { attention_heads: 3, ..config.clone() }, "frame_width"),
            (CsmganConfig { anchor_widths: vec![300.0], ..config.clone() }, "anchor_widths"),
            (CsmganConfig { dropout: 1.0, ..config.clone() }, "dropout"),
            (
                CsmganConfig {
                    regressed: RegressionRule { from: 0.0, ..config.regressed },
                    ..config
                },
                "regressed.from",
            ),
        ] {
            let message = wrong.check().unwrap_err().to_string();
            assert!(message.contains(&format!("csmgan.{key}")), "{message}");
        }
    }
}
