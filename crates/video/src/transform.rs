//! From the picture as shown to the picture a model sees.
//!
//! A [`FrameTransform`] is plain data: drawn or written once, applied equally to every frame of a
//! sample, so that what moves in a clip is the scene and not the crop. Pictures are scaled by the
//! [`Interpolation`] that the transform names, bilinearly where it names none, and in the way of the
//! program that its [`Scaling`] names.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The generator's stream for crops: apart from those of sampling (0), jitter (2) and mirrors (3)
/// under the same seed.
const CROP_STREAM: u64 = 1;

/// How pixels between pixels are made. Where a picture becomes smaller, all pixels that fall
/// into one count: the kernel is widened.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// From the two nearest, each way.
    #[default]
    Bilinear,
    /// From the four nearest, each way: CLIP's. Pillow's kernel is a little softer (C 0.5) than that of
    /// swscale (C 0.6), which `scaling = "fast"` takes.
    Bicubic,
}

impl Interpolation {
    /// As it stands in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bilinear => "bilinear",
            Self::Bicubic => "bicubic",
        }
    }
}

/// Whose way from a decoded frame to the model's picture is followed.
///
/// The ways differ by about one level of 255 on the mean, by tens at sharp edges of colours, and by a
/// pixel in where the centre lies (`docs/results.md`). A model's weights want the way that they were
/// trained with.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// swscale scales and converts to RGB in one pass, and no whole picture of RGB is held: sooner for
    /// large pictures. The centre lies as with `torchvision`.
    #[default]
    Fast,
    /// torchvision's transforms of a Pillow picture, as timm, open_clip and OpenAI's CLIP use them:
    /// the whole frame becomes RGB, then Pillow's scaling, byte for byte. Half a pixel of the centre's
    /// place is rounded to the even number.
    Torchvision,
    /// The image processors of Hugging Face's transformers with Pillow: as `torchvision`, with the
    /// centre's place rounded down.
    HuggingFace,
}

impl Scaling {
    /// Whose it is, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Fast => "swscale (fast)",
            Self::Torchvision => "torchvision with Pillow",
            Self::HuggingFace => "Hugging Face with Pillow",
        }
    }

    /// Where a centre of `size` pixels begins in a side of `side` pixels.
    pub(crate) fn centre_start(self, side: u32, size: u32) -> u32 {
        let spare = side - size;
        match self {
            Self::HuggingFace => spare / 2,
            Self::Fast | Self::Torchvision => (f64::from(spare) / 2.0).round_ties_even() as u32,
        }
    }
}

/// What is done to every frame on the way to the model. Pixels are taken as square.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FrameTransform {
    /// Nothing: the size as shown.
    #[default]
    AsDecoded,
    /// Scale to exactly this size, whatever the aspect ratio.
    Resize {
        /// Height in pixels.
        height: u32,
        /// Width in pixels.
        width: u32,
    },
    /// Evaluation: scale until the short side has `short_side` pixels, then cut the central square.
    ShortSideCentreCrop {
        /// Pixels of the short side after scaling.
        short_side: u32,
        /// Pixels of the square's sides, at most `short_side`.
        size: u32,
        /// How it is scaled.
        #[serde(default)]
        interpolation: Interpolation,
        /// Whose way is followed.
        #[serde(default)]
        scaling: Scaling,
    },
    /// Evaluation: scale to a square whatever the aspect ratio, then cut the central square.
    SquashCentreCrop {
        /// Pixels of both sides after scaling.
        side: u32,
        /// Pixels of the square's sides, at most `side`.
        size: u32,
        /// How it is scaled.
        #[serde(default)]
        interpolation: Interpolation,
        /// Whose way is followed.
        #[serde(default)]
        scaling: Scaling,
    },
    /// Training: cut a box, scale it to a square, mirror it or not.
    CropResize {
        /// The box, in fractions of the picture.
        crop: CropBox,
        /// Pixels of the square's sides.
        size: u32,
        /// Whether to mirror left to right.
        flip: bool,
        /// How the box is scaled.
        #[serde(default)]
        interpolation: Interpolation,
        /// Whose way is followed.
        #[serde(default)]
        scaling: Scaling,
    },
}

/// A part of the picture, in fractions of its width and height from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CropBox {
    /// Left edge, 0 to 1.
    pub left: f64,
    /// Upper edge, 0 to 1.
    pub top: f64,
    /// Width, above 0; `left + width` is at most 1.
    pub width: f64,
    /// Height, above 0; `top + height` is at most 1.
    pub height: f64,
}

impl CropBox {
    /// The whole picture.
    pub const WHOLE: Self = Self { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };

