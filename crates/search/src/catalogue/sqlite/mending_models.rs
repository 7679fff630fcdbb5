//! Mending the record of an index's model: its vectors say which it was, and how wide they are.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::checked_row::CheckedRow;
use super::database::Fault;
use super::generations;
use super::snapshots::segment_path;
use crate::segment::{Segment, SegmentHeader};

/// Mends a generation. What its vectors do not tell is lost until its model is given again.
pub(super) fn mend(db: &Connection, folder: &Path, key: &[Value]) -> Result<&'static str, Fault> {
    let id: i64 =
        db.query_row("SELECT id FROM generations WHERE rowid = ?", params_from_iter(key), |row| {
            row.get(0)
        })?;
    db.execute(
        "UPDATE generations SET
             name = iif(typeof(name) = 'text', name, ''),
             hash = iif(typeof(hash) = 'blob' AND length(hash) = 16, hash, zeroblob(16)),
             preprocessing = iif(typeof(preprocessing) = 'text', preprocessing, ''),
             sampling = iif(typeof(sampling) = 'text', sampling, '')
         WHERE id = ?",
        [id],
    )?;
    match header(db, folder, id)? {
        Some(SegmentHeader { width, model, .. }) => {
            let set = "UPDATE generations SET width = ?, fingerprint = ? WHERE id = ?";
            db.execute(set, (width, model.to_be_bytes(), id))?;
        }
        None => {
            // Without vectors any width is as good.
            db.execute(
                "UPDATE generations SET
                     width = iif(typeof(width) = 'integer' AND width BETWEEN 1 AND ?2, width, 1),
                     fingerprint = iif(typeof(fingerprint) = 'blob' AND length(fingerprint) = 16, fingerprint, randomblob(16))
                 WHERE id = ?1",
                (id, generations::WIDEST),
            )?;
        }
    }
    let select = format!("SELECT {} FROM generations WHERE id = ?", generations::COLUMNS);
    let mut statement = db.prepare(&select)?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok("removed") };
    match generations::record(&CheckedRow::of(row, "generations", 0)) {
        // Which of them it is that does not fit cannot be told.
        Err(Fault::Bad(bad)) if bad.column == "fingerprint" => {
            db.execute("UPDATE generations SET preprocessing = '' WHERE id = ?", [id])?;
            Ok("written down again when the model is given")
        }
        // Its state is another fault.
        Ok(record) if record.model.is_unknown() => Ok("written down again when the model is given"),
        Ok(_) | Err(Fault::Bad(_)) => Ok("taken from its vectors again"),
        Err(fault) => Err(fault),
    }
}

/// Gives back generations that are gone and whose vectors are there. Returns whether there was one.
pub(super) fn give_back(db: &Connection, folder: &Path) -> Result<bool, Fault> {
    let mut statement = db.prepare(
        "SELECT DISTINCT generation FROM runs WHERE generation NOT IN (SELECT id FROM generations)",
    )?;
    let ids: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut is_any = false;
    for id in ids {
        let Some(SegmentHeader { width, model, .. }) = header(db, folder, id)? else { continue };
        let insert = "INSERT OR IGNORE INTO generations
                          (id, state, name, hash, preprocessing, sampling, width, fingerprint)
                      SELECT ?1, iif(EXISTS (SELECT 1 FROM generations WHERE state = 'live'), 'building', 'live'),
                          '', zeroblob(16), '', '', ?2, ?3";
        is_any |= db.execute(insert, (id, width, model.to_be_bytes()))? > 0;
    }
    Ok(is_any)
}

/// What stands in a segment of a generation; none where not one can be read.
fn header(db: &Connection, folder: &Path, generation: i64) -> Result<Option<SegmentHeader>, Fault> {
    let mut statement =
        db.prepare("SELECT DISTINCT segment FROM runs WHERE generation = ? ORDER BY segment")?;
    let mut rows = statement.query([generation])?;
    while let Some(row) = rows.next()? {
        match Segment::open(&segment_path(folder, row.get(0)?)) {
            Ok(segment) => return Ok(Some(*segment.header())),
            Err(error) if error.is_of_damage() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}
