//! Files and their paths.

use std::path::PathBuf;

use locvtp_video::Seconds;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Params};

use super::checked_row::CheckedRow;
use super::database::{Fault, path_value};
use super::sealed_parts::FILES;
use super::sealing;
use crate::catalogue::lost_place::lost_place;
use crate::catalogue::{FileId, FileRecord, FileState};
use crate::identity::{Candidate, ContentIdentity, Known, KnownPath, Look, Moved};
use crate::segment::TrackId;

pub(super) const ALL: &str = "";
pub(super) const OF_TRACK: &str = "WHERE tracks.id = ?";
pub(super) const NOT_INDEXED: &str = "WHERE files.state = 'present'
    AND files.id NOT IN (SELECT file FROM indexed WHERE generation = ?)";

/// What [`record`] reads of a file.
pub(super) const COLUMNS: &str = "files.id, files.size, sample, whole, state, reason, duration";

/// The files that a condition picks, ordered by number.
pub(super) fn select(
    db: &Connection,
    condition: &str,
    parameters: impl Params,
) -> Result<Vec<FileRecord>, Fault> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS}, tracks.id, path, paths.size, modified, changed
         FROM files LEFT JOIN tracks ON tracks.file = files.id
         LEFT JOIN paths ON paths.file = files.id {condition} ORDER BY files.id, path"
    ))?;
    let mut rows = statement.query(parameters)?;
    let mut files: Vec<FileRecord> = Vec::new();
    while let Some(row) = rows.next()? {
        let id = FileId(row.get(0)?);
        if files.last().is_none_or(|last| last.id != id) {
            let mut file = record(&CheckedRow::of(row, "files", 0))?;
            if row.get_ref(7)? != ValueRef::Null {
                file.track = Some(CheckedRow::of(row, "tracks", 7).track(7)?);
            }
            files.push(file);
        }
        if let (Some(file), false) = (files.last_mut(), row.get_ref(9)? == ValueRef::Null) {
            file.looks.push(CheckedRow::of(row, "paths", 8).look(8)?);
        }
    }
    Ok(files)
}

/// What people call the file of a track: where it lies or lay.
pub(super) fn name_of(db: &Connection, track: TrackId) -> Result<String, Fault> {
    let file = match select(db, OF_TRACK, [track.0]) {
        Ok(mut files) => files.pop(),
        // It is among the faults.
        Err(Fault::Bad(_)) => None,
        Err(fault) => return Err(fault),
    };
    let look = file.and_then(|file| file.looks.into_iter().next());
    Ok(look.map_or_else(|| format!("track {}", track.0), |look| look.path.display().to_string()))
}

/// A file by itself, in [`COLUMNS`].
pub(super) fn record(row: &CheckedRow<'_, '_>) -> Result<FileRecord, Fault> {
    Ok(FileRecord {
        id: FileId(row.count(0)?),
        identity: row.identity(1)?,
        state: row.named(4, FileState::named, "present, missing or bad")?,
        reason: row.optional_text(5)?,
        duration: Seconds(row.duration(6)?),
        track: None,
        looks: Vec::new(),
    })
}

pub(super) fn known(db: &Connection) -> Result<Known, Fault> {
    let mut statement = db.prepare(
        "SELECT path, paths.size, modified, changed, files.id, files.size, sample, whole, state,
             reason
         FROM paths JOIN files ON files.id = paths.file ORDER BY path",
    )?;
    let (mut rows, mut known) = (statement.query([])?, Known::default());
    while let Some(row) = rows.next()? {
        let file = CheckedRow::of(row, "files", 4);
        let state = file.named(8, FileState::named, "present, missing or bad")?;
        known.paths.push(KnownPath {
            look: CheckedRow::of(row, "paths", 0).look(0)?,
            file: FileId(file.count(4)?),
            identity: file.identity(5)?,
            is_missing: state == FileState::Missing,
            is_bad: state == FileState::Bad,
            is_faulty: file.optional_text(9)?.is_some(),
        });
    }
    let mut statement = db.prepare("SELECT path, size, modified, changed FROM waiting")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        known.waiting.push(CheckedRow::of(row, "waiting", 0).look(0)?);
    }
    Ok(known)
}

pub(super) fn note_waiting(db: &Connection, looks: &[Look]) -> rusqlite::Result<()> {
    db.execute("DELETE FROM waiting", [])?;
    let mut insert = db.prepare_cached("INSERT INTO waiting VALUES (?, ?, ?, ?)")?;
    for look in looks {
        let size = look.size as i64;
        insert.execute((path_value(&look.path), size, look.modified_ns, look.changed_ns))?;
    }
    Ok(())
}

pub(super) fn note_moved(db: &Connection, moves: &[Moved]) -> rusqlite::Result<()> {
    let mut robbed = Vec::new();
    for Moved { file, from, to, whole } in moves {
        if let Some(from) = from {
            let delete = "DELETE FROM paths WHERE path = ? AND file = ?";
            db.execute(delete, (path_value(from), file.0))?;
        }
        robbed.extend(set_path(db, *file, to)?);
        if let Some(whole) = whole {
            // Two that turn out to be one stay two.
            let learn = "UPDATE OR IGNORE files SET whole = ? WHERE id = ? AND whole IS NULL";
            db.execute(learn, (whole.to_be_bytes(), file.0))?;
        }
        db.execute(
            "UPDATE files SET state = 'present' WHERE id = ? AND state = 'missing'",
            [file.0],
        )?;
    }
    remove_pathless(db, &robbed)
}

