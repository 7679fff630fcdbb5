//! What is said, and finding it by its words.

use std::time::{Duration, Instant};

use locvtp_video::TimeSpan;
use postgres::types::ToSql;
use postgres::{Row, Transaction};

use super::fault::{Fault, bad};
use super::values::{array, plain};
use super::words::{asked, document, query, words};
use crate::catalogue::bad_value::is_time;
use crate::catalogue::phrases::MOST_S;
use crate::catalogue::{Cue, CueHit, FileId};
use crate::scan::TrackFilter;
use crate::segment::TrackId;

/// What [`record`] reads of a cue.
pub(super) const COLUMNS: &str = "start, stop, text, language, source";

/// How soon a word that stands in a cue again and again weighs no more, and how much long cues are held
/// down: what FTS5 takes for BM25, so that both catalogues order alike.
const SATURATION: f64 = 1.2;
const LENGTH: f64 = 0.75;

/// The weight of a word that stands in half of all cues or more.
const LEAST_WEIGHT: f64 = 1e-6;

pub(super) fn replace(db: &mut Transaction<'_>, file: FileId, cues: &[Cue]) -> Result<(), Fault> {
    db.execute("DELETE FROM cues WHERE file = $1", &[&file.0])?;
    if cues.is_empty() {
        return Ok(());
    }
    let words: Vec<Vec<String>> = cues.iter().map(|cue| words(&cue.text)).collect();
    let starts: Vec<f64> = cues.iter().map(|cue| cue.span.start.0).collect();
    let stops: Vec<f64> = cues.iter().map(|cue| cue.span.end.0).collect();
    let texts: Vec<_> = cues.iter().map(|cue| plain(&cue.text)).collect();
    let languages: Vec<_> = cues.iter().map(|cue| cue.language.as_deref().map(plain)).collect();
    let sources: Vec<_> = cues.iter().map(|cue| plain(&cue.source)).collect();
    let documents: Vec<String> = words.iter().map(|words| document(words)).collect();
    let num_words: Vec<i32> = words.iter().map(|words| words.len() as i32).collect();
    db.execute(
        &format!(
            "INSERT INTO cues (file, {COLUMNS}, words, num_words)
             SELECT $1, {COLUMNS}, words::tsvector, num_words
             FROM unnest($2::float8[], $3::float8[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::int[]) WITH ORDINALITY
                 AS cue ({COLUMNS}, words, num_words, place) ORDER BY place"
        ),
        &[&file.0, &starts, &stops, &texts, &languages, &sources, &documents, &num_words],
    )?;
    Ok(())
}

pub(super) fn of_file(db: &mut Transaction<'_>, file: FileId) -> Result<Vec<Cue>, Fault> {
    let select = format!("SELECT {COLUMNS}, id FROM cues WHERE file = $1 ORDER BY start, id");
    db.query(&select, &[&file.0])?.iter().map(|row| record(row, 0, row.get(5))).collect()
}

pub(super) fn find(
    db: &mut Transaction<'_>,
    text: &str,
    filter: Option<&TrackFilter>,
    most: usize,
) -> Result<Vec<CueHit>, Fault> {
    let asked = asked(text);
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    // As long as the transaction lasts, and for each statement by itself.
    db.batch_execute(&format!("SET LOCAL statement_timeout = '{MOST_S}s'"))?;
    let began = Instant::now();
    find_words(db, &asked, filter, most).map_err(|fault| {
        // An administrator may cancel it earlier.
        let is_over = fault.is_of_cancelled() && began.elapsed() >= Duration::from_secs(MOST_S);
        if is_over { Fault::TimeOver } else { fault }
    })
}

/// The same of phrases as words, of which the last may go on.
fn find_words(
    db: &mut Transaction<'_>,
    asked: &[(Vec<String>, bool)],
    filter: Option<&TrackFilter>,
    most: usize,
) -> Result<Vec<CueHit>, Fault> {
    let queries: Vec<String> =
        asked.iter().map(|(words, goes_on)| query(words, *goes_on)).collect();
    let totals = db.query_opt("SELECT num_cues, num_words FROM cue_totals LIMIT 1", &[])?;
    let totals = totals
        .ok_or_else(|| bad("cue_totals", "of all cues", "num_cues", "nothing", "their number"))?;
    let (num_cues, num_words) = (totals.get::<_, i64>(0) as f64, totals.get::<_, i64>(1) as f64);
    let (mut counts, mut score) = (String::new(), Vec::new());
    for (number, query) in queries.iter().enumerate() {
        let count = "SELECT count(*) FROM cues WHERE words @@ $1::text::tsquery";
        let with_it = db.query_one(count, &[query])?.get::<_, i64>(0) as f64;
        let weight = ((num_cues - with_it + 0.5) / (with_it + 0.5)).ln();
        let weight = if weight > 0.0 { weight } else { LEAST_WEIGHT };
        let times = times_said(number + 2, asked[number].1);
        counts += &format!(" CROSS JOIN LATERAL (SELECT ({times})::float8 AS n) AS p{number}");
        score.push(format!(
            "{weight:e}::float8 * (p{number}.n * {:e}::float8 / (p{number}.n + length))",
            SATURATION + 1.0
        ));
    }
    let length = format!(
        "{SATURATION:e}::float8 * ({:e}::float8 + {LENGTH:e}::float8 * num_words / {:e}::float8)",
        1.0 - LENGTH,
        num_words / num_cues.max(1.0)
    );
    let only = filter.map_or(String::new(), |filter| {
        format!("AND tracks.id = ANY ({})", array(filter.tracks().map(|track| track.0)))
    });
    let select = format!(
        "SELECT {} AS score, found.file, track, {COLUMNS}, found.id
         FROM (SELECT cues.*, tracks.id AS track, {length} AS length
               FROM cues JOIN tracks ON tracks.file = cues.file
               WHERE words @@ $1::text::tsquery {only}) AS found {counts}
         ORDER BY score DESC, found.file, start, found.id LIMIT {}",
        score.join(" + "),
        most.min(i64::MAX as usize)
    );
    let whole = queries.join(" & ");
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&whole];
    parameters.extend(asked.iter().map(|(words, _)| words as &(dyn ToSql + Sync)));
    let hit = |row: &Row| {
        Ok(CueHit {
            file: FileId(row.get(1)),
            track: TrackId(row.get::<_, i32>(2) as u32),
            cue: record(row, 3, row.get(8))?,
            score: row.get(0),
        })
    };
    db.query(&select, &parameters)?.iter().map(hit).collect()
}

