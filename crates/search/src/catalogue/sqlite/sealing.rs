//! Checksums of the rows of a database, so that a value that could be and is not what was written is seen: one
//! that was flipped, rows that were exchanged, and rows that are gone.
//!
//! The table `seals` holds one for all rows of a part that belong to the same owner: the sum of their hashes.
//! A writer's own changes add to it and take from it, row by row, by triggers that its connection alone has. So
//! whatever else changes a row leaves a difference, which stays until the row is restored or
//! [`set_anew`] takes it as it is.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use xxhash_rust::xxh3::xxh3_64;

use super::cell::push;
use super::sealed_parts::{PARTS, Part};

const MAKE: &str = "CREATE TABLE seals (
    part TEXT NOT NULL,
    owner INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (part, owner)
) WITHOUT ROWID";

/// Gives a connection the functions by which rows are sealed.
pub(super) fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("row_hash", -1, flags, |context| Ok(row_hash(context)))?;
    connection.create_scalar_function("sum_of", 2, flags, |context| {
        Ok(context.get::<i64>(0)?.wrapping_add(context.get(1)?))
    })?;
    connection.create_scalar_function("minus", 1, flags, |context| {
        Ok(context.get::<i64>(0)?.wrapping_neg())
    })
}

/// The hash of a part's name and of columns, each a name and a value.
fn row_hash(context: &Context<'_>) -> i64 {
    let bytes_of = |at| match context.get_raw(at) {
        ValueRef::Text(bytes) => bytes,
        _ => &[],
    };
    let mut bytes = bytes_of(0).to_vec();
    for at in (1..context.len()).step_by(2) {
        push(&mut bytes, bytes_of(at), context.get_raw(at + 1));
    }
    xxh3_64(&bytes) as i64
}

/// Has a writer's connection seal what it changes. A database of before gets its seals: what stands there is
/// taken as it is.
pub(super) fn begin(connection: &Connection) -> rusqlite::Result<()> {
    // So that a row that is replaced is one that is removed.
    connection.execute_batch("PRAGMA recursive_triggers = ON; PRAGMA temp_store = MEMORY")?;
    if !has_seals(connection)? {
        connection.execute_batch("SAVEPOINT sealing")?;
        connection.execute_batch(MAKE)?;
        for part in PARTS {
            let columns = part.columns(connection)?;
            for (owner, checksum) in sums(connection, part, &columns, None)? {
                put(connection, part, owner, checksum)?;
            }
        }
        connection.execute_batch("RELEASE sealing")?;
    }
    for part in PARTS {
        connection.execute_batch(&triggers(part, &part.columns(connection)?))?;
    }
    Ok(())
}

fn triggers(part: &Part, columns: &[String]) -> String {
    let Part { name, table, .. } = part;
    let add = |of: &str, hash: String| {
        format!(
            "INSERT INTO seals VALUES ('{name}', {}, {hash})
             ON CONFLICT (part, owner) DO UPDATE SET checksum = sum_of(checksum, excluded.checksum);
             DELETE FROM seals WHERE part = '{name}' AND owner = {} AND checksum = 0;",
            part.owner_of(of),
            part.owner_of(of),
        )
    };
    let added = add("new.", part.hash_of(columns, "new."));
    let removed = add("old.", format!("minus({})", part.hash_of(columns, "old.")));
    [("INSERT", added.clone()), ("DELETE", removed.clone()), ("UPDATE", removed + &added)]
        .map(|(event, does)| {
            format!(
                "CREATE TEMP TRIGGER IF NOT EXISTS seal_{name}_{event} AFTER {event} ON main.{table}
                 BEGIN {does} END;"
            )
        })
        .concat()
}

/// Whether there are any; a database of an older program has none until it is written to.
fn has_seals(db: &Connection) -> rusqlite::Result<bool> {
    let there =
        "SELECT count(*) > 0 FROM main.sqlite_schema WHERE name = 'seals' AND type = 'table'";
    db.prepare_cached(there)?.query_row([], |row| row.get(0))
}

