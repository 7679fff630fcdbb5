//! What a file shows at a glance, by which it is told what it is: the keys of JSON, also where it breaks
//! off, the columns of a table, the lines of a text.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use locvtp_video::plain_file;

use crate::csv_table::CsvTable;
use crate::file_ending::has_ending;
use crate::json_pieces::{Piece, pieces};
use crate::text_file;

/// How much of a file is looked at.
const GLANCE: u64 = 1 << 18;
/// Endings of files with one JSON a line.
pub(crate) const LINES: [&str; 2] = ["jsonl", "ndjson"];
/// Endings of tables.
pub(crate) const TABLES: [&str; 2] = ["csv", "tsv"];

/// What a file shows at a glance.
pub(crate) enum Glance {
    /// How a JSON begins.
    Json(JsonGlance),
    /// How a file with one JSON a line begins.
    JsonLines(Vec<u8>),
    /// A table, whose header was read.
    Table(Box<CsvTable<'static>>),
    /// How a text begins.
    Text(String),
    /// Nothing but its name: of other files, and of what cannot be read.
    Name,
}

/// How a JSON begins.
pub(crate) struct JsonGlance {
    pub(crate) start: Vec<u8>,
    keys: Keys,
}

impl JsonGlance {
    /// Whether it is a list.
    pub(crate) fn is_list(&self) -> bool {
        self.start.trim_ascii_start().first() == Some(&b'[')
    }
}

impl Glance {
    /// A look at a file.
    pub(crate) fn of(path: &Path) -> Self {
        let seen = if has_ending(path, &["json"]) {
            glance(path).map(Self::of_json)
        } else if has_ending(path, &TABLES) {
            CsvTable::open(path).ok().map(|table| Self::Table(Box::new(table)))
        } else if has_ending(path, &LINES) {
            glance(path).map(Self::JsonLines)
        } else if has_ending(path, &["txt"]) {
            glance(path).map(|start| Self::Text(text_file::decoded(&start).0))
        } else {
            None
        };
        seen.unwrap_or(Self::Name)
    }

    /// The same, of a JSON that begins so.
    pub(crate) fn of_json(start: Vec<u8>) -> Self {
        Self::Json(JsonGlance { keys: Keys::of(&start), start })
    }

    /// Whether it is JSON with such a key, so many brackets deep.
    pub(crate) fn has_key(&self, depth: usize, key: &str) -> bool {
        matches!(self, Self::Json(json) if json.keys.has(depth, key))
    }

    /// Whether it is a table with all of these columns.
    pub(crate) fn has_columns(&self, columns: &[&str]) -> bool {
        matches!(self, Self::Table(table) if columns.iter().all(|column| table.has(column)))
    }
}

/// How a file begins, as UTF-8 without a mark.
pub(crate) fn glance(path: &Path) -> Option<Vec<u8>> {
    let mut start = Vec::new();
    plain_file::open(path).ok()?.take(GLANCE).read_to_end(&mut start).ok()?;
    Some(text_file::as_utf8(&start).into_owned())
}

/// The keys of a JSON text, each with how many brackets are around it; the text may break off.
pub(crate) struct Keys(BTreeSet<(usize, String)>);

impl Keys {
    pub(crate) fn of(start: &[u8]) -> Self {
        Self(keys(start))
    }

    pub(crate) fn has(&self, depth: usize, key: &str) -> bool {
        self.0.contains(&(depth, key.to_owned()))
    }
}

fn keys(start: &[u8]) -> BTreeSet<(usize, String)> {
    /// Keys deeper than this tell nothing, and there may be many of them.
    const DEEPEST: usize = 5;
    let mut found = BTreeSet::new();
    let mut depth = 0usize;
    let mut pieces = pieces(start).peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Between(bytes) => {
                for byte in bytes {
                    match byte {
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                }
            }
            Piece::Text(text) => {
                let Some(Piece::Between(behind)) = pieces.peek() else { continue };
                if depth <= DEEPEST && behind.trim_ascii_start().first() == Some(&b':') {
                    let key = String::from_utf8_lossy(&text[1..text.len() - 1]);
                    found.insert((depth, key.into_owned()));
                }
            }
        }
    }
    found
}
