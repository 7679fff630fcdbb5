//! A value of the database as it stands there, and what its bytes are hashed as.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value of one column of one row. Text need not be UTF-8, as it may be damaged.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Cell {
    pub(super) fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(bytes) => Self::Text(bytes.to_vec()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }

    pub(super) fn value(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(bytes) => ValueRef::Text(bytes),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }

    /// The same with one bit changed, for each bit.
    pub(super) fn with_a_bit_changed(&self) -> Box<dyn Iterator<Item = Self> + '_> {
        let of_bytes = |bytes: &'_ [u8], make: fn(Vec<u8>) -> Self| {
            let bytes = bytes.to_vec();
            (0..bytes.len() * 8).map(move |bit| {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                make(changed)
            })
        };
        match self {
            Self::Null => Box::new(std::iter::empty()),
            Self::Integer(number) => {
                Box::new((0..64).map(move |bit| Self::Integer(number ^ (1 << bit))))
            }
            Self::Real(number) => {
                let bits = number.to_bits();
                Box::new((0..64).map(move |bit| Self::Real(f64::from_bits(bits ^ (1 << bit)))))
            }
            Self::Text(bytes) => Box::new(of_bytes(bytes, Self::Text)),
            Self::Blob(bytes) => Box::new(of_bytes(bytes, Self::Blob)),
        }
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.value()))
    }
}

/// Adds a column to the bytes of a row that are hashed. One that holds nothing adds nothing, so that a column
/// which a later version adds changes no hash.
pub(super) fn push(bytes: &mut Vec<u8>, column: &[u8], value: ValueRef<'_>) {
    /// Up to here every whole number is one of double precision.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let (tag, of_number, data);
    match value {
        ValueRef::Null => return,
        // The database keeps one for the other.
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < EXACT => {
            return push(bytes, column, ValueRef::Integer(number as i64));
        }
        ValueRef::Integer(number) => (tag, of_number, data) = (1, number.to_le_bytes(), &[][..]),
        ValueRef::Real(number) => (tag, of_number, data) = (2, number.to_le_bytes(), &[][..]),
        ValueRef::Text(text) => (tag, of_number, data) = (3, text.len().to_le_bytes(), text),
        ValueRef::Blob(blob) => (tag, of_number, data) = (4, blob.len().to_le_bytes(), blob),
    }
    bytes.extend(column.len().to_le_bytes());
    bytes.extend(column);
    bytes.push(tag);
    bytes.extend(of_number);
    bytes.extend(data);
}
