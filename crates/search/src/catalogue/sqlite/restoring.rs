//! Restoring rows to what was written, where their checksum tells what that was: a bit that was flipped, values
//! that stand in another row, a name that is one of a few, a row that was moved to another owner.
//!
//! A checksum has 64 bits, so what fits it is what was written.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::cell::Cell;
use super::sealed_parts::{
    CALIBRATION, CONTENT, CUES, FILES, GENERATIONS, JOBS, PARTS, PATHS, Part, SEGMENTS,
};
use super::sealing;
use crate::catalogue::{FileState, JobState};
use crate::segment::VectorKind;

/// Damaged rows of a part at most of which the values are tried in one another.
const MOST_ROWS: usize = 64;

/// Rows of one owner at most of which two are tried together.
const MOST_PAIRED: usize = 2000;

/// Columns at most of which every choice is tried.
const MOST_CHOSEN: usize = 8;

/// A row as it stands there.
struct Row {
    id: i64,
    owner: i64,
    cells: Vec<Cell>,
    hash: i64,
}

/// What is to be written into a row of the database.
struct Change {
    row: i64,
    cells: Vec<Cell>,
}

/// The damaged rows of a part.
struct Damaged<'a> {
    part: &'a Part,
    columns: &'a [String],
    rows: Vec<Row>,
}

/// Restores what can be of the parts whose rows have numbers. Returns what was done, a line each.
pub(super) fn restore(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut done = Vec::new();
    for part in [&GENERATIONS, &CALIBRATION, &CONTENT, &FILES, &PATHS, &SEGMENTS, &CUES, &JOBS] {
        restore_part(db, part, &mut done)?;
    }
    Ok(done)
}

