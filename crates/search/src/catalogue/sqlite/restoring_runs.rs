//! Restoring the rows that say whose vectors lie where: the segments hold them, too, and the checksums of the
//! rows tell which of them counted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::cell::Cell;
use super::database::Fault;
use super::live_runs::damaged_name;
use super::presence::segments_of;
use super::restoring::line;
use super::sealed_parts::{INDEXED, Part, RUNS, TRACKS};
use super::sealing;
use super::snapshots::{segment_number, segment_path};
use crate::segment::{Run, Segment, SegmentHeader, TrackId, VectorKind};

/// Rows of one track at most of which every choice is tried.
const MOST_CHOSEN: usize = 12;

/// Numbers of tracks at most that are tried.
const MOST_TRACKS: i64 = 1 << 22;

const RESTORED: &str = "what was written stands there again";

/// A row of `runs` that may have counted.
#[derive(Clone, Debug)]
struct Candidate {
    generation: i64,
    kind: VectorKind,
    is_aside: bool,
    segment: i64,
    run: Run,
}

impl Candidate {
    fn kind_name(&self) -> &'static str {
        if self.is_aside { damaged_name(self.kind) } else { self.kind.name() }
    }

    fn cells(&self, columns: &[String]) -> Vec<Cell> {
        let cell = |column: &String| match column.as_str() {
            "generation" => Cell::Integer(self.generation),
            "kind" => Cell::text(self.kind_name()),
            "track" => Cell::Integer(self.run.track.0.into()),
            "segment" => Cell::Integer(self.segment),
            "first_row" => Cell::Integer(self.run.first_row.into()),
            "num_rows" => Cell::Integer(self.run.num_rows.into()),
            _ => Cell::Null,
        };
        columns.iter().map(cell).collect()
    }

    fn put(&self, db: &Connection) -> rusqlite::Result<()> {
        let Run { track, first_row, num_rows } = self.run;
        let (generation, segment) = (self.generation, self.segment);
        // A segment that counts has a row.
        db.execute(
            "INSERT OR IGNORE INTO segments VALUES (?, ?, ?, ?)",
            (segment, generation, self.kind.name(), num_rows),
        )?;
        db.execute(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?)",
            (generation, self.kind_name(), track.0, segment, first_row, num_rows),
        )?;
        Ok(())
    }
}

/// Restores tracks, what counts as indexed, and runs. Returns what was done, a line each.
pub(super) fn restore(db: &Connection, folder: &Path) -> Result<Vec<String>, Fault> {
    let mut done = Vec::new();
    tracks(db, &mut done)?;
    indexed(db, &mut done)?;
    runs(db, folder, &mut done)?;
    Ok(done)
}

/// Has the seal of an owner say what it said before its rows were restored.
fn keep_seal(
    db: &Connection,
    part: &Part,
    owner: i64,
    checksum: i64,
    done: &mut Vec<String>,
) -> rusqlite::Result<()> {
    sealing::put(db, part, owner, checksum)?;
    done.push(format!("{}: {RESTORED}", line(part, owner)));
    Ok(())
}

