//! Which vectors count: snapshots for searches, and what is no longer named.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use rusqlite::{Connection, Transaction};

use super::SqliteCatalogue;
use super::database::Fault;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{GenerationId, JobState};
use crate::scan::{ScanError, VectorSet};
use crate::segment::{Run, Segment, SegmentError, TrackId, VectorKind};

/// The vectors of a generation at one revision.
#[derive(Debug)]
pub(super) struct Snapshot {
    revision: i64,
    vectors: Arc<VectorSet>,
    segments: Vec<(i64, Arc<Segment>)>,
}

/// A segment's number, and those of its runs that count.
pub(super) type LiveSegment = (i64, Vec<Run>);

/// How often a search begins anew because a writer removed a segment meanwhile.
const TRIES: usize = 20;

impl SqliteCatalogue {
    pub(super) fn snapshot(
        &self,
        generation: GenerationId,
        kind: VectorKind,
    ) -> Result<Arc<VectorSet>, CatalogueError> {
        let mut tries = 0;
        loop {
            let (revision, width, live) = self.database.read("listing vectors", |db| {
                let unknown =
                    || CatalogueError::Unknown { what: format!("generation {}", generation.0) };
                let width = width_of(db, generation)?.ok_or_else(unknown)?;
                let revision = counter(db, "revision")?;
                if let Some(known) = self.known_snapshot(generation, kind, revision) {
                    return Ok((revision, width, Err(known)));
                }
                Ok((revision, width, Ok(live_segments(db, generation, kind)?)))
            })?;
            let live = match live {
                Ok(live) => live,
                Err(known) => return Ok(known),
            };
            match self.open_segments(generation, kind, live) {
                Ok(opened) => {
                    let segments =
                        opened.iter().map(|(id, segment, _)| (*id, segment.clone())).collect();
                    let live = opened.into_iter().map(|(_, segment, runs)| (segment, runs));
                    let vectors = VectorSet::new(width, live.collect())?;
                    let snapshot = Snapshot { revision, vectors: Arc::new(vectors), segments };
                    let vectors = snapshot.vectors.clone();
                    self.snapshots().insert((generation, kind), Arc::new(snapshot));
                    return Ok(vectors);
                }
                Err(error) if is_gone(&error) && tries < TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A change of what counts: the revision grows, and segments without a run are removed.
    pub(super) fn changing<T>(
        &self,
        doing: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, CatalogueError> {
        let (done, dead) = self.database.write(doing, |db| {
            let done = change(db)?;
            let dead = "SELECT id FROM segments WHERE id NOT IN (SELECT segment FROM runs)";
            let dead: Vec<i64> = db
                .prepare_cached(dead)?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for segment in &dead {
                db.execute("DELETE FROM segments WHERE id = ?", [segment])?;
            }
            db.execute("UPDATE counters SET value = value + 1 WHERE name = 'revision'", [])?;
            Ok((done, dead))
        })?;
        for segment in dead {
            // What cannot be removed now is removed by the next writer.
            let _ = fs::remove_file(self.segment_path(segment));
        }
        Ok(done)
    }

    /// Removes what a killed writer left, and says of its jobs that they ended.
    pub(super) fn clear_up(&self) -> Result<(), CatalogueError> {
        let named = self.database.write("clearing up", |db| {
            db.execute(
                "UPDATE jobs SET state = ?, message = 'its process ended' WHERE state = ?",
                [JobState::Stopped.name(), JobState::Running.name()],
            )?;
            let mut statement = db.prepare("SELECT id FROM segments")?;
            let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
            Ok(ids.collect::<Result<Vec<_>, _>>()?)
        })?;
        let named: HashSet<_> = named.into_iter().map(|id| self.segment_path(id)).collect();
        let folder = self.folder.join("segments");
        let failed = |source| CatalogueError::Folder { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if !named.contains(&path) && is_ours(&path) {
                fs::remove_file(&path).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn known_snapshot(
        &self,
        generation: GenerationId,
        kind: VectorKind,
        revision: i64,
    ) -> Option<Arc<VectorSet>> {
        let snapshots = self.snapshots();
        let known = snapshots.get(&(generation, kind))?;
        (known.revision == revision).then(|| known.vectors.clone())
    }

    /// Opens segments, those of the last snapshot excepted.
    fn open_segments(
        &self,
        generation: GenerationId,
        kind: VectorKind,
        live: Vec<LiveSegment>,
    ) -> Result<Vec<(i64, Arc<Segment>, Vec<Run>)>, SegmentError> {
        let known = self.snapshots().get(&(generation, kind)).cloned();
        let known: std::collections::HashMap<i64, &Arc<Segment>> =
            known.iter().flat_map(|known| &known.segments).map(|(id, it)| (*id, it)).collect();
        let open = |(id, runs): LiveSegment| {
            let segment = match known.get(&id) {
                Some(segment) => Arc::clone(segment),
                None => Arc::new(Segment::open(&self.segment_path(id))?),
            };
            check_runs(&segment, &runs)?;
            Ok((id, segment, runs))
        };
        live.into_iter().map(open).collect()
    }

    fn snapshots(
        &self,
    ) -> impl Deref<Target = std::collections::HashMap<(GenerationId, VectorKind), Arc<Snapshot>>>
    + std::ops::DerefMut {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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

/// Runs that a segment does not have are a damage of one of the two.
pub(super) fn check_runs(segment: &Segment, runs: &[Run]) -> Result<(), SegmentError> {
    let num_vectors = segment.header().num_vectors as usize;
    if runs.iter().all(|run| run.rows().end <= num_vectors) {
        return Ok(());
    }
    let part = "runs: the catalogue names rows that it does not have".into();
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

pub(super) fn counter(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    db.query_row("SELECT value FROM counters WHERE name = ?", [name], |row| row.get(0))
}

/// The number of a new segment.
pub(super) fn next_segment(db: &Connection) -> rusqlite::Result<i64> {
    let next = "UPDATE counters SET value = value + 1 WHERE name = 'next_segment'
                RETURNING value - 1";
    db.query_row(next, [], |row| row.get(0))
}

fn is_gone(error: &SegmentError) -> bool {
    matches!(error, SegmentError::Read { source, .. } if source.kind() == ErrorKind::NotFound)
}

/// Whether a file is a segment, whole or half written.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".vectors") || name.ends_with(".vectors.part")
}

impl From<ScanError> for Fault {
    fn from(error: ScanError) -> Self {
        Self::Told(error.into())
    }
}
