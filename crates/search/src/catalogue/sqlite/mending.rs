//! Mending the records of a database. What a video is known by stays where it can; what is lost is encoded
//! again, or found anew by the next `index add`.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::database::{Fault, unreadable};
use super::record_faults::{RecordDamage, RecordFault, find};
use super::sealed_parts::Part;
use super::snapshots::free_segment;
use super::{lost_files, mending_models, restoring, restoring_runs, sealing, word_index};

/// Mending a row may show another fault; more often than this nothing is won.
const ROUNDS: usize = 8;

const ENCODED: &str = "its video is encoded again";
const FOUND_ANEW: &str = "removed; `locvtp index add` takes its video in again";
const REMOVED: &str = "removed";

/// Mends all that can be. Returns what was done, a line each.
pub(super) fn mend(db: &Connection, folder: &Path) -> Result<Vec<String>, Fault> {
    check_pages(db, folder)?;
    let mut done = Vec::new();
    for _ in 0..ROUNDS {
        // What is put back as it was needs no other mending.
        done.extend(restoring::restore(db)?);
        done.extend(lost_files::restore_contents(db)?);
        done.extend(restoring_runs::restore(db, folder)?);
        let mut faults = find(db, true)?;
        faults.retain(RecordFault::is_mended_here);
        if faults.is_empty() {
            return Ok(done);
        }
        // Cues that are removed take their words out of it, so it must be sound first.
        word_index::make_anew(db)?;
        for fault in faults {
            let how = mend_one(db, folder, &fault.what)?;
            done.push(format!("{}: {how}", fault.line));
        }
    }
    let mut left = find(db, true)?.into_iter();
    match left.find(RecordFault::is_mended_here) {
        None => Ok(done),
        Some(left) => Err(unreadable(folder.display().to_string(), &left.line).into()),
    }
}

/// Pages that were overwritten are beyond mending, unless only indexes lie on them.
fn check_pages(db: &Connection, folder: &Path) -> Result<(), Fault> {
    let fault = |db: &Connection| -> rusqlite::Result<Option<String>> {
        let mut statement = db.prepare("PRAGMA integrity_check")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let said: String = row.get(0)?;
            if said != "ok" && !said.to_lowercase().contains("fts5") {
                return Ok(Some(said));
            }
        }
        Ok(None)
    };
    if fault(db)?.is_some() {
        db.execute_batch("REINDEX")?;
        if let Some(said) = fault(db)? {
            return Err(unreadable(folder.display().to_string(), &said).into());
        }
    }
    Ok(())
}

/// Mends one fault, and says how.
fn mend_one(db: &Connection, folder: &Path, what: &RecordDamage) -> Result<&'static str, Fault> {
    match what {
        RecordDamage::Value { table, column, key } => mend_value(db, folder, table, column, key),
        RecordDamage::Orphans { parent, .. }
            if parent == "generations" && mending_models::give_back(db, folder)? =>
        {
            Ok("the index is that of its vectors again")
        }
        RecordDamage::Orphans { table, column, .. } if table == "runs" && column == "segment" => {
            db.execute(
                "INSERT INTO segments SELECT segment, max(generation), max(replace(kind, 'damaged ', '')),
                     sum(num_rows)
                 FROM runs WHERE segment NOT IN (SELECT id FROM segments) GROUP BY segment",
                [],
            )?;
            Ok("named again")
        }
        RecordDamage::Orphans { parent, .. }
            if parent == "files" && lost_files::give_back(db, folder)? =>
        {
            Ok("its vectors stay; `locvtp index add` looks at its file again")
        }
        RecordDamage::Orphans { table, column, parent } => {
            let orphans = format!(
                "DELETE FROM {table} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT id FROM {parent})"
            );
            db.execute(&orphans, [])?;
            Ok(if parent == "files" { FOUND_ANEW } else { REMOVED })
        }
        RecordDamage::NoPath { file } => {
            if lost_files::name(db, *file)? {
                return Ok("its vectors stay; `locvtp index add` knows it again where it finds it");
            }
            db.execute("DELETE FROM files WHERE id = ?", [file])?;
            Ok(FOUND_ANEW)
        }
        RecordDamage::Seal { part, owner } => mend_seal(db, folder, part, *owner),
        RecordDamage::NoVectors { generation, file } => {
            if restoring_runs::give_back(db, folder, *generation, *file)? {
                return Ok("its vectors were found and count again");
            }
            let forget = "DELETE FROM indexed WHERE generation = ? AND file = ?";
            db.execute(forget, [generation, file])?;
            Ok(ENCODED)
        }
        RecordDamage::NoneLive => {
            db.execute(
                "UPDATE generations SET state = 'live' WHERE id = (
                     SELECT id FROM generations ORDER BY
                         (SELECT count(*) FROM indexed WHERE generation = id) DESC, id LIMIT 1)",
                [],
            )?;
            Ok("the one with most files is")
        }
        RecordDamage::NoCounter { name } => {
            let value = if *name == "revision" { now() } else { free_segment(db, folder)? };
            db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, value))?;
            Ok("counted anew")
        }
        RecordDamage::Words | RecordDamage::Elsewhere => Ok("made anew"),
    }
}

