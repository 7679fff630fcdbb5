//! Whether a server is fit for a catalogue, and making one there.

use postgres::Client;
use postgres::error::SqlState;

use super::fault::{Fault, bad};
use crate::catalogue::error::CatalogueError;

/// What brings a catalogue from each version to the next.
const MIGRATIONS: [&str; 2] =
    [include_str!("schema.sql"), include_str!("schema_2_whole_hashes.sql")];

/// The oldest pgvector that keeps its indexes whole.
const PGVECTOR: [u32; 3] = [0, 8, 4];

/// Sets up a session, and checks the server as far as it can be without changing it.
pub(super) fn check(client: &mut Client, place: &str) -> Result<(), Fault> {
    let encoding: String = client.query_one("SHOW server_encoding", &[])?.get(0);
    if encoding != "UTF8" {
        return refused(
            place,
            format!(
                "the database has the encoding {encoding}; make one with `createdb -E UTF8 -T template0`"
            ),
        );
    }
    let schema = match extension(client)? {
        Some((version, schema)) => {
            check_pgvector(&version).or_else(|what| refused(place, what))?;
            schema
        }
        None => "public".into(),
    };
    // A commit returns when the disk has it. A server whose client is gone stops working for it soon.
    client.batch_execute(&format!(
        "SET synchronous_commit = on; SET statement_timeout = 0; SET client_min_messages = warning;
         SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 15; SET tcp_keepalives_count = 3;
         SET search_path = locvtp, \"{}\"",
        schema.replace('"', "\"\"")
    ))?;
    // Not every system can look.
    let _ = client.batch_execute("SET client_connection_check_interval = '1s'");
    Ok(())
}

/// A reader needs a catalogue of a version that it knows.
pub(super) fn check_there(client: &mut Client, place: &str) -> Result<(), Fault> {
    match version(client)? {
        None => Err(CatalogueError::Missing { place: place.to_owned() }.into()),
        Some(found) => check_version(found, MIGRATIONS.len(), place),
    }
}

/// Lets a catalogue of version 1 be read as one of today by this session, until it is one. Returns whether it is older.
pub(super) fn read_as_of_today(client: &mut Client) -> Result<bool, Fault> {
    let is_older = version(client)? == Some(1);
    let has_view = client.query_one("SELECT to_regclass('pg_temp.files') IS NOT NULL", &[])?.get(0);
    match (is_older, has_view) {
        // What is temporary comes first where a name is looked up.
        (true, false) => client.batch_execute(
            "CREATE TEMP VIEW files AS SELECT *, NULL::bytea AS whole FROM locvtp.files",
        )?,
        (false, true) => client.batch_execute("DROP VIEW pg_temp.files")?,
        _ => {}
    }
    Ok(is_older)
}

/// Makes pgvector usable in this database.
pub(super) fn make_extension(client: &mut Client, place: &str) -> Result<(), Fault> {
    let standby: bool = client.query_one("SELECT pg_is_in_recovery()", &[])?.get(0);
    if standby {
        let what = "this server is a standby and takes no changes; give the address of the primary";
        return refused(place, what.into());
    }
    if extension(client)?.is_some() {
        return Ok(());
    }
    let there = "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'";
    let Some(there) = client.query_opt(there, &[])?.map(|row| row.get::<_, String>(0)) else {
        return refused(
            place,
            format!(
                "pgvector is not installed on the server; install version {} or newer (Debian and Ubuntu, from \
             apt.postgresql.org: apt-get install postgresql-17-pgvector)",
                dotted(PGVECTOR)
            ),
        );
    };
    check_pgvector(&there).or_else(|what| refused(place, what))?;
    let made = client.batch_execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public");
    match made {
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            let what = "pgvector must be made usable in this database by a superuser, once: CREATE EXTENSION vector";
            refused(place, what.into())
        }
        made => Ok(made?),
    }
}

/// Makes the catalogue, or brings it to today's version.
pub(super) fn migrate(client: &mut Client, place: &str) -> Result<(), Fault> {
    let found = version(client)?.unwrap_or(0);
    check_version(found, MIGRATIONS.len(), place)?;
    if found as usize == MIGRATIONS.len() {
        return Ok(());
    }
    let mut transaction = client.transaction()?;
    if found == 0 {
        transaction.batch_execute(
            "CREATE SCHEMA IF NOT EXISTS locvtp;
             CREATE TABLE locvtp.version (number bigint NOT NULL); INSERT INTO version VALUES (0)",
        )?;
    }
    for migration in &MIGRATIONS[found as usize..] {
        transaction.batch_execute(migration)?;
    }
    transaction.execute("UPDATE version SET number = $1", &[&(MIGRATIONS.len() as i64)])?;
    Ok(transaction.commit()?)
}

/// The version of the catalogue; none where there is none.
fn version(client: &mut Client) -> Result<Option<i64>, Fault> {
    let there = client.query_one("SELECT to_regclass('locvtp.version') IS NOT NULL", &[])?;
    if !there.get::<_, bool>(0) {
        return Ok(None);
    }
    let number = client.query_opt("SELECT number FROM locvtp.version LIMIT 1", &[])?;
    let number = number.ok_or_else(|| {
        bad("version", "of the catalogue", "number", "nothing", "the version of the catalogue")
    })?;
    Ok(Some(number.get(0)))
}

fn check_version(found: i64, known: usize, place: &str) -> Result<(), Fault> {
    let known = known as i64;
    if (0..=known).contains(&found) {
        return Ok(());
    }
    Err(CatalogueError::Newer { place: place.to_owned(), found, known }.into())
}

/// The version of pgvector in this database, and the schema that it lies in.
fn extension(client: &mut Client) -> Result<Option<(String, String)>, Fault> {
    let found = client.query_opt(
        "SELECT extversion, nspname FROM pg_extension JOIN pg_namespace ON extnamespace = pg_namespace.oid
         WHERE extname = 'vector'",
        &[],
    )?;
    Ok(found.map(|row| (row.get(0), row.get(1))))
}

/// Refuses versions of pgvector that lose rows of an index, in words.
fn check_pgvector(version: &str) -> Result<(), String> {
    let mut numbers = version.split(['.', '-']).map(|number| number.parse::<u32>());
    let numbers = [(); 3].map(|()| numbers.next().and_then(Result::ok));
    let fits = match numbers {
        [Some(major), Some(minor), patch] => [major, minor, patch.unwrap_or(0)] >= PGVECTOR,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let wanted = dotted(PGVECTOR);
    Err(format!(
        "the server has pgvector {version}, and versions before {wanted} corrupt HNSW indexes, so that \
         videos are no longer found; install {wanted} or newer on the server, then in this database: \
         ALTER EXTENSION vector UPDATE"
    ))
}

fn dotted(version: [u32; 3]) -> String {
    version.map(|number| number.to_string()).join(".")
}

fn refused<T>(place: &str, what: String) -> Result<T, Fault> {
    Err(CatalogueError::Server { place: place.to_owned(), what }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pgvector_that_corrupts_indexes_is_refused_with_the_reason_and_the_way_out() {
        for fit in ["0.8.4", "0.8.5", "0.9.0", "0.10", "1.0.0", "0.8.10"] {
            assert_eq!(check_pgvector(fit), Ok(()), "{fit}");
        }
        for old in ["0.8.3", "0.8.0", "0.8", "0.7.4", "0.4.4", "unknown", ""] {
            let said = check_pgvector(old).unwrap_err();
            assert!(said.contains("corrupt") && said.contains("0.8.4"), "{said}");
            assert!(said.contains("ALTER EXTENSION vector UPDATE"), "{said}");
        }
    }
}
