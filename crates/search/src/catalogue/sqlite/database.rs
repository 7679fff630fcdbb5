//! The database file: opening it, bringing it to today's version, and transactions.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::presence::refuse_vectors;
use super::schema::{self, Kind, MIGRATIONS};
use super::sealed_parts::{CONTENT, CUES, FILES, GENERATIONS, INDEXED, PATHS, Part, RUNS, TRACKS};
use super::{sealing, word_index_version};
use crate::catalogue::FileId;
use crate::catalogue::bad_value::{BadValue, RESTORE};
use crate::catalogue::error::CatalogueError;
use crate::catalogue::phrases::MOST_S;
use crate::segment::SegmentError;

/// A failure before it is known where and in the middle of what.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(Error),
    Bad(BadValue),
    Told(CatalogueError),
}

impl Fault {
    /// What is told of it.
    fn tell(self, place: &str, doing: &'static str) -> CatalogueError {
        let place = place.to_owned();
        match self {
            Self::Told(CatalogueError::Newer { found, known, .. }) => {
                CatalogueError::Newer { place, found, known }
            }
            Self::Told(CatalogueError::Missing { .. }) => CatalogueError::Missing { place },
            Self::Told(CatalogueError::Database { doing, source, .. }) => {
                CatalogueError::Database { place, doing, source }
            }
            Self::Told(error) => error,
            Self::Bad(value) => value.told(&place),
            Self::Sql(error) if error.to_string().contains("fts5") => {
                let what = format!(
                    "its index of words cannot be read ({error}); `locvtp index rebuild` mends it"
                );
                CatalogueError::Damaged { place, what }
            }
            Self::Sql(error)
                if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) =>
            {
                CatalogueError::TooSlow { place, doing, most_s: MOST_S }
            }
            Self::Sql(error) if is_of_damage(&error) => unreadable(place, &error.to_string()),
            Self::Sql(error) if is_of_full_disk(&error, None) => {
                CatalogueError::Full { place, doing }
            }
            Self::Sql(source) => {
                CatalogueError::Database { place, doing, source: Box::new(source) }
            }
        }
    }
}