/// A file has one track, and a number fits its checksum.
fn tracks(db: &Connection, done: &mut Vec<String>) -> Result<(), Fault> {
    let broken = sealing::broken(db, &TRACKS, None)?;
    if broken.is_empty() {
        return Ok(());
    }
    let columns = TRACKS.columns(db)?;
    let most = "SELECT max(coalesce((SELECT max(id) FROM tracks), 0), coalesce((SELECT max(track) FROM runs), 0))";
    let most: i64 = db.query_row(most, [], |row| row.get(0))?;
    let mut found = Vec::new();
    for file in &broken {
        let is_there = "SELECT count(*) > 0 FROM files WHERE id = ?";
        if !db.query_row(is_there, [file], |row| row.get::<_, bool>(0))? {
            continue;
        }
        let Some(checksum) = sealing::written(db, &TRACKS, *file)? else { continue };
        let cells = |track| {
            let cell = |column: &String| match column.as_str() {
                "id" => Cell::Integer(track),
                "file" => Cell::Integer(*file),
                _ => Cell::Null,
            };
            columns.iter().map(cell).collect::<Vec<Cell>>()
        };
        let fits = |track: &i64| TRACKS.hash(&columns, &cells(*track)) == checksum;
        if let Some(track) = (0..=most.clamp(0, MOST_TRACKS)).find(fits) {
            found.push((track, *file, checksum));
        }
    }
    // Numbers that were exchanged, so what stands there is set aside first.
    db.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    for (track, ..) in &found {
        db.execute("UPDATE tracks SET file = -id WHERE id = ?", [track])?;
    }
    for (track, file, checksum) in found {
        db.execute("DELETE FROM tracks WHERE file = ?", [file])?;
        db.execute(
            "INSERT INTO tracks (id, file) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET file = ?2",
            (track, file),
        )?;
        db.execute("DELETE FROM seals WHERE part = 'tracks' AND owner = ?", [-track])?;
        keep_seal(db, &TRACKS, file, checksum, done)?;
    }
    Ok(())
}

/// In which indexes a file is.
fn indexed(db: &Connection, done: &mut Vec<String>) -> Result<(), Fault> {
    let broken = sealing::broken(db, &INDEXED, None)?;
    if broken.is_empty() {
        return Ok(());
    }
    let columns = INDEXED.columns(db)?;
    let mut statement = db.prepare("SELECT id FROM generations ORDER BY id LIMIT 8")?;
    let generations: Vec<i64> =
        statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for file in broken {
        let checksum = sealing::written(db, &INDEXED, file)?.unwrap_or(0);
        let hash = |generation: &i64| {
            let cell = |column: &String| match column.as_str() {
                "generation" => Cell::Integer(*generation),
                "file" => Cell::Integer(file),
                _ => Cell::Null,
            };
            INDEXED.hash(&columns, &columns.iter().map(cell).collect::<Vec<Cell>>())
        };
        let Some(chosen) = chosen(&generations, hash, checksum) else { continue };
        db.execute("DELETE FROM indexed WHERE file = ?", [file])?;
        for generation in &chosen {
            db.execute("INSERT INTO indexed VALUES (?, ?)", (generation, file))?;
        }
        match chosen.is_empty() {
            true => sealing::set_anew(db, &INDEXED, file)?,
            false => keep_seal(db, &INDEXED, file, checksum, done)?,
        }
    }
    Ok(())
}

/// Those of some rows whose hashes sum up to a checksum.
fn chosen<T: Clone>(rows: &[T], hash: impl Fn(&T) -> i64, checksum: i64) -> Option<Vec<T>> {
    if rows.len() > MOST_CHOSEN {
        return None;
    }
    let hashes: Vec<i64> = rows.iter().map(hash).collect();
    let is_in = |choice: usize, at: usize| choice >> at & 1 == 1;
    let sum = |choice: &usize| {
        let taken = hashes.iter().enumerate().filter(|(at, _)| is_in(*choice, *at));
        taken.fold(0_i64, |sum, (_, hash)| sum.wrapping_add(*hash))
    };
    let choice = (0..1_usize << rows.len()).find(|choice| sum(choice) == checksum)?;
    let taken = rows.iter().enumerate().filter(|(at, _)| is_in(choice, *at));
    Some(taken.map(|(_, row)| row.clone()).collect())
}

/// What the segments hold of tracks whose rows are damaged.
fn runs(db: &Connection, folder: &Path, done: &mut Vec<String>) -> Result<(), Fault> {
    let broken = sealing::broken(db, &RUNS, None)?;
    if broken.is_empty() {
        return Ok(());
    }
    let columns = RUNS.columns(db)?;
    let mut candidates: BTreeMap<i64, Vec<Candidate>> = BTreeMap::new();
    for candidate in all_candidates(db, folder)? {
        let track = i64::from(candidate.run.track.0);
        if broken.contains(&track) {
            let aside = Candidate { is_aside: true, ..candidate.clone() };
            candidates.entry(track).or_default().extend([candidate, aside]);
        }
    }
    for (track, candidates) in candidates {
        let Some(checksum) = sealing::written(db, &RUNS, track)? else { continue };
        let hash = |candidate: &Candidate| RUNS.hash(&columns, &candidate.cells(&columns));
        let Some(chosen) = chosen(&candidates, hash, checksum) else { continue };
        db.execute("DELETE FROM runs WHERE track = ?", [track])?;
        chosen.iter().try_for_each(|candidate| candidate.put(db))?;
        keep_seal(db, &RUNS, track, checksum, done)?;
    }
    Ok(())
}

