//! HDR pictures as a screen without HDR shows them: what encoders were trained on.
//!
//! In light, not in code values, and a function of the pixel alone, so that a scene does not change with
//! what is beside it:
//!
//! 1. Code values become the light of a display of 1,000 cd/m²: by the curve of ST 2084 (PQ), or by that of
//!    ARIB STD-B67 and the display's gamma of 1.2 (HLG), as ITU-R BT.2100 has them.
//! 2. The brightest of the three colours is brought below 203 cd/m², which is white without HDR (ITU-R
//!    BT.2408), along the knee of ITU-R BT.2390: up to 88 cd/m² nothing changes. The other two change by
//!    the same factor, so a hue stays what it is.
//! 3. BT.2020's primaries become BT.709's; what these cannot show is cut off.
//! 4. Light becomes code values for a display of gamma 2.4 (ITU-R BT.1886).

use crate::hdr::HdrTransfer;

/// The brightest light of the display that the picture is made for, in cd/m².
const PEAK: f64 = 1000.0;

/// White of a display without HDR, in cd/m².
const WHITE: f64 = 203.0;

/// Gamma of the display without HDR.
const GAMMA: f64 = 2.4;

/// Rows of the tables; those of light are looked up by its square root, which spares the dark.
const STEPS: usize = 4096;

/// Red, green and blue of BT.709 from those of BT.2020 (ITU-R BT.2087).
const TO_BT709: [[f32; 3]; 3] =
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]];

/// How much each of BT.2020's primaries counts for brightness.
const BRIGHTNESS: [f32; 3] = [0.2627, 0.678, 0.0593];

/// Turns pixels of one transfer function into those of ordinary video. It is tables alone.
pub(crate) struct ToneMap {
    transfer: HdrTransfer,
    /// By code value: the light of the display in parts of [`PEAK`] (PQ), or of the scene (HLG).
    light: Vec<f32>,
    /// By the root of the light in parts of [`PEAK`]: what it is multiplied by to be in parts of
    /// [`WHITE`].
    gain: Vec<f32>,
    /// By the root of the light in parts of [`WHITE`].
    codes: Vec<u8>,
}

impl ToneMap {
    pub(crate) fn new(transfer: HdrTransfer) -> Self {
        let table = |value: &dyn Fn(f64) -> f64| -> Vec<f32> {
            (0..STEPS).map(|step| value(step as f64 / (STEPS - 1) as f64) as f32).collect()
        };
        let light = table(&|code| match transfer {
            HdrTransfer::Pq => (pq_light(code) / PEAK).min(1.0),
            HdrTransfer::Hlg => hlg_scene(code),
        });
        let gain = table(&|root| {
            let light = (root * root * PEAK).max(1e-6);
            PEAK / WHITE * compressed(light) / light
        });
        let codes = table(&|root| 255.0 * (root * root).powf(1.0 / GAMMA));
        let codes = codes.into_iter().map(|code| code.round() as u8).collect();
        Self { transfer, light, gain, codes }
    }

    /// Turns one row: packed red, green and blue of 16 bits into those of 8.
    pub(crate) fn row(&self, from: &[[u16; 3]], to: &mut [[u8; 3]]) {
        for (from, to) in from.iter().zip(to) {
            *to = self.pixel(*from);
        }
    }

    fn pixel(&self, stored: [u16; 3]) -> [u8; 3] {
        let nearest = |code: u16| (usize::from(code) * (STEPS - 1) + 32_767) / 65_535;
        let mut light = stored.map(|code| self.light[nearest(code)]);
        if self.transfer == HdrTransfer::Hlg {
            let brightness: f32 = light.iter().zip(BRIGHTNESS).map(|(x, share)| x * share).sum();
            // The display's gamma: brightness to the power of 1.2, each colour by the same factor.
            let factor = brightness.powf(0.2);
            light = light.map(|x| x * factor);
        }
        let brightest = light.into_iter().fold(0.0, f32::max);
        let gain = self.gain[place(brightest)];
        let shown = TO_BT709.map(|row| {
            let sum: f32 = row.iter().zip(light).map(|(part, x)| part * x).sum();
            sum * gain
        });
        shown.map(|x| self.codes[place(x)])
    }
}

/// Where light from 0 to 1 stands in a table by its root.
fn place(light: f32) -> usize {
    // A cast from a negative number gives 0.
    ((light.max(0.0).sqrt() * (STEPS - 1) as f32 + 0.5) as usize).min(STEPS - 1)
}

const M1: f64 = 2610.0 / 16384.0;
const M2: f64 = 2523.0 / 4096.0 * 128.0;
const C1: f64 = 3424.0 / 4096.0;
const C2: f64 = 2413.0 / 4096.0 * 32.0;
const C3: f64 = 2392.0 / 4096.0 * 32.0;

