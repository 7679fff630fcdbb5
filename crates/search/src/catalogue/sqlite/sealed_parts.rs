//! The parts of the database whose rows are sealed: a table, or some columns of one, and whose its rows are.

use rusqlite::Connection;
use xxhash_rust::xxh3::xxh3_64;

use super::cell::{Cell, push};

/// Which columns of a table belong to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Columns {
    All,
    Only(&'static [&'static str]),
    /// Also those that a later version adds.
    AllBut(&'static [&'static str]),
}

/// Rows of a table that one checksum stands for: those of the same owner.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) table: &'static str,
    columns: Columns,
    /// The column with the number of what a row belongs to; none where all rows belong together.
    pub(super) owner: Option<&'static str>,
    /// What an owner is called.
    pub(super) owned_by: &'static str,
    /// Whether its rows have numbers of their own in the database.
    pub(super) has_row_ids: bool,
}

const fn part(name: &'static str, owner: &'static str, owned_by: &'static str) -> Part {
    let (columns, owner) = (Columns::All, Some(owner));
    Part { name, table: name, columns, owner, owned_by, has_row_ids: true }
}

/// What happens to a file, which changes more often than what it holds.
const OF_STATE: &[&str] = &["state", "reason", "duration"];

/// What a file holds.
pub(super) const CONTENT: Part =
    Part { table: "files", columns: Columns::AllBut(OF_STATE), ..part("content", "id", "file") };
pub(super) const FILES: Part = Part {
    columns: Columns::Only(&["id", "state", "reason", "duration"]),
    ..part("files", "id", "file")
};
pub(super) const PATHS: Part = part("paths", "file", "file");
pub(super) const TRACKS: Part = part("tracks", "file", "file");
pub(super) const INDEXED: Part = Part { has_row_ids: false, ..part("indexed", "file", "file") };
pub(super) const RUNS: Part = Part { has_row_ids: false, ..part("runs", "track", "track") };
pub(super) const CUES: Part = part("cues", "file", "file");
pub(super) const GENERATIONS: Part =
    Part { columns: Columns::AllBut(&["calibration"]), ..part("generations", "id", "index") };
/// How sure moments are, which is measured anew now and then.
pub(super) const CALIBRATION: Part = Part {
    table: "generations",
    columns: Columns::Only(&["id", "calibration"]),
    ..part("calibration", "id", "index")
};
pub(super) const SEGMENTS: Part = part("segments", "id", "segment");
pub(super) const JOBS: Part = part("jobs", "id", "job");
pub(super) const WAITING: Part = Part { owner: None, ..part("waiting", "", "list") };

/// All parts. `counters` is none: a number there that could be costs nothing, whatever it was.
pub(super) const PARTS: [&Part; 12] = [
    &CONTENT,
    &FILES,
    &PATHS,
    &TRACKS,
    &GENERATIONS,
    &CALIBRATION,
    &INDEXED,
    &SEGMENTS,
    &RUNS,
    &CUES,
    &JOBS,
    &WAITING,
];

impl Part {
    /// The columns that are sealed, in their order in the table.
    pub(super) fn columns(&self, db: &Connection) -> rusqlite::Result<Vec<String>> {
        let mut statement = db.prepare_cached("SELECT name FROM pragma_table_info(?)")?;
        let all: Vec<String> =
            statement.query_map([self.table], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let is_sealed = |column: &String| match self.columns {
            Columns::All => true,
            Columns::Only(names) => names.contains(&column.as_str()),
            Columns::AllBut(names) => !names.contains(&column.as_str()),
        };
        Ok(all.into_iter().filter(is_sealed).collect())
    }

    /// Whose a row is, as SQL; `of` is what stands before a column, as `new.`. What is no number is nobody's.
    pub(super) fn owner_of(&self, of: &str) -> String {
        let nobody = |column| format!("iif(typeof({of}{column}) = 'integer', {of}{column}, -1)");
        self.owner.map_or("0".to_owned(), nobody)
    }

    /// A row's hash, as SQL.
    pub(super) fn hash_of(&self, columns: &[String], of: &str) -> String {
        let columns = columns.iter().map(|column| format!(", '{column}', {of}{column}"));
        format!("row_hash('{}'{})", self.name, columns.collect::<String>())
    }

    /// A row's hash.
    pub(super) fn hash(&self, columns: &[String], cells: &[Cell]) -> i64 {
        let mut bytes = self.name.as_bytes().to_vec();
        for (column, cell) in columns.iter().zip(cells) {
            push(&mut bytes, column.as_bytes(), cell.value());
        }
        xxh3_64(&bytes) as i64
    }
}
