//! JSON lines, read at the speed of numbers.
//!
//! A file of ranked moments is a hundred megabytes of numbers, so lines are read in parallel and
//! tables of numbers by a scanner of our own: every number is the closest `f64`, as Python's reader
//! gives it, and `NaN`, which Python's writer writes although JSON has no such word, is told from
//! broken JSON. Everything else of a line goes through serde.

use std::borrow::Cow;
use std::path::Path;

use rayon::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::MeasureError;
use crate::path_error::PathError;

/// Bytes that a thread reads at once, about.
const PIECE: usize = 1 << 20;

/// Reads a file and hands every line that is not empty to `parse`; results are in the file's order,
/// each with the number of its line, from 1.
///
/// # Errors
/// When the file cannot be read, or `parse` gives a reason: the first such line is named.
pub fn read_lines<T: Send>(
    path: &Path,
    parse: impl Fn(&[u8]) -> Result<T, String> + Sync,
) -> Result<Vec<(usize, T)>, MeasureError> {
    let bytes = std::fs::read(path).map_err(PathError::io(path, "read it"))?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let pieces = pieces(text);
    let read: Vec<(usize, Numbered<T>)> =
        pieces.into_par_iter().map(|piece| read_piece(piece, &parse)).collect();
    let (mut all, mut before) = (Vec::new(), 0);
    for (lines, piece) in read {
        let piece = piece.map_err(|(line, reason)| MeasureError::Prediction {
            path: path.to_owned(),
            line: before + line,
            reason,
        })?;
        all.extend(piece.into_iter().map(|(line, value)| (before + line, value)));
        before += lines;
    }
    if all.is_empty() {
        let (path, reason) = (path.to_owned(), "the file is empty".to_owned());
        return Err(MeasureError::Prediction { path, line: 1, reason });
    }
    Ok(all)
}

/// The text in pieces that end with a line.
fn pieces(mut text: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let line_end = |rest: &[u8]| rest.iter().position(|byte| *byte == b'\n');
    while let Some(end) = text.get(PIECE..).and_then(line_end) {
        let (piece, rest) = text.split_at(PIECE + end + 1);
        pieces.push(piece);
        text = rest;
    }
    pieces.push(text);
    pieces
}

/// Values with the numbers of their lines, or the first line that has none, with the reason.
type Numbered<T> = Result<Vec<(usize, T)>, (usize, String)>;

/// How many lines a piece has, and what they say.
fn read_piece<T>(piece: &[u8], parse: impl Fn(&[u8]) -> Result<T, String>) -> (usize, Numbered<T>) {
    let (mut values, mut number) = (Vec::new(), 0);
    let mut rest = piece;
    while !rest.is_empty() {
        number += 1;
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = rest[..end].trim_ascii();
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() {
            continue;
        }
        match parse(line) {
            Ok(value) => values.push((number, value)),
            Err(reason) => return (number, Err((number, reason))),
        }
    }
    (number, Ok(values))
}

/// A line that is one JSON object, key by key.
pub(crate) struct ObjectLine<'a> {
    rest: &'a [u8],
    begun: bool,
}

impl<'a> ObjectLine<'a> {
    /// # Errors
    /// When the line is no object.
    pub(crate) fn new(line: &'a [u8]) -> Result<Self, String> {
        match line.strip_prefix(b"{") {
            Some(rest) => Ok(Self { rest, begun: false }),
            None => Err("expected an object, {\"video\": .., ..}".to_owned()),
        }
    }

