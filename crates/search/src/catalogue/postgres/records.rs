//! What is wrong with the records on a server, and mending it. The server itself sees to types and to rows that
//! name others; the rest is read as it is read when it is used.

use postgres::Transaction;
use postgres::types::ToSql;

use super::fault::Fault;
use super::words::{document, words};
use super::{cues, files, generations, jobs, tracks, vectors};
use crate::catalogue::bad_value::of_unknown_model;
use crate::catalogue::{FileId, GenerationId};
use crate::segment::{TrackId, VectorKind};

/// Cues whose words are compared at a time.
const CUES_AT_ONCE: usize = 2000;

/// Mending a row may show another fault; more often than this nothing is won.
const ROUNDS: usize = 8;

/// A fault in words, what mends it, and how that is told.
pub(super) struct RecordFault {
    pub(super) line: String,
    mend: Mend,
    how: &'static str,
}

enum Mend {
    /// Statements, each with the row's number.
    Row(i64, &'static [&'static str]),
    Path(Vec<u8>, &'static str),
    NoPath {
        file: i64,
    },
    NoVectors {
        generation: i64,
        file: i64,
    },
    Generation(GenerationId),
    NoTable(GenerationId),
    /// Tracks and files that were exchanged.
    Tracks,
    Words,
    /// What only a model mends, when it is given: until then it costs no vector.
    Elsewhere,
}

const ENCODED: &str = "its video is encoded again";
const FOUND_ANEW: &str = "removed; `locvtp index add` takes its video in again";
const REMOVED: &str = "removed";
const READ_AGAIN: &str = "read again when it is asked for";
const LOOKED_AT: &str = "`locvtp index add` looks at the file again";
const NAMED: &str = "its vectors stay; `locvtp index add` knows it again where it finds it";

/// All that is wrong with the records.
pub(super) fn find(db: &mut Transaction<'_>) -> Result<Vec<RecordFault>, Fault> {
    let mut faults = Vec::new();
    of_files(db, &mut faults)?;
    of_generations(db, &mut faults)?;
    of_cues_and_jobs(db, &mut faults)?;
    missing_rows(db, &mut faults)?;
    Ok(faults)
}

/// Mends all that can be. Returns what was done, a line each.
pub(super) fn mend(db: &mut Transaction<'_>) -> Result<Vec<String>, Fault> {
    let mut done = Vec::new();
    for _ in 0..ROUNDS {
        let mut faults = find(db)?;
        faults.retain(|fault| !matches!(fault.mend, Mend::Elsewhere));
        if faults.is_empty() {
            break;
        }
        for RecordFault { line, mend, how } in faults {
            let how = mend_one(db, &mend)?.unwrap_or(how);
            done.push(format!("{line}: {how}"));
        }
    }
    Ok(done)
}

