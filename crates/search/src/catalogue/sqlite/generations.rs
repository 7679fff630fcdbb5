//! Generations of the index: one model each.

use rusqlite::{Connection, OptionalExtension};

use super::database::{Fault, wide_at_column};
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{GenerationId, GenerationRecord, GenerationState, ModelRecord};

pub(super) fn all(db: &Connection) -> Result<Vec<GenerationRecord>, Fault> {
    let mut statement = db.prepare_cached(
        "SELECT id, state, name, hash, preprocessing, sampling, width,
                (SELECT count(*) FROM indexed WHERE generation = id)
         FROM generations ORDER BY id",
    )?;
    let records = statement.query_map([], |row| {
        let model = ModelRecord {
            name: row.get(2)?,
            hash: wide_at_column(row, 3)?,
            preprocessing: row.get(4)?,
            sampling: row.get(5)?,
            width: row.get(6)?,
        };
        let is_live = row.get::<_, String>(1)? == "live";
        let state = if is_live { GenerationState::Live } else { GenerationState::Building };
        let num_files = row.get::<_, i64>(7)? as u64;
        Ok(GenerationRecord { id: GenerationId(row.get(0)?), model, state, num_files })
    })?;
    Ok(records.collect::<Result<_, _>>()?)
}

pub(super) fn begin(db: &Connection, model: &ModelRecord) -> Result<GenerationId, Fault> {
    let fingerprint = model.fingerprint().to_be_bytes();
    let there = "SELECT id FROM generations WHERE fingerprint = ?";
    let there = db.query_row(there, [fingerprint], |row| row.get(0)).optional()?;
    if let Some(id) = there {
        // The same model may lie elsewhere now.
        db.execute("UPDATE generations SET name = ? WHERE id = ?", (&model.name, id))?;
        return Ok(GenerationId(id));
    }
    db.execute("DELETE FROM generations WHERE state = 'building'", [])?;
    let num_live: i64 = db.query_row("SELECT count(*) FROM generations", [], |row| row.get(0))?;
    let state = if num_live == 0 { "live" } else { "building" };
    let ModelRecord { name, hash, preprocessing, sampling, width } = model;
    db.execute(
        "INSERT INTO generations
            (state, name, hash, preprocessing, sampling, width, fingerprint)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        (state, name, hash.to_be_bytes(), preprocessing, sampling, width, fingerprint),
    )?;
    Ok(GenerationId(db.last_insert_rowid()))
}

pub(super) fn swap_in(db: &Connection, generation: GenerationId) -> Result<(), Fault> {
    let name = "SELECT name FROM generations WHERE id = ?";
    let name = db.query_row(name, [generation.0], |row| row.get(0)).optional()?;
    let Some(model) = name else { return Err(unknown(generation).into()) };
    let count = |condition: &str| {
        let count = format!("SELECT count(*) FROM files WHERE state = 'present' {condition}");
        db.query_row(&count, [], |row| row.get::<_, i64>(0)).map(|count| count as u64)
    };
    let left = count(&format!(
        "AND id NOT IN (SELECT file FROM indexed WHERE generation = {})",
        generation.0
    ))?;
    if left > 0 {
        return Err(CatalogueError::NotWhole { model, left, all: count("")? }.into());
    }
    db.execute("DELETE FROM generations WHERE id <> ? AND state = 'live'", [generation.0])?;
    db.execute("UPDATE generations SET state = 'live' WHERE id = ?", [generation.0])?;
    Ok(())
}

pub(super) fn fingerprint(db: &Connection, generation: GenerationId) -> Result<u128, Fault> {
    let select = "SELECT fingerprint FROM generations WHERE id = ?";
    let found = db.query_row(select, [generation.0], |row| wide_at_column(row, 0)).optional()?;
    Ok(found.ok_or_else(|| unknown(generation))?)
}

pub(super) fn calibration(
    db: &Connection,
    generation: GenerationId,
) -> Result<Option<serde_json::Value>, Fault> {
    let select = "SELECT calibration FROM generations WHERE id = ?";
    let found = db.query_row(select, [generation.0], |row| row.get::<_, Option<String>>(0));
    let text = found.optional()?.ok_or_else(|| unknown(generation))?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

pub(super) fn set_calibration(
    db: &Connection,
    generation: GenerationId,
    calibration: &serde_json::Value,
) -> Result<(), Fault> {
    let update = "UPDATE generations SET calibration = ? WHERE id = ?";
    match db.execute(update, (calibration.to_string(), generation.0))? {
        0 => Err(unknown(generation).into()),
        _ => Ok(()),
    }
}

fn unknown(generation: GenerationId) -> CatalogueError {
    CatalogueError::Unknown { what: format!("generation {}", generation.0) }
}