    /// The next key, or none after the last; its value has to be read before the next.
    ///
    /// # Errors
    /// When the JSON is broken.
    pub(crate) fn next_key(&mut self) -> Result<Option<Cow<'a, str>>, String> {
        self.skip_space();
        if let Some(rest) = self.rest.strip_prefix(b"}") {
            let rest = rest.trim_ascii_start();
            return if rest.is_empty() {
                Ok(None)
            } else {
                Err(broken("the end of the line", rest))
            };
        }
        if self.begun {
            self.expect(b',')?;
        }
        self.begun = true;
        self.skip_space();
        let key = self.value::<Key<'a>>()?.0;
        self.skip_space();
        self.expect(b':')?;
        self.skip_space();
        Ok(Some(key))
    }

    /// The value that comes.
    ///
    /// # Errors
    /// When it is no `T`.
    pub(crate) fn value<T: Deserialize<'a>>(&mut self) -> Result<T, String> {
        let mut values = serde_json::Deserializer::from_slice(self.rest).into_iter::<T>();
        let value = values.next().unwrap_or_else(|| Err(serde::de::Error::custom("it ends early")));
        let value = value.map_err(|error| error.to_string())?;
        self.rest = &self.rest[values.byte_offset()..];
        Ok(value)
    }

    /// Passes over the value that comes.
    ///
    /// # Errors
    /// When the JSON is broken.
    pub(crate) fn skip(&mut self) -> Result<(), String> {
        self.value::<IgnoredAny>().map(drop)
    }

    /// Text, or a number as text: what people call videos by.
    ///
    /// # Errors
    /// When it is neither.
    pub(crate) fn name(&mut self) -> Result<Cow<'a, str>, String> {
        if self.rest.first() == Some(&b'"') {
            return Ok(self.value::<Key<'a>>()?.0);
        }
        Ok(Cow::Owned(self.value::<serde_json::Number>()?.to_string()))
    }

    /// Whether text comes.
    pub(crate) fn is_text(&self) -> bool {
        self.rest.first() == Some(&b'"')
    }

    /// A list of rows of two or three numbers, `[[start, end, score], ..]`.
    ///
    /// # Errors
    /// When it is no such list, or a number is not finite.
    pub(crate) fn rows(&mut self) -> Result<Vec<Row>, String> {
        let mut rows = Vec::new();
        self.list(|line| {
            let mut row = Row { start: f64::NAN, end: f64::NAN, score: None };
            let mut place = 0;
            line.list(|line| {
                let number = line.finite_number()?;
                match place {
                    0 => row.start = number,
                    1 => row.end = number,
                    2 => row.score = Some(number),
                    _ => return Err("a span has more than start, end and score".to_owned()),
                }
                place += 1;
                Ok(())
            })?;
            if place < 2 {
                return Err("a span has no [start, end]".to_owned());
            }
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// A ranked list of names, `["a", ..]`, or of names with scores, `[["a", 0.9], ..]`.
    ///
    /// # Errors
    /// When it is no such list, or a score is not finite.
    pub(crate) fn ranking(&mut self) -> Result<Vec<(String, Option<f64>)>, String> {
        let mut ranking = Vec::new();
        self.list(|line| {
            if line.rest.first() != Some(&b'[') {
                ranking.push((line.name()?.into_owned(), None));
                return Ok(());
            }
            let (mut name, mut score) = (None, None);
            line.list(|line| {
                match (&name, score) {
                    (None, _) => name = Some(line.name()?.into_owned()),
                    (Some(_), None) => score = Some(line.finite_number()?),
                    _ => return Err("an entry has more than name and score".to_owned()),
                }
                Ok(())
            })?;
            let name = name.ok_or("an entry has no name")?;
            ranking.push((name, Some(score.ok_or("an entry has no score")?)));
            Ok(())
        })?;
        Ok(ranking)
    }

    /// A list of numbers.
    ///
    /// # Errors
    /// When it is no such list, or a number is not finite.
    pub(crate) fn numbers(&mut self) -> Result<Vec<f64>, String> {
        let mut numbers = Vec::new();
        self.list(|line| {
            numbers.push(line.finite_number()?);
            Ok(())
        })?;
        Ok(numbers)
    }

    /// Hands every place of a list to `element`, which reads what stands there.
    fn list(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        self.skip_space();
        self.expect(b'[')?;
        self.skip_space();
        if let Some(rest) = self.rest.strip_prefix(b"]") {
            self.rest = rest;
            return Ok(());
        }
        loop {
            self.skip_space();
            element(self)?;
            self.skip_space();
            match self.rest.split_first() {
                Some((b',', rest)) => self.rest = rest,
                Some((b']', rest)) => {
                    self.rest = rest;
                    return Ok(());
                }
                _ => return Err(broken("`,` or `]`", self.rest)),
            }
        }
    }

    fn finite_number(&mut self) -> Result<f64, String> {
        let is_part =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let end = self.rest.iter().position(|byte| !is_part(byte)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let text = std::str::from_utf8(word).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.rest = rest;
                Ok(number)
            }
            Ok(_) => {
                Err(format!("{text} is no finite number: it has no rank and no place in time"))
            }
            Err(_) => Err(broken("a number", self.rest)),
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                Ok(())
            }
            _ => Err(broken(&format!("`{}`", byte as char), self.rest)),
        }
    }
}

/// A line that is one list of numbers.
///
/// # Errors
/// When it is no such list, or a number is not finite.
pub fn number_list(line: &[u8]) -> Result<Vec<f64>, String> {
    let mut line = ObjectLine { rest: line, begun: true };
    let mut numbers = Vec::new();
    line.list(|line| {
        numbers.push(line.finite_number()?);
        Ok(())
    })?;
    if line.rest.is_empty() { Ok(numbers) } else { Err(broken("the end", line.rest)) }
}

/// A moment and how sure the model is of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    /// Seconds.
    pub(crate) start: f64,
    /// Seconds.
    pub(crate) end: f64,
    /// The greater the surer; none where the order in the file is the rank.
    pub(crate) score: Option<f64>,
}

