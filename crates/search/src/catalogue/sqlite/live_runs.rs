//! Which rows of which segments count, as the database says.

use std::collections::HashMap;

use rusqlite::{Connection, Statement};

use super::checked_row::CheckedRow;
use super::database::Fault;
use super::generations;
use crate::catalogue::GenerationId;
use crate::catalogue::bad_value::BadValue;
use crate::segment::{Run, Segment, SegmentError, TrackId, VectorKind};

/// A segment's number, and those of its runs that count.
pub(super) type LiveSegment = (i64, Vec<Run>);

/// What [`record`] reads of a run.
pub(super) const COLUMNS: &str = "segment, track, first_row, num_rows";

/// The live runs of a generation by segment, ordered by segment and row.
pub(super) fn live_segments(
    db: &Connection,
    generation: GenerationId,
    kind: VectorKind,
) -> Result<Vec<LiveSegment>, Fault> {
    of_kind(db, generation, kind.name())
}

/// The same of runs that were set aside: their vectors are damaged, and they count in no answer.
pub(super) fn aside(
    db: &Connection,
    generation: GenerationId,
    kind: VectorKind,
) -> Result<Vec<LiveSegment>, Fault> {
    of_kind(db, generation, damaged_name(kind))
}

/// The name of a kind where its runs were set aside.
pub(super) fn damaged_name(kind: VectorKind) -> &'static str {
    match kind {
        VectorKind::Clip => "damaged clip",
        VectorKind::Cue => "damaged cue",
    }
}

/// The kind of a run, set aside or not.
pub(super) fn kind_named(name: &str) -> Option<VectorKind> {
    VectorKind::named(name.strip_prefix("damaged ").unwrap_or(name))
}

/// Takes a run out of what is searched: removed where its video can be encoded again, else kept beside it.
pub(super) fn set_aside(
    db: &Connection,
    generation: GenerationId,
    kind: VectorKind,
    run: Run,
    can_encode: bool,
) -> rusqlite::Result<()> {
    let which = "WHERE generation = ?1 AND kind = ?2 AND track = ?3";
    if can_encode {
        let delete = format!("DELETE FROM runs {which}");
        db.execute(&delete, (generation.0, kind.name(), run.track.0))?;
    } else {
        let rename = format!("UPDATE OR REPLACE runs SET kind = ?4 {which}");
        db.execute(&rename, (generation.0, kind.name(), run.track.0, damaged_name(kind)))?;
    }
    Ok(())
}

/// Has a run count again that was set aside.
pub(super) fn give_back(
    db: &Connection,
    generation: GenerationId,
    kind: VectorKind,
    run: Run,
) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE OR REPLACE runs SET kind = ?1 WHERE generation = ?2 AND kind = ?3 AND track = ?4",
        (kind.name(), generation.0, damaged_name(kind), run.track.0),
    )?;
    db.execute(
        "INSERT OR IGNORE INTO indexed SELECT ?1, file FROM tracks JOIN runs ON track = tracks.id
         WHERE tracks.id = ?2 AND generation = ?1 AND kind = 'clip'",
        (generation.0, run.track.0),
    )?;
    Ok(())
}

fn of_kind(
    db: &Connection,
    generation: GenerationId,
    kind: &str,
) -> Result<Vec<LiveSegment>, Fault> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM runs WHERE generation = ? AND kind = ? ORDER BY segment, first_row"
    ))?;
    let mut rows = statement.query((generation.0, kind))?;
    let mut live: Vec<LiveSegment> = Vec::new();
    while let Some(row) = rows.next()? {
        let (segment, run) = record(&CheckedRow::of(row, "runs", 1))?;
        match live.last_mut() {
            Some((last, runs)) if *last == segment => runs.push(run),
            _ => live.push((segment, vec![run])),
        }
    }
    Ok(live)
}

/// A run and its segment, in [`COLUMNS`].
pub(super) fn record(row: &CheckedRow<'_, '_>) -> Result<(i64, Run), Fault> {
    let run = Run { track: row.track(1)?, first_row: row.small(2)?, num_rows: row.small(3)? };
    if run.first_row.checked_add(run.num_rows).is_none() {
        return Err(row.bad(3, "the number of rows of a segment"));
    }
    Ok((row.count(0)?, run))
}

/// What the vectors of a segment are: the fingerprint of their model, and their kind.
pub(super) type Made = (u128, VectorKind);

/// Runs that a segment does not have are a damage of one of the two, or it is another segment; so is one that another
/// model made.
pub(super) fn check_runs(segment: &Segment, made: Made, runs: &[Run]) -> Result<(), SegmentError> {
    let other = |part: &str| {
        let part = format!("{part}: the segment is not the one that the index names");
        Err(SegmentError::Damaged { path: segment.path().to_owned(), part })
    };
    if (segment.header().model, segment.header().kind) != made {
        return other("header");
    }
    let written: HashMap<TrackId, Run> =
        segment.runs()?.into_iter().map(|run| (run.track, run)).collect();
    if runs.iter().all(|run| written.get(&run.track) == Some(run)) {
        return Ok(());
    }
    other("runs")
}

/// Numbers of a generation's vectors; none where there is no such generation.
pub(super) fn width_of(db: &Connection, generation: GenerationId) -> Result<Option<usize>, Fault> {
    let select = format!("SELECT {} FROM generations WHERE id = ?", generations::COLUMNS);
    let mut statement = db.prepare_cached(&select)?;
    let mut rows = statement.query([generation.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let record = generations::record(&CheckedRow::of(row, "generations", 0))?;
    Ok(Some(record.model.width as usize))
}

/// Files that count as indexed must have a row that names their vectors, or a search would pass them over.
pub(super) fn check_whole(db: &Connection, generation: GenerationId) -> Result<(), Fault> {
    let mut statement = db.prepare_cached(
        "SELECT file FROM indexed WHERE generation = ?1 AND file NOT IN (
             SELECT file FROM tracks JOIN runs ON track = tracks.id
             WHERE generation = ?1 AND kind = 'clip') LIMIT 1",
    )?;
    let mut rows = statement.query([generation.0])?;
    let Some(row) = rows.next()? else { return Ok(()) };
    Err(Fault::Bad(BadValue {
        table: "runs",
        row: format!("of file {}", row.get::<_, i64>(0)?),
        column: "segment".into(),
        value: "nothing".into(),
        expected: "a segment, though the file counts as indexed",
    }))
}

/// A number that grows with every change of what counts.
pub(super) fn revision(db: &Connection) -> Result<i64, Fault> {
    let mut statement =
        db.prepare_cached("SELECT name, value FROM counters WHERE name = 'revision'")?;
    counter(&mut statement, "revision")
}

/// The number that the database has for a new segment, which grows.
pub(super) fn next_segment(db: &Connection) -> Result<i64, Fault> {
    let mut statement = db.prepare_cached(
        "UPDATE counters SET value = value + 1 WHERE name = 'next_segment'
         RETURNING name, value - 1",
    )?;
    counter(&mut statement, "next_segment")
}

fn counter(statement: &mut Statement<'_>, name: &str) -> Result<i64, Fault> {
    let mut rows = statement.query([])?;
    match rows.next()? {
        Some(row) => CheckedRow::of(row, "counters", 0).count(1),
        None => Err(Fault::Bad(BadValue {
            table: "counters",
            row: name.to_owned(),
            column: "value".into(),
            value: "nothing".into(),
            expected: "a whole number from 0 on",
        })),
    }
}
