//! Small text files as people have them: UTF-8 with or without a byte order mark, UTF-16 with one,
//! or Windows-1252.

use std::borrow::Cow;
use std::path::Path;

use crate::error::CorpusError;

/// Reads a whole file as text; says whether it was neither UTF-8 nor UTF-16.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read(path: &Path) -> Result<(String, bool), CorpusError> {
    let bytes = std::fs::read(path)
        .map_err(|source| CorpusError::Read { path: path.to_owned(), source })?;
    Ok(decoded(&bytes))
}

/// Bytes as text; the same second value as [`read`].
pub(crate) fn decoded(bytes: &[u8]) -> (String, bool) {
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] => (utf16(u16::from_le_bytes), false),
        [0xfe, 0xff, ..] => (utf16(u16::from_be_bytes), false),
        _ => {
            let (text, replaced) = field(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
            (text.into_owned(), replaced)
        }
    }
}

/// A piece of text without a mark; what is not UTF-8 is read as Windows-1252, and said.
pub(crate) fn field(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()), true),
    }
}

/// The character of a byte; the five bytes that have none stay control characters.
fn windows_1252(byte: u8) -> char {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => FROM_80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_gives_the_same_text() {
        assert_eq!(decoded("Crème".as_bytes()), ("Crème".into(), false));
        assert_eq!(decoded(b"\xef\xbb\xbfCr\xc3\xa8me"), ("Crème".into(), false));
        assert_eq!(decoded(b"Cr\xe8me \x80"), ("Crème €".into(), true));
        let little: Vec<u8> = "\u{feff}Crème".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}Crème".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decoded(&little), ("Crème".into(), false));
        assert_eq!(decoded(&big), ("Crème".into(), false));
        assert_eq!(decoded(b"\xff\xfe\x00"), (String::new(), false));
        assert_eq!(decoded(b""), (String::new(), false));
    }
}