pub(super) fn note_missing(db: &Connection, gone: &[(FileId, PathBuf)]) -> rusqlite::Result<()> {
    for (file, path) in gone {
        let others = "SELECT count(*) FROM paths WHERE file = ? AND path <> ?";
        let others: i64 = db.query_row(others, (file.0, path_value(path)), |row| row.get(0))?;
        if others > 0 {
            db.execute("DELETE FROM paths WHERE path = ?", [path_value(path)])?;
        } else {
            let miss = "UPDATE files SET state = 'missing' WHERE id = ? AND state = 'present'";
            db.execute(miss, [file.0])?;
            // Of a bad file there is nothing to keep.
            db.execute("DELETE FROM files WHERE id = ? AND state = 'bad'", [file.0])?;
        }
    }
    Ok(())
}

pub(super) fn note_bad(
    db: &Connection,
    candidate: &Candidate,
    reason: &str,
) -> rusqlite::Result<FileId> {
    if let Some(file) = with_content(db, candidate.file, candidate.identity)? {
        let is_indexed = "SELECT count(*) > 0 FROM indexed WHERE file = ?";
        if db.query_row(is_indexed, [file.0], |row| row.get(0))? {
            return Ok(file);
        }
    }
    let (identity, look) = (candidate.identity, &candidate.look);
    let file = put(db, candidate.file, identity, look, Seconds::ZERO, None)?;
    db.execute("UPDATE files SET state = 'bad', reason = ? WHERE id = ?", (reason, file.0))?;
    db.execute("DELETE FROM tracks WHERE file = ?", [file.0])?;
    Ok(file)
}

pub(super) fn remove(db: &Connection, files: &[FileId]) -> rusqlite::Result<()> {
    let mut delete = db.prepare_cached("DELETE FROM files WHERE id = ?")?;
    files.iter().try_for_each(|file| delete.execute([file.0]).map(drop))
}

/// The file with this content, made where there is none, lying at a path and present. `file` is the one that is known
/// to have had it.
pub(super) fn put(
    db: &Connection,
    file: Option<FileId>,
    identity: ContentIdentity,
    look: &Look,
    duration: Seconds,
    note: Option<&str>,
) -> rusqlite::Result<FileId> {
    let whole = identity.whole.map(u128::to_be_bytes);
    let file = match with_content(db, file, identity)? {
        Some(file) => {
            let update = "UPDATE files SET state = 'present', reason = ?, duration = ?,
                          whole = coalesce(whole, ?) WHERE id = ?";
            db.execute(update, (note, duration.0, whole, file.0))?;
            file
        }
        None => {
            let insert = "INSERT INTO files (size, sample, whole, state, reason, duration)
                          VALUES (?, ?, ?, 'present', ?, ?)";
            let (size, sample) = (identity.size as i64, identity.sample.to_be_bytes());
            db.execute(insert, (size, sample, whole, note, duration.0))?;
            FileId(db.last_insert_rowid())
        }
    };
    // Whatever stood there before.
    sealing::set_anew(db, &FILES, file.0)?;
    let robbed = set_path(db, file, look)?;
    remove_pathless(db, &Vec::from_iter(robbed))?;
    Ok(file)
}

/// The file with a content: with the whole, where that is known, else the one that is known to have it, as long as
/// nothing speaks against it.
fn with_content(
    db: &Connection,
    file: Option<FileId>,
    identity: ContentIdentity,
) -> rusqlite::Result<Option<FileId>> {
    let find = "SELECT id FROM files WHERE size = ?1 AND sample = ?2
                AND (whole IS ?3 OR id = ?4 AND (whole IS NULL OR ?3 IS NULL))
                ORDER BY whole IS ?3 AND ?3 IS NOT NULL DESC, id IS ?4 DESC, id LIMIT 1";
    let (size, sample) = (identity.size as i64, identity.sample.to_be_bytes());
    let whole = identity.whole.map(u128::to_be_bytes);
    let mut statement = db.prepare_cached(find)?;
    let found =
        statement.query_row((size, sample, whole, file.map(|file| file.0)), |row| row.get(0));
    found.map(FileId).optional()
}

/// Lays a file at a path. Returns the other file that lay there.
fn set_path(db: &Connection, file: FileId, look: &Look) -> rusqlite::Result<Option<FileId>> {
    let path = path_value(&look.path);
    let before = "SELECT file FROM paths WHERE path = ? AND file <> ?";
    let before = db.query_row(before, (&path, file.0), |row| row.get(0)).optional()?;
    db.execute("DELETE FROM waiting WHERE path = ?", [&path])?;
    let lost = "DELETE FROM paths WHERE file = ? AND path = ?";
    db.execute(lost, (file.0, path_value(&lost_place(file.0))))?;
    db.execute(
        "INSERT OR REPLACE INTO paths VALUES (?, ?, ?, ?, ?)",
        (path, file.0, look.size as i64, look.modified_ns, look.changed_ns),
    )?;
    Ok(before.map(FileId))
}

fn remove_pathless(db: &Connection, files: &[FileId]) -> rusqlite::Result<()> {
    let remove = "DELETE FROM files WHERE id = ? AND id NOT IN (SELECT file FROM paths)";
    files.iter().try_for_each(|file| db.execute(remove, [file.0]).map(drop))
}
