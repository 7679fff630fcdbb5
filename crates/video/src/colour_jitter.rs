//! Random changes of brightness, contrast, saturation and hue, one draw for all frames of a sample.
//!
//! One draw is one affine map of colours: `rgb -> M rgb + offset`, rounded and clipped once at the
//! end. Contrast turns around the mean grey of all pixels given, not of each frame: equal colours
//! stay equal through time, so the jitter never flickers.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The generator's stream for jitter: apart from those of sampling (0) and crops (1) under the same
/// seed.
const JITTER_STREAM: u64 = 2;

/// Share of red, green and blue in grey (ITU-R BT.601).
const GREY: [f32; 3] = [0.299, 0.587, 0.114];

/// How far a draw may go. Brightness, contrast and saturation factors are drawn from `1 - s ..= 1 +
/// s`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColourJitterStrength {
    /// Default 0.2.
    pub brightness: f32,
    /// Default 0.2.
    pub contrast: f32,
    /// Default 0.2.
    pub saturation: f32,
    /// Largest turn of the hue either way, in full circles, at most 0.5. Default 0.05.
    pub hue: f32,
}

impl Default for ColourJitterStrength {
    fn default() -> Self {
        Self { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.05 }
    }
}

/// One draw, applied in the order of its fields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColourJitter {
    /// Factor on all colours.
    pub brightness: f32,
    /// Factor on the distance from the mean grey.
    pub contrast: f32,
    /// Factor on the distance from the pixel's own grey.
    pub saturation: f32,
    /// Turn of the hue at constant grey, in full circles.
    pub hue: f32,
}

impl ColourJitter {
    /// Changes nothing.
    pub const NONE: Self = Self { brightness: 1.0, contrast: 1.0, saturation: 1.0, hue: 0.0 };

    /// The draw of this seed.
    pub fn draw(seed: u64, strength: &ColourJitterStrength) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(JITTER_STREAM);
        let mut symmetric = |size: f32| (rng.random::<f32>() * 2.0 - 1.0) * size;
        let brightness = (1.0 + symmetric(strength.brightness)).max(0.0);
        let contrast = (1.0 + symmetric(strength.contrast)).max(0.0);
        let saturation = (1.0 + symmetric(strength.saturation)).max(0.0);
        Self { brightness, contrast, saturation, hue: symmetric(strength.hue) }
    }

    /// Changes the pixels of a whole sample, `[.., 3]` RGB, in place.
    pub fn apply(&self, rgb: &mut [u8]) {
        if *self == Self::NONE {
            return;
        }
        let matrix = self.colour_matrix();
        let mean_grey = mean_grey(rgb);
        // Grey survives saturation and hue, so what contrast adds is the same for the three
        // colours.
        let offset = self.brightness * mean_grey * (1.0 - self.contrast);
        for pixel in rgb.chunks_exact_mut(3) {
            let old = [f32::from(pixel[0]), f32::from(pixel[1]), f32::from(pixel[2])];
            for (new, row) in pixel.iter_mut().zip(&matrix) {
                let value = row[0] * old[0] + row[1] * old[1] + row[2] * old[2] + offset;
                // A cast from float to u8 clips.
                *new = value.round() as u8;
            }
        }
    }

    /// Hue turn times saturation times contrast times brightness.
    fn colour_matrix(&self) -> [[f32; 3]; 3] {
        let gain = self.brightness * self.contrast;
        let turn = hue_turn(self.hue);
        std::array::from_fn(|i| {
            std::array::from_fn(|j| {
                // saturation: s I + (1 - s) 1 grey^T; the turn's rows sum to one, so it leaves 1 as
                // it is.
                gain * (self.saturation * turn[i][j] + (1.0 - self.saturation) * GREY[j])
            })
        })
    }
}

/// Rotation of the colour plane at constant grey: YIQ to RGB of the rotated (I, Q) of RGB.
fn hue_turn(hue: f32) -> [[f32; 3]; 3] {
    let (sin, cos) = (hue * std::f32::consts::TAU).sin_cos();
    // The two colour axes, and how each enters red, green and blue.
    const I: [f32; 3] = [0.595_716, -0.274_453, -0.321_263];
    const Q: [f32; 3] = [0.211_456, -0.522_591, 0.311_135];
    const FROM_I: [f32; 3] = [0.956_296, -0.272_122, -1.106_989];
    const FROM_Q: [f32; 3] = [0.621_025, -0.647_381, 1.704_615];
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            let turned_i = cos * I[j] - sin * Q[j];
            let turned_q = sin * I[j] + cos * Q[j];
            GREY[j] + FROM_I[i] * turned_i + FROM_Q[i] * turned_q
        })
    })
}

fn mean_grey(rgb: &[u8]) -> f32 {
    let mut sums = [0u64; 3];
    for pixel in rgb.chunks_exact(3) {
        (0..3).for_each(|i| sums[i] += u64::from(pixel[i]));
    }
    let pixels = (rgb.len() / 3).max(1) as f64;
    (0..3).map(|i| GREY[i] * (sums[i] as f64 / pixels) as f32).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jittered(jitter: ColourJitter, mut rgb: Vec<u8>) -> Vec<u8> {
        jitter.apply(&mut rgb);
        rgb
    }

    #[test]
    fn brightness_multiplies_and_clips() {
        let jitter = ColourJitter { brightness: 1.5, ..ColourJitter::NONE };
        assert_eq!(jittered(jitter, vec![10, 100, 200]), [15, 150, 255]);
    }

    #[test]
    fn contrast_pulls_towards_the_mean_grey_of_all_frames() {
        let jitter = ColourJitter { contrast: 0.5, ..ColourJitter::NONE };
        // Mean grey of 0 and 200 is 100: 0 -> 50, 200 -> 150.
        assert_eq!(jittered(jitter, vec![0, 0, 0, 200, 200, 200]), [50, 50, 50, 150, 150, 150]);
    }

    #[test]
    fn no_saturation_leaves_the_grey_of_each_pixel() {
        let jitter = ColourJitter { saturation: 0.0, ..ColourJitter::NONE };
        // 0.299 * 100 + 0.587 * 50 + 0.114 * 200 = 82.05
        assert_eq!(jittered(jitter, vec![100, 50, 200]), [82, 82, 82]);
    }

    #[test]
    fn a_third_of_the_hue_circle_takes_red_towards_another_colour_and_a_whole_one_takes_it_back() {
        let turned = |hue| jittered(ColourJitter { hue, ..ColourJitter::NONE }, vec![180, 60, 60]);
        let third = turned(1.0 / 3.0);
        assert!(third[0] < third[1] || third[0] < third[2], "{third:?} is still red");
        assert_eq!(turned(1.0), [180, 60, 60]);
    }

    #[test]
    fn grey_pixels_have_no_hue_or_saturation_to_change() {
        let jitter = ColourJitter { saturation: 1.7, hue: 0.3, ..ColourJitter::NONE };
        assert_eq!(jittered(jitter, vec![77; 3]), [77; 3]);
    }

    #[test]
    fn draws_are_functions_of_the_seed_within_the_strength() {
        let strength = ColourJitterStrength::default();
        assert_eq!(ColourJitter::draw(5, &strength), ColourJitter::draw(5, &strength));
        for seed in 0..200 {
            let draw = ColourJitter::draw(seed, &strength);
            for factor in [draw.brightness, draw.contrast, draw.saturation] {
                assert!((0.8..=1.2).contains(&factor), "{draw:?}");
            }
            assert!(draw.hue.abs() <= 0.05, "{draw:?}");
        }
    }
}
