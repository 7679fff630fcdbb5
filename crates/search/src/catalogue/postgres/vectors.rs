//! The tables of vectors.

use locvtp_video::TimeSpan;
use postgres::Transaction;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::copy;
use super::fault::Fault;
use crate::catalogue::GenerationId;
use crate::scan::TrackVectors;
use crate::segment::{TrackId, VectorBatch, VectorKind};

/// Numbers of a vector at most: what an index on half floats takes.
pub(super) const WIDEST: usize = 4000;

/// The table of a generation's vectors of one kind.
pub(super) fn table(generation: GenerationId, kind: VectorKind) -> String {
    format!("vectors_{}_{}", generation.0, kind.name())
}

fn index(generation: GenerationId, kind: VectorKind) -> String {
    format!("{}_hnsw", table(generation, kind))
}

pub(super) fn make_tables(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    width: usize,
) -> Result<(), Fault> {
    for kind in VectorKind::ALL {
        let table = table(generation, kind);
        // Vectors stay in their rows, where a scan reads them in one go. One that points nowhere has no
        // cosine.
        db.batch_execute(&format!(
            "CREATE TABLE {table} (
                 track integer NOT NULL REFERENCES tracks ON DELETE CASCADE,
                 clip integer NOT NULL,
                 start double precision NOT NULL,
                 stop double precision NOT NULL,
                 vector halfvec({width}) NOT NULL CHECK (l2_norm(vector) BETWEEN 0.9 AND 1.1),
                 PRIMARY KEY (track, clip)
             );
             ALTER TABLE {table} ALTER COLUMN vector SET STORAGE PLAIN"
        ))?;
    }
    Ok(())
}

pub(super) fn drop_tables(db: &mut Transaction<'_>, generation: GenerationId) -> Result<(), Fault> {
    for kind in VectorKind::ALL {
        db.batch_execute(&format!("DROP TABLE IF EXISTS {}", table(generation, kind)))?;
    }
    Ok(())
}

/// Puts a batch of a track there; there must be none.
pub(super) fn put(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    kind: VectorKind,
    track: TrackId,
    batch: &VectorBatch,
) -> Result<(), Fault> {
    let rows = (0..batch.len()).map(|row| (batch.spans()[row], copy::halves(batch.vector(row))));
    let mut checksum = RowsChecksum::default();
    let checked = rows.inspect(|(span, halves)| checksum.add(*span, halves));
    copy::put_vectors(db, &table(generation, kind), track.0, checked)?;
    let numbers = (0..batch.len()).flat_map(|row| batch.vector(row));
    let numbers: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
    let (track, num_rows) = (track.0 as i32, batch.len() as i32);
    let sums = (checksum.value(), numbers_checksum(&numbers));
    db.execute(
        "INSERT INTO runs VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[&generation.0, &kind.name(), &track, &num_rows, &sums.0, &sums.1, &numbers],
    )?;
    Ok(())
}

/// Drops the vectors of a track.
pub(super) fn drop_track(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    track: TrackId,
) -> Result<(), Fault> {
    let track = track.0 as i32;
    db.execute("DELETE FROM runs WHERE generation = $1 AND track = $2", &[&generation.0, &track])?;
    for kind in VectorKind::ALL {
        db.execute(
            &format!("DELETE FROM {} WHERE track = $1", table(generation, kind)),
            &[&track],
        )?;
    }
    Ok(())
}

pub(super) fn of_track(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    kind: VectorKind,
    width: usize,
    track: TrackId,
) -> Result<Option<TrackVectors>, Fault> {
    let select = "SELECT numbers FROM runs WHERE generation = $1 AND kind = $2 AND track = $3";
    let run = db.query_opt(select, &[&generation.0, &kind.name(), &(track.0 as i32)])?;
    let Some(run) = run else { return Ok(None) };
    let (mut numbers, mut spans) = (Vec::new(), Vec::new());
    copy::numbers(run.get(0), &mut numbers);
    let select = format!(
        "SELECT start, stop FROM {} WHERE track = {} ORDER BY clip",
        table(generation, kind),
        track.0
    );
    let mut rows = copy::rows(db, &select)?;
    while let Some([start, stop]) = rows.next()? {
        spans.push(TimeSpan::new(copy::double(start)?, copy::double(stop)?));
    }
    if numbers.len() != spans.len() * width {
        return Err(copy::malformed().into());
    }
    Ok(Some(TrackVectors { width, numbers, spans }))
}

/// How many vectors there are.
pub(super) fn count(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    kind: VectorKind,
) -> Result<u64, Fault> {
    let count = "SELECT coalesce(sum(num_rows), 0)::bigint FROM runs
                 WHERE generation = $1 AND kind = $2";
    Ok(db.query_one(count, &[&generation.0, &kind.name()])?.get::<_, i64>(0) as u64)
}

/// Whether there is an index that may be used.
pub(super) fn has_index(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    kind: VectorKind,
) -> Result<bool, Fault> {
    let there =
        "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND indisvalid)";
    Ok(db.query_one(there, &[&index(generation, kind)])?.get(0))
}

/// Makes the index. Vectors have unit length, so the order by product is that by cosine.
pub(super) fn make_index(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    kind: VectorKind,
) -> Result<(), Fault> {
    db.batch_execute(&format!(
        "CREATE INDEX IF NOT EXISTS {} ON {} USING hnsw (vector halfvec_ip_ops)",
        index(generation, kind),
        table(generation, kind)
    ))?;
    Ok(())
}

/// What the rows of a track must sum up to, in order.
#[derive(Default)]
pub(super) struct RowsChecksum(Xxh3);

impl RowsChecksum {
    pub(super) fn add(&mut self, span: TimeSpan, halves: &[u8]) {
        self.0.update(&span.start.0.to_le_bytes());
        self.0.update(&span.end.0.to_le_bytes());
        self.0.update(halves);
    }

    pub(super) fn value(&self) -> i64 {
        self.0.digest() as i64
    }
}

/// What the numbers of a track must sum up to.
pub(super) fn numbers_checksum(numbers: &[u8]) -> i64 {
    xxh3_64(numbers) as i64
}
