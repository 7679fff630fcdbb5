//! What is changed at random in training: one draw per sample, the same for all frames of all its clips.
//!
//! Paper: §A.2 (flip, crop, colour jitter; parameters not given). One draw per sample, because `L_t` asks a clip to
//! predict another one of the same sample.

use locvtp_video::{ColourJitterStrength, RandomResizedCrop};
use serde::{Deserialize, Serialize};

use crate::error::TrainError;

/// The section `augmentation` of a run file; what is left out is off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// A random crop, scaled to the picture's size, and a horizontal flip. A flip exchanges left and right: leave it at
    /// 0 where captions speak of them.
    pub crop: Option<RandomResizedCrop>,
    /// Brightness, contrast, saturation and hue. A hue shift changes what is "red".
    pub colour_jitter: Option<ColourJitterStrength>,
}

impl Augmentation {
    /// # Errors
    /// When a bound cannot be used.
    pub fn check(&self) -> Result<(), TrainError> {
        let Some(crop) = &self.crop else { return Ok(()) };
        let ordered = |(low, high): (f64, f64)| low > 0.0 && low <= high && high.is_finite();
        if !ordered(crop.scale) || crop.scale.1 > 1.0 {
            return Err(TrainError::Setting {
                key: "augmentation.crop.scale",
                found: format!("{:?}", crop.scale),
                expected: "[smallest, largest] share of the picture, above 0 and at most 1",
            });
        }
        if !ordered(crop.ratio) {
            return Err(TrainError::Setting {
                key: "augmentation.crop.ratio",
                found: format!("{:?}", crop.ratio),
                expected: "[narrowest, widest] width by height, above 0",
            });
        }
        if !(0.0..=1.0).contains(&crop.flip) {
            return Err(TrainError::Setting {
                key: "augmentation.crop.flip",
                found: crop.flip.to_string(),
                expected: "a probability between 0 and 1",
            });
        }
        Ok(())
    }
}
