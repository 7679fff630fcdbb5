//! Taking damaged vectors out of what is searched. What is good stays, and so does what cannot be made again.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::care::{check_segment, indexes};
use super::database::Fault;
use super::live_runs::{self, live_segments};
use super::store::SqliteCatalogue;
use super::{files, generations, mending, videos};
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{Dropped, FileId, FileRecord, GenerationId};
use crate::segment::{Run, Segment, SegmentError, SegmentHeader, SegmentWriter, VectorKind};

pub(super) fn drop_damaged(
    catalogue: &SqliteCatalogue,
    can_encode: &dyn Fn(&FileRecord) -> bool,
) -> Result<Dropped, CatalogueError> {
    catalogue.changing("dropping damaged segments", |db| {
        mending::mend(db, &catalogue.folder)?;
        give_back(catalogue, db)?;
        let (mut again, mut kept) = (BTreeMap::new(), BTreeMap::new());
        for (generation, kind) in indexes(db)? {
            let made = (generations::fingerprint(db, generation)?, kind);
            for (segment, runs) in live_segments(db, generation, kind)? {
                let path = catalogue.segment_path(segment);
                match check_segment(&path, made, &runs) {
                    Ok(_) => continue,
                    Err(error) if error.is_of_damage() => {}
                    // What cannot be read now may be good.
                    Err(error) => return Err(error.into()),
                }
                for run in save_good(catalogue, db, (generation, kind), segment, runs)? {
                    let file = files::select(db, files::OF_TRACK, [run.track.0])?.pop();
                    let can_encode = file.as_ref().is_none_or(can_encode);
                    live_runs::set_aside(db, generation, kind, run, can_encode)?;
                    let Some(file) = file else { continue };
                    let forget = "DELETE FROM indexed WHERE generation = ? AND file = ?";
                    db.execute(forget, (generation.0, file.id.0))?;
                    if can_encode { &mut again } else { &mut kept }.insert(file.id.0, file.id);
                }
            }
        }
        kept.extend(aside(db)?.into_iter().map(|file| (file.0, file)));
        kept.retain(|id, _| !again.contains_key(id));
        let files = |found: BTreeMap<i64, FileId>| found.into_values().collect();
        Ok(Dropped { again: files(again), kept: files(kept) })
    })
}

/// Files whose vectors were set aside.
fn aside(db: &Connection) -> Result<Vec<FileId>, Fault> {
    let mut statement = db.prepare(
        "SELECT DISTINCT file FROM runs JOIN tracks ON tracks.id = track WHERE runs.kind LIKE 'damaged %'",
    )?;
    let files = statement.query_map([], |row| row.get(0).map(FileId))?;
    Ok(files.collect::<Result<_, _>>()?)
}

/// Has vectors count again that were set aside and are good now: their file was put back.
fn give_back(catalogue: &SqliteCatalogue, db: &Connection) -> Result<(), Fault> {
    for (generation, kind) in indexes(db)? {
        let made = (generations::fingerprint(db, generation)?, kind);
        for (segment, runs) in live_runs::aside(db, generation, kind)? {
            if check_segment(&catalogue.segment_path(segment), made, &runs).is_err() {
                continue;
            }
            for run in runs {
                live_runs::give_back(db, generation, kind, run)?;
            }
        }
    }
    Ok(())
}

/// Copies the runs that are good out of a damaged segment. Returns the others.
fn save_good(
    catalogue: &SqliteCatalogue,
    db: &Connection,
    (generation, kind): (GenerationId, VectorKind),
    segment: i64,
    runs: Vec<Run>,
) -> Result<Vec<Run>, Fault> {
    let Ok(opened) = Segment::open(&catalogue.segment_path(segment)) else { return Ok(runs) };
    let made = (generations::fingerprint(db, generation)?, kind);
    let header = *opened.header();
    let is_good = |run: &Run| {
        live_runs::check_runs(&opened, made, &[*run])?;
        opened.vectors(run.rows())?;
        opened.spans(run.rows()).map(drop)
    };
    let (good, bad): (Vec<Run>, Vec<Run>) =
        runs.into_iter().partition(|run| Result::<(), SegmentError>::is_ok(&is_good(run)));
    if !good.is_empty() {
        let num_vectors = good.iter().map(|run| run.num_rows).sum();
        let header = SegmentHeader { num_vectors, num_runs: good.len() as u32, ..header };
        let id = catalogue.next_segment(db)?;
        let mut writer = SegmentWriter::create(&catalogue.segment_path(id), header)?;
        for run in good {
            writer.copy(&opened, run)?;
        }
        videos::name_segment(db, generation, kind, id, &writer.finish()?)?;
    }
    Ok(bad)
}
