//! An open catalogue: its folder, its database, its snapshots, and the lock of a writer.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use locvtp_video::whole_file::sync_folder_of;
use rusqlite::{Connection, Transaction};

use super::database::{Database, Fault};
use super::presence::{self, database_of, segments_of};
use super::snapshots::{Snapshots, free_segment, segment_number, segment_path};
use super::{live_runs, restoring_runs, sealing};
use crate::catalogue::error::CatalogueError;
use crate::catalogue::writer_lock::{Access, WriterLock};
use crate::catalogue::{GenerationId, JobState};
use crate::scan::{ScanError, VectorSet};
use crate::segment::VectorKind;

/// A catalogue in a folder. Its methods may be called by several threads; while one changes something
/// the others wait, so a program that searches while it indexes opens the catalogue a second time, for
/// reading.
#[derive(Debug)]
pub struct SqliteCatalogue {
    pub(super) folder: PathBuf,
    pub(super) database: Database,
    snapshots: Snapshots,
    _lock: Option<WriterLock>,
}

impl SqliteCatalogue {
    /// Opens the catalogue in `folder`; a writer makes it where there is none.
    ///
    /// # Errors
    /// When there is none to read, another program writes, it is newer than this program, or the folder
    /// or database cannot be used.
    pub fn open(folder: &Path, access: Access) -> Result<Self, CatalogueError> {
        let lock = match access {
            Access::Read if presence::check(folder)? => None,
            Access::Read => {
                return Err(CatalogueError::Missing { place: folder.display().to_string() });
            }
            Access::Write { wait } => {
                presence::check_folders(folder)?;
                let segments = segments_of(folder);
                let made = fs::create_dir_all(&segments);
                // The folders' own names last over a power cut as what is in them does.
                let made = made.and_then(|()| sync_folder_of(&segments));
                let made = made.and_then(|()| sync_folder_of(folder));
                made.map_err(|source| CatalogueError::Folder { path: segments, source })?;
                let lock = WriterLock::take(folder, wait)?;
                presence::check(folder)?;
                Some(lock)
            }
        };
        let database = Database::open(&database_of(folder), lock.is_some())?;
        let folder = folder.to_owned();
        let catalogue = Self { folder, database, snapshots: Snapshots::default(), _lock: lock };
        if catalogue._lock.is_some() {
            catalogue.clear_up()?;
        }
        Ok(catalogue)
    }

    /// Whether anything of a catalogue lies in a folder: its database, or vectors that lost it.
    pub fn lies_in(folder: &Path) -> bool {
        presence::is_any(folder)
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A snapshot of the vectors of a generation as they are now.
    ///
    /// # Errors
    /// When there is no such generation, or a segment cannot be read.
    pub fn vectors(
        &self,
        generation: GenerationId,
        kind: VectorKind,
    ) -> Result<Arc<VectorSet>, CatalogueError> {
        self.snapshots.now(&self.database, &self.folder, generation, kind)
    }

    /// Asks the vectors of a generation as they are now.
    pub(super) fn ask<T>(
        &self,
        generation: GenerationId,
        kind: VectorKind,
        question: impl Fn(&VectorSet) -> Result<T, ScanError>,
    ) -> Result<T, CatalogueError> {
        self.snapshots.ask(&self.database, &self.folder, (generation, kind), question)
    }

    pub(super) fn segment_path(&self, segment: i64) -> PathBuf {
        segment_path(&self.folder, segment)
    }

    /// The number of a new segment. Where one that is there has it, as the counter was lost or an older
    /// database put back, it goes on from the highest.
    pub(super) fn next_segment(&self, db: &Connection) -> Result<i64, Fault> {
        let number = live_runs::next_segment(db)?;
        let is_taken = "SELECT count(*) > 0 FROM segments WHERE id = ?";
        let is_named: bool = db.query_row(is_taken, [number], |row| row.get(0))?;
        if !is_named && fs::symlink_metadata(self.segment_path(number)).is_err() {
            return Ok(number);
        }
        let free = free_segment(db, &self.folder)?;
        db.execute("UPDATE counters SET value = ? WHERE name = 'next_segment'", [free + 1])?;
        Ok(free)
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
            let mut dead: Vec<i64> = db
                .prepare_cached(dead)?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            self.keep_needed(db, &mut dead)?;
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

    /// Takes those out of a list of segments that are to be removed whose rows were only lost.
    fn keep_needed(&self, db: &Connection, segments: &mut Vec<i64>) -> Result<(), Fault> {
        let mut kept = Vec::new();
        for segment in segments.iter() {
            if !restoring_runs::is_needed(db, &self.folder, *segment)? {
                kept.push(*segment);
            }
        }
        *segments = kept;
        Ok(())
    }

    /// Removes what a killed writer left, and says of its jobs that they ended.
    fn clear_up(&self) -> Result<(), CatalogueError> {
        let named = self.database.write("clearing up", |db| {
            db.execute(
                "UPDATE jobs SET state = ?, message = 'its process ended' WHERE state = ?",
                [JobState::Stopped.name(), JobState::Running.name()],
            )?;
            // Also those whose row was lost: what runs name is not unnamed.
            let mut statement = db.prepare(
                "SELECT id FROM segments UNION SELECT segment FROM runs WHERE typeof(segment) = 'integer'",
            )?;
            let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
            let mut ids = ids.collect::<Result<Vec<_>, _>>()?;
            ids.extend(sealing::segments(db)?);
            Ok(ids)
        })?;
        let named: HashSet<_> = named.into_iter().map(|id| self.segment_path(id)).collect();
        let folder = segments_of(&self.folder);
        let failed = |source| CatalogueError::Folder { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, is_folder) = (entry.path(), entry.file_type().is_ok_and(|it| it.is_dir()));
            // What a person laid there is left alone.
            if named.contains(&path) || !is_ours(&path) || is_folder {
                continue;
            }
            let is_needed = |db: &Transaction<'_>| match segment_number(&path) {
                Some(number) => restoring_runs::is_needed(db, &self.folder, number),
                None => Ok(false),
            };
            if !self.database.read("clearing up", is_needed)? {
                fs::remove_file(&path).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// Whether a file is a segment, whole or half written.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".vectors") || name.ends_with(".vectors.part")
}
