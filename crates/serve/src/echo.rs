//! What was sent, said again in a refusal: never as long as it came.

/// More seconds than any video has: 31 years.
pub(crate) const MOST_SECONDS: f64 = 1e9;
/// What is said of more.
pub(crate) const TOO_MANY_SECONDS: &str = "no video plays for so many seconds";
/// Letters that are said again.
const MOST_ECHOED: usize = 120;

/// A text that was sent: its beginning, where it is long.
pub(crate) fn shortened(text: &str) -> String {
    cut_after(text, MOST_ECHOED)
}

/// The beginning of a text that has more letters.
pub(crate) fn cut_after(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