/// Text, borrowed where it holds no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

fn broken(expected: &str, found: &[u8]) -> String {
    let shown = String::from_utf8_lossy(&found[..found.len().min(20)]).into_owned();
    let shown = if shown.is_empty() { "the end of the line".to_owned() } else { shown };
    format!("expected {expected}, found {shown}")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    /// A line's keys, with the spans of `spans`.
    fn spans(line: &str) -> Result<(Vec<String>, Vec<Row>), String> {
        let mut object = ObjectLine::new(line.as_bytes())?;
        let (mut keys, mut rows) = (Vec::new(), Vec::new());
        while let Some(key) = object.next_key()? {
            match &*key {
                "spans" => rows = object.rows()?,
                _ => object.skip()?,
            }
            keys.push(key.into_owned());
        }
        Ok((keys, rows))
    }

    #[test]
    fn a_line_is_read_whatever_order_spaces_and_further_keys_it_has() {
        let line = r#"{ "x" : {"a": [1, "}"]}, "spans" :[[ 1.5,2e1 , -3] , [0,1]] ,"é\n":null}  "#;
        let (keys, rows) = spans(line.trim_end()).unwrap();
        assert_eq!(keys, ["x", "spans", "é\n"]);
        let expected = [
            Row { start: 1.5, end: 20.0, score: Some(-3.0) },
            Row { start: 0.0, end: 1.0, score: None },
        ];
        assert_eq!(rows, expected);
        assert_eq!(spans("{}").unwrap(), (vec![], vec![]));
        assert_eq!(spans(r#"{"spans": []}"#).unwrap().1, []);
    }

    #[test]
    fn what_is_broken_is_said() {
        for (line, reason) in [
            (r#"["spans"]"#, "expected an object"),
            (r#"{"spans": [[0, 1, NaN]]}"#, "NaN is no finite number"),
            (r#"{"spans": [[0, Infinity]]}"#, "Infinity is no finite number"),
            (r#"{"spans": [[0]]}"#, "no [start, end]"),
            (r#"{"spans": [[0, 1, 2, 3]]}"#, "more than start, end and score"),
            (r#"{"spans": [[0, null]]}"#, "expected a number, found null"),
            (r#"{"spans": [[0, 1]}"#, "expected `,` or `]`"),
            (r#"{"spans": [[0, 1]"#, "found the end of the line"),
            (r#"{"spans" [[0, 1]]}"#, "expected `:`"),
            (r#"{"spans": [] "a": 1}"#, "expected `,`"),
            (r#"{"spans": []} {"#, "expected the end of the line"),
            (r#"{"a": nonsense}"#, "expected ident"),
        ] {
            let error = spans(line).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }

    #[test]
    fn a_long_text_is_cut_behind_the_first_line_that_ends_a_piece_on() {
        // Three lines, with their ends, are two bytes longer than a piece.
        let line = format!("{}\n", "x".repeat(PIECE / 3));
        let text = line.repeat(8);
        let found: Vec<usize> = pieces(text.as_bytes()).iter().map(|piece| piece.len()).collect();
        assert_eq!(found, [3 * line.len(), 3 * line.len(), 2 * line.len()]);
        // A line that is longer than a piece stays whole.
        assert_eq!(pieces(&vec![b'x'; 2 * PIECE]).len(), 1);
    }

    #[test]
    fn lines_keep_their_numbers_over_pieces_and_empty_lines() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let wide = "x".repeat(PIECE / 3);
        for line in 0..12 {
            writeln!(file, "{line} {wide}\n").unwrap();
        }
        let number = |line: &[u8]| {
            let text = std::str::from_utf8(line).unwrap();
            let number: usize = text.split_once(' ').unwrap().0.parse().unwrap();
            if number == 11 { Err("eleven".to_owned()) } else { Ok(number) }
        };
        let error = read_lines(file.path(), number).unwrap_err().to_string();
        assert!(error.contains("line 23: eleven"), "{error}");
        let all = read_lines(file.path(), |line| number(line).or(Ok::<_, String>(11))).unwrap();
        assert_eq!(all, (0..12).map(|line| (2 * line + 1, line)).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn numbers_are_the_closest_ones(
            rows in prop::collection::vec((prop::num::f64::NORMAL, 0.0..1e6f64, -1.0..1.0f64), 0..5)
        ) {
            let text: Vec<String> =
                rows.iter().map(|(a, b, c)| format!("[{a:e}, {b}, {c:?}]")).collect();
            let (_, found) = spans(&format!("{{\"spans\": [{}]}}", text.join(","))).unwrap();
            let expected: Vec<Row> = rows
                .iter()
                .map(|(start, end, score)| Row { start: *start, end: *end, score: Some(*score) })
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
