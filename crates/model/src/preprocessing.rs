//! From a video file to the encoder's numbers: the one path that training, evaluation and use
//! share.
//!
//! A property of the weights, so it lies in the model directory as `preprocessor_config.json`.

use locvtp_video::sampling::{self, ClipStride};
use locvtp_video::{ClipPixels, FrameTable, FrameTransform, Interpolation, SamplingPlan, Seconds};
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
    /// How pictures are scaled: `bilinear` (default) or `bicubic`, which CLIP was trained with.
    pub interpolation: Interpolation,
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
            interpolation: Interpolation::Bilinear,
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
            interpolation: self.interpolation,
        }
    }

    /// The clips of a whole video, end to end.
    pub fn whole_video(&self, table: &FrameTable) -> SamplingPlan {
        self.whole_video_every(table, ClipStride::Clip)
    }

    /// The clips of a whole video, one starting every `stride`. A video shorter than a clip gives one
    /// clip that repeats its last frame (or whose frames lie closer), with the span that is there.
    ///
    /// # Panics
    /// When the stride is nothing.
    pub fn whole_video_every(&self, table: &FrameTable, stride: ClipStride) -> SamplingPlan {
        let (window, frames) = (Seconds(self.clip_duration_s), self.num_frames);
        let is_consecutive = self.clip_duration_s == 0.0;
        match stride {
            ClipStride::Clip if is_consecutive => sampling::consecutive(table, frames, frames),
            ClipStride::Clip => sampling::windows(table, window, window, frames),
            ClipStride::Frames(n) if is_consecutive => sampling::consecutive(table, frames, n),
            ClipStride::Frames(n) => sampling::windows_every_frames(table, window, n, frames),
            ClipStride::Time(s) if is_consecutive => sampling::consecutive_every(table, frames, s),
            ClipStride::Time(s) => sampling::windows(table, window, s, frames),
        }
    }

    /// The numbers of [`ClipPatches`] for decoded clips.
    ///
    /// # Panics
    /// When the pixels are of another size than the settings say.
    pub fn cut(&self, pixels: &ClipPixels, patch_size: usize) -> Vec<f32> {
        let size = [pixels.frames_per_clip, pixels.height, pixels.width];
        assert_eq!(size, [self.num_frames, self.image_size, self.image_size], "pixels of a clip");
        self.cut_rgb(&pixels.data, patch_size)
    }

    /// As [`Preprocessing::cut`], for the bytes of whole clips.
    ///
    /// # Panics
    /// When the bytes are not whole clips of the settings' size.
    pub fn cut_rgb(&self, rgb: &[u8], patch_size: usize) -> Vec<f32> {
        let size = [self.num_frames, self.image_size, self.image_size];
        ClipPatches::cut(rgb, size, patch_size, &self.normalisation)
    }
}
