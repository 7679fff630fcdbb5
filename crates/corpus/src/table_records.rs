//! Records of a table of text: the fields between separators, where quotes hide separators and line
//! breaks.
//!
//! A quote opens a field only where another closes it just before a separator or the end of a line;
//! any other quote is a character of the text. So a quote that is never closed, or closed in the
//! middle of a word, swallows nothing. Which [`Dialect`] a record is written in is the caller's to
//! find out: the next record can be read in several before it is [taken](Records::take).

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::ops::Range;

use crate::text_file::{self, bare};

/// A record of more lines or bytes than this is none: a quote was left open.
const MOST_LINES: usize = 10_000;
const MOST_BYTES: usize = 1 << 20;
/// Where so many quotes were left open, no field has line breaks.
const MOST_LEFT_OPEN: usize = 100;

/// How separators are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// What parts fields.
    pub(crate) delimiter: u8,
    /// Whether spaces may stand before an opening quote.
    pub(crate) spaces: bool,
    /// Whether a backslash takes the meaning from what follows: `\"` is a quote.
    pub(crate) backslashes: bool,
}

impl Dialect {
    /// RFC 4180.
    pub(crate) fn standard(delimiter: u8) -> Self {
        Self { delimiter, spaces: false, backslashes: false }
    }
}

/// A record, and the text it was read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// The record as it stands, then what fields became without their escapes.
    bytes: Vec<u8>,
    raw_len: usize,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    /// In `bytes`.
    content: Range<usize>,
    /// Where it begins in the record as it stands.
    raw_begin: usize,
    is_quoted: bool,
}

impl Record {
    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are so many fields, or more that are empty.
    pub(crate) fn has_fields(&self, count: usize) -> bool {
        self.len() >= count && (count..self.len()).all(|place| self.field(place) == Some(b""))
    }

