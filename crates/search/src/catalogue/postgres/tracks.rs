//! The tracks: which file's vectors they name. Each says what that file holds, so that rows which were exchanged are
//! seen and put right.

use postgres::Transaction;

use super::fault::{Fault, bad};
use crate::catalogue::FileId;
use crate::segment::TrackId;

/// Gives a catalogue of before the column that says what the file of a track holds.
pub(super) fn add_contents(db: &mut Transaction<'_>) -> Result<(), Fault> {
    if !has_contents(db)? {
        db.batch_execute("ALTER TABLE tracks ADD COLUMN content bytea")?;
    }
    db.batch_execute(
        "UPDATE tracks SET content = int8send(size) || sample FROM files
         WHERE files.id = file AND content IS NULL",
    )?;
    Ok(())
}

fn has_contents(db: &mut Transaction<'_>) -> Result<bool, Fault> {
    let there = "SELECT EXISTS (SELECT FROM pg_attribute
                 WHERE attrelid = to_regclass('tracks') AND attname = 'content' AND NOT attisdropped)";
    Ok(db.query_one(there, &[])?.get(0))
}

/// The track of a file, made where there is none.
pub(super) fn of(db: &mut Transaction<'_>, file: FileId) -> Result<TrackId, Fault> {
    let known = "UPDATE tracks SET content = int8send(size) || sample FROM files
                 WHERE files.id = file AND file = $1 RETURNING tracks.id";
    let insert = "INSERT INTO tracks (file, content)
                  SELECT id, int8send(size) || sample FROM files WHERE id = $1 RETURNING id";
    let row = match db.query_opt(known, &[&file.0])? {
        Some(row) => row,
        None => db.query_one(insert, &[&file.0])?,
    };
    Ok(TrackId(row.get::<_, i32>(0) as u32))
}

/// A file of which it is not known what it holds has size 0.
const OF_OTHERS: &str = "FROM tracks JOIN files ON files.id = file
    WHERE content <> int8send(size) || sample AND size <> 0";

/// Files whose track is that of another content.
pub(super) fn of_others(
    db: &mut Transaction<'_>,
    only: Option<TrackId>,
) -> Result<Vec<i64>, Fault> {
    if !has_contents(db)? {
        return Ok(Vec::new());
    }
    let only = only.map_or(String::new(), |track| format!("AND tracks.id = {}", track.0));
    let rows = db.query(&format!("SELECT file {OF_OTHERS} {only} ORDER BY file"), &[])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// An answer must not name another video: of one track, or of all.
pub(super) fn check(db: &mut Transaction<'_>, only: Option<TrackId>) -> Result<(), Fault> {
    match of_others(db, only)?.first() {
        None => Ok(()),
        Some(file) => {
            let (row, value) = (format!("of file {file}"), "that of another content");
            Err(bad("tracks", row, "id", value, "the number of its vectors"))
        }
    }
}

/// Has each track name the file of its content again. One of a content that no file has, or several files of equal size
/// and sample, stays with its file, which is encoded again; or goes, where that file has its own track.
pub(super) fn mend(db: &mut Transaction<'_>) -> Result<(), Fault> {
    // Two may exchange their files, so that for a moment both name one.
    db.batch_execute(
        "ALTER TABLE tracks DROP CONSTRAINT tracks_file_key;
         CREATE TEMP TABLE wrong ON COMMIT DROP AS
             SELECT tracks.id, tracks.file, owner.id AS owner
             FROM tracks JOIN files ON files.id = tracks.file
             LEFT JOIN (
                 SELECT int8send(size) || sample AS content, min(id) AS id
                 FROM files GROUP BY size, sample HAVING count(*) = 1
             ) AS owner ON owner.content = tracks.content
             WHERE tracks.content <> int8send(files.size) || files.sample AND files.size <> 0;
         UPDATE tracks SET file = wrong.owner FROM wrong
             WHERE tracks.id = wrong.id AND wrong.owner IS NOT NULL;
         DELETE FROM tracks USING wrong WHERE tracks.id = wrong.id AND wrong.owner IS NULL
             AND EXISTS (SELECT FROM tracks AS own WHERE own.file = wrong.file AND own.id <> wrong.id);
         DELETE FROM indexed USING wrong WHERE indexed.file = wrong.file AND wrong.owner IS NULL;
         UPDATE tracks SET content = int8send(size) || sample FROM files, wrong
             WHERE files.id = tracks.file AND tracks.id = wrong.id;
         DROP TABLE wrong;
         ALTER TABLE tracks ADD CONSTRAINT tracks_file_key UNIQUE (file)",
    )?;
    Ok(())
}
