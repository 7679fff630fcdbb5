//! Whatever stands in JSON where a number or a text should.
//!
//! serde_json reads numbers of 17 digits to within one unit in the last place, so that an end of
//! 68.04 s can equal a duration of 68.039999999999992 s. Where it matters whether one lies after the
//! other, [`from_slice`] lets Rust read the numbers, which is exact.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::json_pieces::{Piece, pieces};

/// A value read without complaint.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Cell {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// `null`, a truth value, a list, an object, or nothing at all.
    #[default]
    Other,
}

impl Cell {
    /// Whether it is neither a number nor a text.
    pub(crate) fn is_other(&self) -> bool {
        *self == Self::Other
    }

    /// The number, also when it is written as text.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Other => None,
        }
    }

    /// The text; a number is none.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A small whole number, also when it is written as text.
    pub(crate) fn count(&self) -> Option<u32> {
        let number = self.number()?;
        let whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        whole.then_some(number as u32)
    }

    /// The value as a word: text as it is, a whole number as its digits.
    pub(crate) fn word(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) => self.count().map(|count| count.to_string()),
            Self::Other => None,
        }
    }
}

/// What a text begins with that was a number: no text of a corpus does.
const NUMBER: char = '\u{1}';

/// Reads JSON whose numbers are all in cells, exactly.
pub(crate) fn from_slice<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(&with_marked_numbers(json))
}

/// The same JSON with every number as a text that begins with [`NUMBER`].
fn with_marked_numbers(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    for piece in pieces(json) {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Between(bytes) => mark_numbers(bytes, &mut out),
        }
    }
    out
}

fn mark_numbers(bytes: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let first = at;
        at += 1;
        if byte == b'-' || byte.is_ascii_digit() {
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
            at += bytes[at..].iter().take_while(|byte| is_part(byte)).count();
            out.extend_from_slice(b"\"\\u0001");
            out.extend_from_slice(&bytes[first..at]);
            out.push(b'"');
        } else {
            out.push(byte);
        }
    }
}

impl serde::Serialize for Cell {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Other => serializer.serialize_unit(),
        }
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell, E> {
        Ok(Cell::Number(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell, E> {
        Ok(Cell::Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell, E> {
        Ok(Cell::Number(value as f64))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cell, E> {
        Ok(match value.strip_prefix(NUMBER) {
            Some(number) => number.parse().map_or(Cell::Other, Cell::Number),
            None => Cell::Text(value.to_owned()),
        })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Cell, E> {
        Ok(Cell::Other)
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Cell, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly_and_texts_stay_texts() {
        let json = br#"[18.999999999999996, 19, -1.5e3, "7 \" -8", ["9", 1], null, {"1": 2}, 1x]"#;
        let cells: Vec<Cell> = from_slice(json).unwrap();
        assert_eq!(cells[0], Cell::Number(18.999_999_999_999_996));
        assert_eq!(cells[1..3], [Cell::Number(19.0), Cell::Number(-1500.0)]);
        assert_eq!(cells[3], Cell::Text("7 \" -8".into()));
        assert!(cells[4..].iter().all(|cell| *cell == Cell::Other), "{cells:?}");
        assert!(from_slice::<Vec<Cell>>(b"[1, \"").is_err());
    }
}