    /// The record as it stands.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.bytes[..self.raw_len]
    }

    /// A field without the quotes around it.
    pub(crate) fn field(&self, place: usize) -> Option<&[u8]> {
        Some(&self.bytes[self.fields.get(place)?.content.clone()])
    }

    /// Whether a field stands in quotes.
    pub(crate) fn is_quoted(&self, place: usize) -> bool {
        self.fields.get(place).is_some_and(|field| field.is_quoted)
    }

    /// Whether a quote or backslash stands in it.
    pub(crate) fn has_escapes(&self) -> bool {
        memchr::memchr2(b'"', b'\\', self.raw()).is_some()
    }

    /// Removes the fields from `place` on.
    pub(crate) fn truncate(&mut self, place: usize) {
        if let Some(field) = self.fields.get(place) {
            self.raw_len = field.raw_begin.saturating_sub(1);
        }
        self.fields.truncate(place);
    }

    /// The record without one of its fields.
    pub(crate) fn without(&self, place: usize) -> Self {
        let mut record = self.clone();
        record.fields.remove(place);
        record
    }

    /// Makes everything from `place` on one field, as it stands, separators and quotes included.
    pub(crate) fn join_from(&mut self, place: usize) {
        let raw_begin = self.fields[place].raw_begin;
        self.fields.truncate(place);
        self.fields.push(Field { content: raw_begin..self.raw_len, raw_begin, is_quoted: false });
    }

    /// Removes backslashes before quotes in fields that stand in no quotes, where CSV knows neither;
    /// whether there were any.
    pub(crate) fn unescape_bare_quotes(&mut self) -> bool {
        if memchr::memchr(b'\\', self.raw()).is_none() {
            return false;
        }
        let mut any = false;
        for place in 0..self.fields.len() {
            let Field { content, is_quoted, .. } = &self.fields[place];
            let bytes = &self.bytes[content.clone()];
            if *is_quoted || memchr::memmem::find(bytes, b"\\\"").is_none() {
                continue;
            }
            let stays = |at: &usize| bytes[*at] != b'\\' || bytes.get(at + 1) != Some(&b'"');
            let plain: Vec<u8> = (0..bytes.len()).filter(stays).map(|at| bytes[at]).collect();
            let begin = self.bytes.len();
            self.bytes.extend_from_slice(&plain);
            self.fields[place].content = begin..self.bytes.len();
            any = true;
        }
        any
    }

    fn set(&mut self, raw: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(raw);
        self.raw_len = raw.len();
    }

    /// Parts the record into fields. With `may_go_on`, a quote that nothing closes ends the attempt;
    /// else it is text.
    fn split(&mut self, dialect: Dialect, may_go_on: bool) -> Quotes {
        self.fields.clear();
        self.bytes.truncate(self.raw_len);
        let (mut quotes, mut at) = (Quotes::Sound, 0);
        loop {
            let raw = &self.bytes[..self.raw_len];
            let raw_begin = at;
            let spaces = raw[at..].iter().take_while(|byte| **byte == b' ').count();
            let opening = if dialect.spaces { at + spaces } else { at };
            let closing =
                (raw.get(opening) == Some(&b'"')).then(|| closing(raw, opening + 1, dialect));
            match closing {
                Some(Closing::At { quote, after }) => {
                    self.push_field(opening + 1..quote, raw_begin, Some(b'"'), dialect);
                    at = after;
                }
                Some(Closing::NotYet { resume }) if may_go_on => return Quotes::Open { resume },
                stray => {
                    if stray.is_some() {
                        quotes = Quotes::Stray;
                    }
                    at = end_of_plain(raw, at, dialect);
                    self.push_field(raw_begin..at, raw_begin, None, dialect);
                }
            }
            if at == self.raw_len {
                return quotes;
            }
            at += 1;
        }
    }

    /// A field that lies at `content`; `quote` is what is doubled inside.
    fn push_field(
        &mut self,
        content: Range<usize>,
        raw_begin: usize,
        quote: Option<u8>,
        dialect: Dialect,
    ) {
        let is_quoted = quote.is_some();
        let inside = &self.bytes[content.clone()];
        let may_have_escapes = is_quoted || dialect.backslashes;
        if !may_have_escapes || memchr::memchr2(b'"', b'\\', inside).is_none() {
            self.fields.push(Field { content, raw_begin, is_quoted });
            return;
        }
        let is_escape = |byte: u8, next: Option<&u8>| match next {
            Some(b'"') if Some(byte) == quote => true,
            // Elsewhere a backslash is one, as in `C:\new`.
            Some(next) if dialect.backslashes && byte == b'\\' => {
                [b'"', b'\\', dialect.delimiter].contains(next)
            }
            _ => false,
        };
        let (mut plain, mut at) = (Vec::with_capacity(inside.len()), 0);
        while at < inside.len() {
            at += usize::from(is_escape(inside[at], inside.get(at + 1)));
            plain.push(inside[at]);
            at += 1;
        }
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(&plain);
        self.fields.push(Field { content: begin..self.bytes.len(), raw_begin, is_quoted });
    }
}

/// What became of the quotes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// Each opens or closes a field, or is escaped.
    Sound,
    /// Some that stand where one opens a field are text.
    Stray,
    /// One is not closed yet; looking for what closes it goes on there.
    Open { resume: usize },
}

enum Closing {
    /// The place of the closing quote, and of the separator or end behind it.
    At {
        quote: usize,
        after: usize,
    },
    /// It would close in the middle of a field.
    Never,
    NotYet {
        resume: usize,
    },
}

/// Where the quoted field is closed whose content begins at or before `at`.
fn closing(raw: &[u8], mut at: usize, dialect: Dialect) -> Closing {
    let escape = if dialect.backslashes { b'\\' } else { b'"' };
    loop {
        let rest = raw.get(at..).unwrap_or_default();
        let Some(next) = memchr::memchr2(b'"', escape, rest) else {
            return Closing::NotYet { resume: raw.len().max(at) };
        };
        at += next;
        let follower = raw.get(at + 1);
        if raw[at] == b'\\' {
            if follower.is_none() {
                return Closing::NotYet { resume: at };
            }
            at += 2;
        } else if follower == Some(&b'"') {
            at += 2;
        } else {
            let is_space = |byte: &&u8| **byte == b' ' && dialect.delimiter != b' ';
            let after = at + 1 + raw[at + 1..].iter().take_while(is_space).count();
            return match raw.get(after) {
                None => Closing::At { quote: at, after },
                Some(byte) if *byte == dialect.delimiter => Closing::At { quote: at, after },
                Some(_) => Closing::Never,
            };
        }
    }
}

