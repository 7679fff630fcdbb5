//! JSON as Python writes it, made JSON: bare `NaN`, `Infinity` and `-Infinity` become `null`.
//!
//! Texts in quotes are left alone. A word that only begins like one of the three passes unchanged, so
//! that the parser behind names it.

use crate::json_pieces::{Piece, pieces};

/// What Python writes where there is no finite number.
const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// The JSON with `null` in the place of the three words.
pub(crate) fn as_null(json: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(json.len());
    for piece in pieces(json) {
        match piece {
            Piece::Text(text) => plain.extend_from_slice(text),
            Piece::Between(bytes) => replace_words(bytes, &mut plain),
        }
    }
    plain
}

fn replace_words(mut bytes: &[u8], out: &mut Vec<u8>) {
    while let Some((first, behind)) = bytes.split_first() {
        match WORDS.iter().find_map(|word| bytes.strip_prefix(*word)) {
            Some(rest) => {
                out.extend_from_slice(b"null");
                bytes = rest;
            }
            None => {
                out.push(*first);
                bytes = behind;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        String::from_utf8(as_null(text.as_bytes())).unwrap()
    }

    #[test]
    fn the_three_words_become_null_outside_of_texts() {
        let text =
            r#"{"NaN \" NaN\\": [NaN, -Infinity,Infinity, -1.5, "Infinity", null], "N": -2}"#;
        let plain = r#"{"NaN \" NaN\\": [null, null,null, -1.5, "Infinity", null], "N": -2}"#;
        assert_eq!(told(text), plain);
    }

    #[test]
    fn a_word_that_only_begins_like_one_passes_unchanged() {
        for text in ["[Nan]", "[-Inf", "[NNaN, I", "-", "-InfInfinitx", "I\"NaN"] {
            let expected =
                if text.contains('"') { text.into() } else { text.replace("NaN", "null") };
            assert_eq!(told(text), expected);
        }
    }
}
