//! Reading a row of the database: what stands in it is checked, and what cannot be is named.

use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use locvtp_video::TimeSpan;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::database::Fault;
use crate::catalogue::bad_value::{BadValue, is_duration, is_time};
use crate::identity::{ContentIdentity, Look};
use crate::segment::TrackId;

/// Letters of a value that are shown.
const MOST_SHOWN: usize = 60;

/// Columns of one table in a row of an answer.
pub(super) struct CheckedRow<'r, 's> {
    row: &'r Row<'s>,
    table: &'static str,
    /// The column that names the row.
    key: usize,
}

impl<'r, 's> CheckedRow<'r, 's> {
    pub(super) fn of(row: &'r Row<'s>, table: &'static str, key: usize) -> Self {
        Self { row, table, key }
    }

    pub(super) fn bad(&self, column: usize, expected: &'static str) -> Fault {
        let name = self.row.as_ref().column_name(column).unwrap_or("?").to_owned();
        let shown = |column| self.row.get_ref(column).map_or_else(|_| "?".into(), shown);
        let (row, value) = (shown(self.key), shown(column));
        Fault::Bad(BadValue { table: self.table, row, column: name, value, expected })
    }

    /// A whole number from a range.
    pub(super) fn whole(
        &self,
        column: usize,
        range: RangeInclusive<i64>,
        expected: &'static str,
    ) -> Result<i64, Fault> {
        match self.row.get_ref(column)? {
            ValueRef::Integer(number) if range.contains(&number) => Ok(number),
            _ => Err(self.bad(column, expected)),
        }
    }

    /// A number that counts something, or names a row.
    pub(super) fn count(&self, column: usize) -> Result<i64, Fault> {
        self.whole(column, 0..=i64::MAX, "a whole number from 0 on")
    }

    /// A number of 32 bits.
    pub(super) fn small(&self, column: usize) -> Result<u32, Fault> {
        let most = i64::from(u32::MAX);
        Ok(self.whole(column, 0..=most, "a whole number from 0 to 4294967295")? as u32)
    }

    /// A time of the file system.
    pub(super) fn stamp(&self, column: usize) -> Result<i64, Fault> {
        self.whole(column, i64::MIN..=i64::MAX, "a whole number")
    }

    pub(super) fn track(&self, column: usize) -> Result<TrackId, Fault> {
        self.small(column).map(TrackId)
    }

    pub(super) fn text(&self, column: usize) -> Result<String, Fault> {
        self.optional_text(column)?.ok_or_else(|| self.bad(column, "text"))
    }

    pub(super) fn optional_text(&self, column: usize) -> Result<Option<String>, Fault> {
        match self.row.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Some(text.to_owned())),
                Err(_) => Err(self.bad(column, "text")),
            },
            _ => Err(self.bad(column, "text")),
        }
    }

    /// One of a few names.
    pub(super) fn named<T>(
        &self,
        column: usize,
        named: impl Fn(&str) -> Option<T>,
        expected: &'static str,
    ) -> Result<T, Fault> {
        named(&self.text(column)?).ok_or_else(|| self.bad(column, expected))
    }

    /// A number of 128 bits from its bytes.
    pub(super) fn wide(&self, column: usize) -> Result<u128, Fault> {
        let bytes = match self.row.get_ref(column)? {
            ValueRef::Blob(bytes) => <[u8; 16]>::try_from(bytes).ok(),
            _ => None,
        };
        bytes.map(u128::from_be_bytes).ok_or_else(|| self.bad(column, "16 bytes"))
    }

    /// How long a file plays, in seconds.
    pub(super) fn duration(&self, column: usize) -> Result<f64, Fault> {
        self.seconds(column, is_duration, "a length in seconds")
    }

    /// A start and an end, in two columns.
    pub(super) fn span(&self, column: usize) -> Result<TimeSpan, Fault> {
        let time = |column| self.seconds(column, is_time, "a time in seconds");
        let (start, end) = (time(column)?, time(column + 1)?);
        if end < start {
            return Err(self.bad(column + 1, "a time from the start on"));
        }
        Ok(TimeSpan::new(start, end))
    }

    fn seconds(
        &self,
        column: usize,
        fits: fn(f64) -> bool,
        expected: &'static str,
    ) -> Result<f64, Fault> {
        let seconds = match self.row.get_ref(column)? {
            ValueRef::Real(seconds) => seconds,
            ValueRef::Integer(seconds) => seconds as f64,
            _ => f64::NAN,
        };
        if fits(seconds) { Ok(seconds) } else { Err(self.bad(column, expected)) }
    }

    /// A content in three columns: size, sample, and the hash of the whole where it is known.
    pub(super) fn identity(&self, column: usize) -> Result<ContentIdentity, Fault> {
        let whole = match self.row.get_ref(column + 2)? {
            ValueRef::Null => None,
            _ => Some(self.wide(column + 2)?),
        };
        let (size, sample) = (self.count(column)? as u64, self.wide(column + 1)?);
        Ok(ContentIdentity { size, sample, whole })
    }

    /// A look in four columns: path, size, modified, changed.
    pub(super) fn look(&self, column: usize) -> Result<Look, Fault> {
        let path = match self.row.get_ref(column)? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) if !bytes.is_empty() => bytes,
            _ => return Err(self.bad(column, "a path")),
        };
        Ok(Look {
            path: PathBuf::from(OsStr::from_bytes(path)),
            size: self.count(column + 1)? as u64,
            modified_ns: self.stamp(column + 2)?,
            changed_ns: self.stamp(column + 3)?,
        })
    }
}

/// A value as people read it.
fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let more = if text.chars().count() > MOST_SHOWN { "..." } else { "" };
            format!("{:?}{more}", text.chars().take(MOST_SHOWN).collect::<String>())
        }
        ValueRef::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
    }
}