/// Where the field without quotes ends that begins at `at`.
fn end_of_plain(raw: &[u8], mut at: usize, dialect: Dialect) -> usize {
    let escape = if dialect.backslashes { b'\\' } else { dialect.delimiter };
    while let Some(next) = memchr::memchr2(dialect.delimiter, escape, &raw[at..]) {
        at += next;
        if raw[at] == dialect.delimiter {
            return at;
        }
        at = (at + 2).min(raw.len());
    }
    raw.len()
}

/// How the next record was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tried {
    /// Lines it takes.
    pub(crate) lines: usize,
    /// Whether no quote had to be taken for text that stands where one opens a field.
    pub(crate) is_sound: bool,
}

/// The records of a source, one after the other.
pub(crate) struct Records<'b> {
    source: Box<dyn BufRead + 'b>,
    /// Lines that were read and not taken yet, with what ends them.
    ahead: VecDeque<Vec<u8>>,
    /// Emptied lines, to be filled again.
    spare: Vec<Vec<u8>>,
    taken: usize,
    left_open: usize,
}

impl<'b> Records<'b> {
    pub(crate) fn new(source: Box<dyn BufRead + 'b>) -> Self {
        Self { source, ahead: VecDeque::new(), spare: Vec::new(), taken: 0, left_open: 0 }
    }

    /// The number of the line that comes, from 1.
    pub(crate) fn line(&self) -> usize {
        self.taken + 1
    }

    /// Reads the record that comes, which stays; none at the end. Empty lines are passed over.
    pub(crate) fn read(
        &mut self,
        dialect: Dialect,
        record: &mut Record,
    ) -> io::Result<Option<Tried>> {
        loop {
            if self.ahead.is_empty() && !self.fetch()? {
                return Ok(None);
            }
            if !bare(&self.ahead[0]).is_empty() {
                break;
            }
            self.take(1);
        }
        record.set(bare(&self.ahead[0]));
        let mut lines = 1;
        loop {
            match record.split(dialect, true) {
                Quotes::Open { resume } => {
                    if !self.extend(dialect, record, &mut lines, resume)? {
                        break;
                    }
                }
                Quotes::Sound => return Ok(Some(Tried { lines, is_sound: true })),
                Quotes::Stray if lines == 1 => return Ok(Some(Tried { lines, is_sound: false })),
                Quotes::Stray => break,
            }
        }
        Ok(Some(self.read_line(dialect, 0, record)))
    }

    /// Reads a line of those that the last record took, as a record of its own.
    pub(crate) fn read_line(&self, dialect: Dialect, place: usize, record: &mut Record) -> Tried {
        record.set(bare(&self.ahead[place]));
        let quotes = record.split(dialect, false);
        Tried { lines: 1, is_sound: quotes == Quotes::Sound }
    }

    /// Goes on behind so many lines.
    pub(crate) fn take(&mut self, lines: usize) {
        self.taken += lines;
        self.spare.extend(self.ahead.drain(..lines));
    }

    /// Adds lines to the record until its open quote is closed; false when nothing closes it.
    fn extend(
        &mut self,
        dialect: Dialect,
        record: &mut Record,
        lines: &mut usize,
        mut resume: usize,
    ) -> io::Result<bool> {
        if self.left_open >= MOST_LEFT_OPEN {
            return Ok(false);
        }
        loop {
            let is_long = *lines >= MOST_LINES || record.raw_len >= MOST_BYTES;
            if is_long || (self.ahead.len() == *lines && !self.fetch()?) {
                self.left_open += 1;
                return Ok(false);
            }
            let (before, line) = (&self.ahead[*lines - 1], &self.ahead[*lines]);
            record.bytes.truncate(record.raw_len);
            record.bytes.extend_from_slice(&before[bare(before).len()..]);
            record.bytes.extend_from_slice(bare(line));
            record.raw_len = record.bytes.len();
            *lines += 1;
            match closing(&record.bytes, resume, dialect) {
                Closing::At { .. } => return Ok(true),
                Closing::Never => return Ok(false),
                Closing::NotYet { resume: from } => resume = from,
            }
        }
    }

