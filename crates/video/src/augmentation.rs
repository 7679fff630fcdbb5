//! What training changes at random: one draw for all frames of all clips of a sample.
//!
//! One draw a sample, not a frame or a clip, because the temporal loss asks a clip to predict another
//! one of the same sample (paper: §A.2, which names flip, crop and colour jitter without their
//! strengths). A mirrored picture makes "left" untrue and shifted colours make "red" untrue; what is
//! done about it is a policy. Whether a sentence has such words is not this crate's to know: the
//! caller says so, and swaps the words where the draw asks for it.

use serde::{Deserialize, Serialize};

use crate::colour_jitter::{ColourJitter, ColourJitterStrength};
use crate::transform::{FrameTransform, RandomResizedCrop, draw_random_resized_crop};

/// How samples are changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// A random crop, scaled to the model's size, mirrored or not. Default: none.
    pub crop: Option<RandomResizedCrop>,
    /// When the sentence mentions sides. Default: such samples are not mirrored.
    pub sides: SidePolicy,
    /// Brightness, contrast, saturation and hue. Default: none.
    pub colour_jitter: Option<ColourJitterStrength>,
    /// When the sentence mentions colours. Default: such samples keep their colours.
    pub colours: ColourPolicy,
}

/// What mirroring does to samples whose sentence mentions sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SidePolicy {
    /// They are not mirrored.
    #[default]
    Off,
    /// They are mirrored like all others, and the words stay, untrue or not.
    Keep,
    /// They are mirrored like all others, and left and right change places in the sentence.
    SwapWords,
}

/// What colour jitter does to samples whose sentence mentions colours. There is no swapping: a hue
/// turned by a little has no other name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourPolicy {
    /// They keep their colours.
    #[default]
    Off,
    /// They are changed like all others.
    Keep,
}

/// What the sentence of a sample speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Left, right, clockwise, ...
    pub sides: bool,
    /// Red, white, golden, ...
    pub colours: bool,
}

/// One draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AugmentationDraw {
    /// The crop; without one the caller's own transform stays.
    pub transform: Option<FrameTransform>,
    /// To be applied to all pixels of the sample at once.
    pub jitter: ColourJitter,
    /// Whether the sentence's sides change places.
    pub swap_sides: bool,
}

impl Augmentation {
    /// The draw of this seed for pictures of this shown (width, height), scaled to squares of `size`
    /// pixels.
    ///
    /// What a policy takes away changes nothing else of the draw: the crop of a seed is the same
    /// whatever the sentence says.
    ///
    /// # Panics
    /// When a bound of the crop is not positive or they are in the wrong order.
    pub fn draw(
        &self,
        seed: u64,
        picture: (u32, u32),
        size: u32,
        mentions: Mentions,
    ) -> AugmentationDraw {
        let crop = self.crop.as_ref();
        let mut transform = crop.map(|crop| draw_random_resized_crop(seed, crop, picture, size));
        let mut swap_sides = false;
        if let Some(FrameTransform::CropResize { flip, .. }) = &mut transform
            && mentions.sides
        {
            *flip &= self.sides != SidePolicy::Off;
            swap_sides = *flip && self.sides == SidePolicy::SwapWords;
        }
        let stays = mentions.colours && self.colours == ColourPolicy::Off;
        let strength = self.colour_jitter.as_ref().filter(|_| !stays);
        let jitter =
            strength.map_or(ColourJitter::NONE, |strength| ColourJitter::draw(seed, strength));
        AugmentationDraw { transform, jitter, swap_sides }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDES: Mentions = Mentions { sides: true, colours: false };
    const COLOURS: Mentions = Mentions { sides: false, colours: true };

    fn all(sides: SidePolicy, colours: ColourPolicy) -> Augmentation {
        let (crop, colour_jitter) = (Some(Default::default()), Some(Default::default()));
        Augmentation { crop, sides, colour_jitter, colours }
    }

    fn flip(draw: &AugmentationDraw) -> bool {
        matches!(draw.transform, Some(FrameTransform::CropResize { flip: true, .. }))
    }

    fn draws(augmentation: &Augmentation, mentions: Mentions) -> Vec<AugmentationDraw> {
        (0..200).map(|seed| augmentation.draw(seed, (640, 360), 224, mentions)).collect()
    }

    #[test]
    fn a_sentence_without_such_words_is_drawn_alike_under_every_policy() {
        let plain = draws(&all(SidePolicy::Keep, ColourPolicy::Keep), Mentions::default());
        assert!(plain.iter().any(flip) && plain.iter().any(|draw| !flip(draw)));
        for sides in [SidePolicy::Off, SidePolicy::SwapWords] {
            let drawn = draws(&all(sides, ColourPolicy::Off), Mentions::default());
            assert_eq!(drawn, plain);
        }
    }

    #[test]
    fn a_sentence_with_sides_is_not_mirrored_or_mirrored_with_its_words() {
        let kept = draws(&all(SidePolicy::Keep, ColourPolicy::Off), SIDES);
        let off = draws(&all(SidePolicy::Off, ColourPolicy::Off), SIDES);
        let swapped = draws(&all(SidePolicy::SwapWords, ColourPolicy::Off), SIDES);
        for ((kept, off), swapped) in kept.iter().zip(&off).zip(&swapped) {
            assert!(!flip(off) && !off.swap_sides && !kept.swap_sides);
            assert_eq!((flip(swapped), swapped.swap_sides), (flip(kept), flip(kept)));
            let box_of = |draw: &AugmentationDraw| match draw.transform {
                Some(FrameTransform::CropResize { crop, .. }) => crop,
                other => panic!("drew {other:?}"),
            };
            assert_eq!(box_of(off), box_of(kept));
        }
    }

    #[test]
    fn a_sentence_with_colours_keeps_them_unless_told_otherwise() {
        let jitters = |colours| draws(&all(SidePolicy::Off, colours), COLOURS);
        assert!(jitters(ColourPolicy::Off).iter().all(|draw| draw.jitter == ColourJitter::NONE));
        assert!(jitters(ColourPolicy::Keep).iter().all(|draw| draw.jitter != ColourJitter::NONE));
    }

    #[test]
    fn nothing_asked_for_is_nothing_changed() {
        let draw = Augmentation::default().draw(3, (64, 48), 32, SIDES);
        let jitter = ColourJitter::NONE;
        assert_eq!(draw, AugmentationDraw { transform: None, jitter, swap_sides: false });
    }
}