/// A database that cannot be read, and the reason.
pub(super) fn unreadable(place: String, why: &str) -> CatalogueError {
    let what = format!("catalogue.sqlite cannot be read ({why}); {RESTORE}");
    CatalogueError::Damaged { place, what }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

impl From<CatalogueError> for Fault {
    fn from(error: CatalogueError) -> Self {
        Self::Told(error)
    }
}

impl From<SegmentError> for Fault {
    fn from(error: SegmentError) -> Self {
        Self::Told(error.into())
    }
}

#[derive(Debug)]
pub(super) struct Database {
    place: String,
    is_writer: bool,
    connection: Mutex<Connection>,
    /// Whether it was opened for reading when it was of an older version, and no writer has changed that yet.
    is_older: AtomicBool,
    checked: Mutex<Checked>,
}

/// What was compared with its checksums since other programs last changed the database.
#[derive(Debug, Default)]
struct Checked {
    /// A number that is another one after such a change.
    version: Option<i64>,
    parts: HashSet<&'static str>,
    cues: HashSet<FileId>,
}

/// What says of files where they lie and what they hold.
pub(super) const OF_FILES: &[&Part] = &[&CONTENT, &FILES, &PATHS, &TRACKS];

/// What says which vectors count.
pub(super) const OF_VECTORS: &[&Part] = &[&GENERATIONS, &TRACKS, &INDEXED, &RUNS];

impl Database {
    /// Opens the database `path`; a writer makes it where there is none, and migrates an older one.
    pub(super) fn open(path: &Path, is_writer: bool) -> Result<Self, CatalogueError> {
        let place = path.parent().unwrap_or(path).display().to_string();
        let opened = match is_writer {
            true => open_to_write(path).map(|connection| (connection, false)),
            false => open_to_read(path),
        };
        let (connection, is_older) = opened.map_err(|fault| fault.tell(&place, "being opened"))?;
        let (connection, is_older) = (Mutex::new(connection), AtomicBool::new(is_older));
        Ok(Self { place, is_writer, connection, is_older, checked: Mutex::default() })
    }

    /// Reads in one transaction: everything is of one moment.
    pub(super) fn read<T>(
        &self,
        doing: &'static str,
        read: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, CatalogueError> {
        self.run(doing, TransactionBehavior::Deferred, read)
    }

    /// The same, and compares parts of the database with their checksums, the first time.
    pub(super) fn read_checked<T>(
        &self,
        doing: &'static str,
        parts: &[&'static Part],
        read: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, CatalogueError> {
        self.read(doing, |db| {
            // What cannot be read tells more of itself than its checksum does.
            let done = read(db)?;
            self.check(db, parts)?;
            Ok(done)
        })
    }

    /// Compares parts of the database with their checksums, the first time.
    pub(super) fn check(&self, db: &Connection, parts: &[&'static Part]) -> Result<(), Fault> {
        let mut checked = self.checked_now(db)?;
        for part in parts {
            if !checked.parts.contains(part.name) {
                if let Some(owner) = sealing::broken(db, part, None)?.first() {
                    return Err(not_as_written(part, *owner));
                }
                checked.parts.insert(part.name);
            }
        }
        Ok(())
    }

    /// Compares the cues of files with their checksums, the first time.
    pub(super) fn check_cues(
        &self,
        files: impl IntoIterator<Item = FileId>,
    ) -> Result<(), CatalogueError> {
        self.read("checking cues", |db| {
            let mut checked = self.checked_now(db)?;
            for file in files {
                if !checked.cues.contains(&file) {
                    if !sealing::broken(db, &CUES, Some(file.0))?.is_empty() {
                        return Err(not_as_written(&CUES, file.0));
                    }
                    checked.cues.insert(file);
                }
            }
            Ok(())
        })
    }

    /// What was checked of the database as it is now. A writer's own changes keep the checksums.
    fn checked_now(&self, db: &Connection) -> Result<MutexGuard<'_, Checked>, Fault> {
        let version = db.pragma_query_value(None, "data_version", |row| row.get(0))?;
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.version != Some(version) {
            *checked = Checked { version: Some(version), ..Checked::default() };
        }
        Ok(checked)
    }

    /// Changes something, whole or not at all; it is on the disk afterwards.
    pub(super) fn write<T>(
        &self,
        doing: &'static str,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, CatalogueError> {
        if !self.is_writer {
            return Err(CatalogueError::ReadOnly { place: self.place.clone() });
        }
        self.run(doing, TransactionBehavior::Immediate, write)
    }

    pub(super) fn place(&self) -> String {
        self.place.clone()
    }

    fn run<T>(
        &self,
        doing: &'static str,
        behavior: TransactionBehavior,
        run: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, CatalogueError> {
        let mut connection = self.lock();
        let looked = self.look_at_version(&connection);
        looked.map_err(|error| Fault::Sql(error).tell(&self.place, doing))?;
        let ran = connection.transaction_with_behavior(behavior).map_err(Fault::from).and_then(
            |transaction| {
                let done = run(&transaction)?;
                transaction.commit()?;
                Ok(done)
            },
        );
        ran.map_err(|fault| match fault {
            Fault::Sql(error) if is_of_full_disk(&error, system_error(&connection)) => {
                CatalogueError::Full { place: self.place(), doing }
            }
            Fault::Sql(error) if is_of_long_file(&error, system_error(&connection)) => {
                let source = "a file may not become as large here (`ulimit -f`)".into();
                CatalogueError::Database { place: self.place(), doing, source }
            }
            fault => fault.tell(&self.place, doing),
        })
    }

    /// A writer may have brought it to today's version since it was opened.
    fn look_at_version(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.is_older.load(Ordering::Relaxed) && version(connection)? == MIGRATIONS.len() as i64
        {
            schema::read_as_it_is(connection)?;
            self.is_older.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A transaction that was dropped in a panic was rolled back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rows that are not what was written, though they could be.
fn not_as_written(part: &Part, owner: i64) -> Fault {
    Fault::Bad(BadValue {
        table: part.table,
        row: format!("of {} {owner}", part.owned_by),
        column: "checksum".into(),
        value: "what stands there".into(),
        expected: "what was written",
    })
}

/// Whether an error says that the database is not as it was written, or is another one.
fn is_of_damage(error: &Error) -> bool {
    use ErrorCode::{DatabaseCorrupt, NotADatabase};
    let of_code = matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase));
    let said = match error {
        Error::SqliteFailure(_, Some(said)) => said,
        Error::SqlInputError { msg, .. } => msg,
        _ => return of_code,
    };
    of_code || said.starts_with("no such table") || said.starts_with("no such column")
}

/// Whether the disk is full, or what this user may have of it, by what the system said last. Where memory that
/// programs share could not be made larger, it is that as well.
fn is_of_full_disk(error: &Error, said: Option<i32>) -> bool {
    use rusqlite::ffi::{SQLITE_FULL, SQLITE_IOERR, SQLITE_IOERR_SHMSIZE};
    let Some(code) = error.sqlite_error().map(|error| error.extended_code) else { return false };
    let is_said = matches!(said, Some(libc::ENOSPC | libc::EDQUOT));
    matches!(code, SQLITE_FULL | SQLITE_IOERR_SHMSIZE) || (code & 0xff == SQLITE_IOERR && is_said)
}

/// Whether a file would become larger than this process may make one.
fn is_of_long_file(error: &Error, said: Option<i32>) -> bool {
    use rusqlite::ffi::SQLITE_IOERR;
    let code = error.sqlite_error().map(|error| error.extended_code & 0xff);
    code == Some(SQLITE_IOERR) && said == Some(libc::EFBIG)
}

/// What the system said when reading or writing failed last.
fn system_error(connection: &Connection) -> Option<i32> {
    // SAFETY: the connection is open, and nobody else uses it.
    let said = unsafe { rusqlite::ffi::sqlite3_system_errno(connection.handle()) };
    (said != 0).then_some(said)
}

fn open_to_write(path: &Path) -> Result<Connection, Fault> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    word_index_version::mend(&connection)?;
    // Before anything is changed of what may be another program's.
    let found = version(&connection)?;
    match schema::kind(&connection, found)? {
        _ if found > MIGRATIONS.len() as i64 => check_version(found, MIGRATIONS.len())?,
        Kind::Whole(version) if version as i64 != found => {
            connection.pragma_update(None, "user_version", version as i64)?;
        }
        Kind::Whole(_) => {}
        Kind::Empty => refuse_vectors(path.parent().unwrap_or(path))?,
        Kind::Lacks(part) => return Err(lacks(path, &part)),
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // `FULL`: a commit returns when the disk has it.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A table that is made anew would take with it what names its rows.
    connection.pragma_update(None, "foreign_keys", false)?;
    migrate(&mut connection, &MIGRATIONS)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    sealing::add_functions(&connection)?;
    sealing::begin(&connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens it, and says whether it is of an older version.
fn open_to_read(path: &Path) -> Result<(Connection, bool), Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        let version = version(&connection)?;
        Ok::<_, rusqlite::Error>((connection, version))
    };
    let (connection, found) = match open() {
        Ok(opened) => opened,
        // On a disk closed for writing nobody can write meanwhile, so no lock is needed. A log of a
        // killed writer would be passed over, so there must be none.
        Err(error) if log_is_empty(path) => {
            let uri = format!("file:{}?immutable=1", escaped(path));
            let opened = Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI);
            let connection = opened.map_err(|_| error)?;
            let found = version(&connection)?;
            (connection, found)
        }
        Err(error) => return Err(not_opened(error)),
    };
    let mut is_older = false;
    match schema::kind(&connection, found)? {
        // A newer one may have other parts.
        _ if found > MIGRATIONS.len() as i64 => check_version(found, MIGRATIONS.len())?,
        Kind::Whole(version) => {
            check_version(found, MIGRATIONS.len())?;
            is_older = version < MIGRATIONS.len();
            if is_older {
                schema::read_as_of_today(&connection)?;
            }
        }
        Kind::Empty => {
            refuse_vectors(path.parent().unwrap_or(path))?;
            return Err(CatalogueError::Missing { place: String::new() }.into());
        }
        Kind::Lacks(part) => return Err(lacks(path, &part)),
    }
    sealing::add_functions(&connection)?;
    Ok((connection, is_older))
}

/// A database with a log, which is read through memory that programs share, a file beside it.
fn not_opened(error: Error) -> Fault {
    if error.sqlite_error_code() != Some(ErrorCode::CannotOpen) {
        return error.into();
    }
    let source = "a program that wrote to it was stopped, and what it wrote last cannot be read where no file can be \
                  written; mount its disk for writing, or copy the folder of the index to a place that can be written \
                  and name it with --catalog";
    let (place, doing) = (String::new(), "being opened");
    CatalogueError::Database { place, doing, source: source.into() }.into()
}

fn lacks(path: &Path, part: &str) -> Fault {
    let place = path.parent().unwrap_or(path).display().to_string();
    let why = format!("it has no {part}, so it is damaged, or another program's");
    Fault::Told(unreadable(place, &why))
}

fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    check_version(found, migrations.len())?;
    for migration in &migrations[found as usize..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", migrations.len() as i64)?;
    Ok(transaction.commit()?)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn check_version(found: i64, known: usize) -> Result<(), Fault> {
    let known = known as i64;
    if (0..=known).contains(&found) {
        return Ok(());
    }
    Err(CatalogueError::Newer { place: String::new(), found, known }.into())
}

fn log_is_empty(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(true, |metadata| metadata.len() == 0)
}

/// A path as a part of a URI.
fn escaped(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes().iter();
    bytes
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                char::from(*byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// A path as it stands in the database: as text, or as bytes where it is none.
pub(super) fn path_value(path: &Path) -> Value {
    match path.to_str() {
        Some(text) => Value::Text(text.to_owned()),
        None => Value::Blob(path.as_os_str().as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Row;

    use super::*;

    #[test]
    fn a_quota_that_is_used_up_is_told_as_a_full_disk_is() {
        use rusqlite::ffi::{Error as Code, SQLITE_BUSY, SQLITE_FULL, SQLITE_IOERR_WRITE};
        let error = |code| Error::SqliteFailure(Code::new(code), None);
        assert!(is_of_full_disk(&error(SQLITE_FULL), None));
        assert!(is_of_full_disk(&error(SQLITE_IOERR_WRITE), Some(libc::EDQUOT)));
        assert!(!is_of_full_disk(&error(SQLITE_IOERR_WRITE), Some(libc::EIO)));
        assert!(!is_of_full_disk(&error(SQLITE_IOERR_WRITE), None));
        assert!(!is_of_full_disk(&error(SQLITE_BUSY), Some(libc::EDQUOT)));
        assert!(is_of_long_file(&error(SQLITE_IOERR_WRITE), Some(libc::EFBIG)));
        assert!(!is_of_long_file(&error(SQLITE_FULL), Some(libc::EFBIG)));
        assert!(!is_of_long_file(&error(SQLITE_IOERR_WRITE), Some(libc::EIO)));
    }

    #[test]
    fn a_question_that_was_given_up_is_told_as_such() {
        use rusqlite::ffi::{Error as Code, SQLITE_INTERRUPT};
        let fault = Fault::Sql(Error::SqliteFailure(Code::new(SQLITE_INTERRUPT), None));
        let told = fault.tell("/videos/.locvtp", "searching cues");
        assert!(matches!(told, CatalogueError::TooSlow { .. }), "{told:?}");
        assert!(told.for_visitors().starts_with("searching cues took longer than 5 s"));
    }

    #[test]
    fn a_log_that_cannot_be_read_where_nothing_can_be_written_is_told_with_the_way_out() {
        use rusqlite::ffi::{Error as Code, SQLITE_BUSY, SQLITE_CANTOPEN};
        let told = |code| {
            let fault = not_opened(Error::SqliteFailure(Code::new(code), None));
            let error = fault.tell("/videos/.locvtp", "being opened");
            std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default()
        };
        let said = told(SQLITE_CANTOPEN);
        assert!(said.contains("was stopped") && said.contains("for writing"), "{said}");
        assert!(!told(SQLITE_BUSY).contains("for writing"));
    }

    #[test]
    fn an_older_database_is_brought_to_todays_version_and_a_failed_step_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &["CREATE TABLE a (x)"]).unwrap();
        connection.execute("INSERT INTO a VALUES (7)", []).unwrap();
        let steps = ["never", "ALTER TABLE a ADD COLUMN y DEFAULT 8", "no such thing"];
        assert!(matches!(migrate(&mut connection, &steps), Err(Fault::Sql(_))));
        assert_eq!(version(&connection).unwrap(), 1);
        migrate(&mut connection, &steps[..2]).unwrap();
        let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        assert_eq!(connection.query_row("SELECT x, y FROM a", [], row).unwrap(), (7, 8));
        assert_eq!(version(&connection).unwrap(), 2);
    }
}
