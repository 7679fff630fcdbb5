//! What is said, and finding it by its words.

use std::time::Duration;

use rusqlite::Connection;

use super::checked_row::CheckedRow;
use super::database::Fault;
use super::deadline::Deadline;
use super::sealed_parts::CUES;
use super::{sealing, word_index};
use crate::catalogue::phrases::{MOST_S, Phrase, phrases};
use crate::catalogue::{Cue, CueHit, FileId};
use crate::scan::TrackFilter;

/// What [`record`] reads of a cue.
pub(super) const COLUMNS: &str = "start, stop, text, language, source";

pub(super) fn replace(db: &Connection, file: FileId, cues: &[Cue]) -> rusqlite::Result<()> {
    db.execute("DELETE FROM cues WHERE file = ?", [file.0])?;
    let mut insert = db
        .prepare_cached(&format!("INSERT INTO cues (file, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"))?;
    for Cue { span, text, language, source } in cues {
        insert.execute((file.0, span.start.0, span.end.0, text, language, source))?;
    }
    // Whatever stood there before.
    sealing::set_anew(db, &CUES, file.0)
}

pub(super) fn of_file(db: &Connection, file: FileId) -> Result<Vec<Cue>, Fault> {
    let select = format!("SELECT {COLUMNS}, id FROM cues WHERE file = ? ORDER BY start, id");
    let mut statement = db.prepare_cached(&select)?;
    let (mut rows, mut cues) = (statement.query([file.0])?, Vec::new());
    while let Some(row) = rows.next()? {
        cues.push(record(&CheckedRow::of(row, "cues", 5), 0)?);
    }
    Ok(cues)
}

pub(super) fn find(
    db: &Connection,
    text: &str,
    filter: Option<&TrackFilter>,
    most: usize,
) -> Result<Vec<CueHit>, Fault> {
    let words = words_of(text);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let hits = within(db, words, filter, most, Duration::from_secs(MOST_S))?;
    if hits.is_empty() && filter.is_none() {
        word_index::check_count(db)?;
    }
    Ok(hits)
}

/// The same of the words as the database reads them, in so much time.
fn within(
    db: &Connection,
    words: String,
    filter: Option<&TrackFilter>,
    most: usize,
    time: Duration,
) -> Result<Vec<CueHit>, Fault> {
    let _deadline = Deadline::after(db, time);
    let mut statement = db.prepare_cached(&format!(
        "SELECT bm25(cue_words), cues.file, tracks.id, {}, cues.id
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
        let track = CheckedRow::of(row, "tracks", 2).track(2)?;
        if filter.is_none_or(|filter| filter.contains(track)) {
            // The database's measure is lower where a cue fits better.
            let (file, score) = (FileId(row.get(1)?), -row.get::<_, f64>(0)?);
            let cue = record(&CheckedRow::of(row, "cues", 8), 3)?;
            hits.push(CueHit { file, track, cue, score });
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

/// A cue, in [`COLUMNS`] from `first` on.
pub(super) fn record(row: &CheckedRow<'_, '_>, first: usize) -> Result<Cue, Fault> {
    Ok(Cue {
        span: row.span(first)?,
        text: row.text(first + 2)?,
        language: row.optional_text(first + 3)?,
        source: row.text(first + 4)?,
    })
}
