//! Checking and rewriting.

use std::collections::BTreeMap;

use locvtp_video::TimeSpan;
use locvtp_video::causes::with_causes;
use postgres::Transaction;

use super::fault::Fault;
use super::server::Server;
use super::vectors::{RowsChecksum, drop_track, has_index, make_index, table};
use super::{copy, generations, records, vectors};
use crate::catalogue::bad_value::of_aside;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{Dropped, FileId, GenerationId, Verified};
use crate::segment::{TrackId, VectorKind};

/// Frees the space of what was removed, and makes indexes that are missing.
pub(super) fn compact(server: &Server, exact_most: u64) -> Result<u64, CatalogueError> {
    let before = bytes(server)?;
    let tables = server.read("listing vectors", tables)?;
    server.as_writer("compacting", |client| {
        for (generation, kind) in &tables {
            let table = table(*generation, *kind);
            client.batch_execute(&format!("VACUUM (FULL, ANALYZE) {table}"))?;
        }
        Ok(client.batch_execute("VACUUM (FULL, ANALYZE) cues")?)
    })?;
    for (generation, kind) in tables {
        index_if_large(server, generation, kind, exact_most)?;
    }
    Ok(before.saturating_sub(bytes(server)?))
}

/// Makes the index of a generation that has become large.
pub(super) fn index_if_large(
    server: &Server,
    generation: GenerationId,
    kind: VectorKind,
    exact_most: u64,
) -> Result<(), CatalogueError> {
    server.write("making an HNSW index", |db| {
        if vectors::count(db, generation, kind)? > exact_most && !has_index(db, generation, kind)? {
            make_index(db, generation, kind)?;
        }
        Ok(())
    })
}

/// Vectors of a file that cannot be encoded again are set aside: they are in no answer.
pub(super) fn drop_damaged(
    server: &Server,
    can_encode: &dyn Fn(FileId) -> bool,
) -> Result<Dropped, CatalogueError> {
    server.write("dropping damaged vectors", |db| {
        records::mend(db)?;
        let (mut again, mut kept) = (BTreeMap::new(), BTreeMap::new());
        for (generation, kind) in tables(db)? {
            for (track, _) in checked(db, generation, kind)?.1 {
                let file = "SELECT file FROM tracks WHERE id = $1";
                let file: i64 = db.query_one(file, &[&(track.0 as i32)])?.get(0);
                let forget = "DELETE FROM indexed WHERE generation = $1 AND file = $2";
                db.execute(forget, &[&generation.0, &file])?;
                if can_encode(FileId(file)) {
                    drop_track(db, generation, track)?;
                    again.insert(file, FileId(file));
                } else {
                    vectors::set_aside(db, generation, kind, track)?;
                }
            }
        }
        kept.extend(vectors::aside(db)?.into_iter().map(|(_, file)| (file, FileId(file))));
        kept.retain(|file, _| !again.contains_key(file));
        let files = |found: BTreeMap<i64, FileId>| found.into_values().collect();
        Ok(Dropped { again: files(again), kept: files(kept) })
    })
}

