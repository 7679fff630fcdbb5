//! The vectors that searches see: one snapshot of each generation, opened anew when what counts changed.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::database::Database;
use super::live_runs::{LiveSegment, check_runs, live_segments, revision, width_of};
use crate::catalogue::GenerationId;
use crate::catalogue::error::CatalogueError;
use crate::scan::VectorSet;
use crate::segment::{Segment, SegmentError, VectorKind};

/// How often a search begins anew because a writer removed a segment meanwhile.
const TRIES: usize = 20;

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
    Changed { revision: i64, width: usize, live: Vec<LiveSegment> },
}

impl Snapshots {
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
                        let live = live_segments(db, generation, kind)?;
                        Ok(Found::Changed { revision, width, live })
                    }
                }
            })?;
            let (revision, width, live) = match found {
                Found::Known(vectors) => return Ok(vectors),
                Found::Changed { revision, width, live } => (revision, width, live),
            };
            match open(folder, last.as_deref(), revision, width, live) {
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
    folder.join("segments").join(format!("{segment:08}.vectors"))
}

/// Opens segments, those of the last snapshot excepted.
fn open(
    folder: &Path,
    last: Option<&Snapshot>,
    revision: i64,
    width: usize,
    live: Vec<LiveSegment>,
) -> Result<Snapshot, SegmentError> {
    let (mut segments, mut with_runs) = (HashMap::new(), Vec::new());
    for (id, runs) in live {
        let segment = match last.and_then(|last| last.segments.get(&id)) {
            Some(segment) => segment.clone(),
            None => Arc::new(Segment::open(&segment_path(folder, id))?),
        };
        check_runs(&segment, &runs)?;
        segments.insert(id, segment.clone());
        with_runs.push((segment, runs));
    }
    Ok(Snapshot { revision, vectors: Arc::new(VectorSet::new(width, with_runs)?), segments })
}

fn is_gone(error: &SegmentError) -> bool {
    matches!(error, SegmentError::Read { source, .. } if source.kind() == ErrorKind::NotFound)
}