fn restore_part(db: &Connection, part: &Part, done: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut written = BTreeMap::new();
    for owner in sealing::broken(db, part, None)? {
        written.insert(owner, sealing::written(db, part, owner)?.unwrap_or(0));
    }
    if written.is_empty() {
        return Ok(());
    }
    let columns = part.columns(db)?;
    let rows = rows_of(db, part, &columns, &written)?;
    let damaged = Damaged { part, columns: &columns, rows };
    let mut changes: Vec<Change> = Vec::new();
    for (owner, checksum) in &written {
        let found = damaged.restored(*owner, *checksum);
        let is_new = |change: &Change| changes.iter().all(|other| other.row != change.row);
        if found.iter().all(is_new) {
            changes.extend(found);
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    // Also those of other columns of the same rows say afterwards what they said.
    let of_table = || PARTS.into_iter().filter(|other| other.table == part.table);
    let mut seals = Vec::new();
    for (other, owner) in of_table().flat_map(|it| written.keys().map(move |owner| (it, *owner))) {
        seals.push((other, owner, sealing::written(db, other, owner)?));
    }
    write(db, part, &columns, &changes)?;
    for (other, owner, checksum) in seals {
        match checksum {
            Some(checksum) => sealing::put(db, other, owner, checksum)?,
            None => sealing::remove(db, other, owner)?,
        }
    }
    for owner in written.keys() {
        if sealing::broken(db, part, Some(*owner))?.is_empty() {
            done.push(format!("{}: what was written stands there again", line(part, *owner)));
        }
    }
    Ok(())
}

/// Names the rows of an owner that are not as they were written.
pub(super) fn line(part: &Part, owner: i64) -> String {
    let Part { table, owned_by, .. } = part;
    match owner {
        -1 => format!(
            "table {table}, rows of no {owned_by}: what stands there is not what was written"
        ),
        _ => {
            format!("table {table}, {owned_by} {owner}: what stands there is not what was written")
        }
    }
}

fn rows_of(
    db: &Connection,
    part: &Part,
    columns: &[String],
    owners: &BTreeMap<i64, i64>,
) -> rusqlite::Result<Vec<Row>> {
    let select =
        format!("SELECT rowid, {}, {} FROM {}", part.owner_of(""), columns.join(", "), part.table);
    let mut statement = db.prepare(&select)?;
    let (mut found, mut rows) = (Vec::new(), statement.query([])?);
    while let Some(row) = rows.next()? {
        let owner = row.get(1)?;
        if !owners.contains_key(&owner) {
            continue;
        }
        let cells = (0..columns.len()).map(|at| Ok(Cell::of(row.get_ref(at + 2)?)));
        let cells: Vec<Cell> = cells.collect::<rusqlite::Result<_>>()?;
        let hash = part.hash(columns, &cells);
        found.push(Row { id: row.get(0)?, owner, cells, hash });
    }
    Ok(found)
}

impl Damaged<'_> {
    /// What makes the rows of an owner what they were; nothing where that is not found.
    fn restored(&self, owner: i64, checksum: i64) -> Vec<Change> {
        let own: Vec<&Row> = self.rows.iter().filter(|row| row.owner == owner).collect();
        let sum = own.iter().fold(0_i64, |sum, row| sum.wrapping_add(row.hash));
        let lacks = checksum.wrapping_sub(sum);
        let one = own.iter().find_map(|row| {
            let cells = self.variant(&row.cells, lacks.wrapping_add(row.hash))?;
            Some(vec![Change { row: row.id, cells }])
        });
        let one = one.or_else(|| self.moved(owner, lacks).map(|change| vec![change]));
        one.or_else(|| self.exchanged(&own, lacks)).unwrap_or_default()
    }

    /// Cells that differ little from those of a row, and have this hash.
    fn variant(&self, cells: &[Cell], hash: i64) -> Option<Vec<Cell>> {
        let fits = |cells: &[Cell]| self.part.hash(self.columns, cells) == hash;
        let mut tried = cells.to_vec();
        for at in 0..cells.len() {
            let words = words(&self.columns[at]);
            let others = self.others().map(|row| row.cells[at].clone());
            let plain =
                cells[at].with_a_bit_changed().chain(words).chain([Cell::Null]).chain(others);
            for cell in plain {
                tried[at] = cell;
                if fits(&tried) {
                    return Some(tried);
                }
            }
            tried[at] = cells[at].clone();
        }
        if cells.len() > MOST_CHOSEN {
            return None;
        }
        self.others().find_map(|other| {
            (1..1_usize << cells.len()).find_map(|choice| {
                let mixed = cells.iter().zip(&other.cells).enumerate();
                let mixed =
                    mixed.map(
                        |(at, (own, others))| {
                            if choice >> at & 1 == 1 { others.clone() } else { own.clone() }
                        },
                    );
                Some(mixed.collect::<Vec<Cell>>()).filter(|cells| fits(cells))
            })
        })
    }

    /// A row that stands under another owner.
    fn moved(&self, owner: i64, hash: i64) -> Option<Change> {
        let column = self.part.owner?;
        let at = self.columns.iter().position(|name| name == column)?;
        self.others().filter(|row| row.owner != owner).find_map(|row| {
            let mut cells = row.cells.clone();
            cells[at] = Cell::Integer(owner);
            let fits = self.part.hash(self.columns, &cells) == hash;
            fits.then_some(Change { row: row.id, cells })
        })
    }

    /// Two rows of one owner that exchanged a value.
    fn exchanged(&self, own: &[&Row], lacks: i64) -> Option<Vec<Change>> {
        if own.len() > MOST_PAIRED {
            return None;
        }
        for (number, one) in own.iter().enumerate() {
            for other in &own[number + 1..] {
                for at in 0..self.columns.len() {
                    let (mut first, mut second) = (one.cells.clone(), other.cells.clone());
                    std::mem::swap(&mut first[at], &mut second[at]);
                    let hash = |cells: &[Cell]| self.part.hash(self.columns, cells);
                    let gained = hash(&first).wrapping_add(hash(&second));
                    if gained.wrapping_sub(one.hash).wrapping_sub(other.hash) == lacks {
                        let change = |row: &Row, cells| Change { row: row.id, cells };
                        return Some(vec![change(one, first), change(other, second)]);
                    }
                }
            }
        }
        None
    }

    fn others(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().take(MOST_ROWS)
    }
}

/// What may stand in a column of names.
fn words(column: &str) -> Vec<Cell> {
    let states = || {
        let files = [FileState::Present, FileState::Missing, FileState::Bad].map(FileState::name);
        let jobs = [JobState::Running, JobState::Done, JobState::Failed, JobState::Stopped];
        files.into_iter().chain(jobs.map(JobState::name)).chain(["live", "building"])
    };
    match column {
        "state" => states().map(Cell::text).collect(),
        "kind" => VectorKind::ALL.map(VectorKind::name).map(Cell::text).to_vec(),
        _ => Vec::new(),
    }
}

/// Writes rows. What must be unique is set aside first, since rows may have exchanged it.
fn write(
    db: &Connection,
    part: &Part,
    columns: &[String],
    changes: &[Change],
) -> rusqlite::Result<()> {
    // Whatever names a row is checked when all is mended.
    db.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    let is_of_cues = part.table == "cues";
    let unique = match part.name {
        "content" => Some("sample = randomblob(16)"),
        "paths" => Some("path = randomblob(16)"),
        "generations" => Some("fingerprint = randomblob(16)"),
        "cues" => Some("id = -1 - id"),
        _ => None,
    };
    if let Some(aside) = unique {
        let aside = format!("UPDATE {} SET {aside} WHERE rowid = ?", part.table);
        changes.iter().try_for_each(|change| db.execute(&aside, [change.row]).map(drop))?;
    }
    let set: Vec<String> = columns.iter().map(|column| format!("{column} = ?")).collect();
    let set = format!("UPDATE {} SET {} WHERE rowid = ?", part.table, set.join(", "));
    for Change { row, cells } in changes {
        let row = Cell::Integer(if is_of_cues { -1 - row } else { *row });
        db.execute(&set, rusqlite::params_from_iter(cells.iter().chain([&row])))?;
    }
    // The index of words takes none of it by itself.
    if is_of_cues {
        super::word_index::make_anew(db)?;
    }
    Ok(())
}