/// Light in cd/m² of a code value from 0 to 1 (ST 2084).
fn pq_light(code: f64) -> f64 {
    let root = code.powf(1.0 / M2);
    10_000.0 * ((root - C1).max(0.0) / (C2 - C3 * root)).powf(1.0 / M1)
}

/// The code value from 0 to 1 of light in cd/m² (ST 2084).
fn pq_code(light: f64) -> f64 {
    let power = (light / 10_000.0).powf(M1);
    ((C1 + C2 * power) / (1.0 + C3 * power)).powf(M2)
}

/// Light of the scene, 0 to 1, of a code value from 0 to 1 (ARIB STD-B67).
fn hlg_scene(code: f64) -> f64 {
    const A: f64 = 0.178_832_77;
    const B: f64 = 0.284_668_92;
    const C: f64 = 0.559_910_73;
    if code <= 0.5 { code * code / 3.0 } else { (((code - C) / A).exp() + B) / 12.0 }
}

/// Light of up to [`PEAK`] on a display of up to [`WHITE`], in cd/m² (BT.2390, the transfer function for
/// displays of another brightness).
fn compressed(light: f64) -> f64 {
    let peak = pq_code(PEAK);
    let (code, most) = (pq_code(light) / peak, pq_code(WHITE) / peak);
    let knee = 1.5 * most - 0.5;
    if code < knee {
        return light;
    }
    let t = (code - knee) / (1.0 - knee);
    let (t2, t3) = (t * t, t * t * t);
    let bent = (2.0 * t3 - 3.0 * t2 + 1.0) * knee
        + (t3 - 2.0 * t2 + t) * (1.0 - knee)
        + (3.0 * t2 - 2.0 * t3) * most;
    pq_light(bent * peak)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A code value of 16 bits.
    fn stored(code: f64) -> u16 {
        (code * 65_535.0).round() as u16
    }

    #[test]
    fn the_curves_are_those_of_their_standards() {
        // BT.2408, table 1: white of SDR at 58 % PQ and 75 % HLG, grey of 18 % at 38 %.
        assert!((pq_code(203.0) - 0.58).abs() < 0.005 && (pq_code(26.0) - 0.38).abs() < 0.005);
        assert!((hlg_scene(0.75) - 0.265).abs() < 0.001, "{}", hlg_scene(0.75));
        assert!((hlg_scene(1.0) - 1.0).abs() < 1e-6 && hlg_scene(0.0) == 0.0);
        for light in [0.01, 1.0, 100.0, 4000.0, 10_000.0] {
            assert!((pq_light(pq_code(light)) / light - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_dark_stays_the_bright_is_bent_and_nothing_is_out_of_order() {
        assert_eq!(compressed(50.0), 50.0);
        assert!((compressed(PEAK) - WHITE).abs() < 1e-6, "{}", compressed(PEAK));
        let bent: Vec<f64> = (1..1000).map(|light| compressed(f64::from(light))).collect();
        assert!(bent.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(bent.iter().zip(1..).all(|(bent, light)| *bent <= f64::from(light) + 1e-9));
    }

    #[test]
    fn grey_stays_grey_and_as_bright_as_in_ordinary_video() {
        for (transfer, grey, white) in
            [(HdrTransfer::Pq, pq_code(26.0), pq_code(1000.0)), (HdrTransfer::Hlg, 0.38, 1.0)]
        {
            let map = ToneMap::new(transfer);
            let pixel = |code: f64| map.pixel([stored(code); 3]);
            let [red, green, blue] = pixel(grey);
            assert!(red.abs_diff(green) <= 1 && green.abs_diff(blue) <= 1, "{red} {green} {blue}");
            // A camera without HDR gives 18 % grey 40.9 % of its code values, 104.
            assert!(green.abs_diff(106) <= 6, "{transfer:?}: {green}");
            assert!(pixel(white)[1] >= 254, "{:?}", pixel(white));
            assert_eq!(pixel(0.0), [0; 3]);
        }
        // Without it the same grey would be 97, and white of ordinary video 148.
        let map = ToneMap::new(HdrTransfer::Pq);
        let white = map.pixel([stored(pq_code(203.0)); 3])[0];
        assert!((200..240).contains(&white), "{white}");
    }

    #[test]
    fn a_bright_colour_keeps_its_hue() {
        let map = ToneMap::new(HdrTransfer::Pq);
        // Red of BT.709 in light is (0.6274, 0.0691, 0.0164) of BT.2020's primaries.
        for light in [50.0, 200.0, 1000.0] {
            let red = [0.6274, 0.0691, 0.0164].map(|part| stored(pq_code(part * light)));
            let [red, green, blue] = map.pixel(red);
            assert!(green.max(blue) < 40, "{light}: {red} {green} {blue}");
            assert!(red > 110, "{light}: {red}");
        }
    }
}
