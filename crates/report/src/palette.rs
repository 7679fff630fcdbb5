//! The report's colours: one table for light and dark, used by the page and by every figure.
//!
//! Figures name colours by class only, so that a figure inside the page follows the reader's scheme
//! while the saved SVG and PNG carry the light values. Text colours keep a contrast of at least 4.5
//! to their background in both.

/// Name of the CSS variable, light value, dark value.
pub(crate) const COLOURS: &[(&str, &str, &str)] = &[
    ("paper", "#ffffff", "#14181c"),
    ("raised", "#f6f7f8", "#1c2126"),
    ("ink", "#1b2026", "#e9ebed"),
    ("muted", "#59636e", "#a4aeb8"),
    ("rule", "#dfe3e6", "#323a42"),
    ("blue", "#1c5fb0", "#7db5f3"),
    ("orange", "#b4490f", "#f0a06c"),
    ("teal", "#0b7465", "#58c9b4"),
    ("plum", "#84429c", "#cda1de"),
];

/// Classes of the lines and areas of a figure's data series, in order of use.
pub(crate) const SERIES: &[&str] = &["ink", "blue", "orange", "teal", "plum"];

/// Style of every class a figure may use; colours are `var(--name)`.
const FIGURE_STYLE: &str = include_str!("../assets/figure.css");

/// The figures' style with colours as variables, for the page, which defines them.
pub(crate) fn figure_style_with_variables() -> &'static str {
    FIGURE_STYLE
}

/// The figures' style with the light colours filled in, for a stand-alone SVG and for rasterising.
pub(crate) fn figure_style_light() -> String {
    COLOURS.iter().fold(FIGURE_STYLE.to_string(), |style, (name, light, _)| {
        style.replace(&format!("var(--{name})"), light)
    })
}

/// Definitions of the variables for the page: light, dark where the reader asks for it, light again
/// on paper.
pub(crate) fn variables() -> String {
    let list = |pick: fn(&(&str, &'static str, &'static str)) -> &'static str| -> String {
        COLOURS.iter().map(|colour| format!("--{}:{};", colour.0, pick(colour))).collect()
    };
    let (light, dark) = (list(|c| c.1), list(|c| c.2));
    format!(
        ":root{{color-scheme:light dark;{light}}}\n\
         @media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n\
         @media print{{:root{{color-scheme:light;{light}}}}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(hex: &str) -> f64 {
        let channel = |at: usize| {
            let v = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    #[test]
    fn every_text_colour_contrasts_with_paper_and_raised_ground_in_both_schemes() {
        let find = |name: &str| *COLOURS.iter().find(|c| c.0 == name).unwrap();
        for text in ["ink", "muted", "blue", "orange", "teal", "plum"] {
            for ground in ["paper", "raised"] {
                let (t, g) = (find(text), find(ground));
                for (a, b) in [(t.1, g.1), (t.2, g.2)] {
                    let (a, b) = (luminance(a), luminance(b));
                    let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                    assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2}");
                }
            }
        }
    }

    #[test]
    fn no_variable_is_left_in_the_light_style() {
        assert!(!figure_style_light().contains("var("));
    }
}
