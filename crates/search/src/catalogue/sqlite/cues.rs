//! What is said, and finding it by its words.

use locvtp_video::TimeSpan;
use rusqlite::{Connection, Row};

use crate::catalogue::phrases::{Phrase, phrases};
use crate::catalogue::{Cue, CueHit, FileId};
use crate::scan::TrackFilter;
use crate::segment::TrackId;

const COLUMNS: &str = "start, stop, text, language, source";

pub(super) fn replace(db: &Connection, file: FileId, cues: &[Cue]) -> rusqlite::Result<()> {
    db.execute("DELETE FROM cues WHERE file = ?", [file.0])?;
    let mut insert = db
        .prepare_cached(&format!("INSERT INTO cues (file, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"))?;
    for Cue { span, text, language, source } in cues {
        insert.execute((file.0, span.start.0, span.end.0, text, language, source))?;
    }
    Ok(())
}

pub(super) fn of_file(db: &Connection, file: FileId) -> rusqlite::Result<Vec<Cue>> {
    let select = format!("SELECT {COLUMNS} FROM cues WHERE file = ? ORDER BY start, id");
    let mut statement = db.prepare_cached(&select)?;
    let cues = statement.query_map([file.0], |row| cue_at_column(row, 0))?;
    cues.collect()
}

pub(super) fn find(
    db: &Connection,
    text: &str,
    filter: Option<&TrackFilter>,
    most: usize,
) -> rusqlite::Result<Vec<CueHit>> {
    let words = words_of(text);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = db.prepare_cached(&format!(
        "SELECT bm25(cue_words), cues.file, tracks.id, {}
         FROM cue_words JOIN cues ON cues.id = cue_words.rowid
         JOIN tracks ON tracks.file = cues.file
         WHERE cue_words MATCH ? ORDER BY 1, cues.file, cues.start, cues.id",
        COLUMNS.replace("text", "cues.text")
    ))?;
    let mut rows = statement.query([words])?;
    let mut hits = Vec::new();
    while hits.len() < most
        && let Some(row) = rows.next()?
    {
        let track = TrackId(row.get(2)?);
        if filter.is_none_or(|filter| filter.contains(track)) {
            // The database's measure is lower where a cue fits better.
            let (file, score) = (FileId(row.get(1)?), -row.get::<_, f64>(0)?);
            hits.push(CueHit { file, track, cue: cue_at_column(row, 3)?, score });
        }
    }
    Ok(hits)
}

/// The phrases of a question, each quoted, so that nothing in it is read as an operator.
fn words_of(text: &str) -> String {
    let quoted = |phrase: Phrase<'_>| {
        let star = if phrase.goes_on { "*" } else { "" };
        format!("\"{}\"{star}", phrase.text.replace('"', "\"\""))
    };
    phrases(text).map(quoted).collect::<Vec<_>>().join(" ")
}

fn cue_at_column(row: &Row<'_>, first: usize) -> rusqlite::Result<Cue> {
    Ok(Cue {
        span: TimeSpan::new(row.get(first)?, row.get(first + 1)?),
        text: row.get(first + 2)?,
        language: row.get(first + 3)?,
        source: row.get(first + 4)?,
    })
}
