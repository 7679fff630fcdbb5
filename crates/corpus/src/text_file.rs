//! Text files as people have them: UTF-8 or UTF-16, each with or without a byte order mark, or
//! Windows-1252; lines that end with a line feed, a carriage return, or both.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Cursor};
use std::path::Path;

use locvtp_video::plain_file::{self, LARGEST_TEXT};

use crate::error::CorpusError;

/// Reads a whole file as text; says whether it was neither UTF-8 nor UTF-16.
///
/// # Errors
/// When it cannot be read, is no plain file, or is larger than [`LARGEST_TEXT`].
pub(crate) fn read(path: &Path) -> Result<(String, bool), CorpusError> {
    Ok(decoded(&bytes(path)?))
}

/// The bytes of a whole file.
///
/// # Errors
/// As [`read`].
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, CorpusError> {
    plain_file::read(path, LARGEST_TEXT)
        .map_err(|source| CorpusError::Read { path: path.to_owned(), source })
}

/// The same as [`read`] of a file that a person names, which may be a pipe.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read_named(path: &Path) -> Result<(String, bool), CorpusError> {
    let bytes = std::fs::read(path)
        .map_err(|source| CorpusError::Read { path: path.to_owned(), source })?;
    Ok(decoded(&bytes))
}

/// Bytes read at once.
const BLOCK: usize = 1 << 18;
/// Of UTF-8. Behind it a quote would not stand at the start of its field.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Opens a file to be read line by line, as UTF-8 without a mark. Only UTF-16, which no data set is
/// written in, is held in memory.
///
/// # Errors
/// When it cannot be read, is no plain file, or is UTF-16 and larger than [`LARGEST_TEXT`].
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>, CorpusError> {
    let unreadable = |source| CorpusError::Read { path: path.to_owned(), source };
    let mut file = BufReader::with_capacity(BLOCK, plain_file::open(path).map_err(unreadable)?);
    let start = file.fill_buf().map_err(unreadable)?;
    if Utf16::of(start).is_some() {
        let bytes = plain_file::read(path, LARGEST_TEXT).map_err(unreadable)?;
        return Ok(Box::new(Cursor::new(decoded(&bytes).0.into_bytes())));
    }
    if start.starts_with(BYTE_ORDER_MARK) {
        file.consume(BYTE_ORDER_MARK.len());
    }
    Ok(Box::new(file))
}

/// The bytes of a text as UTF-8 without a mark; what is neither UTF-8 nor UTF-16 stays as it is.
pub(crate) fn as_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    match Utf16::of(bytes) {
        Some(_) => Cow::Owned(decoded(bytes).0.into_bytes()),
        None => Cow::Borrowed(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)),
    }
}

/// Bytes as text; the same second value as [`read`].
pub(crate) fn decoded(bytes: &[u8]) -> (String, bool) {
    let Some(utf16) = Utf16::of(bytes) else {
        let (text, replaced) = field(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes));
        return (text.into_owned(), replaced);
    };
    let units = bytes[utf16.mark..].chunks_exact(2).map(|pair| (utf16.unit)([pair[0], pair[1]]));
    let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    (text.collect(), false)
}

/// How a text in UTF-16 is written.
struct Utf16 {
    /// Bytes of the mark before it.
    mark: usize,
    unit: fn([u8; 2]) -> u16,
}

impl Utf16 {
    /// By the first bytes of a text. Without a mark (`iconv -t UTF-16LE`) every other byte of the first
    /// letters is zero, as no text in UTF-8 begins.
    fn of(start: &[u8]) -> Option<Self> {
        let (mark, unit): (_, fn([u8; 2]) -> u16) = match start {
            [0xff, 0xfe, ..] => (2, u16::from_le_bytes),
            [0xfe, 0xff, ..] => (2, u16::from_be_bytes),
            [1..=0xff, 0, 1..=0xff, 0, ..] => (0, u16::from_le_bytes),
            [0, 1..=0xff, 0, 1..=0xff, ..] => (0, u16::from_be_bytes),
            _ => return None,
        };
        Some(Self { mark, unit })
    }
}

/// The lines of a text, without what ends them; `str::lines` takes a lone carriage return for text.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['\n', '\r'])
        // The line feed of a pair, which would be an empty line.
        .scan(false, |after_return, line| {
            let is_second = *after_return && line == "\n";
            *after_return = line.ends_with('\r');
            Some((!is_second).then(|| line.trim_end_matches(['\n', '\r'])))
        })
        .flatten()
}

/// The lines of subtitles, without what ends them: a carriage return, where there is no line feed at all. Programs that
/// convert a file twice end a line with `\r\r\n`, which is one end here.
pub(crate) fn subtitle_lines(text: &str) -> impl Iterator<Item = &str> {
    let end = if text.contains('\n') { '\n' } else { '\r' };
    text.split(end).map(|line| line.trim_end_matches('\r'))
}