    fn check(&self) -> Result<(), String> {
        // Rounding of a drawn box may pass the edge by a hair, which the cut in pixels absorbs.
        let inside =
            |start: f64, size: f64| start >= -1e-9 && size > 0.0 && start + size <= 1.0 + 1e-9;
        if inside(self.left, self.width) && inside(self.top, self.height) {
            return Ok(());
        }
        Err(format!("the crop box {self:?} is not inside the picture; use fractions from 0 to 1"))
    }
}

impl FrameTransform {
    /// Width and height of the result for pictures of this width and height.
    ///
    /// # Errors
    /// A size of zero, a box outside the picture, or a square larger than the scaled short side; in
    /// words.
    pub fn output_size(&self, width: u32, height: u32) -> Result<(u32, u32), String> {
        let (out_width, out_height) = match *self {
            Self::AsDecoded => (width, height),
            Self::Resize { height, width } => (width, height),
            Self::ShortSideCentreCrop { short_side: side, size, .. }
            | Self::SquashCentreCrop { side, size, .. } => {
                if size > side {
                    return Err(format!(
                        "`size` {size} is larger than `short_side` {side}; \
                         lower the one or raise the other"
                    ));
                }
                (size, size)
            }
            Self::CropResize { crop, size, .. } => {
                crop.check()?;
                (size, size)
            }
        };
        if out_width == 0 || out_height == 0 || out_width > 16_384 || out_height > 16_384 {
            return Err(format!("a result of {out_width}x{out_height}; use 1 to 16384 pixels"));
        }
        Ok((out_width, out_height))
    }

    /// How it scales.
    pub fn interpolation(&self) -> Interpolation {
        match *self {
            Self::ShortSideCentreCrop { interpolation, .. }
            | Self::SquashCentreCrop { interpolation, .. }
            | Self::CropResize { interpolation, .. } => interpolation,
            Self::AsDecoded | Self::Resize { .. } => Interpolation::Bilinear,
        }
    }

    /// Whose way it follows.
    pub fn scaling(&self) -> Scaling {
        match *self {
            Self::ShortSideCentreCrop { scaling, .. }
            | Self::SquashCentreCrop { scaling, .. }
            | Self::CropResize { scaling, .. } => scaling,
            Self::AsDecoded | Self::Resize { .. } => Scaling::Fast,
        }
    }

    /// The same with another interpolation and in another way, where it has a choice of them.
    #[must_use]
    pub fn scaled_by(mut self, chosen: Interpolation, way: Scaling) -> Self {
        if let Self::ShortSideCentreCrop { interpolation, scaling, .. }
        | Self::SquashCentreCrop { interpolation, scaling, .. }
        | Self::CropResize { interpolation, scaling, .. } = &mut self
        {
            (*interpolation, *scaling) = (chosen, way);
        }
        self
    }
}

/// The distribution that training crops are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomResizedCrop {
    /// Smallest and largest share of the picture's area. Default 0.5 to 1 (Frozen in Time).
    pub scale: (f64, f64),
    /// Narrowest and widest aspect ratio of the box, width by height in pixels. Default 3/4 to 4/3.
    pub ratio: (f64, f64),
}

impl Default for RandomResizedCrop {
    fn default() -> Self {
        Self { scale: (0.5, 1.0), ratio: (0.75, 4.0 / 3.0) }
    }
}

