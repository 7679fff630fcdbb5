//! The sizes of a 2D-TAN.

use serde::{Deserialize, Serialize};

use crate::setting_error::SettingError;

/// How the feature of a moment is made from those of its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Proposals {
    /// Their maximum.
    MaxPool,
    /// Stacked convolutions, which are learned.
    Conv,
}

/// `[tan]` of a task file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TanConfig {
    /// Rows that a video's clips are averaged to. Paper: 256.
    #[schemars(range(min = 1))]
    pub samples: usize,
    /// Rows that are averaged into one frame of the map. Paper: 4, 16 and 2 for ActivityNet Captions,
    /// Charades-STA and TACoS.
    #[schemars(range(min = 1))]
    pub stride: usize,
    /// How moments get longer: so many lengths one frame apart, then so many two apart, then four.
    pub scales: Vec<usize>,
    /// How the feature of a moment is made.
    pub proposals: Proposals,
    /// Width of everything inside. Paper: 512.
    #[schemars(range(min = 1))]
    pub hidden: usize,
    /// Layers of the LSTM over the words. Paper: 3.
    #[schemars(range(min = 1))]
    pub lstm_layers: usize,
    /// Side of the map convolutions' kernel. Paper: 9, 5 and 5.
    #[schemars(range(min = 1))]
    pub kernel: usize,
    /// How many map convolutions. Paper: 4, 8 and 8.
    #[schemars(range(min = 1))]
    pub layers: usize,
    /// A moment of this IoU with the truth or less is wrong.
    pub iou_min: f64,
    /// A moment of this IoU or more is right; in between it is so much right.
    pub iou_max: f64,
    /// Of two moments of a larger IoU with each other, the better one is kept.
    pub nms: f64,
}

impl TanConfig {
    /// ActivityNet Captions: 64 frames, 1,104 moments.
    pub fn activitynet(proposals: Proposals) -> Self {
        Self {
            samples: 256,
            stride: 4,
            scales: vec![16, 8, 8],
            proposals,
            hidden: 512,
            lstm_layers: 3,
            kernel: 9,
            layers: 4,
            iou_min: 0.5,
            iou_max: 1.0,
            nms: 0.5,
        }
    }

    /// Charades-STA: 16 frames, all their 136 moments.
    pub fn charades(proposals: Proposals) -> Self {
        let nms = if proposals == Proposals::MaxPool { 0.45 } else { 0.5 };
        let (stride, scales) = (16, vec![16]);
        Self { stride, scales, kernel: 5, layers: 8, nms, ..Self::activitynet(proposals) }
    }

    /// TACoS: 128 frames, 2,548 moments.
    pub fn tacos(proposals: Proposals) -> Self {
        Self {
            stride: 2,
            scales: vec![16, 8, 8, 8],
            kernel: 5,
            layers: 8,
            iou_min: 0.3,
            iou_max: 0.7,
            nms: if proposals == Proposals::MaxPool { 0.4 } else { 0.5 },
            ..Self::activitynet(proposals)
        }
    }

    /// For the synthetic corpus on a laptop: 16 frames, 136 moments, narrow.
    pub fn synthetic(proposals: Proposals) -> Self {
        Self {
            samples: 32,
            stride: 2,
            scales: vec![16],
            hidden: 64,
            lstm_layers: 1,
            kernel: 3,
            layers: 2,
            ..Self::activitynet(proposals)
        }
    }

    /// Frames of the map, `N`.
    pub fn num_frames(&self) -> usize {
        self.samples / self.stride.max(1)
    }

    /// # Errors
    /// When a setting cannot be used; the message names it.
    pub fn check(&self) -> Result<(), SettingError> {
        let setting = |key, found: String, expected| Err(SettingError { key, found, expected });
        for (key, value) in [
            ("tan.samples", self.samples),
            ("tan.stride", self.stride),
            ("tan.hidden", self.hidden),
            ("tan.lstm_layers", self.lstm_layers),
            ("tan.layers", self.layers),
        ] {
            if value == 0 {
                return setting(key, "0".into(), "1 or more");
            }
        }
        if !self.samples.is_multiple_of(self.stride) {
            let found = format!("{} for {} samples", self.stride, self.samples);
            return setting("tan.stride", found, "a divisor of tan.samples");
        }
        if self.kernel.is_multiple_of(2) {
            return setting("tan.kernel", self.kernel.to_string(), "an odd number");
        }
        if self.scales.is_empty() || self.scales.contains(&0) || self.longest() > self.num_frames()
        {
            let found = format!("{:?}, moments of up to {} frames", self.scales, self.longest());
            let expected = "counts of 1 or more, and no moment longer than \
                            tan.samples / tan.stride frames";
            return setting("tan.scales", found, expected);
        }
        if !(self.iou_min >= 0.0 && self.iou_max <= 1.0 && self.iou_min < self.iou_max) {
            let found = format!("{} and {}", self.iou_min, self.iou_max);
            return setting("tan.iou_min and tan.iou_max", found, "0 <= iou_min < iou_max <= 1");
        }
        if !(0.0..=1.0).contains(&self.nms) {
            return setting("tan.nms", self.nms.to_string(), "a number from 0 to 1");
        }
        Ok(())
    }

    /// Frames of the longest moment.
    fn longest(&self) -> usize {
        let steps = self.scales.iter().enumerate().map(|(scale, layers)| layers << scale);
        // The first length is one frame, and no step is taken to it.
        steps.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_can_be_used_and_what_cannot_names_its_key() {
        for proposals in [Proposals::MaxPool, Proposals::Conv] {
            for preset in [
                TanConfig::activitynet(proposals),
                TanConfig::charades(proposals),
                TanConfig::tacos(proposals),
                TanConfig::synthetic(proposals),
            ] {
                preset.check().unwrap();
                assert_eq!(
                    preset.longest(),
                    preset.num_frames(),
                    "the longest moment is the video"
                );
            }
        }
        let preset = || TanConfig::activitynet(Proposals::MaxPool);
        for (key, config) in [
            ("tan.stride", TanConfig { stride: 5, ..preset() }),
            ("tan.kernel", TanConfig { kernel: 4, ..preset() }),
            ("tan.scales", TanConfig { scales: vec![16, 9, 8], ..preset() }),
            ("tan.iou_min", TanConfig { iou_min: 1.0, ..preset() }),
            ("tan.nms", TanConfig { nms: f64::NAN, ..preset() }),
        ] {
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
