//! Generations of the index: one model each.

use postgres::{Row, Transaction};

use super::fault::{Fault, bad};
use super::values::{plain, wide};
use super::vectors;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{GenerationId, GenerationRecord, GenerationState, ModelRecord};

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
    if model.fingerprint() != fingerprint && !model.is_unknown() {
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

/// Mends a generation from what its vectors say of it. What they do not tell is lost until its model is given again.
pub(super) fn mend(
    db: &mut Transaction<'_>,
    generation: GenerationId,
) -> Result<&'static str, Fault> {
    if let Some(width) = vectors::typed_width(db, generation)? {
        let set = "UPDATE generations SET width = $1 WHERE id = $2";
        db.execute(set, &[&width, &generation.0])?;
    }
    if is_sound(db, generation)? {
        return Ok("its width is that of its vectors again");
    }
    // One of the two was changed: the fingerprint, or what it was made of.
    if let Some(noted) = vectors::noted_model(db, generation)? {
        let set = "UPDATE generations SET fingerprint = $1 WHERE id = $2";
        db.execute(set, &[&noted.to_be_bytes().to_vec(), &generation.0])?;
        if is_sound(db, generation)? {
            return Ok("taken from its vectors again");
        }
    }
    let forget =
        "UPDATE generations SET preprocessing = '', width = greatest(width, 1) WHERE id = $1";
    db.execute(forget, &[&generation.0])?;
    Ok("written down again when the model is given")
}

/// Whether a generation is what its fingerprint says; its state is another matter.
fn is_sound(db: &mut Transaction<'_>, generation: GenerationId) -> Result<bool, Fault> {
    let select = format!("SELECT {COLUMNS}, 0::bigint FROM generations WHERE id = $1");
    match record(&db.query_one(&select, &[&generation.0])?) {
        Ok(_) => Ok(true),
        Err(Fault::Bad(bad)) => Ok(bad.column == "state"),
        Err(fault) => Err(fault),
    }
}

/// Has all vectors say which model made them, as those of before do not.
pub(super) fn note_models(db: &mut Transaction<'_>) -> Result<(), Fault> {
    let select = format!("SELECT {COLUMNS}, 0::bigint FROM generations");
    for row in db.query(&select, &[])? {
        let Ok(GenerationRecord { id, model, .. }) = record(&row) else { continue };
        if !model.is_unknown() && vectors::noted_model(db, id)?.is_none() {
            vectors::note_model(db, id, model.fingerprint())?;
        }
    }
    Ok(())
}

pub(super) fn begin(
    db: &mut Transaction<'_>,
    model: &ModelRecord,
    place: &str,
) -> Result<GenerationId, Fault> {
    let fingerprint = model.fingerprint().to_be_bytes().to_vec();
    let there = "SELECT id FROM generations WHERE fingerprint = $1";
    let ModelRecord { name, hash, preprocessing, sampling, width } = model;
    if let Some(there) = db.query_opt(there, &[&fingerprint])? {
        // The same model may lie elsewhere now, or its record may have been damaged.
        db.execute(
            "UPDATE generations SET name = $1, hash = $2, preprocessing = $3, sampling = $4, width = $5
             WHERE id = $6",
            &[
                &plain(name),
                &hash.to_be_bytes().to_vec(),
                &plain(preprocessing),
                &plain(sampling),
                &(*width as i32),
                &there.get::<_, i64>(0),
            ],
        )?;
        return Ok(GenerationId(there.get(0)));
    }
    let is_unknown = "SELECT count(*) > 0 FROM generations WHERE preprocessing = ''
                      AND id IN (SELECT generation FROM runs)";
    if db.query_one(is_unknown, &[])?.get(0) {
        let (given, sampling) = (name.clone(), sampling.clone());
        return Err(CatalogueError::ModelUnknown { given, sampling }.into());
    }
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
    vectors::note_model(db, generation, model.fingerprint())?;
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
    let json: Result<Option<serde_json::Value>, _> = json;
    let shown = || format!("{:?}", text.unwrap_or_default().chars().take(60).collect::<String>());
    let bad = |expected| bad("generations", row.get::<_, i64>(0), "calibration", shown(), expected);
    match json {
        Err(_) => Err(bad("JSON")),
        Ok(Some(value)) if value.as_object().is_none_or(serde_json::Map::is_empty) => {
            Err(bad("JSON with what was measured"))
        }
        Ok(json) => Ok(json),
    }
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
