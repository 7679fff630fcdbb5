//! What is wrong with the records of a database: values that cannot be, rows that are gone, words that do not
//! fit their cues. Every row is read as it is read when it is used.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::checked_row::CheckedRow;
use super::database::Fault;
use super::restoring::line;
use super::sealed_parts::{PARTS, Part};
use super::{cues, files, generations, jobs, live_runs, sealing, word_index};
use crate::catalogue::bad_value::of_unknown_model;
use crate::segment::VectorKind;

/// A fault, in words and as it is mended.
pub(super) struct RecordFault {
    pub(super) line: String,
    pub(super) what: RecordDamage,
}

/// What a fault is of.
pub(super) enum RecordDamage {
    /// A value that cannot be, in the row with this key.
    Value { table: &'static str, column: String, key: Vec<Value> },
    /// Rows whose column names rows of another table that are gone.
    Orphans { table: String, column: String, parent: String },
    /// A file that lies nowhere.
    NoPath { file: i64 },
    /// A file that counts as indexed and has no vectors.
    NoVectors { generation: i64, file: i64 },
    /// No index is the one that is searched.
    NoneLive,
    /// A number that must be there.
    NoCounter { name: &'static str },
    /// Rows that could be and are not what was written.
    Seal { part: &'static Part, owner: i64 },
    /// The index of words.
    Words,
    /// What only a model or a video mends, when it is given: until then it costs no vector.
    Elsewhere,
}

impl RecordFault {
    pub(super) fn is_mended_here(&self) -> bool {
        !matches!(self.what, RecordDamage::Elsewhere)
    }
}

/// A table as it is read: what names a row, how it is read, and the columns for that.
struct Table {
    name: &'static str,
    columns: &'static str,
    /// Which column is shown as the row's name.
    named_by: usize,
    key: &'static [&'static str],
    read: fn(&CheckedRow<'_, '_>) -> Result<(), Fault>,
}

const ROW: &[&str] = &["rowid"];

const TABLES: [Table; 11] = [
    Table {
        name: "files",
        columns: files::COLUMNS,
        named_by: 0,
        key: ROW,
        read: |row| files::record(row).map(drop),
    },
    Table {
        name: "paths",
        columns: "path, size, modified, changed",
        named_by: 0,
        key: ROW,
        read: |row| row.look(0).map(drop),
    },
    Table {
        name: "waiting",
        columns: "path, size, modified, changed",
        named_by: 0,
        key: ROW,
        read: |row| row.look(0).map(drop),
    },
    Table {
        name: "tracks",
        columns: "id",
        named_by: 0,
        key: ROW,
        read: |row| row.track(0).map(drop),
    },
    Table {
        name: "generations",
        columns: generations::COLUMNS,
        named_by: 0,
        key: ROW,
        read: |row| generations::record(row).map(drop),
    },
    Table {
        name: "generations",
        columns: "id, calibration",
        named_by: 0,
        key: ROW,
        read: |row| generations::calibration_at_column(row, 1).map(drop),
    },
    Table {
        name: "segments",
        columns: "id, generation, kind, num_vectors",
        named_by: 0,
        key: ROW,
        read: |row| {
            row.count(1)?;
            row.named(2, VectorKind::named, "clip or cue")?;
            row.small(3).map(drop)
        },
    },
    Table {
        name: "runs",
        columns: "segment, track, first_row, num_rows, kind",
        named_by: 1,
        key: &["generation", "kind", "track"],
        read: |row| {
            row.named(4, live_runs::kind_named, "clip or cue")?;
            live_runs::record(row).map(drop)
        },
    },
    Table {
        name: "cues",
        columns: "id, start, stop, text, language, source",
        named_by: 0,
        key: ROW,
        read: |row| cues::record(row, 1).map(drop),
    },
    Table {
        name: "jobs",
        columns: jobs::COLUMNS,
        named_by: 0,
        key: ROW,
        read: |row| jobs::record(row).map(drop),
    },
    Table {
        name: "counters",
        columns: "name, value",
        named_by: 0,
        key: &["name"],
        read: |row| row.count(1).map(drop),
    },
];

/// All that is wrong with the records; with the words, which takes longer, where it is asked for.
pub(super) fn find(db: &Connection, with_words: bool) -> Result<Vec<RecordFault>, Fault> {
    let mut faults = Vec::new();
    for table in &TABLES {
        bad_values(db, table, &mut faults)?;
    }
    orphans(db, &mut faults)?;
    missing_rows(db, &mut faults)?;
    unknown_models(db, &mut faults)?;
    not_as_written(db, &mut faults)?;
    if with_words && !word_index::is_in_step(db)? {
        let line = "table cue_words: the index of words does not fit the cues, so that what is said is not \
                    found";
        faults.push(RecordFault { line: line.to_owned(), what: RecordDamage::Words });
    }
    Ok(faults)
}

fn bad_values(db: &Connection, table: &Table, faults: &mut Vec<RecordFault>) -> Result<(), Fault> {
    let Table { name, columns, named_by, key, read } = table;
    let select = format!("SELECT {columns}, {} FROM {name}", key.join(", "));
    let mut statement = db.prepare(&select)?;
    let first_of_key = statement.column_count() - key.len();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match read(&CheckedRow::of(row, name, *named_by)) {
            Ok(()) => {}
            Err(Fault::Bad(bad)) => {
                let of_key = (0..key.len()).map(|at| row.get::<_, Value>(first_of_key + at));
                let key = of_key.collect::<Result<_, _>>()?;
                let line = bad.to_string();
                let what = RecordDamage::Value { table: name, column: bad.column, key };
                faults.push(RecordFault { line, what });
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(())
}

/// Rows that name rows which are gone, counted by table.
fn orphans(db: &Connection, faults: &mut Vec<RecordFault>) -> Result<(), Fault> {
    let mut statement = db.prepare(
        "SELECT checked.\"table\", \"from\", checked.parent, count(*)
         FROM pragma_foreign_key_check AS checked, pragma_foreign_key_list(checked.\"table\") AS list
         WHERE list.id = checked.fkid GROUP BY 1, 2, 3",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, column, parent): (String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let (num, rows) = match row.get::<_, i64>(3)? {
            1 => ("1 row names a row".to_owned(), "is"),
            num => (format!("{num} rows name rows"), "are"),
        };
        let line =
            format!("table {table}, column {column}: {num} of table {parent} that {rows} gone");
        faults.push(RecordFault { line, what: RecordDamage::Orphans { table, column, parent } });
    }
    Ok(())
}

fn not_as_written(db: &Connection, faults: &mut Vec<RecordFault>) -> Result<(), Fault> {
    for part in PARTS {
        for owner in sealing::broken(db, part, None)? {
            let what = RecordDamage::Seal { part, owner };
            faults.push(RecordFault { line: line(part, owner), what });
        }
    }
    Ok(())
}

fn unknown_models(db: &Connection, faults: &mut Vec<RecordFault>) -> Result<(), Fault> {
    let mut statement = db.prepare("SELECT id FROM generations WHERE preprocessing = ''")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let line = of_unknown_model(row.get(0)?);
        faults.push(RecordFault { line, what: RecordDamage::Elsewhere });
    }
    Ok(())
}

/// Rows that must be there beside others.
fn missing_rows(db: &Connection, faults: &mut Vec<RecordFault>) -> Result<(), Fault> {
    let mut statement =
        db.prepare("SELECT id FROM files WHERE id NOT IN (SELECT file FROM paths)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let file = row.get(0)?;
        let line = format!("table paths: file {file} has no path");
        faults.push(RecordFault { line, what: RecordDamage::NoPath { file } });
    }
    // Also a video of which not one clip could be decoded has a row.
    let mut statement = db.prepare(
        "SELECT generation, files.id, tracks.id IS NULL
         FROM indexed JOIN files ON files.id = indexed.file LEFT JOIN tracks ON tracks.file = files.id
         WHERE tracks.id IS NULL OR NOT EXISTS (
             SELECT 1 FROM runs WHERE runs.generation = indexed.generation AND track = tracks.id
                 AND kind = 'clip')",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (generation, file) = (row.get(0)?, row.get(1)?);
        let table = if row.get(2)? { "tracks" } else { "runs" };
        let line = format!(
            "table {table}: file {file} counts as indexed, and the row that names its vectors is gone"
        );
        faults.push(RecordFault { line, what: RecordDamage::NoVectors { generation, file } });
    }
    let none_live = "SELECT count(*) > 0 AND sum(state = 'live') = 0 FROM generations";
    if db.query_row(none_live, [], |row| row.get::<_, Option<bool>>(0))? == Some(true) {
        let line = "table generations: there are indexes, and none is live".to_owned();
        faults.push(RecordFault { line, what: RecordDamage::NoneLive });
    }
    for name in ["revision", "next_segment"] {
        let is_there = "SELECT count(*) > 0 FROM counters WHERE name = ?";
        if !db.query_row(is_there, [name], |row| row.get::<_, bool>(0))? {
            let line = format!("table counters: {name} is gone");
            faults.push(RecordFault { line, what: RecordDamage::NoCounter { name } });
        }
    }
    let too_low = "SELECT value, most FROM counters,
                       (SELECT coalesce(max(segment), 0) AS most FROM runs)
                   WHERE name = 'next_segment' AND typeof(value) = 'integer' AND value <= most";
    let mut statement = db.prepare(too_low)?;
    let mut rows = statement.query([])?;
    if let Some(row) = rows.next()? {
        let (next, most): (i64, i64) = (row.get(0)?, row.get(1)?);
        let line = format!("table counters: next_segment is {next}, and segment {most} is there");
        let name = "next_segment";
        faults.push(RecordFault { line, what: RecordDamage::NoCounter { name } });
    }
    // Vectors that are searched of a file that does not count as indexed.
    let mut statement = db.prepare(
        "SELECT file FROM runs JOIN tracks ON tracks.id = track
         JOIN files ON files.id = file WHERE runs.kind = 'clip' AND files.state <> 'bad'
             AND NOT EXISTS (SELECT 1 FROM indexed WHERE indexed.generation = runs.generation
                 AND indexed.file = tracks.file)",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let line = format!(
            "table indexed: file {} has vectors and does not count as indexed, so that it is encoded again where \
             it is still there",
            row.get::<_, i64>(0)?
        );
        faults.push(RecordFault { line, what: RecordDamage::Elsewhere });
    }
    Ok(())
}
