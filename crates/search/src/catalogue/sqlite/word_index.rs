//! Whether the index of words is that of the cues.

use rusqlite::{Connection, ErrorCode};

use super::database::Fault;
use crate::catalogue::bad_value::BadValue;

/// Whether every cue is found by its words and by nothing else.
pub(super) fn is_in_step(db: &Connection) -> Result<bool, Fault> {
    match compare(db) {
        // It cannot be read itself.
        Err(Fault::Sql(error)) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            Ok(false)
        }
        compared => compared,
    }
}

/// Where nothing is found, that must not be because the words were lost.
pub(super) fn check_count(db: &Connection) -> Result<(), Fault> {
    let counts = "SELECT (SELECT count(*) FROM cues), (SELECT count(*) FROM cue_words_docsize)";
    let (cues, listed): (i64, i64) =
        db.query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if cues == listed {
        return Ok(());
    }
    Err(Fault::Bad(BadValue {
        table: "cue_words",
        row: "of all cues".into(),
        column: "text".into(),
        value: format!("the words of {listed}"),
        expected: "those of every cue",
    }))
}

/// Makes it anew.
pub(super) fn make_anew(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch("INSERT INTO cue_words (cue_words) VALUES ('rebuild')")
}

fn compare(db: &Connection) -> Result<bool, Fault> {
    let of_others = "SELECT EXISTS (SELECT id FROM cues EXCEPT SELECT id FROM cue_words_docsize)
                         OR EXISTS (SELECT id FROM cue_words_docsize EXCEPT SELECT id FROM cues)";
    if db.query_row(of_others, [], |row| row.get(0))? {
        return Ok(false);
    }
    // The database's own check needs one that is open for writing, so the words are listed anew beside it.
    let drop = "DROP TABLE IF EXISTS temp.kept; DROP TABLE IF EXISTS temp.listed;
                DROP TABLE IF EXISTS temp.anew";
    db.execute_batch(drop)?;
    db.execute_batch(
        "CREATE VIRTUAL TABLE temp.anew USING fts5 (
             text, content = '', tokenize = 'unicode61 remove_diacritics 2'
         );
         INSERT INTO temp.anew (rowid, text) SELECT id, text FROM cues;
         CREATE VIRTUAL TABLE temp.listed USING fts5vocab (temp, anew, instance);
         CREATE VIRTUAL TABLE temp.kept USING fts5vocab (main, cue_words, instance)",
    )?;
    let same = same_lengths(db).and_then(|same| Ok(same && same_words(db)?));
    db.execute_batch(drop)?;
    same
}

/// How many words each cue has, which weighs what is found.
fn same_lengths(db: &Connection) -> Result<bool, Fault> {
    let (kept, listed) =
        ("SELECT id, sz FROM main.cue_words_docsize", "SELECT id, sz FROM temp.anew_docsize");
    let differ =
        format!("SELECT EXISTS ({kept} EXCEPT {listed}) OR EXISTS ({listed} EXCEPT {kept})");
    Ok(!db.query_row(&differ, [], |row| row.get::<_, bool>(0))?)
}

/// Both lists are in order of words, cues and places.
fn same_words(db: &Connection) -> Result<bool, Fault> {
    let mut listed = db.prepare("SELECT term, doc, offset FROM temp.listed")?;
    let mut kept = db.prepare("SELECT term, doc, offset FROM temp.kept")?;
    let (mut listed, mut kept) = (listed.query([])?, kept.query([])?);
    loop {
        match (listed.next()?, kept.next()?) {
            (None, None) => return Ok(true),
            (Some(listed), Some(kept)) => {
                for column in 0..3 {
                    if listed.get_ref(column)? != kept.get_ref(column)? {
                        return Ok(false);
                    }
                }
            }
            _ => return Ok(false),
        }
    }
}
