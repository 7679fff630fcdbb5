//! How many values a JSON text has, counted before they are taken into memory.
//!
//! A value whose form is not known beforehand takes some three hundred bytes in memory and two in a text:
//! `[[1],[1],..` of 32 MiB would take gigabytes. How deep values may lie in each other is bounded where they are
//! read, by serde_json.

use std::fmt;

/// Values of the largest JSON that is read into memory whatever its form: the times of all words of two days.
pub const MOST_VALUES: usize = 2_000_000;

/// A JSON text has more values than are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyValues {
    /// The limit.
    pub most: usize,
}

impl fmt::Display for TooManyValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it has more than {} values, which is the most that is read", self.most)
    }
}

impl std::error::Error for TooManyValues {}

/// Whether a JSON text has at most so many values. What is no JSON may have any number.
///
/// # Errors
/// When it has more.
pub fn check(json: &[u8], most: usize) -> Result<(), TooManyValues> {
    // A value takes a byte at least.
    if json.len() < most || values(json) <= most { Ok(()) } else { Err(TooManyValues { most }) }
}

/// How many values there are, at most: one, one in each bracket, and one behind each comma.
fn values(json: &[u8]) -> usize {
    let (mut count, mut in_text, mut at) = (1, false, 0);
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => at += 1,
            b'[' | b'{' | b',' if !in_text => count += 1,
            _ => {}
        }
        at += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_and_what_stands_in_texts_is_none() {
        for (json, count) in [
            ("7", 1),
            ("[]", 2),
            ("[1, 2, 3]", 4),
            (r#"{"a": [1], "b,[": "{\",["}"#, 4),
            ("[[1],[1]]", 5),
        ] {
            assert_eq!(values(json.as_bytes()), count, "{json}");
        }
        let nested = "[[1],".repeat(1000);
        assert_eq!(check(nested.as_bytes(), 3001), Ok(()));
        assert_eq!(check(nested.as_bytes(), 2999), Err(TooManyValues { most: 2999 }));
    }
}
