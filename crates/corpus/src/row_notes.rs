//! What a person should know of the rows of a table, or the lines of a list: how many were odd in which
//! way, in which lines, and what to write instead.

use std::collections::BTreeMap;
use std::fmt;

use locvtp_video::counted::counted;

/// Line numbers that are named; all are counted.
const NAMED: usize = 5;

/// What can be odd about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Oddity {
    /// The rest of the row was joined to its text.
    Joined,
    /// Quotes were read as text, or as backslashes before them say.
    Mended,
    /// A field in quotes has line breaks, and what stands between them looks like rows.
    RowsInQuotes,
    /// Fields are missing.
    Short,
    /// There are fields too many.
    TooLong,
    /// There are fields too many, as where a comma is the point of a number.
    NumbersCut,
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Joined => {
                "more fields than columns; the text is the last column, so the rest of the row was \
                 joined to it"
            }
            Self::Mended => {
                "quotes that are neither doubled nor around a whole field; they were read as text, or \
                 as their backslashes say"
            }
            Self::RowsInQuotes => {
                "one field in quotes goes over several lines, and these look like rows; it was read as \
                 one caption, as CSV says. If they are rows, remove the quote that opens the field, or \
                 double the quotes inside"
            }
            Self::Short => "fewer fields than columns",
            Self::TooLong => {
                "more fields than columns, so it cannot be told which is which; put double quotes \
                 around each text, or make the text the last column"
            }
            Self::NumbersCut => {
                "more fields than columns, because numbers seem to have a decimal comma; write a point \
                 (0.5), as double quotes around 0,5 make no number of it"
            }
        })
    }
}

/// How a text that should be a number of seconds is written instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Misread {
    DecimalComma,
    ClockTime,
    Else,
}

impl Misread {
    fn of(text: &str) -> Self {
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        match unsigned.split_once(',') {
            Some((whole, rest)) if is_digits(whole) && is_digits(rest) => Self::DecimalComma,
            _ if unsigned.contains(':') => Self::ClockTime,
            _ => Self::Else,
        }
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DecimalComma => "has a decimal comma; write a point, as in 0.5",
            Self::ClockTime => "is a clock time; write seconds, 62.5 for 00:01:02.5",
            Self::Else => "is no number of seconds",
        })
    }
}

/// The odd rows so far.
#[derive(Debug, Default)]
pub(crate) struct RowNotes {
    odd: BTreeMap<Oddity, Lines>,
    /// With the column and the text of the first.
    misread: BTreeMap<Misread, (Lines, &'static str, String)>,
}

impl RowNotes {
    /// Notes a row by its line.
    pub(crate) fn add(&mut self, oddity: Oddity, line: usize) {
        self.odd.entry(oddity).or_default().add(line);
    }

    /// Notes a text in a column of seconds that is no number.
    pub(crate) fn misread(&mut self, column: &'static str, text: &str, line: usize) {
        let first = || (Lines::default(), column, text.to_owned());
        self.misread.entry(Misread::of(text)).or_insert_with(first).0.add(line);
    }

    /// All of it, in words.
    pub(crate) fn told(&self) -> Vec<String> {
        let odd = self.odd.iter().map(|(oddity, lines)| format!("{lines}: {oddity}"));
        let misread = self.misread.iter().map(|(how, (lines, column, text))| {
            format!("{lines}: `{text}` in the column `{column}` {how}")
        });
        odd.chain(misread).collect()
    }
}

/// How many lines, and the first of them.
#[derive(Debug, Default)]
struct Lines {
    count: usize,
    first: Vec<usize>,
}

impl Lines {
    fn add(&mut self, line: usize) {
        // A row may have two times.
        if self.first.last() == Some(&line) {
            return;
        }
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(line);
        }
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.first.iter().map(ToString::to_string).collect();
        let lines = if self.count == 1 { "line" } else { "lines" };
        let more = if self.count > self.first.len() { ", .." } else { "" };
        write!(f, "{} ({lines} {}{more})", counted(self.count, "row"), named.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_no_number_is_told_with_what_to_write() {
        let mut notes = RowNotes::default();
        for (line, text) in [(2, "0,5"), (3, "-1,25"), (4, "00:01:02,5"), (5, "3s"), (6, "1,234.5")]
        {
            notes.misread("start", text, line);
        }
        (0..9).for_each(|line| notes.add(Oddity::Short, line));
        let expected = [
            "9 rows (lines 0, 1, 2, 3, 4, ..): fewer fields than columns",
            "2 rows (lines 2, 3): `0,5` in the column `start` has a decimal comma; write a point, as in \
             0.5",
            "1 row (line 4): `00:01:02,5` in the column `start` is a clock time; write seconds, 62.5 for \
             00:01:02.5",
            "2 rows (lines 5, 6): `3s` in the column `start` is no number of seconds",
        ];
        assert_eq!(notes.told(), expected);
    }
}
