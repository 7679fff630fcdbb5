//! Adding a video: its segments, then one transaction that names them.

use std::collections::HashSet;

use rusqlite::Connection;

use super::database::Fault;
use super::store::SqliteCatalogue;
use super::{cues, files, generations, live_runs};
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{FileId, GenerationId, NewVideo};
use crate::segment::{Run, SegmentHeader, SegmentWriter, TrackId, VectorBatch, VectorKind};

pub(super) fn add(
    catalogue: &SqliteCatalogue,
    db: &Connection,
    generation: GenerationId,
    video: &NewVideo,
) -> Result<FileId, Fault> {
    check_width(db, generation, video)?;
    let NewVideo { file, identity, look, duration, note, .. } = video;
    let file = files::put(db, *file, *identity, look, *duration, note.as_deref())?;
    let track = track_of(db, file)?;
    let delete = "DELETE FROM runs WHERE generation = ? AND track = ?";
    db.execute(delete, (generation.0, track.0))?;
    let mut kinds = HashSet::new();
    for (kind, batch) in video.kept_vectors() {
        assert!(kinds.insert(*kind), "two batches of {} vectors for one video", kind.name());
        add_vectors(catalogue, db, generation, track, *kind, batch)?;
    }
    db.execute("INSERT OR IGNORE INTO indexed VALUES (?, ?)", (generation.0, file.0))?;
    cues::replace(db, file, &video.cues)?;
    Ok(file)
}

/// Writes a segment; the transaction at work names it.
fn add_vectors(
    catalogue: &SqliteCatalogue,
    db: &Connection,
    generation: GenerationId,
    track: TrackId,
    kind: VectorKind,
    batch: &VectorBatch,
) -> Result<(), Fault> {
    let (width, num_vectors) = (batch.width() as u32, batch.len() as u32);
    let model = generations::fingerprint(db, generation)?;
    let header = SegmentHeader { kind, width, num_vectors, num_runs: 1, model };
    let segment = catalogue.next_segment(db)?;
    let mut writer = SegmentWriter::create(&catalogue.segment_path(segment), header)?;
    writer.add(track, batch)?;
    let runs = writer.finish()?;
    name_segment(db, generation, kind, segment, &runs)?;
    Ok(())
}

/// Makes the runs of a segment count, in place of others of the same tracks.
pub(super) fn name_segment(
    db: &Connection,
    generation: GenerationId,
    kind: VectorKind,
    segment: i64,
    runs: &[Run],
) -> rusqlite::Result<()> {
    let num_vectors: i64 = runs.iter().map(|run| i64::from(run.num_rows)).sum();
    db.execute(
        "INSERT INTO segments VALUES (?, ?, ?, ?)",
        (segment, generation.0, kind.name(), num_vectors),
    )?;
    let mut insert = db.prepare_cached("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?)")?;
    for run in runs {
        let Run { track, first_row, num_rows } = run;
        insert.execute((generation.0, kind.name(), track.0, segment, first_row, num_rows))?;
    }
    Ok(())
}

fn track_of(db: &Connection, file: FileId) -> rusqlite::Result<TrackId> {
    db.execute("INSERT OR IGNORE INTO tracks (file) VALUES (?)", [file.0])?;
    let id = "SELECT id FROM tracks WHERE file = ?";
    db.query_row(id, [file.0], |row| row.get(0)).map(TrackId)
}

fn check_width(db: &Connection, generation: GenerationId, video: &NewVideo) -> Result<(), Fault> {
    let Some(expected) = live_runs::width_of(db, generation)? else {
        return Err(CatalogueError::Unknown { what: format!("generation {}", generation.0) }.into());
    };
    match video.vectors.iter().find(|(_, batch)| batch.width() != expected) {
        Some((_, batch)) => Err(CatalogueError::Width { expected, found: batch.width() }.into()),
        None => Ok(()),
    }
}
