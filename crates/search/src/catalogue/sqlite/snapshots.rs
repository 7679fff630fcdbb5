//! The vectors that searches see: one snapshot of each generation, opened anew when what counts changed, or when
//! another program wrote to a segment.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::database::{Database, Fault, OF_VECTORS};
use super::generations;
use super::live_runs::{
    LiveSegment, Made, check_runs, check_whole, live_segments, revision, width_of,
};
use super::presence::segments_of;
use crate::catalogue::GenerationId;
use crate::catalogue::error::CatalogueError;
use crate::scan::{ScanError, VectorSet};
use crate::segment::{Segment, SegmentError, VectorKind};

/// How often a search begins anew because a writer removed a segment meanwhile.
const TRIES: usize = 20;

/// How often it does because another program changed one.
const TRIES_CHANGED: usize = 3;

/// A revision that no database has.
const NEVER: i64 = -1;

type ByIndex = HashMap<(GenerationId, VectorKind), Arc<Snapshot>>;

/// What was last searched, by generation and kind.
#[derive(Debug, Default)]
pub(super) struct Snapshots(Mutex<ByIndex>);

/// The vectors of a generation at one revision.
#[derive(Debug)]
struct Snapshot {
    revision: i64,
    vectors: Arc<VectorSet>,
    segments: HashMap<i64, Arc<Segment>>,
}

/// What the database says of an index.
enum Found {
    Known(Arc<VectorSet>),
    Changed { revision: i64, width: usize, model: u128, live: Vec<LiveSegment> },
}

impl Snapshots {
    /// Asks the vectors of a generation as they are now; anew where a segment was changed meanwhile.
    pub(super) fn ask<T>(
        &self,
        database: &Database,
        folder: &Path,
        index: (GenerationId, VectorKind),
        question: impl Fn(&VectorSet) -> Result<T, ScanError>,
    ) -> Result<T, CatalogueError> {
        let mut tries = 0;
        loop {
            let vectors = self.now(database, folder, index.0, index.1)?;
            match question(&vectors) {
                Err(ScanError::Segment(_))
                    if self.forget_changed(index) && tries < TRIES_CHANGED =>
                {
                    tries += 1;
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// Has the segments opened anew that are not as they were opened. Returns whether there is one.
    fn forget_changed(&self, index: (GenerationId, VectorKind)) -> bool {
        let mut by_index = self.lock();
        let Some(last) = by_index.get(&index) else { return false };
        let unchanged = last.segments.iter().filter(|(_, it)| it.check_unchanged().is_ok());
        let segments: HashMap<_, _> = unchanged.map(|(id, it)| (*id, it.clone())).collect();
        let is_any = segments.len() < last.segments.len();
        if is_any {
            let snapshot = Snapshot { revision: NEVER, vectors: last.vectors.clone(), segments };
            by_index.insert(index, Arc::new(snapshot));
        }
        is_any
    }

    /// The vectors of a generation as they are now.
    pub(super) fn now(
        &self,
        database: &Database,
        folder: &Path,
        generation: GenerationId,
        kind: VectorKind,
    ) -> Result<Arc<VectorSet>, CatalogueError> {
        let mut tries = 0;
        loop {
            let last = self.lock().get(&(generation, kind)).cloned();
            let found = database.read("listing vectors", |db| {
                let unknown =
                    || CatalogueError::Unknown { what: format!("generation {}", generation.0) };
                let width = width_of(db, generation)?.ok_or_else(unknown)?;
                let revision = revision(db)?;
                match &last {
                    Some(last) if last.revision == revision => {
                        Ok(Found::Known(last.vectors.clone()))
                    }
                    _ => {
                        check_whole(db, generation)?;
                        let live = live_segments(db, generation, kind)?;
                        database.check(db, OF_VECTORS)?;
                        let model = generations::fingerprint(db, generation)?;
                        Ok(Found::Changed { revision, width, model, live })
                    }
                }
            })?;
            let (revision, width, made, live) = match found {
                Found::Known(vectors) => return Ok(vectors),
                Found::Changed { revision, width, model, live } => {
                    (revision, width, (model, kind), live)
                }
            };
            match open(folder, last.as_deref(), (revision, width), made, live) {
                Ok(snapshot) => {
                    let vectors = snapshot.vectors.clone();
                    self.lock().insert((generation, kind), Arc::new(snapshot));
                    return Ok(vectors);
                }
                Err(error) if is_gone(&error) && tries < TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, ByIndex> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a segment lies below the folder of its catalogue.
pub(super) fn segment_path(folder: &Path, segment: i64) -> PathBuf {
    segments_of(folder).join(format!("{segment:08}.vectors"))
}

/// The number of a segment by the path that it has.
pub(super) fn segment_number(path: &Path) -> Option<i64> {
    path.file_name()?.to_str()?.strip_suffix(".vectors")?.parse().ok()
}

/// A number that no segment has, named or not.
pub(super) fn free_segment(db: &Connection, folder: &Path) -> Result<i64, Fault> {
    let most = "SELECT max(coalesce((SELECT max(id) FROM segments), 0), coalesce((SELECT max(segment) FROM runs), 0))";
    let most: i64 = db.query_row(most, [], |row| row.get(0))?;
    let entries = fs::read_dir(segments_of(folder)).into_iter().flatten().flatten();
    let there = entries.filter_map(|entry| segment_number(&entry.path()));
    Ok(there.fold(most, i64::max) + 1)
}

/// Opens segments, those of the last snapshot excepted.
fn open(
    folder: &Path,
    last: Option<&Snapshot>,
    (revision, width): (i64, usize),
    made: Made,
    live: Vec<LiveSegment>,
) -> Result<Snapshot, SegmentError> {
    let (mut segments, mut with_runs) = (HashMap::new(), Vec::new());
    for (id, runs) in live {
        let segment = match last.and_then(|last| last.segments.get(&id)) {
            Some(segment) => segment.clone(),
            None => Arc::new(Segment::open(&segment_path(folder, id))?),
        };
        check_runs(&segment, made, &runs)?;
        segments.insert(id, segment.clone());
        with_runs.push((segment, runs));
    }
    Ok(Snapshot { revision, vectors: Arc::new(VectorSet::new(width, with_runs)?), segments })
}

fn is_gone(error: &SegmentError) -> bool {
    matches!(error, SegmentError::Read { source, .. } if source.kind() == ErrorKind::NotFound)
}
