//! Random changes of brightness, contrast, saturation and hue, one draw for all frames of a sample.
//!
//! One draw is one affine map of colours: `rgb -> M rgb + offset`, rounded and clipped once at the
//! end. Contrast turns around the mean grey of all pixels given, not of each frame: equal colours
//! stay equal through time, so the jitter never flickers.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The generator's stream for jitter: apart from those of sampling (0), crops (1) and mirrors (3)
/// under the same seed.
const JITTER_STREAM: u64 = 2;

/// Share of red, green and blue in grey (ITU-R BT.601).
const GREY: [f32; 3] = [0.299, 0.587, 0.114];

/// Pixels that are changed together.
const BLOCK: usize = 64;

/// How far a draw may go. Brightness, contrast and saturation factors are drawn from `1 - s ..= 1 +
/// s`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ColourJitterStrength {
    /// Largest change of the brightness, as a share of it. Default 0.2.
    pub brightness: f32,
    /// Largest change of the contrast, as a share of it. Default 0.2.
    pub contrast: f32,
    /// Largest change of the saturation, as a share of it. Default 0.2.
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
        let (pixels, _) = rgb.as_chunks_mut::<3>();
        // Grey survives saturation and hue, so what contrast adds is the same for the three
        // colours.
        let offset = self.brightness * mean_grey(pixels) * (1.0 - self.contrast);
        for block in pixels.chunks_mut(BLOCK) {
            apply_to_block(&matrix, offset, block);
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

/// Colour by colour, so that the compiler makes vectors of it.
fn apply_to_block(matrix: &[[f32; 3]; 3], offset: f32, block: &mut [[u8; 3]]) {
    /// A float this large has no digits behind the point, and its last bits are those of a whole
    /// number: adding it rounds.
    const ROUNDS: f32 = (1 << 23) as f32;
    let mut old = [[0.0f32; BLOCK]; 3];
    for (i, pixel) in block.iter().enumerate() {
        (0..3).for_each(|c| old[c][i] = f32::from(pixel[c]));
    }
    let mut new = [[0u8; BLOCK]; 3];
    let [red, green, blue] = &old;
    for (new, row) in new.iter_mut().zip(matrix) {
        for (i, new) in new.iter_mut().enumerate() {
            let value = row[0] * red[i] + row[1] * green[i] + row[2] * blue[i] + offset;
            *new = (value.clamp(0.0, 255.0) + ROUNDS).to_bits() as u8;
        }
    }
    for (i, pixel) in block.iter_mut().enumerate() {
        *pixel = [new[0][i], new[1][i], new[2][i]];
    }
}

fn mean_grey(pixels: &[[u8; 3]]) -> f32 {
    let mut sums = [0u64; 3];
    for some in pixels.chunks(1 << 16) {
        let mut short = [0u32; 3];
        some.iter().for_each(|pixel| (0..3).for_each(|i| short[i] += u32::from(pixel[i])));
        (0..3).for_each(|i| sums[i] += u64::from(short[i]));
    }
    let count = pixels.len().max(1) as f64;
    (0..3).map(|i| GREY[i] * (sums[i] as f64 / count) as f32).sum()
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
    fn every_pixel_of_a_sample_gets_the_value_of_the_formula() {
        let jitter = ColourJitter { brightness: 1.2, contrast: 0.8, saturation: 1.3, hue: 0.04 };
        // Not a multiple of a block.
        let old: Vec<u8> = (0..3 * 1000u32).map(|i| (i * 7919 % 251) as u8).collect();
        let new = jittered(jitter, old.clone());
        let (pixels, _) = old.as_chunks::<3>();
        let mean = pixels.iter().map(|p| (0..3).map(|c| GREY[c] * f32::from(p[c])).sum::<f32>());
        let mean = mean.sum::<f32>() / 1000.0;
        for (pixel, new) in pixels.iter().zip(new.chunks(3)) {
            let grey = |rgb: [f32; 3]| (0..3).map(|c| GREY[c] * rgb[c]).sum::<f32>();
            let bright = pixel.map(|byte| f32::from(byte) * 1.2);
            let contrasted = bright.map(|value| 1.2 * mean + 0.8 * (value - 1.2 * mean));
            let own = grey(contrasted);
            let saturated = contrasted.map(|value| own + 1.3 * (value - own));
            let turn = hue_turn(0.04);
            for c in 0..3 {
                let value = (0..3).map(|i| turn[c][i] * saturated[i]).sum::<f32>();
                let off = (f32::from(new[c]) - value.clamp(0.0, 255.0)).abs();
                assert!(off < 0.51, "{pixel:?}: {value} became {}", new[c]);
            }
        }
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
