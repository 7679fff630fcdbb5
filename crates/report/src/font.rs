//! The embedded typeface (Inter, SIL Open Font License) and the widths of words set in it.
//!
//! A bare machine has no fonts, so figures are rasterised with these bytes only and look the same
//! everywhere. Widths come from the font's own advance table, kerning left out: a label may be a
//! pixel narrower than measured, never wider by more than that. Letters the font lacks (it holds
//! Latin, Greek and Cyrillic) are measured as one em; the browser shows them in a font of its own,
//! the PNG leaves them out.

use std::sync::LazyLock;

use skrifa::{
    FontRef, MetadataProvider,
    instance::{LocationRef, Size},
};

/// Family name by which SVG and CSS ask for the embedded font.
pub(crate) const FAMILY: &str = "Inter";

pub(crate) const REGULAR: &[u8] = include_bytes!("../assets/inter/Inter-Regular.otf");
pub(crate) const SEMI_BOLD: &[u8] = include_bytes!("../assets/inter/Inter-SemiBold.otf");
const REGULAR_WOFF2: &[u8] = include_bytes!("../assets/inter/Inter-Regular.woff2");
const SEMI_BOLD_WOFF2: &[u8] = include_bytes!("../assets/inter/Inter-SemiBold.woff2");

/// The two weights in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    SemiBold,
}

/// `@font-face` rules that carry the font inside a page or a stand-alone SVG.
pub(crate) fn font_faces() -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let face = |weight: u32, bytes: &[u8]| {
        format!(
            "@font-face{{font-family:{FAMILY};font-weight:{weight};\
             src:url(data:font/woff2;base64,{}) format('woff2')}}\n",
            STANDARD.encode(bytes)
        )
    };
    face(400, REGULAR_WOFF2) + &face(600, SEMI_BOLD_WOFF2)
}

/// Width of `text` in pixels at `size` pixels.
pub(crate) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    static FONTS: LazyLock<[FontRef<'static>; 2]> = LazyLock::new(|| {
        [REGULAR, SEMI_BOLD].map(|bytes| FontRef::new(bytes).expect("the embedded font is a font"))
    });
    let font = &FONTS[weight as usize];
    let charmap = font.charmap();
    let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    let advance = |c: char| charmap.map(c).and_then(|glyph| metrics.advance_width(glyph));
    text.chars().map(|c| f64::from(advance(c).unwrap_or(1.0)) * size).sum()
}

/// `text`, or as much of its beginning as fits `limit` pixels with an ellipsis after it.
pub(crate) fn shortened(text: &str, size: f64, weight: Weight, limit: f64) -> String {
    if width(text, size, weight) <= limit {
        return text.to_string();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if width(&format!("{kept}{c}…"), size, weight) > limit {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// `text` broken at spaces into at most `max_lines` lines of at most `limit` pixels, the last one
/// shortened.
pub(crate) fn wrapped(
    text: &str,
    size: f64,
    weight: Weight,
    limit: f64,
    max_lines: usize,
) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let line = lines.last().cloned().unwrap_or_default();
        let longer = if line.is_empty() { word.to_string() } else { format!("{line} {word}") };
        if line.is_empty() || width(&longer, size, weight) <= limit {
            if let Some(last) = lines.last_mut() {
                *last = longer;
            }
        } else if lines.len() < max_lines {
            lines.push(word.to_string());
        } else {
            let rest: Vec<&str> = std::iter::once(word).chain(words.by_ref()).collect();
            if let Some(last) = lines.last_mut() {
                *last = format!("{line} {}", rest.join(" "));
            }
        }
    }
    lines.iter().map(|line| shortened(line, size, weight, limit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_letters_and_heavier_weights_are_wider() {
        assert!(width("mmm", 12.0, Weight::Regular) > 2.0 * width("iii", 12.0, Weight::Regular));
        assert!(width("clip", 12.0, Weight::SemiBold) > width("clip", 12.0, Weight::Regular));
        let one = width("clip", 12.0, Weight::Regular);
        assert!((width("clip", 24.0, Weight::Regular) - 2.0 * one).abs() < 1e-6);
    }

    #[test]
    fn the_signs_that_figures_use_are_in_the_font() {
        let font = FontRef::new(REGULAR).unwrap();
        for c in "abcXYZ0123456789–—…×·→≥≤−λτΔδ“”‘’%éñüß".chars() {
            assert!(font.charmap().map(c).is_some_and(|glyph| glyph.to_u32() != 0), "{c}");
        }
    }

    #[test]
    fn a_long_text_is_shortened_to_the_limit_and_a_short_one_kept() {
        let text = "a red circle moves to the left";
        let short = shortened(text, 12.0, Weight::Regular, 80.0);
        assert!(short.ends_with('…') && width(&short, 12.0, Weight::Regular) <= 80.0, "{short}");
        assert_eq!(shortened(text, 12.0, Weight::Regular, 500.0), text);
    }

    #[test]
    fn wrapping_keeps_every_word_until_the_last_line() {
        let text = "a red circle moves to the left";
        let lines = wrapped(text, 12.0, Weight::Regular, 70.0, 9);
        assert_eq!(lines.join(" "), text);
        assert!(lines.len() > 1);
        let cut = wrapped(text, 12.0, Weight::Regular, 70.0, 2);
        assert_eq!(cut.len(), 2);
        assert!(cut[1].ends_with('…'), "{cut:?}");
    }
}
