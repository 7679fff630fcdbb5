//! Generations of the index: one model each.

use postgres::{Row, Transaction};

use super::fault::Fault;
use super::values::{plain, wide};
use super::vectors;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{GenerationId, GenerationRecord, GenerationState, ModelRecord};

pub(super) fn all(db: &mut Transaction<'_>) -> Result<Vec<GenerationRecord>, Fault> {
    let rows = db.query(
        "SELECT id, state, name, hash, preprocessing, sampling, width,
                (SELECT count(*) FROM indexed WHERE generation = id)
         FROM generations ORDER BY id",
        &[],
    )?;
    let record = |row: &Row| {
        let model = ModelRecord {
            name: row.get(2),
            hash: wide(row, 3),
            preprocessing: row.get(4),
            sampling: row.get(5),
            width: row.get::<_, i32>(6) as u32,
        };
        let is_live = row.get::<_, &str>(1) == "live";
        let state = if is_live { GenerationState::Live } else { GenerationState::Building };
        let num_files = row.get::<_, i64>(7) as u64;
        GenerationRecord { id: GenerationId(row.get(0)), model, state, num_files }
    };
    Ok(rows.iter().map(record).collect())
}

pub(super) fn begin(
    db: &mut Transaction<'_>,
    model: &ModelRecord,
    place: &str,
) -> Result<GenerationId, Fault> {
    let fingerprint = model.fingerprint().to_be_bytes().to_vec();
    let there = "SELECT id FROM generations WHERE fingerprint = $1";
    if let Some(there) = db.query_opt(there, &[&fingerprint])? {
        // The same model may lie elsewhere now.
        let name = "UPDATE generations SET name = $1 WHERE id = $2";
        db.execute(name, &[&plain(&model.name), &there.get::<_, i64>(0)])?;
        return Ok(GenerationId(there.get(0)));
    }
    let ModelRecord { name, hash, preprocessing, sampling, width } = model;
    if *width as usize > vectors::WIDEST {
        let widest = vectors::WIDEST;
        let what = format!(
            "the model makes vectors of {width} numbers, and a server's index takes {widest}; keep this \
             index in a folder"
        );
        return Err(CatalogueError::Server { place: place.to_owned(), what }.into());
    }
    remove(db, "state = 'building'")?;
    let num_live: i64 = db.query_one("SELECT count(*) FROM generations", &[])?.get(0);
    let state = if num_live == 0 { "live" } else { "building" };
    let row = db.query_one(
        "INSERT INTO generations
            (state, name, hash, preprocessing, sampling, width, fingerprint)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        &[
            &state,
            &plain(name),
            &hash.to_be_bytes().to_vec(),
            &plain(preprocessing),
            &plain(sampling),
            &(*width as i32),
            &fingerprint,
        ],
    )?;
    let generation = GenerationId(row.get(0));
    vectors::make_tables(db, generation, *width as usize)?;
    Ok(generation)
}

pub(super) fn swap_in(db: &mut Transaction<'_>, generation: GenerationId) -> Result<(), Fault> {
    let name = "SELECT name FROM generations WHERE id = $1";
    let name = db.query_opt(name, &[&generation.0])?.ok_or_else(|| unknown(generation))?;
    let counts = db.query_one(
        "SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
             SELECT FROM indexed WHERE generation = $1 AND indexed.file = files.id))
         FROM files WHERE state = 'present'",
        &[&generation.0],
    )?;
    let (all, left) = (counts.get::<_, i64>(0) as u64, counts.get::<_, i64>(1) as u64);
    if left > 0 {
        return Err(CatalogueError::NotWhole { model: name.get(0), left, all }.into());
    }
    remove(db, &format!("id <> {} AND state = 'live'", generation.0))?;
    db.execute("UPDATE generations SET state = 'live' WHERE id = $1", &[&generation.0])?;
    Ok(())
}

/// Removes generations with their vectors.
fn remove(db: &mut Transaction<'_>, condition: &str) -> Result<(), Fault> {
    let delete = format!("DELETE FROM generations WHERE {condition} RETURNING id");
    for row in db.query(&delete, &[])? {
        vectors::drop_tables(db, GenerationId(row.get(0)))?;
    }
    Ok(())
}

/// Numbers of a generation's vectors.
pub(super) fn width(db: &mut Transaction<'_>, generation: GenerationId) -> Result<usize, Fault> {
    let found = db.query_opt("SELECT width FROM generations WHERE id = $1", &[&generation.0])?;
    let found = found.ok_or_else(|| unknown(generation))?;
    Ok(found.get::<_, i32>(0) as usize)
}

pub(super) fn calibration(
    db: &mut Transaction<'_>,
    generation: GenerationId,
) -> Result<Option<serde_json::Value>, Fault> {
    let select = "SELECT calibration FROM generations WHERE id = $1";
    let found = db.query_opt(select, &[&generation.0])?.ok_or_else(|| unknown(generation))?;
    let text: Option<&str> = found.get(0);
    Ok(text.and_then(|text| serde_json::from_str(text).ok()))
}

pub(super) fn set_calibration(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    calibration: &serde_json::Value,
) -> Result<(), Fault> {
    let update = "UPDATE generations SET calibration = $1 WHERE id = $2";
    match db.execute(update, &[&calibration.to_string(), &generation.0])? {
        0 => Err(unknown(generation).into()),
        _ => Ok(()),
    }
}

fn unknown(generation: GenerationId) -> CatalogueError {
    CatalogueError::Unknown { what: format!("generation {}", generation.0) }
}
