//! What stands in a database and cannot be, and what can.

use std::fmt;

use super::error::CatalogueError;

/// What is to be done about a database that cannot be mended.
pub(super) const RESTORE: &str = "put a copy of it back, or delete catalogue.sqlite and the folder `segments` beside it (they hold the index, \
     and no video) and run `locvtp index add` again";

/// Times and lengths beyond this are no video's: three years, in seconds.
const LONGEST_S: f64 = 1e8;

/// A value that cannot be where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadValue {
    pub(super) table: &'static str,
    /// The key of its row.
    pub(super) row: String,
    pub(super) column: String,
    /// What stands there.
    pub(super) value: String,
    /// What should, as `a time in seconds`.
    pub(super) expected: &'static str,
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, row, column, value, expected } = self;
        write!(f, "table {table}, row {row}, column {column}: {value} is not {expected}")
    }
}

impl BadValue {
    /// What is told to who reads it.
    pub(super) fn told(&self, place: &str) -> CatalogueError {
        let what = format!(
            "{self}; `locvtp index verify` lists all that is damaged, and `locvtp index rebuild` mends it"
        );
        CatalogueError::Damaged { place: place.to_owned(), what }
    }
}

/// What is told of a file whose vectors were set aside.
pub(super) fn of_aside(name: &str) -> String {
    format!(
        "the vectors of {name} are damaged and are in no answer, and it cannot be encoded again while it is gone; \
         bring it back and give `locvtp index add`, or take it out with `locvtp index remove`"
    )
}

/// What is told of an index whose model is not known.
pub(super) fn of_unknown_model(generation: i64) -> String {
    format!(
        "table generations, row {generation}: which model made this index is lost; `locvtp index rebuild --model \
         DIR` compares a model with the vectors, and writes it down again"
    )
}

/// Whether a file may play so long.
pub(super) fn is_duration(seconds: f64) -> bool {
    (0.0..=LONGEST_S).contains(&seconds)
}

/// Whether a cue may begin or end there; subtitles may be shifted before the start of their file.
pub(super) fn is_time(seconds: f64) -> bool {
    (-LONGEST_S..=LONGEST_S).contains(&seconds)
}
