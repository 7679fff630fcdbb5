//! Whether a database is a catalogue: has the tables, columns, indexes and triggers of one.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use rusqlite::Connection;

/// What brings a database from each version to the next.
pub(super) const MIGRATIONS: [&str; 2] =
    [include_str!("schema.sql"), include_str!("schema_2_whole_hashes.sql")];

/// What a database is.
pub(super) enum Kind {
    /// A catalogue with all the parts of a version.
    Whole(usize),
    /// Without a table: new, or emptied.
    Empty,
    /// Another program's, or a catalogue that lost parts; with one of those that are missing.
    Lacks(String),
}

/// Of an open database that says of which version it is. One that says of none is of the newest that it has all
/// parts of: it lost its version and nothing else.
pub(super) fn kind(connection: &Connection, stated: i64) -> rusqlite::Result<Kind> {
    static EXPECTED: OnceLock<Vec<BTreeSet<String>>> = OnceLock::new();
    let expected = match EXPECTED.get() {
        Some(expected) => expected,
        None => {
            let made = parts_of_versions()?;
            EXPECTED.get_or_init(|| made)
        }
    };
    let found = parts(connection)?;
    if found.is_empty() {
        return Ok(Kind::Empty);
    }
    let newest = MIGRATIONS.len();
    let stated = usize::try_from(stated).ok().filter(|stated| (1..=newest).contains(stated));
    let versions = stated.map_or((1..=newest).rev().collect(), |stated| vec![stated]);
    let lacks = |version: usize| expected[version - 1].difference(&found).next();
    if let Some(version) = versions.iter().find(|version| lacks(**version).is_none()) {
        return Ok(Kind::Whole(*version));
    }
    let lost = versions.last().and_then(|version| lacks(*version));
    Ok(Kind::Lacks(lost.cloned().unwrap_or_default()))
}

/// The parts that a catalogue of each version has.
fn parts_of_versions() -> rusqlite::Result<Vec<BTreeSet<String>>> {
    let made = Connection::open_in_memory()?;
    made.pragma_update(None, "foreign_keys", false)?;
    let migrate = |migration: &&str| {
        made.execute_batch(migration)?;
        parts(&made)
    };
    MIGRATIONS.iter().map(migrate).collect()
}

/// Lets a database of version 1, opened for reading, be read as one of today.
pub(super) fn read_as_of_today(connection: &Connection) -> rusqlite::Result<()> {
    // What is temporary comes first where a name is looked up.
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY;
         CREATE TEMP VIEW files AS
         SELECT id AS rowid, id, size, sample, NULL AS whole, state, reason, duration FROM main.files",
    )
}

/// The end of that, when a writer has brought it to today's version.
pub(super) fn read_as_it_is(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DROP VIEW temp.files")
}

/// As `table files`, `column duration of files`.
fn parts(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let select = "SELECT type || ' ' || name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'
                  UNION ALL SELECT 'column ' || about.name || ' of ' || parts.name
                  FROM sqlite_schema AS parts JOIN pragma_table_info(parts.name) AS about
                  WHERE parts.type = 'table' AND parts.name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(select)?;
    let parts = statement.query_map([], |row| row.get(0))?;
    parts.collect()
}
