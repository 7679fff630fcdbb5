//! From a video file to the encoder's numbers: the one path that training, evaluation and use
//! share.
//!
//! A property of the weights, so it lies in the model directory as `preprocessor_config.json`.

use locvtp_video::sampling::{self, ClipStride, SHORTEST_STRIDE_S, TooManyClips};
use locvtp_video::{
    ClipPixels, CropBox, FrameTable, FrameTransform, Interpolation, LONGEST_VIDEO_S, SamplingPlan,
    Scaling, Seconds, VideoError, VideoReader,
};
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::clip_patches::{ClipPatches, PixelNormalisation};

/// From frame to frame of a model that sees one at a time, where nobody says otherwise.
const FRAME_EVERY: Seconds = Seconds(1.0);

/// Most frames of a clip.
const MOST_FRAMES: usize = 1 << 16;
/// Longest side of a picture, pixels: what decoders give is smaller.
const LONGEST_SIDE: usize = 1 << 13;

/// How a whole video becomes clips, and a clip becomes numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocessing {
    /// Frames of a clip.
    #[schemars(range(min = 1))]
    pub num_frames: usize,
    /// Seconds that a clip of a whole video covers; 0 means `num_frames` consecutive frames.
    pub clip_duration_s: f64,
    /// Side of the square frames, pixels.
    #[schemars(range(min = 1))]
    pub image_size: usize,
    /// What the shorter side is scaled to before the centre is cut out, pixels.
    #[schemars(range(min = 1))]
    pub short_side: usize,
    /// Whether the longer side is scaled alike (`short_side`, the default) or to the same length
    /// (`squash`).
    pub fit: Fit,
    /// How pictures are scaled: `bilinear` (default) or `bicubic`, which CLIP was trained with.
    pub interpolation: Interpolation,
    /// Whose way from a frame to the picture is followed: `fast` (default), `torchvision` (timm,
    /// open_clip, OpenAI's CLIP) or `hugging_face`. An import sets the one of its source; `fast` is
    /// sooner for large pictures, and gives features a little off.
    pub scaling: Scaling,
    /// What is subtracted from and divided into a pixel.
    pub normalisation: PixelNormalisation,
}

/// How a picture that is no square becomes one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fit {
    /// Its short side is scaled, the long one with it, and the ends of the long one are cut off.
    #[default]
    ShortSide,
    /// Both sides are scaled to one length, so that all of it is seen, out of proportion.
    Squash,
}

impl Fit {
    /// In words, before the length.
    pub fn words(self) -> &'static str {
        match self {
            Self::ShortSide => "short side to",
            Self::Squash => "both sides to",
        }
    }
}