/// Owners whose rows of a part are not those that were written; of one, or of all.
pub(super) fn broken(
    db: &Connection,
    part: &Part,
    of: Option<i64>,
) -> rusqlite::Result<BTreeSet<i64>> {
    if !has_seals(db)? {
        return Ok(BTreeSet::new());
    }
    let sums = sums(db, part, &part.columns(db)?, of)?;
    let only = of.map_or("", |_| "AND owner = ?");
    let mut statement = db.prepare_cached(&format!(
        "SELECT owner, checksum FROM seals WHERE part = '{}' {only}",
        part.name
    ))?;
    let mut written = BTreeMap::new();
    let mut rows = statement.query(params_from_iter(of))?;
    while let Some(row) = rows.next()? {
        // What is no checksum fits nothing.
        if let (Ok(owner), checksum) = (row.get::<_, i64>(0), row.get::<_, i64>(1)) {
            written.insert(owner, checksum.ok());
        }
    }
    let owners: BTreeSet<i64> = sums.keys().chain(written.keys()).copied().collect();
    let fits = |owner: &i64| {
        let sum = sums.get(owner).copied().unwrap_or(0);
        written.get(owner).copied().unwrap_or(Some(0)) == Some(sum)
    };
    Ok(owners.into_iter().filter(|owner| !fits(owner)).collect())
}

/// The sums of the hashes of rows, by owner.
fn sums(
    db: &Connection,
    part: &Part,
    columns: &[String],
    of: Option<i64>,
) -> rusqlite::Result<BTreeMap<i64, i64>> {
    let only = match (of, part.owner) {
        (Some(_), Some(owner)) => format!("WHERE {owner} = ?"),
        _ => String::new(),
    };
    let (owner, hash) = (part.owner_of(""), part.hash_of(columns, ""));
    let select = format!("SELECT {owner}, {hash} FROM {} {only}", part.table);
    let mut statement = db.prepare_cached(&select)?;
    let mut rows = statement.query(params_from_iter(of.filter(|_| !only.is_empty())))?;
    let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let sum = sums.entry(row.get(0)?).or_default();
        *sum = sum.wrapping_add(row.get(1)?);
    }
    Ok(sums)
}

/// The checksum that was written; none where there is none.
pub(super) fn written(db: &Connection, part: &Part, owner: i64) -> rusqlite::Result<Option<i64>> {
    let select =
        "SELECT checksum FROM seals WHERE part = ? AND owner = ? AND typeof(checksum) = 'integer'";
    db.prepare_cached(select)?.query_row((part.name, owner), |row| row.get(0)).optional()
}

/// Puts a checksum in place of the one there is.
pub(super) fn put(db: &Connection, part: &Part, owner: i64, checksum: i64) -> rusqlite::Result<()> {
    let put = "INSERT OR REPLACE INTO seals VALUES (?, ?, ?)";
    db.prepare_cached(put)?.execute((part.name, owner, checksum)).map(drop)
}

/// Removes the checksum of an owner.
pub(super) fn remove(db: &Connection, part: &Part, owner: i64) -> rusqlite::Result<()> {
    let remove = "DELETE FROM seals WHERE part = ? AND owner = ?";
    db.execute(remove, (part.name, owner)).map(drop)
}

/// Takes the rows of an owner as they are now.
pub(super) fn set_anew(db: &Connection, part: &Part, owner: i64) -> rusqlite::Result<()> {
    remove(db, part, owner)?;
    let sums = sums(db, part, &part.columns(db)?, Some(owner).filter(|_| owner >= 0))?;
    match sums.get(&owner) {
        Some(sum) => put(db, part, owner, *sum),
        None => Ok(()),
    }
}

/// The numbers of segments that were written and not removed, whatever rows there are now.
pub(super) fn segments(db: &Connection) -> rusqlite::Result<Vec<i64>> {
    if !has_seals(db)? {
        return Ok(Vec::new());
    }
    let mut statement = db.prepare("SELECT owner FROM seals WHERE part = 'segments'")?;
    statement.query_map([], |row| row.get(0))?.collect()
}
