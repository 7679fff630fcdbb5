//! Files whose row or whose place was lost, and whose vectors are there: they stay, and are known again when
//! their file is found.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::cell::Cell;
use super::database::{Fault, path_value};
use super::restoring::line;
use super::sealed_parts::{CONTENT, FILES};
use super::sealing;
use super::snapshots::segment_path;
use crate::catalogue::lost_place::lost_place;
use crate::identity::ContentIdentity;
use crate::segment::Segment;

/// Gives back the rows of files that are gone and whose vectors are there. Returns whether there was one.
pub(super) fn give_back(db: &Connection, folder: &Path) -> Result<bool, Fault> {
    let mut statement = db.prepare(
        "SELECT DISTINCT file FROM tracks WHERE typeof(file) = 'integer'
             AND file NOT IN (SELECT id FROM files) AND id IN (SELECT track FROM runs)",
    )?;
    let files: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for file in &files {
        let content = content_there(db, *file)?;
        let duration = end_of_vectors(db, folder, *file)?;
        let (size, sample) = match content {
            Some(ContentIdentity { size, sample, .. }) => {
                (size as i64, Cell::Blob(sample.to_be_bytes().to_vec()))
            }
            // No video holds nothing, so it is known that it is not known.
            None => (0, Cell::Blob(random(db)?)),
        };
        db.execute(
            "INSERT INTO files (id, size, sample, state, duration) VALUES (?, ?, ?, 'present', ?)",
            (file, size, sample, duration),
        )?;
        if content.is_none() {
            look_again(db, *file)?;
        }
        db.execute("DELETE FROM indexed WHERE file = ?", [file])?;
        sealing::set_anew(db, &CONTENT, *file)?;
        sealing::set_anew(db, &FILES, *file)?;
    }
    Ok(!files.is_empty())
}

/// Has files say what they hold again, where a file at their place holds what was written. Returns what was done, a line
/// each.
pub(super) fn restore_contents(db: &Connection) -> Result<Vec<String>, Fault> {
    let mut done = Vec::new();
    for file in sealing::broken(db, &CONTENT, None)? {
        let Some(checksum) = sealing::written(db, &CONTENT, file)? else { continue };
        let Some(ContentIdentity { size, sample, .. }) = content_there(db, file)? else { continue };
        let set = "UPDATE files SET size = ?, sample = ? WHERE id = ?";
        if db.execute(set, (size as i64, sample.to_be_bytes(), file))? == 1 {
            sealing::put(db, &CONTENT, file, checksum)?;
            done.push(format!("{}: read from the file again", line(&CONTENT, file)));
        }
    }
    Ok(done)
}

fn random(db: &Connection) -> rusqlite::Result<Vec<u8>> {
    db.query_row("SELECT randomblob(16)", [], |row| row.get(0))
}

/// What lies at a place of a file, where its checksum says that it is what was indexed.
pub(super) fn content_there(db: &Connection, file: i64) -> Result<Option<ContentIdentity>, Fault> {
    let Some(checksum) = sealing::written(db, &CONTENT, file)? else { return Ok(None) };
    let columns = CONTENT.columns(db)?;
    let others = others_of(db, &columns, file)?;
    for path in places(db, file)? {
        let Ok(found) = path.is_file().then(|| ContentIdentity::of(&path)).transpose() else {
            continue;
        };
        let Some(found) = found else { continue };
        let cell = |(column, other): (&String, &Cell)| match column.as_str() {
            "id" => Cell::Integer(file),
            "size" => Cell::Integer(found.size as i64),
            "sample" => Cell::Blob(found.sample.to_be_bytes().to_vec()),
            _ => other.clone(),
        };
        let cells: Vec<Cell> = columns.iter().zip(&others).map(cell).collect();
        if CONTENT.hash(&columns, &cells) == checksum {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// What stands in the columns of a file; nothing where its row is gone.
fn others_of(db: &Connection, columns: &[String], file: i64) -> Result<Vec<Cell>, Fault> {
    let select = format!("SELECT {} FROM files WHERE id = ?", columns.join(", "));
    let mut statement = db.prepare(&select)?;
    let mut rows = statement.query([file])?;
    let Some(row) = rows.next()? else { return Ok(vec![Cell::Null; columns.len()]) };
    (0..columns.len()).map(|at| Ok(Cell::of(row.get_ref(at)?))).collect()
}

fn places(db: &Connection, file: i64) -> Result<Vec<PathBuf>, Fault> {
    use std::os::unix::ffi::OsStringExt;
    let mut statement = db.prepare("SELECT path FROM paths WHERE file = ?")?;
    let (mut rows, mut places) = (statement.query([file])?, Vec::new());
    while let Some(row) = rows.next()? {
        if let Cell::Text(bytes) | Cell::Blob(bytes) = Cell::of(row.get_ref(0)?) {
            places.push(std::ffi::OsString::from_vec(bytes).into());
        }
    }
    Ok(places)
}

/// When the last clip of a file ends, in seconds; 0 where its vectors cannot be read.
fn end_of_vectors(db: &Connection, folder: &Path, file: i64) -> Result<f64, Fault> {
    let run = "SELECT segment, first_row, num_rows FROM runs JOIN tracks ON tracks.id = track
               WHERE file = ? AND num_rows > 0 AND kind LIKE '%clip' ORDER BY segment DESC LIMIT 1";
    let run = db.query_row(run, [file], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?, row.get::<_, u32>(2)?))
    });
    let Ok(Some((segment, first, num))) = run.optional() else { return Ok(0.0) };
    let rows = first as usize..first as usize + num as usize;
    let Ok(opened) = Segment::open(&segment_path(folder, segment)) else { return Ok(0.0) };
    if rows.end > opened.header().num_vectors as usize {
        return Ok(0.0);
    }
    let spans = opened.spans(rows).unwrap_or_default();
    Ok(spans.iter().map(|span| span.end.0).fold(0.0, f64::max))
}

/// Has the next `index add` open the files at the places of a file.
pub(super) fn look_again(db: &Connection, file: i64) -> rusqlite::Result<()> {
    db.execute("UPDATE paths SET size = 0, modified = 0, changed = 0 WHERE file = ?", [file])?;
    Ok(())
}

/// Gives a file without a path a name in place of one, where it has vectors. Returns whether it has.
pub(super) fn name(db: &Connection, file: i64) -> Result<bool, Fault> {
    let has_vectors =
        "SELECT count(*) > 0 FROM tracks JOIN runs ON track = tracks.id WHERE file = ?";
    if !db.query_row(has_vectors, [file], |row| row.get::<_, bool>(0))? {
        return Ok(false);
    }
    let insert = "INSERT OR REPLACE INTO paths VALUES (?, ?, 0, 0, 0)";
    db.execute(insert, (path_value(&lost_place(file)), file))?;
    db.execute("UPDATE files SET state = 'missing' WHERE id = ? AND state = 'present'", [file])?;
    Ok(true)
}