impl Default for Preprocessing {
    /// The paper's: 16 consecutive frames, 224 x 224 from the centre of 256 (§A.2).
    fn default() -> Self {
        Self {
            num_frames: 16,
            clip_duration_s: 0.0,
            image_size: 224,
            short_side: 256,
            fit: Fit::ShortSide,
            interpolation: Interpolation::Bilinear,
            scaling: Scaling::Fast,
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
        for (key, value, most, expected) in [
            ("num_frames", self.num_frames, MOST_FRAMES, "from 1 to 65536"),
            ("image_size", self.image_size, LONGEST_SIDE, "from 1 to 8192"),
            ("short_side", self.short_side, LONGEST_SIDE, "from 1 to 8192"),
        ] {
            if !(1..=most).contains(&value) {
                return setting(key, value.to_string(), expected);
            }
        }
        let seconds = self.clip_duration_s;
        if seconds != 0.0 && !(SHORTEST_STRIDE_S..=LONGEST_VIDEO_S).contains(&seconds) {
            let expected = "0, or seconds from 0.001 to 1000000";
            return setting("clip_duration_s", seconds.to_string(), expected);
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
        let (side, size) = (self.short_side as u32, self.image_size as u32);
        let (interpolation, scaling) = (self.interpolation, self.scaling);
        match self.fit {
            Fit::ShortSide => {
                let short_side = side;
                FrameTransform::ShortSideCentreCrop { short_side, size, interpolation, scaling }
            }
            Fit::Squash => FrameTransform::SquashCentreCrop { side, size, interpolation, scaling },
        }
    }

    /// The picture of a training sample that is cropped at random: the box, mirrored or not.
    pub fn cropped(&self, crop: CropBox, flip: bool) -> FrameTransform {
        let (interpolation, scaling) = (self.interpolation, self.scaling);
        let size = self.image_size as u32;
        FrameTransform::CropResize { crop, size, flip, interpolation, scaling }
    }

    /// Whether the model sees single frames, as CLIP does.
    pub fn is_frame_by_frame(&self) -> bool {
        self.num_frames == 1 && self.clip_duration_s == 0.0
    }

    /// What a stride comes to: of a model that sees single frames, [`ClipStride::Clip`] is a frame a second.
    pub fn stride(&self, asked: ClipStride) -> ClipStride {
        match asked {
            ClipStride::Clip if self.is_frame_by_frame() => ClipStride::Time(FRAME_EVERY),
            other => other,
        }
    }

    /// The clips of a whole file, one starting every `stride`, as [`Preprocessing::whole_video_every`]; with
    /// [`ClipStride::Clip`] they lie end to end, and of a model that sees single frames a frame a second.
    ///
    /// # Errors
    /// When they are more than the reader's limit.
    ///
    /// # Panics
    /// When the stride is nothing.
    pub fn whole_file(
        &self,
        reader: &VideoReader,
        stride: ClipStride,
    ) -> Result<SamplingPlan, VideoError> {
        let plan = self.whole_video_every(reader.frame_table(), stride, reader.limits().clips);
        plan.map_err(|too_many| too_many.of(&reader.info().path))
    }

    /// The clips of a whole video, one starting every `stride`. A video shorter than a clip gives one
    /// clip that repeats its last frame (or whose frames lie closer), with the span that is there. A single
    /// frame stands for the time up to the next one, the last for the rest of the video.
    ///
    /// # Errors
    /// When they are more than `most` (of 16 frames each), before any is planned.
    ///
    /// # Panics
    /// When the stride is nothing.
    pub fn whole_video_every(
        &self,
        table: &FrameTable,
        stride: ClipStride,
        most: usize,
    ) -> Result<SamplingPlan, TooManyClips> {
        let window = (self.clip_duration_s != 0.0).then_some(Seconds(self.clip_duration_s));
        let (frames, stride) = (self.num_frames, self.stride(stride));
        let mut plan = sampling::whole_video(table, window, frames, stride, most)?;
        if self.is_frame_by_frame() {
            let starts = plan.clips.iter().map(|clip| clip.span.start);
            let ends: Vec<Seconds> = starts.skip(1).chain([table.span().end]).collect();
            plan.clips.iter_mut().zip(ends).for_each(|(clip, end)| clip.span.end = end);
        }
        Ok(plan)
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

#[cfg(test)]
mod tests {
    use locvtp_video::TimeSpan;

    use super::*;

    const MOST: usize = 1000;

    #[test]
    fn single_frames_stand_for_the_time_up_to_the_next() {
        let pictures = Preprocessing { num_frames: 1, ..Preprocessing::default() };
        // Ten frames a second for 3.2 s.
        let table =
            FrameTable::new((0..32).map(|i| Seconds(f64::from(i) / 10.0)).collect(), Seconds(3.2));
        let span = |start: f64, end: f64| TimeSpan { start: Seconds(start), end: Seconds(end) };
        let whole = |preprocessing: &Preprocessing, stride| {
            preprocessing.whole_video_every(&table, stride, MOST).unwrap().clips
        };
        let clips = whole(&pictures, ClipStride::Clip);
        let frames: Vec<usize> = clips.iter().map(|clip| clip.frames[0]).collect();
        let spans: Vec<TimeSpan> = clips.iter().map(|clip| clip.span).collect();
        assert_eq!(frames, [0, 10, 20, 30]);
        assert_eq!(spans, [span(0.0, 1.0), span(1.0, 2.0), span(2.0, 3.0), span(3.0, 3.2)]);
        let every_16th = whole(&pictures, ClipStride::Frames(16));
        let spans: Vec<TimeSpan> = every_16th.iter().map(|clip| clip.span).collect();
        assert_eq!(spans, [span(0.0, 1.6), span(1.6, 3.2)]);
        // Clips of two frames or of a length are what they cover.
        let pairs = Preprocessing { num_frames: 2, ..Preprocessing::default() };
        let of_pairs = whole(&pairs, ClipStride::Clip);
        assert_eq!((of_pairs.len(), of_pairs[1].span), (16, span(0.2, 0.4)));
        let long = Preprocessing { clip_duration_s: 2.0, ..pictures };
        assert_eq!(whole(&long, ClipStride::Clip).len(), 2);
    }

    #[test]
    fn a_clip_of_no_time_and_one_of_years_are_refused() {
        for (seconds, is_usable) in
            [(0.0, true), (0.001, true), (16.0, true), (1e-9, false), (-1.0, false), (1e7, false)]
        {
            let settings = Preprocessing { clip_duration_s: seconds, ..Preprocessing::default() };
            assert_eq!(settings.check().is_ok(), is_usable, "{seconds}");
        }
        let settings = Preprocessing { clip_duration_s: f64::NAN, ..Preprocessing::default() };
        assert!(
            settings.check().unwrap_err().to_string().contains("preprocessing.clip_duration_s")
        );
        let settings = Preprocessing { num_frames: 1 << 20, ..Preprocessing::default() };
        assert!(settings.check().unwrap_err().to_string().contains("preprocessing.num_frames"));
    }
}
