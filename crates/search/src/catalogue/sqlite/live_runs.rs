//! Which rows of which segments count, as the database says.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::catalogue::GenerationId;
use crate::segment::{Run, Segment, SegmentError, TrackId, VectorKind};

/// A segment's number, and those of its runs that count.
pub(super) type LiveSegment = (i64, Vec<Run>);

/// The live runs of a generation by segment, ordered by segment and row.
pub(super) fn live_segments(
    db: &Connection,
    generation: GenerationId,
    kind: VectorKind,
) -> rusqlite::Result<Vec<LiveSegment>> {
    let mut statement = db.prepare_cached(
        "SELECT segment, track, first_row, num_rows FROM runs WHERE generation = ? AND kind = ?
         ORDER BY segment, first_row",
    )?;
    let mut rows = statement.query((generation.0, kind.name()))?;
    let mut live: Vec<LiveSegment> = Vec::new();
    while let Some(row) = rows.next()? {
        let segment = row.get(0)?;
        let run =
            Run { track: TrackId(row.get(1)?), first_row: row.get(2)?, num_rows: row.get(3)? };
        match live.last_mut() {
            Some((last, runs)) if *last == segment => runs.push(run),
            _ => live.push((segment, vec![run])),
        }
    }
    Ok(live)
}

/// Runs that a segment does not have are a damage of one of the two, or it is another segment.
pub(super) fn check_runs(segment: &Segment, runs: &[Run]) -> Result<(), SegmentError> {
    let written: HashMap<TrackId, Run> =
        segment.runs()?.into_iter().map(|run| (run.track, run)).collect();
    if runs.iter().all(|run| written.get(&run.track) == Some(run)) {
        return Ok(());
    }
    let part = "runs: the segment is not the one that the index names".into();
    Err(SegmentError::Damaged { path: segment.path().to_owned(), part })
}

/// Numbers of a generation's vectors; none where there is no such generation.
pub(super) fn width_of(
    db: &Connection,
    generation: GenerationId,
) -> rusqlite::Result<Option<usize>> {
    let mut statement = db.prepare_cached("SELECT width FROM generations WHERE id = ?")?;
    let mut rows = statement.query([generation.0])?;
    rows.next()?.map(|row| row.get::<_, u32>(0).map(|width| width as usize)).transpose()
}

/// A number that grows with every change of what counts.
pub(super) fn revision(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT value FROM counters WHERE name = 'revision'", [], |row| row.get(0))
}

/// The number of a new segment.
pub(super) fn next_segment(db: &Connection) -> rusqlite::Result<i64> {
    let next = "UPDATE counters SET value = value + 1 WHERE name = 'next_segment'
                RETURNING value - 1";
    db.query_row(next, [], |row| row.get(0))
}