impl RandomResizedCrop {
    /// Draws the box of one sample from pictures of this (width, height): equal seeds and sizes give
    /// equal boxes.
    ///
    /// Area and logarithm of the aspect ratio are uniform. A box that does not fit into the picture
    /// is drawn again, ten times, then the largest central box of an allowed ratio is taken (as
    /// torchvision does).
    ///
    /// # Panics
    /// When a bound of `scale` or `ratio` is not positive or they are in the wrong order.
    pub fn draw(&self, seed: u64, (width, height): (u32, u32)) -> CropBox {
        let Self { scale, ratio } = *self;
        for (low, high) in [scale, ratio] {
            assert!(low > 0.0 && low <= high, "bounds {low} to {high} of {self:?}");
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(CROP_STREAM);
        let picture_ratio = f64::from(width) / f64::from(height);
        for _ in 0..10 {
            let area = rng.random_range(scale.0..=scale.1);
            let box_ratio = rng.random_range(ratio.0.ln()..=ratio.1.ln()).exp();
            // In fractions: width^2 = area * box_ratio / picture_ratio.
            let width = (area * box_ratio / picture_ratio).sqrt();
            let height = (area * picture_ratio / box_ratio).sqrt();
            let (x, y) = (rng.random::<f64>(), rng.random::<f64>());
            if width <= 1.0 && height <= 1.0 {
                let (left, top) = (x * (1.0 - width), y * (1.0 - height));
                return CropBox { left, top, width, height };
            }
        }
        let box_ratio = picture_ratio.clamp(ratio.0, ratio.1);
        let width = (box_ratio / picture_ratio).min(1.0);
        let height = (picture_ratio / box_ratio).min(1.0);
        CropBox { left: (1.0 - width) / 2.0, top: (1.0 - height) / 2.0, width, height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(picture: (u32, u32), distribution: RandomResizedCrop) -> Vec<CropBox> {
        (0..500).map(|seed| distribution.draw(seed, picture)).collect()
    }

    #[test]
    fn drawn_boxes_keep_to_the_picture_the_area_and_the_ratio() {
        for crop in boxes((640, 360), RandomResizedCrop::default()) {
            assert_eq!(crop.check(), Ok(()));
            let area = crop.width * crop.height;
            assert!((0.5 - 1e-9..=1.0 + 1e-9).contains(&area), "{crop:?}");
            let ratio = crop.width * 640.0 / (crop.height * 360.0);
            assert!((0.75 - 1e-9..=4.0 / 3.0 + 1e-9).contains(&ratio), "{crop:?}");
        }
    }

    #[test]
    fn a_picture_too_narrow_for_any_ratio_gets_the_largest_central_box() {
        // 1000 x 100: a box of full height and ratio 4/3 is 133.3 wide, 0.1333 of the width.
        let distribution = RandomResizedCrop { scale: (0.9, 1.0), ..Default::default() };
        for crop in boxes((1000, 100), distribution) {
            assert!((crop.width - 0.4 / 3.0).abs() < 1e-12 && crop.height == 1.0, "{crop:?}");
            assert!((crop.left - (1.0 - crop.width) / 2.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_crop_is_a_function_of_its_seed() {
        let draw = |seed| RandomResizedCrop::default().draw(seed, (64, 48));
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn impossible_sizes_are_refused_in_words() {
        let refused = |transform: FrameTransform| transform.output_size(64, 48).unwrap_err();
        let (interpolation, scaling) = (Interpolation::Bilinear, Scaling::Fast);
        let (short_side, size) = (200, 224);
        let crop = FrameTransform::ShortSideCentreCrop { short_side, size, interpolation, scaling };
        assert!(refused(crop).contains("`size` 224 is larger than `short_side` 200"));
        let squash =
            FrameTransform::SquashCentreCrop { side: 200, size: 224, interpolation, scaling };
        assert!(refused(squash).contains("`size` 224 is larger than `short_side` 200"));
        assert!(refused(FrameTransform::Resize { height: 0, width: 4 }).contains("4x0"));
        let outside = CropBox { left: 0.6, width: 0.5, ..CropBox::WHOLE };
        let (crop, size, flip) = (outside, 8, false);
        let crop = FrameTransform::CropResize { crop, size, flip, interpolation, scaling };
        assert!(refused(crop).contains("not inside the picture"));
    }

    #[test]
    fn a_transform_written_before_there_was_a_choice_is_bilinear_and_fast() {
        let old = r#"{"short_side_centre_crop": {"short_side": 256, "size": 224}}"#;
        let old: FrameTransform = serde_json::from_str(old).unwrap();
        assert_eq!((old.interpolation(), old.scaling()), (Interpolation::Bilinear, Scaling::Fast));
        let other = old.scaled_by(Interpolation::Bicubic, Scaling::HuggingFace);
        assert_eq!(other.interpolation(), Interpolation::Bicubic);
        assert_eq!(other.scaling(), Scaling::HuggingFace);
        let written = serde_json::to_string(&other).unwrap();
        assert!(written.contains(r#""interpolation":"bicubic","scaling":"hugging_face""#));
    }

    #[test]
    fn half_a_pixel_of_the_centres_place_is_rounded_as_each_program_does() {
        // Spare pixels 1, 2, 3, 5, 7: halves 0.5, 1, 1.5, 2.5, 3.5. Python's round goes to the even
        // number, its // down.
        let starts = |scaling: Scaling| [1, 2, 3, 5, 7].map(|n| scaling.centre_start(224 + n, 224));
        assert_eq!(starts(Scaling::Torchvision), [0, 1, 2, 2, 4]);
        assert_eq!(starts(Scaling::Fast), [0, 1, 2, 2, 4]);
        assert_eq!(starts(Scaling::HuggingFace), [0, 1, 1, 2, 3]);
    }
}
