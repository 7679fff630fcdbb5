//! Whether a database is a catalogue: has the tables, columns, indexes and triggers of one.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use rusqlite::Connection;

/// What brings a database from each version to the next.
pub(super) const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// What a database is.
pub(super) enum Kind {
    /// A catalogue with all its parts.
    Whole,
    /// Without a table: new, or emptied.
    Empty,
    /// Another program's, or a catalogue that lost parts; with one of those that are missing.
    Lacks(String),
}

/// Of an open database.
pub(super) fn kind(connection: &Connection) -> rusqlite::Result<Kind> {
    static EXPECTED: OnceLock<BTreeSet<String>> = OnceLock::new();
    let expected = match EXPECTED.get() {
        Some(expected) => expected,
        None => {
            let made = Connection::open_in_memory()?;
            MIGRATIONS.iter().try_for_each(|migration| made.execute_batch(migration))?;
            let parts = parts(&made)?;
            EXPECTED.get_or_init(|| parts)
        }
    };
    let found = parts(connection)?;
    Ok(match expected.difference(&found).next() {
        None => Kind::Whole,
        Some(_) if found.is_empty() => Kind::Empty,
        Some(part) => Kind::Lacks(part.clone()),
    })
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
