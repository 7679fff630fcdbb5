//! Texts as they may be shown: no orders to a terminal, no passwords.
//!
//! Names of files, ids, keys and what servers answer may hold letters that terminals take for orders:
//! colours, a line that is drawn over, a line of its own. All that is shown to people goes through here,
//! which writes such letters out, `\u{1b}`, and leaves passwords out of addresses.

use std::borrow::Cow;

use crate::address::without_passwords;

/// A text in one line.
pub fn one_line(text: &str) -> String {
    let text = without_passwords(text);
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        if is_order(sign) { shown.extend(sign.escape_default()) } else { shown.push(sign) }
    }
    shown
}

/// A text of several lines.
pub fn lines(text: &str) -> String {
    text.split('\n').map(one_line).collect::<Vec<_>>().join("\n")
}

/// A text of JSON, which means the same: the orders that JSON itself leaves as they are, C1 and changes of
/// direction, are written as `\u009b`.
pub fn json(text: &str) -> Cow<'_, str> {
    match without_passwords(text) {
        Cow::Borrowed(text) => json_without_orders(text),
        Cow::Owned(text) => Cow::Owned(json_without_orders(&text).into_owned()),
    }
}

/// The same with passwords left as they are: of a file that a person wants to have.
pub fn json_without_orders(text: &str) -> Cow<'_, str> {
    let is_left = |sign: char| is_order(sign) && sign != '\n';
    if !text.contains(is_left) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        if is_left(sign) {
            shown += &format!("\\u{:04x}", u32::from(sign));
        } else {
            shown.push(sign);
        }
    }
    Cow::Owned(shown)
}

/// Control letters, and those that turn the direction of what follows.
fn is_order(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
        || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_to_a_terminal_are_written_out() {
        assert_eq!(one_line("a\x1b[31m\r\nb\u{202e}4pm.é"), "a\\u{1b}[31m\\r\\nb\\u{202e}4pm.é");
        assert_eq!(one_line("\u{9b}2J"), "\\u{9b}2J");
        assert_eq!(lines("one\n  two\x07"), "one\n  two\\u{7}");
    }

    #[test]
    fn json_gives_no_orders_and_means_the_same() {
        let value = serde_json::json!({ "a\u{9b}31m": ["b\u{202e}\u{7f}", "c\nd", "é"] });
        let text = serde_json::to_string_pretty(&value).unwrap();
        let shown = json(&text);
        assert!(!shown.replace('\n', "").contains(is_order), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn no_password_is_shown() {
        for shown in [one_line, lines] {
            assert_eq!(shown("https://a:geheim@h/x: gone"), "https://a:***@h/x: gone");
        }
        assert_eq!(json("\"https://a:geheim@h\""), "\"https://a:***@h\"");
    }
}
