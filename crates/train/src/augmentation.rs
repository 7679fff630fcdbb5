//! One sample's random changes, its sentence included: one draw for all frames of all its clips.
//!
//! Paper: §A.2. What is drawn is the video crate's [`Augmentation`]; which sentences a mirror or
//! other colours would make untrue, and how they read then, is the corpus crate's
//! [`wording`](locvtp_corpus::wording).

use locvtp_corpus::wording::{mentions_colours, mentions_sides, swap_sides};
use locvtp_video::{Augmentation, AugmentationDraw, Mentions};

use crate::error::TrainError;

/// The draw of a sample told by `text`, and its sentence as it is true of the changed pictures.
pub fn draw(augmentation: &Augmentation, seed: u64, text: String) -> (AugmentationDraw, String) {
    let mentions = Mentions { sides: mentions_sides(&text), colours: mentions_colours(&text) };
    let draw = augmentation.draw(seed, mentions);
    let text = if draw.swap_sides { swap_sides(&text) } else { text };
    (draw, text)
}

/// # Errors
/// When a bound cannot be used.
pub fn check(augmentation: &Augmentation) -> Result<(), TrainError> {
    let setting = |key: &str, found: String, expected| {
        Err(TrainError::Setting { key: key.to_owned(), found, expected })
    };
    if !(0.0..=1.0).contains(&augmentation.flip) {
        let found = augmentation.flip.to_string();
        return setting("augmentation.flip", found, "a probability between 0 and 1");
    }
    if let Some(crop) = &augmentation.crop {
        let ordered = |(low, high): (f64, f64)| low > 0.0 && low <= high && high.is_finite();
        if !ordered(crop.scale) || crop.scale.1 > 1.0 {
            let expected = "[smallest, largest] share of the picture, above 0 and at most 1";
            return setting("augmentation.crop.scale", format!("{:?}", crop.scale), expected);
        }
        if !ordered(crop.ratio) {
            let expected = "[narrowest, widest] width by height, above 0";
            return setting("augmentation.crop.ratio", format!("{:?}", crop.ratio), expected);
        }
    }
    if let Some(strength) = &augmentation.colour_jitter {
        for (key, value, most) in [
            ("augmentation.colour_jitter.brightness", strength.brightness, f32::MAX),
            ("augmentation.colour_jitter.contrast", strength.contrast, f32::MAX),
            ("augmentation.colour_jitter.saturation", strength.saturation, f32::MAX),
            ("augmentation.colour_jitter.hue", strength.hue, 0.5),
        ] {
            if !(0.0..=most).contains(&value) {
                let expected = "0 or more, and of a hue at most 0.5";
                return setting(key, value.to_string(), expected);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use locvtp_video::SidePolicy;

    use super::*;

    fn sentences(sides: SidePolicy, text: &str) -> Vec<(bool, String)> {
        let augmentation = Augmentation { sides, ..Augmentation::paper() };
        let draws = (0..100).map(|seed| draw(&augmentation, seed, text.to_owned()));
        draws.map(|(draw, text)| (draw.mirror, text)).collect()
    }

    #[test]
    fn the_sentence_is_true_of_the_mirrored_picture() {
        let text = "she moves it to the Left";
        let swapped = sentences(SidePolicy::SwapWords, text);
        assert!(swapped.iter().any(|(mirrored, _)| *mirrored));
        for (mirrored, told) in swapped {
            assert_eq!(told, if mirrored { "she moves it to the Right" } else { text });
        }
        let skipped = (false, text.to_owned());
        assert!(sentences(SidePolicy::Skip, text).iter().all(|sample| *sample == skipped));
        let elsewhere = sentences(SidePolicy::Skip, "she moves it");
        assert!(elsewhere.iter().any(|(mirrored, _)| *mirrored));
    }

    #[test]
    fn a_red_thing_stays_red() {
        let jitters = |text: &str| {
            let (draw, _) = draw(&Augmentation::paper(), 3, text.to_owned());
            draw.jitter != locvtp_video::ColourJitter::NONE
        };
        assert!(jitters("a disc blinks"));
        assert!(!jitters("a red disc blinks"));
    }
}
