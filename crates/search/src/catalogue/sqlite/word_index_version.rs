//! The version that the index of words must have to be opened at all.

use rusqlite::Connection;

/// Which version of the database's index it is, without which nothing of it is opened.
const VERSION: i64 = 4;

/// Gives it its version again where that was damaged.
pub(super) fn mend(db: &Connection) -> rusqlite::Result<()> {
    let is_there = "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'cue_words_config'";
    let is_there: bool = db.query_row(is_there, [], |row| row.get(0))?;
    let is_sound = "SELECT count(*) > 0 FROM cue_words_config WHERE k = 'version' AND v IN (4, 5)";
    if is_there && !db.query_row(is_sound, [], |row| row.get::<_, bool>(0))? {
        db.execute("INSERT OR REPLACE INTO cue_words_config VALUES ('version', ?)", [VERSION])?;
    }
    Ok(())
}
