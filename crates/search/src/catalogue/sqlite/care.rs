//! Checking and rewriting.

use std::fs;
use std::path::Path;

use locvtp_video::causes::with_causes;
use rusqlite::Connection;

use super::database::Fault;
use super::live_runs::{self, LiveSegment, Made, check_runs, live_segments};
use super::store::SqliteCatalogue;
use super::{files, generations, record_faults, videos};
use crate::catalogue::bad_value::of_aside;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{Catalogue, GenerationId, Verified};
use crate::segment::{
    Run, Segment, SegmentError, SegmentHeader, SegmentWriter, VectorKind, verify as check,
};

/// A segment with fewer vectors is put together with others.
const SMALL: u64 = 1 << 16;

/// Vectors of a segment at most, where no single track has more.
const LARGE: u64 = 1 << 20;

pub(super) fn compact(catalogue: &SqliteCatalogue) -> Result<u64, CatalogueError> {
    let faults = catalogue.database.read("being checked", |db| record_faults::find(db, false))?;
    if let Some(fault) = faults.iter().find(|fault| fault.is_mended_here()) {
        let what = format!("{}; `locvtp index rebuild` mends it, then compact again", fault.line);
        return Err(CatalogueError::Damaged { place: catalogue.database.place(), what });
    }
    let before = bytes_of(catalogue);
    for generation in catalogue.generations()? {
        for kind in VectorKind::ALL {
            while compact_once(catalogue, generation.id, kind)? {}
        }
    }
    Ok(before.saturating_sub(bytes_of(catalogue)))
}

/// Rewrites as many segments as make one large one, in one transaction. Returns whether more may be
/// left.
fn compact_once(
    catalogue: &SqliteCatalogue,
    generation: GenerationId,
    kind: VectorKind,
) -> Result<bool, CatalogueError> {
    catalogue.changing("compacting", |db| {
        let mut chosen: Vec<LiveSegment> = Vec::new();
        let (mut num_rows, mut num_left, mut is_worth_it) = (0, 0, false);
        for (segment, runs) in live_segments(db, generation, kind)? {
            let live = rows_of(&runs);
            let written: i64 =
                db.query_row("SELECT num_vectors FROM segments WHERE id = ?", [segment], |row| {
                    row.get(0)
                })?;
            let has_dead = live < written as u64;
            if !has_dead && live >= SMALL {
                continue;
            }
            if num_rows + live > LARGE && !chosen.is_empty() {
                num_left += 1;
                continue;
            }
            num_rows += live;
            is_worth_it |= has_dead || !chosen.is_empty();
            chosen.push((segment, runs));
        }
        if is_worth_it {
            rewrite(catalogue, db, generation, kind, &chosen)?;
        }
        Ok(is_worth_it && num_left > 0)
    })
}

fn rewrite(
    catalogue: &SqliteCatalogue,
    db: &Connection,
    generation: GenerationId,
    kind: VectorKind,
    chosen: &[LiveSegment],
) -> Result<(), Fault> {
    let open = |(id, _): &LiveSegment| check(&catalogue.segment_path(*id));
    let opened: Vec<Segment> = chosen.iter().map(open).collect::<Result<_, _>>()?;
    let mut runs = Vec::new();
    let model = generations::fingerprint(db, generation)?;
    for (segment, (_, runs_of_it)) in opened.iter().zip(chosen) {
        check_runs(segment, (model, kind), runs_of_it)?;
        runs.extend(runs_of_it.iter().map(|run| (run.track, *run, segment)));
    }
    runs.sort_by_key(|(track, ..)| *track);
    let Some(first) = opened.first() else { return Ok(()) };
    let header = SegmentHeader {
        kind,
        width: first.header().width,
        num_vectors: runs.iter().map(|(_, run, _)| run.num_rows).sum(),
        num_runs: runs.len() as u32,
        model,
    };
    let id = catalogue.next_segment(db)?;
    let mut writer = SegmentWriter::create(&catalogue.segment_path(id), header)?;
    for (_, run, segment) in runs {
        writer.copy(segment, run)?;
    }
    Ok(videos::name_segment(db, generation, kind, id, &writer.finish()?)?)
}

/// Reads a segment whole, and compares its model, kind and runs with those that the database names.
pub(super) fn check_segment(
    path: &Path,
    made: Made,
    runs: &[Run],
) -> Result<Segment, SegmentError> {
    let segment = check(path)?;
    check_runs(&segment, made, runs)?;
    Ok(segment)
}

pub(super) fn verify(catalogue: &SqliteCatalogue) -> Result<Verified, CatalogueError> {
    let place = catalogue.database.place();
    let (mut faults, live) = catalogue.database.read("being checked", |db| {
        let mut faults = Vec::new();
        let mut statement = db.prepare("PRAGMA integrity_check")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let said: String = row.get(0)?;
            if said != "ok" {
                faults.push(format!("{place}: catalogue.sqlite: {said}"));
            }
        }
        let records = record_faults::find(db, true)?;
        faults.extend(records.into_iter().map(|fault| format!("{place}: {}", fault.line)));
        let mut live = Vec::new();
        for (generation, kind) in indexes(db)? {
            for (segment, runs) in live_runs::aside(db, generation, kind)? {
                let path = catalogue.segment_path(segment);
                let path = path.display();
                for run in runs {
                    let what = of_aside(&files::name_of(db, run.track)?);
                    faults.push(format!("{path}: {what}"));
                }
            }
            let found = generations::fingerprint(db, generation)
                .and_then(|model| Ok((model, live_segments(db, generation, kind)?)));
            match found {
                Ok((model, segments)) => {
                    live.extend(segments.into_iter().map(|(id, runs)| (model, kind, id, runs)));
                }
                // It is among the faults.
                Err(Fault::Bad(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok((faults, live))
    })?;
    let num_vectors = live.iter().map(|(.., runs)| rows_of(runs)).sum();
    for (model, kind, id, runs) in &live {
        let path = catalogue.segment_path(*id);
        match check_segment(&path, (*model, *kind), runs) {
            // A writer may have compacted meanwhile.
            Err(_) if !is_named(catalogue, *id)? => {}
            Err(error) => faults.push(with_causes(&error)),
            Ok(_) => {}
        }
    }
    Ok(Verified { num_parts: live.len() as u64, num_vectors, faults })
}

fn is_named(catalogue: &SqliteCatalogue, segment: i64) -> Result<bool, CatalogueError> {
    catalogue.database.read("being checked", |db| {
        let count = "SELECT count(*) FROM segments WHERE id = ?";
        Ok(db.query_row(count, [segment], |row| row.get::<_, i64>(0))? > 0)
    })
}

/// Every generation with every kind.
pub(super) fn indexes(db: &Connection) -> Result<Vec<(GenerationId, VectorKind)>, Fault> {
    let mut statement = db.prepare("SELECT id FROM generations ORDER BY id")?;
    let ids: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let pairs = |id| VectorKind::ALL.map(|kind| (GenerationId(id), kind));
    Ok(ids.into_iter().flat_map(pairs).collect())
}

fn rows_of(runs: &[Run]) -> u64 {
    runs.iter().map(|run| u64::from(run.num_rows)).sum()
}

fn bytes_of(catalogue: &SqliteCatalogue) -> u64 {
    let entries = fs::read_dir(catalogue.folder.join("segments")).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum()
}