/// Mends rows of which it is not known what was written, and takes them as they are then.
fn mend_seal(
    db: &Connection,
    folder: &Path,
    part: &Part,
    owner: i64,
) -> Result<&'static str, Fault> {
    let forget = |file: &str| {
        let forget = format!("DELETE FROM indexed WHERE file = ({file})");
        db.execute(&forget, [owner]).map(|_| ENCODED)
    };
    let how = match part.name {
        "content" | "paths" => {
            lost_files::look_again(db, owner)?;
            "`locvtp index add` looks at the file again"
        }
        "files" | "tracks" | "cues" => forget("SELECT ?")?,
        "runs" => forget("SELECT file FROM tracks WHERE id = ?")?,
        "generations" => {
            let is_there = "SELECT count(*) > 0 FROM generations WHERE id = ?";
            match db.query_row(is_there, [owner], |row| row.get::<_, bool>(0))? {
                true => mending_models::mend(db, folder, &[Value::Integer(owner)])?,
                false => REMOVED,
            }
        }
        "calibration" => {
            db.execute("UPDATE generations SET calibration = NULL WHERE id = ?", [owner])?;
            "how sure a moment is is measured again"
        }
        "segments" => mend_value(db, folder, "segments", "num_vectors", &[Value::Integer(owner)])?,
        "jobs" => {
            db.execute("DELETE FROM jobs WHERE id = ?", [owner])?;
            REMOVED
        }
        "waiting" => {
            db.execute("DELETE FROM waiting", [])?;
            REMOVED
        }
        _ => "taken as it is",
    };
    sealing::set_anew(db, part, owner)?;
    Ok(how)
}

fn mend_value(
    db: &Connection,
    folder: &Path,
    table: &str,
    column: &str,
    key: &[Value],
) -> Result<&'static str, Fault> {
    let run = |change: &str| db.execute(change, params_from_iter(key));
    match (table, column) {
        ("files", "size" | "sample") => {
            // What it holds is not known, so its place is looked at again; until then its vectors stay.
            run("UPDATE paths SET size = 0, modified = 0, changed = 0 WHERE file = ?")?;
            run(
                "UPDATE files SET size = 0, sample = randomblob(16), whole = NULL WHERE rowid = ?",
            )?;
            Ok("`locvtp index add` looks at the file again")
        }
        ("files", "whole") => {
            run("UPDATE files SET whole = NULL WHERE rowid = ?")?;
            Ok("read again when it is asked for")
        }
        ("files", _) => {
            run("UPDATE files SET state = 'present', reason = NULL, duration = 0 WHERE rowid = ?")?;
            run("DELETE FROM indexed WHERE file = ?")?;
            Ok(ENCODED)
        }
        ("paths", "path") => {
            run("DELETE FROM paths WHERE rowid = ?")?;
            Ok(REMOVED)
        }
        ("paths", _) => {
            run("UPDATE paths SET size = 0, modified = 0, changed = 0 WHERE rowid = ?")?;
            Ok("`locvtp index add` looks at the file again")
        }
        ("generations", "calibration") => {
            run("UPDATE generations SET calibration = NULL WHERE rowid = ?")?;
            Ok("how sure a moment is is measured again")
        }
        ("generations", "state") => {
            run("UPDATE generations SET state = 'building' WHERE rowid = ?")?;
            Ok("set anew")
        }
        ("generations", _) => mending_models::mend(db, folder, key),
        ("cues", _) => {
            run("DELETE FROM indexed WHERE file = (SELECT file FROM cues WHERE rowid = ?)")?;
            run("DELETE FROM cues WHERE rowid = ?")?;
            Ok(ENCODED)
        }
        ("segments", _) => {
            let of_runs = |what| format!("(SELECT {what} FROM runs WHERE segment = segments.id)");
            run(&format!(
                "UPDATE segments SET generation = coalesce({}, 0), num_vectors = coalesce({}, 0),
                     kind = coalesce({}, 'clip') WHERE rowid = ?",
                of_runs("max(generation)"),
                of_runs("sum(num_rows)"),
                of_runs("replace(max(kind), 'damaged ', '')"),
            ))?;
            Ok("taken from its runs again")
        }
        ("runs", _) => {
            run("DELETE FROM runs WHERE generation IS ? AND kind IS ? AND track IS ?")?;
            Ok(ENCODED)
        }
        ("counters", _) => {
            run("DELETE FROM counters WHERE name = ?")?;
            Ok("counted anew")
        }
        _ => {
            run(&format!("DELETE FROM {table} WHERE rowid = ?"))?;
            Ok(REMOVED)
        }
    }
}

/// A revision that readers of before have not seen.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_micros() as i64)
}
