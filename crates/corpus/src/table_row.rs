//! One row of a [table](crate::csv_table), whose fields are found by the names of their columns.

use std::borrow::Cow;

use crate::repair::{Repair, Repairs};
use crate::table_records::Record;
use crate::text_file;

/// What the fields of a row say of whether it is a row of this table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// Numbers stand where numbers should, and the like.
    For,
    /// Nothing to tell by.
    Nothing,
    /// Something else stands where numbers should.
    Against,
}

/// A row.
pub(crate) struct Row<'a> {
    pub(crate) header: &'a [String],
    pub(crate) record: &'a Record,
    /// What was done to read it.
    pub(crate) repairs: Repairs,
    /// The number of its first line, where the file's first is 1.
    pub(crate) line: usize,
}

impl<'a> Row<'a> {
    /// The field of a column, trimmed; none when the row is too short or the table has no such
    /// column.
    pub(crate) fn get(&self, column: &str) -> Option<Cow<'a, str>> {
        let (text, _) = self.raw(column)?;
        Some(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        })
    }

    /// The field as it stands, with what was done to read it.
    pub(crate) fn text(&self, column: &str) -> Option<(Cow<'a, str>, Repairs)> {
        let (text, replaced) = self.raw(column)?;
        let mut repairs = self.repairs;
        if replaced {
            repairs.note(Repair::NotUtf8);
        }
        Some((text, repairs))
    }

    /// The field as it stands, and whether it was not UTF-8.
    fn raw(&self, column: &str) -> Option<(Cow<'a, str>, bool)> {
        let place = place_of(self.header, column)?;
        Some(text_file::field(self.record.field(place)?))
    }

    /// The field as a number; none when it is not one.
    pub(crate) fn number(&self, column: &str) -> Option<f64> {
        self.get(column)?.parse().ok()
    }

    /// Evidence for a row where all these columns hold numbers, else against it.
    pub(crate) fn numbers_in(&self, columns: &[&str]) -> Evidence {
        let all = columns.iter().all(|column| self.number(column).is_some());
        if all { Evidence::For } else { Evidence::Against }
    }
}

/// The place of a column.
pub(crate) fn place_of(header: &[String], column: &str) -> Option<usize> {
    let exact = header.iter().position(|name| name == column);
    exact.or_else(|| header.iter().position(|name| name.eq_ignore_ascii_case(column)))
}
