//! Files and their paths.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use locvtp_video::Seconds;
use postgres::types::ToSql;
use postgres::{Row, Transaction};

use super::fault::{Fault, bad};
use super::values::{plain, wide};
use crate::catalogue::bad_value::is_duration;
use crate::catalogue::lost_place::lost_place;
use crate::catalogue::{FileId, FileRecord, FileState};
use crate::identity::{Candidate, ContentIdentity, Known, KnownPath, Look, Moved};
use crate::segment::TrackId;

pub(super) const ALL: &str = "";
pub(super) const OF_TRACK: &str = "WHERE tracks.id = $1";
pub(super) const NOT_INDEXED: &str = "WHERE files.state = 'present'
    AND NOT EXISTS (SELECT FROM indexed WHERE generation = $1 AND indexed.file = files.id)";

/// The files that a condition picks, ordered by number.
pub(super) fn select(
    db: &mut Transaction<'_>,
    condition: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<FileRecord>, Fault> {
    let rows = db.query(
        &format!(
            "SELECT {COLUMNS}, tracks.id, path, paths.size, modified, changed
             FROM files LEFT JOIN tracks ON tracks.file = files.id
             LEFT JOIN paths ON paths.file = files.id {condition} ORDER BY files.id, path"
        ),
        parameters,
    )?;
    let mut files: Vec<FileRecord> = Vec::new();
    for row in &rows {
        let id = FileId(row.get(0));
        if files.last().is_none_or(|last| last.id != id) {
            files.push(record(row)?);
        }
        if let (Some(file), Some(look)) = (files.last_mut(), look_at_column(row, 8, "paths")?) {
            file.looks.push(look);
        }
    }
    Ok(files)
}

/// What [`record`] reads of a file; its track's number comes next.
pub(super) const COLUMNS: &str = "files.id, files.size, sample, whole, state, reason, duration";

pub(super) fn record(row: &Row) -> Result<FileRecord, Fault> {
    let (id, duration): (i64, f64) = (row.get(0), row.get(6));
    if !is_duration(duration) {
        return Err(bad("files", id, "duration", duration, "a length in seconds"));
    }
    Ok(FileRecord {
        id: FileId(id),
        identity: identity(row, 1, id)?,
        state: state(row, 4, id)?,
        reason: row.get(5),
        duration: Seconds(duration),
        track: row.get::<_, Option<i32>>(7).map(|track| TrackId(track as u32)),
        looks: Vec::new(),
    })
}

fn state(row: &Row, column: usize, id: i64) -> Result<FileState, Fault> {
    let name: &str = row.get(column);
    let expected = "present, missing or bad";
    FileState::named(name).ok_or_else(|| bad("files", id, "state", format!("{name:?}"), expected))
}

fn identity(row: &Row, first: usize, id: i64) -> Result<ContentIdentity, Fault> {
    let (size, sample): (i64, &[u8]) = (row.get(first), row.get(first + 1));
    if size < 0 {
        return Err(bad("files", id, "size", size, "a whole number from 0 on"));
    }
    let whole: Option<&[u8]> = row.get(first + 2);
    for (column, hash) in [("sample", Some(sample)), ("whole", whole)] {
        if let Some(hash) = hash.filter(|hash| hash.len() != 16) {
            let found = format!("{} bytes", hash.len());
            return Err(bad("files", id, column, found, "16 bytes"));
        }
    }
    let whole = whole.map(|_| wide(row, first + 2));
    Ok(ContentIdentity { size: size as u64, sample: wide(row, first + 1), whole })
}

/// The look in four columns of a row: path, size, modified, changed; none where there is no path.
pub(super) fn look_at_column(
    row: &Row,
    first: usize,
    table: &'static str,
) -> Result<Option<Look>, Fault> {
    let path: Option<&[u8]> = row.get(first);
    let Some(path) = path.map(|path| PathBuf::from(OsStr::from_bytes(path))) else {
        return Ok(None);
    };
    let size: i64 = row.get(first + 1);
    if path.as_os_str().is_empty() {
        return Err(bad(table, "with no path", "path", "\"\"", "a path"));
    }
    if size < 0 {
        return Err(bad(table, path.display(), "size", size, "a whole number from 0 on"));
    }
    let (modified_ns, changed_ns) = (row.get(first + 2), row.get(first + 3));
    Ok(Some(Look { path, size: size as u64, modified_ns, changed_ns }))
}

pub(super) fn known(db: &mut Transaction<'_>) -> Result<Known, Fault> {
    let paths = db.query(
        "SELECT path, paths.size, modified, changed, files.id, files.size, sample, whole, state,
             reason IS NOT NULL
         FROM paths JOIN files ON files.id = paths.file ORDER BY path",
        &[],
    )?;
    let mut known = Known::default();
    for row in &paths {
        let id: i64 = row.get(4);
        let state = state(row, 8, id)?;
        let Some(look) = look_at_column(row, 0, "paths")? else { continue };
        known.paths.push(KnownPath {
            look,
            file: FileId(id),
            identity: identity(row, 5, id)?,
            is_missing: state == FileState::Missing,
            is_bad: state == FileState::Bad,
            is_faulty: row.get(9),
        });
    }
    let waiting =
        db.query("SELECT path, size, modified, changed FROM waiting ORDER BY path", &[])?;
    for row in &waiting {
        known.waiting.extend(look_at_column(row, 0, "waiting")?);
    }
    Ok(known)
}

pub(super) fn note_waiting(db: &mut Transaction<'_>, looks: &[Look]) -> Result<(), Fault> {
    db.execute("DELETE FROM waiting", &[])?;
    let insert =
        db.prepare("INSERT INTO waiting VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")?;
    for Look { path, size, modified_ns, changed_ns } in looks {
        db.execute(&insert, &[&bytes(path), &(*size as i64), modified_ns, changed_ns])?;
    }
    Ok(())
}

pub(super) fn note_moved(db: &mut Transaction<'_>, moves: &[Moved]) -> Result<(), Fault> {
    let mut robbed = Vec::new();
    for Moved { file, from, to, whole } in moves {
        if let Some(from) = from {
            let delete = "DELETE FROM paths WHERE path = $1 AND file = $2";
            db.execute(delete, &[&bytes(from), &file.0])?;
        }
        robbed.extend(set_path(db, *file, to)?);
        if let Some(whole) = whole {
            // Two that turn out to be one stay two.
            let learn = "UPDATE files SET whole = $1 WHERE id = $2 AND whole IS NULL
                         AND NOT EXISTS (SELECT FROM files AS twin WHERE twin.whole = $1
                             AND (twin.size, twin.sample) = (files.size, files.sample))";
            db.execute(learn, &[&whole.to_be_bytes().to_vec(), &file.0])?;
        }
        let present = "UPDATE files SET state = 'present' WHERE id = $1 AND state = 'missing'";
        db.execute(present, &[&file.0])?;
    }
    remove_pathless(db, &robbed)
}

pub(super) fn note_missing(
    db: &mut Transaction<'_>,
    gone: &[(FileId, PathBuf)],
) -> Result<(), Fault> {
    for (file, path) in gone {
        let others = "SELECT count(*) FROM paths WHERE file = $1 AND path <> $2";
        let others: i64 = db.query_one(others, &[&file.0, &bytes(path)])?.get(0);
        if others > 0 {
            db.execute("DELETE FROM paths WHERE path = $1", &[&bytes(path)])?;
        } else {
            let miss = "UPDATE files SET state = 'missing' WHERE id = $1 AND state = 'present'";
            db.execute(miss, &[&file.0])?;
            // Of a bad file there is nothing to keep.
            db.execute("DELETE FROM files WHERE id = $1 AND state = 'bad'", &[&file.0])?;
        }
    }
    Ok(())
}

pub(super) fn note_bad(
    db: &mut Transaction<'_>,
    candidate: &Candidate,
    reason: &str,
) -> Result<FileId, Fault> {
    if let Some(file) = with_content(db, candidate.file, candidate.identity)? {
        let is_indexed = "SELECT EXISTS (SELECT FROM indexed WHERE file = $1)";
        if db.query_one(is_indexed, &[&file.0])?.get(0) {
            return Ok(file);
        }
    }
    let (identity, look) = (candidate.identity, &candidate.look);
    let file = put(db, candidate.file, identity, look, Seconds::ZERO, None)?;
    let bad = "UPDATE files SET state = 'bad', reason = $1 WHERE id = $2";
    db.execute(bad, &[&plain(reason), &file.0])?;
    db.execute("DELETE FROM tracks WHERE file = $1", &[&file.0])?;
    Ok(file)
}

pub(super) fn remove(db: &mut Transaction<'_>, files: &[FileId]) -> Result<(), Fault> {
    let files: Vec<i64> = files.iter().map(|file| file.0).collect();
    db.execute("DELETE FROM files WHERE id = ANY ($1)", &[&files])?;
    Ok(())
}

/// The file with this content, made where there is none, lying at a path and present. `file` is the one that is known
/// to have had it.
pub(super) fn put(
    db: &mut Transaction<'_>,
    file: Option<FileId>,
    identity: ContentIdentity,
    look: &Look,
    duration: Seconds,
    note: Option<&str>,
) -> Result<FileId, Fault> {
    let (size, sample, whole) = columns(identity);
    let note = note.map(plain);
    let file = match with_content(db, file, identity)? {
        Some(file) => {
            let update = "UPDATE files SET state = 'present', reason = $1, duration = $2,
                          whole = coalesce(whole, $3) WHERE id = $4";
            db.execute(update, &[&note, &duration.0, &whole, &file.0])?;
            file
        }
        None => {
            let insert = "INSERT INTO files (size, sample, whole, state, duration, reason)
                          VALUES ($1, $2, $3, 'present', $4, $5) RETURNING id";
            FileId(db.query_one(insert, &[&size, &sample, &whole, &duration.0, &note])?.get(0))
        }
    };
    let robbed = set_path(db, file, look)?;
    remove_pathless(db, &Vec::from_iter(robbed))?;
    Ok(file)
}

/// The file with a content: with the whole, where that is known, else the one that is known to have it, as long as
/// nothing speaks against it.
fn with_content(
    db: &mut Transaction<'_>,
    file: Option<FileId>,
    identity: ContentIdentity,
) -> Result<Option<FileId>, Fault> {
    let find = "SELECT id FROM files WHERE size = $1 AND sample = $2
                AND (whole IS NOT DISTINCT FROM $3 OR id = $4 AND (whole IS NULL OR $3 IS NULL))
                ORDER BY whole IS NOT NULL AND whole IS NOT DISTINCT FROM $3 DESC,
                    id IS NOT DISTINCT FROM $4 DESC, id LIMIT 1";
    let (size, sample, whole) = columns(identity);
    let file = file.map(|file| file.0);
    let found = db.query_opt(find, &[&size, &sample, &whole, &file])?;
    Ok(found.map(|row| FileId(row.get(0))))
}

/// Size, sample and whole as they stand in the table.
fn columns(identity: ContentIdentity) -> (i64, Vec<u8>, Option<Vec<u8>>) {
    let bytes = |hash: u128| hash.to_be_bytes().to_vec();
    (identity.size as i64, bytes(identity.sample), identity.whole.map(bytes))
}

/// Lays a file at a path. Returns the other file that lay there.
fn set_path(db: &mut Transaction<'_>, file: FileId, look: &Look) -> Result<Option<FileId>, Fault> {
    let path = bytes(&look.path);
    let before = "SELECT file FROM paths WHERE path = $1 AND file <> $2";
    let before = db.query_opt(before, &[&path, &file.0])?.map(|row| FileId(row.get(0)));
    db.execute("DELETE FROM waiting WHERE path = $1", &[&path])?;
    let lost = lost_place(file.0);
    db.execute("DELETE FROM paths WHERE file = $1 AND path = $2", &[&file.0, &bytes(&lost)])?;
    let Look { path: _, size, modified_ns, changed_ns } = look;
    db.execute(
        "INSERT INTO paths VALUES ($1, $2, $3, $4, $5) ON CONFLICT (path) DO UPDATE
         SET file = excluded.file, size = excluded.size, modified = excluded.modified,
             changed = excluded.changed",
        &[&path, &file.0, &(*size as i64), modified_ns, changed_ns],
    )?;
    Ok(before)
}

/// Gives a file without a path a name in place of one, where it has vectors. Returns whether it has.
pub(super) fn name_lost(db: &mut Transaction<'_>, file: FileId) -> Result<bool, Fault> {
    let has_vectors =
        "SELECT count(*) > 0 FROM tracks JOIN runs ON track = tracks.id WHERE file = $1";
    if !db.query_one(has_vectors, &[&file.0])?.get::<_, bool>(0) {
        return Ok(false);
    }
    let insert = "INSERT INTO paths VALUES ($1, $2, 0, 0, 0)";
    db.execute(insert, &[&bytes(&lost_place(file.0)), &file.0])?;
    let miss = "UPDATE files SET state = 'missing' WHERE id = $1 AND state = 'present'";
    db.execute(miss, &[&file.0])?;
    Ok(true)
}

fn remove_pathless(db: &mut Transaction<'_>, files: &[FileId]) -> Result<(), Fault> {
    let files: Vec<i64> = files.iter().map(|file| file.0).collect();
    let remove = "DELETE FROM files WHERE id = ANY ($1)
                  AND NOT EXISTS (SELECT FROM paths WHERE paths.file = files.id)";
    db.execute(remove, &[&files])?;
    Ok(())
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}
