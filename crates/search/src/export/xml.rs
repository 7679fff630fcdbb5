//! Escaping for XML attributes and texts.

use super::hit::single_spaced;

/// The text in one line, with what XML takes for markup written as entities, and without characters that
/// no XML may hold.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in single_spaced(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\u{FFFE}' | '\u{FFFF}' => {}
            _ => escaped.push(letter),
        }
    }
    escaped
}