/// Mends one fault, and says how where that is not known before.
fn mend_one(db: &mut Transaction<'_>, mend: &Mend) -> Result<Option<&'static str>, Fault> {
    match mend {
        Mend::Row(row, statements) => {
            for statement in *statements {
                db.execute(*statement, &[row])?;
            }
        }
        Mend::Path(path, statement) => drop(db.execute(*statement, &[path])?),
        Mend::NoPath { file } => {
            if files::name_lost(db, FileId(*file))? {
                return Ok(Some(NAMED));
            }
            db.execute("DELETE FROM files WHERE id = $1", &[file])?;
        }
        Mend::NoVectors { generation, file } => {
            let forget = "DELETE FROM indexed WHERE generation = $1 AND file = $2";
            db.execute(forget, &[generation, file])?;
            let track = "SELECT id FROM tracks WHERE file = $1";
            let Some(track) = db.query_opt(track, &[file])? else { return Ok(None) };
            let track = TrackId(track.get::<_, i32>(0) as u32);
            for kind in VectorKind::ALL {
                vectors::name_again(db, GenerationId(*generation), kind, track)?;
            }
        }
        Mend::Generation(generation) => return generations::mend(db, *generation).map(Some),
        Mend::NoTable(generation) => {
            let width = "SELECT width FROM generations WHERE id = $1";
            let width: i32 = db.query_one(width, &[&generation.0])?.get(0);
            vectors::make_tables(db, *generation, width.max(1) as usize)?;
        }
        Mend::Tracks => tracks::mend(db)?,
        Mend::Words => make_words_anew(db)?,
        Mend::Elsewhere => {}
    }
    Ok(None)
}

/// What a reader says of a row: the fault's line and column where it cannot be read.
fn bad<T>(read: Result<T, Fault>) -> Result<Option<(String, String)>, Fault> {
    match read {
        Ok(_) => Ok(None),
        Err(Fault::Bad(bad)) => Ok(Some((bad.to_string(), bad.column))),
        Err(fault) => Err(fault),
    }
}

fn of_files(db: &mut Transaction<'_>, faults: &mut Vec<RecordFault>) -> Result<(), Fault> {
    let select = format!("SELECT {}, NULL::int FROM files ORDER BY id", files::COLUMNS);
    for row in db.query(&select, &[])? {
        let Some((line, column)) = bad(files::record(&row))? else { continue };
        let (statements, how): (&[&str], _) = match column.as_str() {
            // What it holds is not known, so its place is looked at again; until then its vectors stay.
            "size" | "sample" => (
                &[
                    "UPDATE paths SET size = 0, modified = 0, changed = 0 WHERE file = $1",
                    "UPDATE files SET size = 0, sample = uuid_send(gen_random_uuid()), whole = NULL
                     WHERE id = $1",
                ],
                LOOKED_AT,
            ),
            "whole" => (&["UPDATE files SET whole = NULL WHERE id = $1"], READ_AGAIN),
            _ => (
                &[
                    "UPDATE files SET state = 'present', reason = NULL, duration = 0 WHERE id = $1",
                    "DELETE FROM indexed WHERE file = $1",
                ],
                ENCODED,
            ),
        };
        faults.push(RecordFault { line, mend: Mend::Row(row.get(0), statements), how });
    }
    for (table, remove, look_again) in [
        (
            "paths",
            "DELETE FROM paths WHERE path = $1",
            "UPDATE paths SET size = 0, modified = 0, changed = 0 WHERE path = $1",
        ),
        ("waiting", "DELETE FROM waiting WHERE path = $1", "DELETE FROM waiting WHERE path = $1"),
    ] {
        let select = format!("SELECT path, size, modified, changed FROM {table}");
        for row in db.query(&select, &[])? {
            let Some((line, column)) = bad(files::look_at_column(&row, 0, table))? else {
                continue;
            };
            let (statement, how) = match column.as_str() {
                "path" => (remove, REMOVED),
                _ => (look_again, LOOKED_AT),
            };
            faults.push(RecordFault { line, mend: Mend::Path(row.get(0), statement), how });
        }
    }
    Ok(())
}

fn of_generations(db: &mut Transaction<'_>, faults: &mut Vec<RecordFault>) -> Result<(), Fault> {
    let select =
        format!("SELECT {}, 0::bigint, calibration FROM generations", generations::COLUMNS);
    let mut num_live = 0;
    let rows = db.query(&select, &[])?;
    for row in &rows {
        let id: i64 = row.get(0);
        num_live += usize::from(row.get::<_, &str>(1) == "live");
        if let Some((line, column)) = bad(generations::record(row))? {
            let (mend, how) = match column.as_str() {
                "state" => {
                    let statements = &["UPDATE generations SET state = 'building' WHERE id = $1"];
                    (Mend::Row(id, statements), "set anew")
                }
                _ => (Mend::Generation(GenerationId(id)), "mended"),
            };
            faults.push(RecordFault { line, mend, how });
        } else if row.get::<_, &str>(4).is_empty() {
            faults.push(RecordFault { line: of_unknown_model(id), mend: Mend::Elsewhere, how: "" });
        }
        if let Some((line, _)) = bad(generations::calibration_at_column(row, 9))? {
            let statements = &["UPDATE generations SET calibration = NULL WHERE id = $1"];
            let how = "how sure a moment is is measured again";
            faults.push(RecordFault { line, mend: Mend::Row(id, statements), how });
        }
        for kind in VectorKind::ALL {
            let table = vectors::table(GenerationId(id), kind);
            if !vectors::is_there(db, &table)? {
                let line = format!("table {table} is gone");
                let mend = Mend::NoTable(GenerationId(id));
                faults.push(RecordFault { line, mend, how: "its videos are encoded again" });
            }
        }
    }
    if num_live == 0
        && let Some(first) = rows.first()
    {
        let line = "table generations: there are indexes, and none is live".to_owned();
        let statements = &["UPDATE generations SET state = 'live' WHERE id = $1"];
        let how = "the first is";
        faults.push(RecordFault { line, mend: Mend::Row(first.get(0), statements), how });
    }
    Ok(())
}

fn of_cues_and_jobs(db: &mut Transaction<'_>, faults: &mut Vec<RecordFault>) -> Result<(), Fault> {
    let select = format!("SELECT id, {} FROM cues ORDER BY id", cues::COLUMNS);
    for row in db.query(&select, &[])? {
        if let Some((line, _)) = bad(cues::record(&row, 1, row.get(0)))? {
            let statements: &[&str] = &[
                "DELETE FROM indexed WHERE file = (SELECT file FROM cues WHERE id = $1)",
                "DELETE FROM cues WHERE id = $1",
            ];
            faults.push(RecordFault {
                line,
                mend: Mend::Row(row.get(0), statements),
                how: ENCODED,
            });
        }
    }
    let select = format!("SELECT {} FROM jobs", jobs::COLUMNS);
    for row in db.query(&select, &[])? {
        if let Some((line, _)) = bad(jobs::record(&row))? {
            let statements = &["DELETE FROM jobs WHERE id = $1"];
            faults.push(RecordFault {
                line,
                mend: Mend::Row(row.get(0), statements),
                how: REMOVED,
            });
        }
    }
    let in_step = "SELECT count(*) = 1 AND bool_and(totals.num_cues = own.num AND totals.num_words = own.words)
                   FROM cue_totals AS totals,
                        (SELECT count(*) AS num, coalesce(sum(num_words), 0) AS words FROM cues) AS own";
    let totals: Option<bool> = db.query_one(in_step, &[])?.get(0);
    if totals != Some(true) || has_other_words(db)? {
        let line = "table cues: the words that are looked for do not fit the texts".to_owned();
        faults.push(RecordFault { line, mend: Mend::Words, how: "made anew" });
    }
    Ok(())
}

/// Rows that must be there beside others.
fn missing_rows(db: &mut Transaction<'_>, faults: &mut Vec<RecordFault>) -> Result<(), Fault> {
    let pathless =
        "SELECT id FROM files WHERE NOT EXISTS (SELECT FROM paths WHERE file = files.id)";
    for row in db.query(pathless, &[])? {
        let file: i64 = row.get(0);
        let line = format!("table paths: file {file} has no path");
        faults.push(RecordFault { line, mend: Mend::NoPath { file }, how: FOUND_ANEW });
    }
    for file in tracks::of_others(db, None)? {
        let line = format!(
            "table tracks: the vectors that file {file} names are those of another content"
        );
        faults.push(RecordFault { line, mend: Mend::Tracks, how: "each names its own again" });
    }
    // Also a video of which not one clip could be decoded has a row.
    let lost = "SELECT indexed.generation, files.id, tracks.id IS NULL
                FROM indexed JOIN files ON files.id = indexed.file
                LEFT JOIN tracks ON tracks.file = files.id
                WHERE tracks.id IS NULL OR NOT EXISTS (
                    SELECT FROM runs WHERE runs.generation = indexed.generation AND track = tracks.id
                        AND kind = 'clip')
                ORDER BY files.id";
    for row in db.query(lost, &[])? {
        let (generation, file): (i64, i64) = (row.get(0), row.get(1));
        let table = if row.get(2) { "tracks" } else { "runs" };
        let line = format!(
            "table {table}: file {file} counts as indexed, and the row that names its vectors is gone"
        );
        let mend = Mend::NoVectors { generation, file };
        faults.push(RecordFault { line, mend, how: ENCODED });
    }
    Ok(())
}

/// Every cue with the words of its text, some at a time.
fn with_words(
    db: &mut Transaction<'_>,
    statement: &str,
    mut take: impl FnMut(u64) -> bool,
) -> Result<(), Fault> {
    let mut last = i64::MIN;
    loop {
        let select =
            format!("SELECT id, text FROM cues WHERE id > $1 ORDER BY id LIMIT {CUES_AT_ONCE}");
        let rows = db.query(&select, &[&last])?;
        let Some(end) = rows.last() else { return Ok(()) };
        last = end.get(0);
        let ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        let words: Vec<Vec<String>> = rows.iter().map(|row| words(row.get(1))).collect();
        let documents: Vec<String> = words.iter().map(|words| document(words)).collect();
        let counts: Vec<i32> = words.iter().map(|words| words.len() as i32).collect();
        let parameters: [&(dyn ToSql + Sync); 3] = [&ids, &documents, &counts];
        if !take(db.execute(statement, &parameters)?) {
            return Ok(());
        }
    }
}

const RIGHT: &str =
    "unnest($1::bigint[], $2::text[], $3::int[]) AS right_ones (number, document, count)
                     WHERE id = number AND (words <> document::tsvector OR num_words <> count)";

fn has_other_words(db: &mut Transaction<'_>) -> Result<bool, Fault> {
    let mut is_any = false;
    with_words(db, &format!("SELECT id FROM cues, {RIGHT}"), |num| {
        is_any = num > 0;
        !is_any
    })?;
    Ok(is_any)
}

fn make_words_anew(db: &mut Transaction<'_>) -> Result<(), Fault> {
    let set = format!("UPDATE cues SET words = document::tsvector, num_words = count FROM {RIGHT}");
    with_words(db, &set, |_| true)?;
    db.batch_execute(
        "DELETE FROM cue_totals;
         INSERT INTO cue_totals SELECT count(*), coalesce(sum(num_words), 0) FROM cues",
    )?;
    Ok(())
}
