//! A failure before it is known where and in the middle of what.

use std::io;

use locvtp_video::causes::with_causes;
use postgres::error::SqlState;

use crate::catalogue::bad_value::BadValue;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::phrases::MOST_S;
use crate::catalogue::server_trouble::ServerTrouble;
use crate::scan::ScanError;
use crate::segment::VectorError;

#[derive(Debug)]
pub(super) enum Fault {
    Sql(postgres::Error),
    Stream(io::Error),
    Bad(BadValue),
    /// Words were looked for longer than [`MOST_S`].
    TimeOver,
    Told(CatalogueError),
}

impl Fault {
    /// Whether the server, or the line to it, is gone.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Sql(error) => is_lost(error),
            // Anything but rows that are not as they should be.
            Self::Stream(error) => error.kind() != io::ErrorKind::InvalidData,
            Self::Bad(_) | Self::TimeOver | Self::Told(_) => false,
        }
    }

    /// Whether a table is gone that was there when the transaction began.
    pub(super) fn is_of_dropped_table(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        error.code() == Some(&SqlState::UNDEFINED_TABLE)
    }

    /// Whether the server gave the statement up, because its time was over or because it was told to.
    pub(super) fn is_of_cancelled(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        error.code() == Some(&SqlState::QUERY_CANCELED)
    }

    /// What is told of it.
    pub(super) fn tell(self, place: &str, doing: &'static str) -> CatalogueError {
        let place = place.to_owned();
        let is_lost = self.is_lost();
        match self {
            Self::Sql(error) if is_lost => {
                let (trouble, said) = (ServerTrouble::LineLost { doing }, said_by(&error));
                CatalogueError::Unreachable { place, trouble, said }
            }
            Self::Stream(error) if is_lost => {
                let (trouble, said) = (ServerTrouble::LineLost { doing }, with_causes(&error));
                CatalogueError::Unreachable { place, trouble, said }
            }
            Self::Sql(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                let (trouble, said) = (ServerTrouble::NoRight { doing }, said_by(&error));
                CatalogueError::Unreachable { place, trouble, said }
            }
            Self::Sql(error) if error.code() == Some(&SqlState::DISK_FULL) => {
                CatalogueError::Full { place, doing }
            }
            Self::TimeOver => CatalogueError::TooSlow { place, doing, most_s: MOST_S },
            Self::Bad(value) => value.told(&place),
            Self::Sql(error) if error.code().is_some_and(is_of_lost_part) => {
                let what = format!(
                    "a part of it is gone ({}); `locvtp index rebuild` mends what it can; else put a backup of the \
                     schema `locvtp` back, or remove it (DROP SCHEMA locvtp CASCADE) and run `locvtp index \
                     add` again",
                    said_by(&error)
                );
                CatalogueError::Damaged { place, what }
            }
            Self::Sql(source) => {
                CatalogueError::Database { place, doing, source: Box::new(source) }
            }
            Self::Stream(source) => {
                CatalogueError::Database { place, doing, source: Box::new(source) }
            }
            Self::Told(error) => error,
        }
    }
}

/// What the server said, or else the system.
pub(super) fn said_by(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(|| with_causes(error), |said| said.message().to_owned())
}

/// Whether a table, a column or a function of the catalogue is not there.
fn is_of_lost_part(code: &SqlState) -> bool {
    [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN, SqlState::UNDEFINED_FUNCTION]
        .contains(code)
}

fn is_lost(error: &postgres::Error) -> bool {
    // Shut down, crashed, or not yet started; and whatever the server had no time to say.
    let is_going = |code: &SqlState| {
        code.code().starts_with("08") || ["57P01", "57P02", "57P03"].contains(&code.code())
    };
    let says_so = error.code().is_some_and(is_going);
    let of_line = std::error::Error::source(error).is_some_and(|source| source.is::<io::Error>());
    error.is_closed() || says_so || of_line
}

impl From<postgres::Error> for Fault {
    fn from(error: postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        // A stream of rows hides the server's word in an error of its own.
        match error.downcast::<postgres::Error>() {
            Ok(error) => Self::Sql(error),
            Err(error) => Self::Stream(error),
        }
    }
}

impl From<CatalogueError> for Fault {
    fn from(error: CatalogueError) -> Self {
        Self::Told(error)
    }
}

impl From<VectorError> for Fault {
    fn from(error: VectorError) -> Self {
        Self::Told(ScanError::from(error).into())
    }
}

/// A value that cannot be where it stands.
pub(super) fn bad(
    table: &'static str,
    row: impl ToString,
    column: &str,
    value: impl ToString,
    expected: &'static str,
) -> Fault {
    let (row, column, value) = (row.to_string(), column.to_owned(), value.to_string());
    Fault::Bad(BadValue { table, row, column, value, expected })
}