/// All runs of all segments of indexes that there are.
fn all_candidates(db: &Connection, folder: &Path) -> Result<Vec<Candidate>, Fault> {
    let mut found = Vec::new();
    for entry in fs::read_dir(segments_of(folder)).into_iter().flatten().flatten() {
        if let Some(segment) = segment_number(&entry.path()) {
            found.extend(candidates_in(db, folder, segment)?);
        }
    }
    found.sort_by_key(|candidate| candidate.segment);
    Ok(found)
}

/// The runs of a segment; none where it cannot be read, or is of no index that there is.
fn candidates_in(db: &Connection, folder: &Path, segment: i64) -> Result<Vec<Candidate>, Fault> {
    let Ok(opened) = Segment::open(&segment_path(folder, segment)) else { return Ok(Vec::new()) };
    let SegmentHeader { kind, model, .. } = *opened.header();
    let generation = "SELECT id FROM generations WHERE fingerprint = ?";
    let generation = db
        .prepare_cached(generation)?
        .query_row([model.to_be_bytes()], |row| row.get::<_, i64>(0))
        .optional()?;
    let (Some(generation), Ok(runs)) = (generation, opened.runs()) else { return Ok(Vec::new()) };
    let candidate = |run| Candidate { generation, kind, is_aside: false, segment, run };
    Ok(runs.into_iter().map(candidate).collect())
}

/// Has the vectors of a file count again whose row was lost before there were checksums. Returns whether they
/// were found.
pub(super) fn give_back(
    db: &Connection,
    folder: &Path,
    generation: i64,
    file: i64,
) -> Result<bool, Fault> {
    let track = "SELECT id FROM tracks WHERE file = ?";
    let Some(track) = db.query_row(track, [file], |row| row.get::<_, u32>(0)).optional()? else {
        return Ok(false);
    };
    let is_its = |it: &Candidate| it.generation == generation && it.run.track == TrackId(track);
    let mut found = all_candidates(db, folder)?;
    found.retain(is_its);
    // The last that was written.
    let Some(clips) = found.iter().rfind(|it| it.kind == VectorKind::Clip) else {
        return Ok(false);
    };
    clips.put(db)?;
    for cues in found.iter().filter(|it| it.kind == VectorKind::Cue) {
        let is_named = "SELECT count(*) > 0 FROM runs WHERE segment = ?";
        if !db.query_row(is_named, [cues.segment], |row| row.get::<_, bool>(0))? {
            cues.put(db)?;
        }
    }
    sealing::set_anew(db, &RUNS, i64::from(track))?;
    Ok(true)
}

/// Whether a segment that no row names holds vectors whose row was lost, and not those of a video that was
/// removed or encoded again.
pub(super) fn is_needed(db: &Connection, folder: &Path, segment: i64) -> Result<bool, Fault> {
    for Candidate { generation, run, .. } in candidates_in(db, folder, segment)? {
        let lost = "SELECT count(*) > 0 FROM indexed JOIN tracks USING (file)
                    WHERE tracks.id = ?1 AND indexed.generation = ?2 AND NOT EXISTS (
                        SELECT 1 FROM runs WHERE track = ?1 AND generation = ?2 AND kind LIKE '%clip')";
        let mut lost = db.prepare_cached(lost)?;
        if lost.query_row((run.track.0, generation), |row| row.get::<_, bool>(0))?
            || !sealing::broken(db, &RUNS, Some(run.track.0.into()))?.is_empty()
        {
            return Ok(true);
        }
    }
    Ok(false)
}