/// How often a phrase stands in a cue; it is the parameter of this number.
fn times_said(parameter: usize, goes_on: bool) -> String {
    if !goes_on {
        return format!("num_phrases(words, ${parameter})");
    }
    // As `num_phrases`, but that its last word may go on.
    let phrase = format!("${parameter}::text[]");
    let is_last = |number: &str| format!("{number} = cardinality({phrase})");
    format!(
        "SELECT count(*) FROM unnest(words) AS first, unnest(first.positions) AS place
         WHERE (first.lexeme = ({phrase})[1]
                OR {} AND starts_with(first.lexeme, ({phrase})[1]))
         AND NOT EXISTS (
             SELECT FROM unnest({phrase}) WITH ORDINALITY AS next (word, number) WHERE NOT EXISTS (
                 SELECT FROM unnest(words) AS other
                 WHERE (other.lexeme = next.word
                        OR {} AND starts_with(other.lexeme, next.word))
                 AND place + next.number - 1 = ANY (other.positions)
             )
         )",
        is_last("1"),
        is_last("next.number"),
    )
}

/// A cue, in [`COLUMNS`] from `first` on.
pub(super) fn record(row: &Row, first: usize, id: i64) -> Result<Cue, Fault> {
    let time = |column: usize, name: &str| {
        let seconds: f64 = row.get(column);
        match is_time(seconds) {
            true => Ok(seconds),
            false => Err(bad("cues", id, name, seconds, "a time in seconds")),
        }
    };
    let (start, stop) = (time(first, "start")?, time(first + 1, "stop")?);
    if stop < start {
        return Err(bad("cues", id, "stop", stop, "a time from the start on"));
    }
    Ok(Cue {
        span: TimeSpan::new(start, stop),
        text: row.get(first + 2),
        language: row.get(first + 3),
        source: row.get(first + 4),
    })
}
