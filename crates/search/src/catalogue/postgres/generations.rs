//! Generations of the index: one model each.

use postgres::{Row, Transaction};

use super::fault::{Fault, bad};
use super::values::{plain, wide};
use super::vectors;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{GenerationId, GenerationRecord, GenerationState, ModelRecord};
use crate::segment::VectorKind;

/// What [`record`] reads of a generation; the number of its files comes next.
pub(super) const COLUMNS: &str =
    "id, state, name, hash, preprocessing, sampling, width, fingerprint";

pub(super) fn all(db: &mut Transaction<'_>) -> Result<Vec<GenerationRecord>, Fault> {
    let select = format!(
        "SELECT {COLUMNS}, (SELECT count(*) FROM indexed WHERE generation = id)
         FROM generations ORDER BY id"
    );
    db.query(&select, &[])?.iter().map(record).collect()
}

/// A generation. All that makes its vectors comparable must be what it was made with.
pub(super) fn record(row: &Row) -> Result<GenerationRecord, Fault> {
    let (id, state, width): (i64, &str, i32) = (row.get(0), row.get(1), row.get(6));
    if width < 1 {
        return Err(bad("generations", id, "width", width, "numbers of a vector"));
    }
    let model = ModelRecord {
        name: row.get(2),
        hash: wide(row, 3),
        preprocessing: row.get(4),
        sampling: row.get(5),
        width: width as u32,
    };
    let fingerprint = wide(row, 7);
    if model.fingerprint() != fingerprint {
        let expected =
            "that of its hash, preprocessing, sampling and width, of which one was changed";
        return Err(bad("generations", id, "fingerprint", format!("{fingerprint:x}"), expected));
    }
    let state = match state {
        "live" => GenerationState::Live,
        "building" => GenerationState::Building,
        other => {
            let expected = "live or building";
            return Err(bad("generations", id, "state", format!("{other:?}"), expected));
        }
    };
    let num_files = row.get::<_, i64>(8) as u64;
    Ok(GenerationRecord { id: GenerationId(id), model, state, num_files })
}

/// Takes the width of a generation from the type of its vectors, if that makes it what it was.
pub(super) fn mend_width(
    db: &mut Transaction<'_>,
    generation: GenerationId,
) -> Result<bool, Fault> {
    let table = vectors::table(generation, VectorKind::Clip);
    let typed = "SELECT atttypmod FROM pg_attribute
                 WHERE attrelid = to_regclass($1) AND attname = 'vector'";
    let Some(width) = db.query_opt(typed, &[&table])? else { return Ok(false) };
    let set =
        format!("UPDATE generations SET width = $1 WHERE id = $2 RETURNING {COLUMNS}, 0::bigint");
    let row = db.query_one(&set, &[&width.get::<_, i32>(0), &generation.0])?;
    match record(&row) {
        // Its state is another fault.
        Err(Fault::Bad(bad)) => Ok(bad.column == "state"),
        Err(fault) => Err(fault),
        Ok(_) => Ok(VectorKind::ALL.iter().try_fold(true, |are_there, kind| {
            let table = vectors::table(generation, *kind);
            let there = db.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table])?;
            Ok::<_, Fault>(are_there && there.get::<_, bool>(0))
        })?),
    }
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
    // Of a file that is gone, the vectors of the index before are all there is.
    let counts = db.query_one(
        "SELECT count(*), count(*) FILTER (WHERE is_left),
             count(*) FILTER (WHERE is_left AND state = 'missing')
         FROM (SELECT state, NOT EXISTS (
                   SELECT FROM indexed WHERE generation = $1 AND indexed.file = files.id) AS is_left
               FROM files WHERE state = 'present' OR state = 'missing' AND EXISTS (
                   SELECT FROM indexed JOIN generations ON generations.id = generation
                   WHERE generations.state = 'live' AND indexed.file = files.id)) AS wanted",
        &[&generation.0],
    )?;
    let [all, left, gone] = [0, 1, 2].map(|column| counts.get::<_, i64>(column) as u64);
    if left > 0 {
        return Err(CatalogueError::NotWhole { model: name.get(0), left, gone, all }.into());
    }
    remove(db, &format!("id <> {} AND state = 'live'", generation.0))?;
    db.execute("UPDATE generations SET state = 'live' WHERE id = $1", &[&generation.0])?;
    Ok(())
}

/// Removes generations with their vectors.
pub(super) fn remove(db: &mut Transaction<'_>, condition: &str) -> Result<(), Fault> {
    let delete = format!("DELETE FROM generations WHERE {condition} RETURNING id");
    for row in db.query(&delete, &[])? {
        vectors::drop_tables(db, GenerationId(row.get(0)))?;
    }
    Ok(())
}

/// Whether a generation is there, whatever stands in it.
pub(super) fn check_there(db: &mut Transaction<'_>, generation: GenerationId) -> Result<(), Fault> {
    let found = db.query_opt("SELECT 1 FROM generations WHERE id = $1", &[&generation.0])?;
    Ok(found.map(drop).ok_or_else(|| unknown(generation))?)
}

/// Numbers of a generation's vectors.
pub(super) fn width(db: &mut Transaction<'_>, generation: GenerationId) -> Result<usize, Fault> {
    let found = db.query_opt("SELECT width FROM generations WHERE id = $1", &[&generation.0])?;
    let width: i32 = found.ok_or_else(|| unknown(generation))?.get(0);
    match width {
        1.. => Ok(width as usize),
        _ => Err(bad("generations", generation.0, "width", width, "numbers of a vector")),
    }
}

pub(super) fn calibration(
    db: &mut Transaction<'_>,
    generation: GenerationId,
) -> Result<Option<serde_json::Value>, Fault> {
    let select = "SELECT id, calibration FROM generations WHERE id = $1";
    let found = db.query_opt(select, &[&generation.0])?.ok_or_else(|| unknown(generation))?;
    calibration_at_column(&found, 1)
}

pub(super) fn calibration_at_column(
    row: &Row,
    column: usize,
) -> Result<Option<serde_json::Value>, Fault> {
    let text: Option<&str> = row.get(column);
    let json = text.map(serde_json::from_str).transpose();
    json.map_err(|_| {
        let shown: String = text.unwrap_or_default().chars().take(60).collect();
        bad("generations", row.get::<_, i64>(0), "calibration", format!("{shown:?}"), "JSON")
    })
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
