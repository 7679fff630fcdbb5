//! Generations of the index: one model each.

use rusqlite::{Connection, OptionalExtension};

use super::checked_row::CheckedRow;
use super::database::Fault;
use super::sealed_parts::CALIBRATION;
use super::sealing;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{GenerationId, GenerationRecord, GenerationState, ModelRecord};

/// Numbers of a vector at most, so that sizes of files cannot overflow.
pub(super) const WIDEST: i64 = 1 << 20;

/// What [`record`] reads of a generation.
pub(super) const COLUMNS: &str =
    "id, state, name, hash, preprocessing, sampling, width, fingerprint";

pub(super) fn all(db: &Connection) -> Result<Vec<GenerationRecord>, Fault> {
    let select = format!(
        "SELECT {COLUMNS}, (SELECT count(*) FROM indexed WHERE generation = id)
         FROM generations ORDER BY id"
    );
    let mut statement = db.prepare_cached(&select)?;
    let (mut rows, mut records) = (statement.query([])?, Vec::new());
    while let Some(row) = rows.next()? {
        let row = CheckedRow::of(row, "generations", 0);
        records.push(GenerationRecord { num_files: row.count(8)? as u64, ..record(&row)? });
    }
    Ok(records)
}

/// A generation by itself, in [`COLUMNS`]. All that makes its vectors comparable must be what it was made with.
pub(super) fn record(row: &CheckedRow<'_, '_>) -> Result<GenerationRecord, Fault> {
    let model = ModelRecord {
        name: row.text(2)?,
        hash: row.wide(3)?,
        preprocessing: row.text(4)?,
        sampling: row.text(5)?,
        width: row.whole(6, 1..=WIDEST, "numbers of a vector")? as u32,
    };
    if row.wide(7)? != model.fingerprint() && !model.is_unknown() {
        let expected =
            "that of its hash, preprocessing, sampling and width, of which one was changed";
        return Err(row.bad(7, expected));
    }
    let state = |name: &str| match name {
        "live" => Some(GenerationState::Live),
        "building" => Some(GenerationState::Building),
        _ => None,
    };
    let state = row.named(1, state, "live or building")?;
    Ok(GenerationRecord { id: GenerationId(row.count(0)?), model, state, num_files: 0 })
}

pub(super) fn begin(db: &Connection, model: &ModelRecord) -> Result<GenerationId, Fault> {
    let fingerprint = model.fingerprint().to_be_bytes();
    let there = "SELECT id FROM generations WHERE fingerprint = ?";
    let there = db.query_row(there, [fingerprint], |row| row.get(0)).optional()?;
    if let Some(id) = there {
        // The same model may lie elsewhere now, or its record may have been damaged.
        let ModelRecord { name, hash, preprocessing, sampling, width } = model;
        db.execute(
            "UPDATE generations SET name = ?, hash = ?, preprocessing = ?, sampling = ?, width = ? WHERE id = ?",
            (name, hash.to_be_bytes(), preprocessing, sampling, width, id),
        )?;
        return Ok(GenerationId(id));
    }
    let is_unknown = "SELECT count(*) > 0 FROM generations WHERE preprocessing = ''
        AND id IN (SELECT generation FROM runs)";
    if db.query_row(is_unknown, [], |row| row.get(0))? {
        let ModelRecord { name: given, sampling, .. } = model;
        let (given, sampling) = (given.clone(), sampling.clone());
        return Err(CatalogueError::ModelUnknown { given, sampling }.into());
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
    // Of a file that is gone, the vectors of the index before are all there is.
    let counts = "SELECT count(*), count(*) FILTER (WHERE is_left),
            count(*) FILTER (WHERE is_left AND state = 'missing')
        FROM (SELECT state, id NOT IN (SELECT file FROM indexed WHERE generation = ?1) AS is_left
              FROM files WHERE state = 'present' OR state = 'missing' AND id IN
                  (SELECT file FROM indexed WHERE generation IN
                      (SELECT id FROM generations WHERE state = 'live')))";
    let (all, left, gone) = db.query_row(counts, [generation.0], |row| {
        let count = |column| row.get::<_, i64>(column).map(|count| count as u64);
        Ok((count(0)?, count(1)?, count(2)?))
    })?;
    if left > 0 {
        return Err(CatalogueError::NotWhole { model, left, gone, all }.into());
    }
    db.execute("DELETE FROM generations WHERE id <> ? AND state = 'live'", [generation.0])?;
    db.execute("UPDATE generations SET state = 'live' WHERE id = ?", [generation.0])?;
    Ok(())
}

pub(super) fn discard(db: &Connection, generation: GenerationId) -> Result<(), Fault> {
    let delete = "DELETE FROM generations WHERE id = ? AND state = 'building'";
    db.execute(delete, [generation.0])?;
    Ok(())
}

pub(super) fn fingerprint(db: &Connection, generation: GenerationId) -> Result<u128, Fault> {
    let mut statement =
        db.prepare_cached("SELECT id, fingerprint FROM generations WHERE id = ?")?;
    let mut rows = statement.query([generation.0])?;
    let row = rows.next()?.ok_or_else(|| unknown(generation))?;
    CheckedRow::of(row, "generations", 0).wide(1)
}

pub(super) fn calibration(
    db: &Connection,
    generation: GenerationId,
) -> Result<Option<serde_json::Value>, Fault> {
    let mut statement =
        db.prepare_cached("SELECT id, calibration FROM generations WHERE id = ?")?;
    let mut rows = statement.query([generation.0])?;
    let row = rows.next()?.ok_or_else(|| unknown(generation))?;
    calibration_at_column(&CheckedRow::of(row, "generations", 0), 1)
}

pub(super) fn calibration_at_column(
    row: &CheckedRow<'_, '_>,
    column: usize,
) -> Result<Option<serde_json::Value>, Fault> {
    let text = row.optional_text(column)?;
    let json = text.map(|text| serde_json::from_str(&text)).transpose();
    let json: Option<serde_json::Value> = json.map_err(|_| row.bad(column, "JSON"))?;
    match &json {
        Some(value) if value.as_object().is_none_or(serde_json::Map::is_empty) => {
            Err(row.bad(column, "JSON with what was measured"))
        }
        _ => Ok(json),
    }
}

pub(super) fn set_calibration(
    db: &Connection,
    generation: GenerationId,
    calibration: &serde_json::Value,
) -> Result<(), Fault> {
    let update = "UPDATE generations SET calibration = ? WHERE id = ?";
    match db.execute(update, (calibration.to_string(), generation.0))? {
        0 => Err(unknown(generation).into()),
        // Whatever stood there before.
        _ => Ok(sealing::set_anew(db, &CALIBRATION, generation.0)?),
    }
}

fn unknown(generation: GenerationId) -> CatalogueError {
    CatalogueError::Unknown { what: format!("generation {}", generation.0) }
}