/// No line of a corpus is longer, in bytes; what seems to be one is no text.
const LONGEST_LINE: usize = 16 << 20;

/// Appends the next line of `source` to `line`, with what ends it; false when there is none.
///
/// # Errors
/// When it cannot be read, or is longer than any line.
pub(crate) fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let begin = line.len();
    loop {
        let block = source.fill_buf()?;
        if block.is_empty() {
            return Ok(line.len() > begin);
        }
        let end = memchr::memchr2(b'\n', b'\r', block);
        let taken = end.map_or(block.len(), |end| end + 1);
        line.extend_from_slice(&block[..taken]);
        source.consume(taken);
        if line.len() - begin > LONGEST_LINE {
            let reason = "a line is longer than 16 MiB, so it is no text";
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        match line.last() {
            Some(b'\n') => return Ok(true),
            Some(b'\r') => {
                if source.fill_buf()?.first() == Some(&b'\n') {
                    line.push(b'\n');
                    source.consume(1);
                }
                return Ok(true);
            }
            _ => {}
        }
    }
}

/// A line without what ends it.
pub(crate) fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Hands over the lines of a file that are not empty, without what ends them, with their numbers
/// from 1.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn each_line(
    path: &Path,
    mut each: impl FnMut(usize, &[u8]),
) -> Result<(), CorpusError> {
    let mut lines = open(path)?;
    let (mut line, mut number) = (Vec::new(), 0);
    let unreadable = |source| CorpusError::Read { path: path.to_owned(), source };
    while read_line(&mut lines, &mut line).map_err(unreadable)? {
        number += 1;
        if !line.trim_ascii().is_empty() {
            each(number, bare(&line));
        }
        line.clear();
    }
    Ok(())
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
    fn lines_end_in_three_ways_wherever_the_blocks_break() {
        let text = "one\r\n\r\ntwo\rthree\n\nfour\r";
        let expected = ["one", "", "two", "three", "", "four"];
        assert_eq!(lines(text).collect::<Vec<_>>(), expected);
        for block in 1..8 {
            let mut source = io::BufReader::with_capacity(block, text.as_bytes());
            let (mut found, mut line) = (Vec::new(), Vec::new());
            while read_line(&mut source, &mut line).unwrap() {
                found.push(String::from_utf8(std::mem::take(&mut line)).unwrap());
            }
            assert_eq!(found.concat(), text, "every byte is in a line");
            let bare: Vec<_> =
                found.iter().map(|line| line.trim_end_matches(['\r', '\n'])).collect();
            assert_eq!(bare, expected, "blocks of {block}");
        }
        assert_eq!(lines("").count() + lines("a").count(), 1);
        for text in ["one\r\rtwo\r", "one\r\r\n\r\r\ntwo\r\r\n", "one\n\ntwo\n"] {
            assert_eq!(subtitle_lines(text).collect::<Vec<_>>(), ["one", "", "two", ""]);
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [BYTE_ORDER_MARK, text.as_bytes()].concat();
        for bytes in [text.as_bytes(), &marked, &little, &[b"\xff\xfe", &little[..]].concat()] {
            std::fs::write(file.path(), bytes).unwrap();
            let mut found = Vec::new();
            each_line(file.path(), |number, line| found.push((number, line.to_owned()))).unwrap();
            let expected = [(1, "one"), (3, "two"), (4, "three"), (6, "four")];
            assert_eq!(found, expected.map(|(number, line)| (number, line.as_bytes().to_owned())));
        }
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        assert_eq!(decoded("Crème".as_bytes()), ("Crème".into(), false));
        assert_eq!(decoded(b"\xef\xbb\xbfCr\xc3\xa8me"), ("Crème".into(), false));
        assert_eq!(decoded(b"Cr\xe8me \x80"), ("Crème €".into(), true));
        let little: Vec<u8> = "\u{feff}Crème".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}Crème".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decoded(&little), ("Crème".into(), false));
        assert_eq!(decoded(&big), ("Crème".into(), false));
        // As `iconv -t UTF-16LE` and `-t UTF-16BE` write it.
        assert_eq!(decoded(&little[2..]), ("Crème".into(), false));
        assert_eq!(decoded(&big[2..]), ("Crème".into(), false));
        assert_eq!(*as_utf8(&big[2..]), *"Crème".as_bytes());
        assert_eq!(*as_utf8(b"\xef\xbb\xbfCr\xe8me"), *b"Cr\xe8me");
        assert_eq!(decoded(b"\xff\xfe\x00"), (String::new(), false));
        assert_eq!(decoded(b""), (String::new(), false));
    }
}
