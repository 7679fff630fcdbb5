//! From a video file to the encoder's numbers: the one path that training, evaluation and use
//! share.
//!
//! A property of the weights, so it lies in the model directory as `preprocessor_config.json`.

use locvtp_video::{ClipPixels, FrameTable, FrameTransform, SamplingPlan, Seconds, sampling};
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::timesformer::{ClipPatches, PixelNormalisation};

/// How a whole video becomes clips, and a clip becomes numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocessing {
    /// Frames of a clip.
    pub num_frames: usize,
    /// Seconds that a clip of a whole video covers; 0 means `num_frames` consecutive frames.
    pub clip_duration_s: f64,
    /// Side of the square frames, pixels.
    pub image_size: usize,
    /// What the shorter side is scaled to before the centre is cut out, pixels.
    pub short_side: usize,
    /// What is subtracted from and divided into a pixel.
    pub normalisation: PixelNormalisation,
}

impl Default for Preprocessing {
    /// The paper's: 16 consecutive frames, 224 x 224 from the centre of 256 (§A.2).
    fn default() -> Self {
        Self {
            num_frames: 16,
            clip_duration_s: 0.0,
            image_size: 224,
            short_side: 256,
            normalisation: PixelNormalisation::default(),
        }
    }
}

impl Preprocessing {
    /// # Errors
    /// When a setting cannot be used; the message names it.
    pub fn check(&self) -> Result<(), ModelError> {
        let setting = |key: &str, found: String, expected| {
            Err(ModelError::Setting { key: format!("preprocessing.{key}"), found, expected })
        };
        for (key, value) in [
            ("num_frames", self.num_frames),
            ("image_size", self.image_size),
            ("short_side", self.short_side),
        ] {
            if value == 0 || u32::try_from(value).is_err() {
                return setting(key, value.to_string(), "1 or more, in 32 bits");
            }
        }
        let seconds = self.clip_duration_s;
        if !(seconds >= 0.0 && seconds.is_finite()) {
            return setting("clip_duration_s", seconds.to_string(), "seconds, 0 or more");
        }
        let PixelNormalisation { mean, std } = self.normalisation;
        if !mean.iter().all(|mean| mean.is_finite()) {
            return setting("normalisation.mean", format!("{mean:?}"), "three finite numbers");
        }
        if !std.iter().all(|std| *std > 0.0 && std.is_finite()) {
            return setting("normalisation.std", format!("{std:?}"), "three numbers above 0");
        }
        Ok(())
    }

    /// The picture without augmentation: the centre.
    pub fn centre(&self) -> FrameTransform {
        FrameTransform::ShortSideCentreCrop {
            short_side: self.short_side as u32,
            size: self.image_size as u32,
        }
    }

    /// The clips of a whole video, end to end.
    pub fn whole_video(&self, table: &FrameTable) -> SamplingPlan {
        if self.clip_duration_s > 0.0 {
            let window = Seconds(self.clip_duration_s);
            sampling::windows(table, window, window, self.num_frames)
        } else {
            sampling::consecutive(table, self.num_frames, self.num_frames)
        }
    }

    /// The numbers of [`ClipPatches`] for decoded clips.
    ///
    /// # Panics
    /// When the pixels are of another size than the settings say.
    pub fn cut(&self, pixels: &ClipPixels, patch_size: usize) -> Vec<f32> {
        let size = [pixels.frames_per_clip, pixels.height, pixels.width];
        assert_eq!(size, [self.num_frames, self.image_size, self.image_size], "pixels of a clip");
        ClipPatches::cut(&pixels.data, size, patch_size, &self.normalisation)
    }
}
