//! The heat maps' colours: equal steps of value are equal steps of lightness as the eye sees it.
//!
//! The map is a straight climb in lightness through the OKLab colour space (Ottosson 2020) while
//! the hue turns from violet over blue and green to yellow; the colourfulness is as high as sRGB
//! allows on the way, up to a limit. It reads in grey print, for colour-blind readers, and on light
//! and dark pages alike.

/// Lightness at the ends of the map.
const LIGHTNESS: (f64, f64) = (0.22, 0.94);
/// Hue in degrees at the ends of the map.
const HUE: (f64, f64) = (292.0, 103.0);
/// Highest colourfulness used.
const CHROMA: f64 = 0.15;

/// Colour of a position in 0..=1 as `#rrggbb`; positions outside are clamped.
pub(crate) fn colour(position: f64) -> String {
    let [r, g, b] = rgb(position);
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Whether dark text reads better than white text on the colour of `position`.
pub(crate) fn is_light(position: f64) -> bool {
    lightness(position) > 0.64
}

fn lightness(position: f64) -> f64 {
    LIGHTNESS.0 + (LIGHTNESS.1 - LIGHTNESS.0) * position.clamp(0.0, 1.0)
}

fn rgb(position: f64) -> [u8; 3] {
    let position = position.clamp(0.0, 1.0);
    let hue = (HUE.0 + (HUE.1 - HUE.0) * position).to_radians();
    let linear =
        |chroma: f64| linear_srgb(lightness(position), chroma * hue.cos(), chroma * hue.sin());
    let mut chroma = CHROMA;
    while chroma > 0.0 && linear(chroma).iter().any(|v| !(0.0..=1.0).contains(v)) {
        chroma -= 0.002;
    }
    linear(chroma.max(0.0)).map(|v| {
        let v = v.clamp(0.0, 1.0);
        let encoded = if v <= 0.0031308 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
        (encoded * 255.0).round() as u8
    })
}

/// OKLab to linear sRGB, with the published matrices.
fn linear_srgb(l: f64, a: f64, b: f64) -> [f64; 3] {
    let long = (l + 0.3963377774 * a + 0.2158037573 * b).powi(3);
    let medium = (l - 0.1055613458 * a - 0.0638541728 * b).powi(3);
    let short = (l - 0.0894841775 * a - 1.2914855480 * b).powi(3);
    [
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lightness L* of a colour, computed the CIE way, independent of OKLab.
    fn cie_lightness(rgb: [u8; 3]) -> f64 {
        let linear = rgb.map(|v| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        });
        let y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
        if y > 0.008856 { 116.0 * y.cbrt() - 16.0 } else { 903.3 * y }
    }

    #[test]
    fn equal_steps_of_value_are_nearly_equal_steps_of_lightness() {
        let steps: Vec<f64> = (0..20)
            .map(|i| {
                cie_lightness(rgb((i + 1) as f64 / 20.0)) - cie_lightness(rgb(i as f64 / 20.0))
            })
            .collect();
        let mean = steps.iter().sum::<f64>() / 20.0;
        for (i, step) in steps.iter().enumerate() {
            assert!((step / mean - 1.0).abs() < 0.35, "step {i}: {step:.2}, mean {mean:.2}");
        }
    }

    #[test]
    fn positions_outside_the_map_take_its_ends() {
        assert_eq!(colour(-3.0), colour(0.0));
        assert_eq!(colour(7.0), colour(1.0));
        assert!(!is_light(0.2) && is_light(0.9));
    }
}
