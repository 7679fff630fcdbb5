//! JSON in memory, parted into its texts in quotes and what stands between them. It may break off.

/// A stretch of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A text with its quotes, as it is written; without the second one where the JSON breaks off.
    Text(&'a [u8]),
    /// Everything up to the next text: brackets, commas, numbers, words; not empty.
    Between(&'a [u8]),
}

/// All pieces, in order; together they are the JSON.
pub(crate) fn pieces(json: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = json;
    std::iter::from_fn(move || {
        let is_text = *rest.first()? == b'"';
        let quote = || memchr::memchr(b'"', rest).unwrap_or(rest.len());
        let len = if is_text { text_len(rest) } else { quote() };
        let piece;
        (piece, rest) = rest.split_at(len);
        Some(if is_text { Piece::Text(piece) } else { Piece::Between(piece) })
    })
}

/// How many bytes the text has that begins here, with its quotes.
fn text_len(json: &[u8]) -> usize {
    let mut at = 1;
    while let Some(next) = json.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += next;
        if json[at] == b'"' {
            return at + 1;
        }
        // What a backslash stands before ends no text.
        at += 2;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_part_texts_from_the_rest_and_escaped_ones_do_not() {
        let json = br#"{"a\"b" : ["\\", NaN]}"#;
        let found: Vec<_> = pieces(json).collect();
        let expected = [
            Piece::Between(b"{"),
            Piece::Text(br#""a\"b""#),
            Piece::Between(b" : ["),
            Piece::Text(br#""\\""#),
            Piece::Between(b", NaN]}"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn wherever_it_breaks_off_every_byte_is_in_a_piece() {
        let json = br#"["a""b\\\"c", 1, "d"]"#;
        for end in 0..=json.len() {
            let bytes = |piece| match piece {
                Piece::Text(bytes) | Piece::Between(bytes) => bytes,
            };
            let found: Vec<&[u8]> = pieces(&json[..end]).map(bytes).collect();
            assert_eq!(found.concat(), json[..end]);
            assert!(found.iter().all(|piece| !piece.is_empty()));
        }
    }
}