    fn fetch(&mut self) -> io::Result<bool> {
        let mut line = self.spare.pop().unwrap_or_default();
        line.clear();
        if !text_file::read_line(&mut self.source, &mut line)? {
            return Ok(false);
        }
        self.ahead.push_back(line);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str, dialect: Dialect) -> Vec<(usize, Vec<String>, bool)> {
        let mut records = Records::new(Box::new(io::BufReader::with_capacity(3, text.as_bytes())));
        let (mut found, mut record) = (Vec::new(), Record::default());
        while let Some(tried) = records.read(dialect, &mut record).unwrap() {
            let text = |place| String::from_utf8(record.field(place).unwrap().to_vec()).unwrap();
            found.push((records.line(), (0..record.len()).map(text).collect(), tried.is_sound));
            records.take(tried.lines);
        }
        found
    }

    fn standard(text: &str) -> Vec<(usize, Vec<String>, bool)> {
        records(text, Dialect::standard(b','))
    }

    fn row(line: usize, fields: &[&str], is_sound: bool) -> (usize, Vec<String>, bool) {
        (line, fields.iter().map(|field| (*field).to_owned()).collect(), is_sound)
    }

    #[test]
    fn quotes_hide_separators_and_line_breaks_and_lines_are_counted() {
        let text = "a,\"b, \"\"c\"\"\",\r\n\r\n\"d\r\ne\" ,f\"g\n,\n";
        let expected = [
            row(1, &["a", "b, \"c\"", ""], true),
            row(3, &["d\r\ne", "f\"g"], true),
            row(5, &["", ""], true),
        ];
        assert_eq!(standard(text), expected);
    }

    #[test]
    fn a_quote_that_closes_nothing_is_text_and_swallows_no_line() {
        let text = "a,\"quick\" fox\nb,\"never ends\nc,\"d\"\ne,f \"g\"\n";
        let expected = [
            row(1, &["a", "\"quick\" fox"], false),
            row(2, &["b", "\"never ends"], false),
            row(3, &["c", "d"], true),
            row(4, &["e", "f \"g\""], true),
        ];
        assert_eq!(standard(text), expected);
        assert_eq!(standard("a,\""), [row(1, &["a", "\""], false)]);
    }

    #[test]
    fn a_backslash_and_leading_spaces_mean_what_the_dialect_says() {
        let text = "a, \"he said \\\"hi\\\", then\",c\\, d\n";
        let dialect = Dialect { delimiter: b',', spaces: true, backslashes: true };
        let expected = [row(1, &["a", "he said \"hi\", then", "c, d"], true)];
        assert_eq!(records(text, dialect), expected);
        assert_eq!(standard(text)[0].1.len(), 5);
    }

    #[test]
    fn a_backslash_before_anything_else_is_one_and_before_a_bare_quote_it_is_none() {
        let dialect = Dialect { delimiter: b',', spaces: true, backslashes: true };
        let expected = [row(1, &["C:\\new", "a \\ \" b", "\\n"], true)];
        assert_eq!(records("C:\\new,\"a \\\\ \\\" b\",\\n", dialect), expected);
        let mut record = Record::default();
        let mut records = Records::new(Box::new(&b"say \\\"hi\\\",\"in \\\"\" quotes\",C:\\x"[..]));
        records.read(Dialect::standard(b','), &mut record).unwrap();
        assert!(record.unescape_bare_quotes() && !record.unescape_bare_quotes());
        let fields: Vec<_> = (0..3).map(|place| record.field(place).unwrap()).collect();
        assert_eq!(fields, [&b"say \"hi\""[..], b"in \\\" quotes", b"C:\\x"]);
    }

    #[test]
    fn a_thousand_open_quotes_take_no_time() {
        let text = "x,\"a\"\"\n".repeat(20_000);
        let began = std::time::Instant::now();
        assert_eq!(standard(&text).len(), 20_000);
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }
}