pub(super) fn verify(server: &Server) -> Result<Verified, CatalogueError> {
    let (tables, records, aside) = server.read("being checked", |db| {
        Ok((tables(db)?, records::find(db)?, names_of(db, vectors::aside)?))
    })?;
    let mut faults: Vec<String> =
        records.iter().map(|fault| format!("{}: {}", server.place(), fault.line)).collect();
    faults.extend(aside.iter().map(|name| format!("{}: {}", server.place(), of_aside(name))));
    let mut verified = Verified { num_parts: tables.len() as u64, num_vectors: 0, faults };
    for (generation, kind) in tables {
        let checked = server.read("being checked", |db| {
            generations::check_there(db, generation)?;
            checked(db, generation, kind)
        });
        match checked {
            Ok((num_vectors, faults)) => {
                verified.num_vectors += num_vectors;
                let table = table(generation, kind);
                let line = |(track, what): (TrackId, String)| {
                    format!("{}: {table}: track {}: {what}", server.place(), track.0)
                };
                verified.faults.extend(faults.into_iter().map(line));
            }
            // Another model was swapped in meanwhile.
            Err(CatalogueError::Unknown { .. }) => verified.num_parts -= 1,
            // Pages that the server cannot read; any other failure is not one of the vectors.
            Err(error @ CatalogueError::Database { .. }) => {
                verified.faults.push(with_causes(&error));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(verified)
}

/// What people call the files of tracks: where they lie or lay.
fn names_of(
    db: &mut Transaction<'_>,
    tracks: impl FnOnce(&mut Transaction<'_>) -> Result<Vec<(TrackId, i64)>, Fault>,
) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    for (TrackId(track), file) in tracks(db)? {
        let path = "SELECT path FROM paths WHERE file = $1 ORDER BY path LIMIT 1";
        let path = db.query_opt(path, &[&file])?;
        let path = path.map(|row| String::from_utf8_lossy(row.get(0)).into_owned());
        names.push(path.unwrap_or_else(|| format!("track {track}")));
    }
    Ok(names)
}

/// Reads all vectors of one table. Returns how many count, and the tracks that are not as they were
/// written.
fn checked(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    kind: VectorKind,
) -> Result<(u64, Vec<(TrackId, String)>), Fault> {
    let mut faults = Vec::new();
    let mut expected: BTreeMap<TrackId, (u64, i64)> = BTreeMap::new();
    let runs = format!(
        "SELECT track, num_rows, rows_checksum, numbers_checksum, numbers FROM runs
         WHERE generation = {} AND kind = '{}'",
        generation.0,
        kind.name()
    );
    let mut runs = copy::rows(db, &runs)?;
    while let Some([track, num_rows, rows_checksum, numbers_checksum, numbers]) = runs.next()? {
        let track = TrackId(copy::whole(track)?);
        let num_rows = u64::from(copy::whole(num_rows)?);
        expected.insert(track, (num_rows, copy::long(rows_checksum)?));
        if vectors::numbers_checksum(numbers) != copy::long(numbers_checksum)? {
            faults.push((track, "its numbers are not those that were written".to_owned()));
        }
    }
    drop(runs);
    let num_vectors = expected.values().map(|(num_rows, _)| num_rows).sum();
    let mut found: BTreeMap<TrackId, (u64, i64)> = BTreeMap::new();
    let mut at: Option<(TrackId, u64, RowsChecksum)> = None;
    let table = table(generation, kind);
    let select = format!("SELECT track, start, stop, vector FROM {table} ORDER BY track, clip");
    let mut rows = copy::rows(db, &select)?;
    while let Some([track, start, stop, vector]) = rows.next()? {
        let track = TrackId(copy::whole(track)?);
        if at.as_ref().is_none_or(|(last, ..)| *last != track) {
            found.extend(at.take().map(|(last, rows, sum)| (last, (rows, sum.value()))));
        }
        let (_, num_rows, checksum) = at.get_or_insert_with(|| (track, 0, RowsChecksum::default()));
        checksum.add(TimeSpan::new(copy::double(start)?, copy::double(stop)?), vector);
        *num_rows += 1;
    }
    found.extend(at.map(|(last, rows, sum)| (last, (rows, sum.value()))));
    for (track, written) in &expected {
        match found.get(track) {
            Some(there) if there == written => {}
            None if written.0 == 0 => {}
            Some((num_rows, _)) if *num_rows == written.0 => {
                faults.push((*track, "its vectors are not those that were written".into()));
            }
            there => {
                let num_rows = there.map_or(0, |there| there.0);
                let what = format!("{num_rows} vectors are there of {} written", written.0);
                faults.push((*track, what));
            }
        }
    }
    let stray = found.keys().filter(|track| !expected.contains_key(track));
    faults.extend(stray.map(|track| (*track, "it has vectors that nobody wrote".to_owned())));
    Ok((num_vectors, faults))
}

/// Every generation with every kind of which the table is there.
fn tables(db: &mut Transaction<'_>) -> Result<Vec<(GenerationId, VectorKind)>, Fault> {
    let generations = db.query("SELECT id FROM generations ORDER BY id", &[])?;
    let (mut found, ids) = (Vec::new(), generations.iter().map(|row| GenerationId(row.get(0))));
    for (generation, kind) in ids.flat_map(|id| VectorKind::ALL.map(|kind| (id, kind))) {
        // One that is gone is among the faults.
        if vectors::is_there(db, &table(generation, kind))? {
            found.push((generation, kind));
        }
    }
    Ok(found)
}

fn bytes(server: &Server) -> Result<u64, CatalogueError> {
    server.read("being measured", |db| {
        let size = "SELECT coalesce(sum(pg_total_relation_size(pg_class.oid)), 0)::bigint
                    FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid
                    WHERE nspname = 'locvtp' AND relkind = 'r'";
        Ok(db.query_one(size, &[])?.get::<_, i64>(0) as u64)
    })
}
