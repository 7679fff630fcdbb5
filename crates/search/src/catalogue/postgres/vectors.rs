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

/// The table of vectors that were set aside: they are damaged, and count in no answer.
fn aside_table(generation: GenerationId, kind: VectorKind) -> String {
    format!("{}_aside", table(generation, kind))
}

/// What a kind is called in `runs` where its vectors were set aside.
fn aside_name(kind: VectorKind) -> String {
    format!("damaged {}", kind.name())
}

/// Makes those tables of a generation that are not there. Each says which model it is of, so that it is known where
/// the generation's row is damaged.
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
            "CREATE TABLE IF NOT EXISTS {table} (
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
        for table in [table(generation, kind), aside_table(generation, kind)] {
            db.batch_execute(&format!("DROP TABLE IF EXISTS {table}"))?;
        }
    }
    Ok(())
}

/// Writes down beside the vectors of a generation which model made them.
pub(super) fn note_model(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    fingerprint: u128,
) -> Result<(), Fault> {
    for kind in VectorKind::ALL {
        let table = table(generation, kind);
        if is_there(db, &table)? {
            db.batch_execute(&format!("COMMENT ON TABLE {table} IS '{fingerprint:032x}'"))?;
        }
    }
    Ok(())
}

/// Which model made the vectors of a generation, as it was written down beside them.
pub(super) fn noted_model(
    db: &mut Transaction<'_>,
    generation: GenerationId,
) -> Result<Option<u128>, Fault> {
    for kind in VectorKind::ALL {
        let noted = "SELECT obj_description(to_regclass($1), 'pg_class')";
        let noted: Option<String> = db.query_one(noted, &[&table(generation, kind)])?.get(0);
        let noted = noted.and_then(|noted| u128::from_str_radix(&noted, 16).ok());
        if noted.is_some() {
            return Ok(noted);
        }
    }
    Ok(None)
}

/// Numbers of a vector, as the type of a generation's vectors says.
pub(super) fn typed_width(
    db: &mut Transaction<'_>,
    generation: GenerationId,
) -> Result<Option<i32>, Fault> {
    let typed = "SELECT atttypmod FROM pg_attribute
                 WHERE attrelid = to_regclass($1) AND attname = 'vector'";
    for kind in VectorKind::ALL {
        if let Some(row) = db.query_opt(typed, &[&table(generation, kind)])? {
            return Ok(Some(row.get(0)));
        }
    }
    Ok(None)
}

/// Whether a table is there.
pub(super) fn is_there(db: &mut Transaction<'_>, table: &str) -> Result<bool, Fault> {
    Ok(db.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table])?.get(0))
}

/// Takes the vectors of a track out of what is searched, and keeps them.
pub(super) fn set_aside(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    kind: VectorKind,
    track: TrackId,
) -> Result<(), Fault> {
    let (table, aside) = (table(generation, kind), aside_table(generation, kind));
    if !is_there(db, &aside)? {
        db.batch_execute(&format!(
            "CREATE TABLE {aside} (LIKE {table});
             ALTER TABLE {aside} ADD FOREIGN KEY (track) REFERENCES tracks ON DELETE CASCADE"
        ))?;
    }
    let TrackId(track) = track;
    db.batch_execute(&format!(
        "DELETE FROM {aside} WHERE track = {track};
         INSERT INTO {aside} SELECT * FROM {table} WHERE track = {track};
         DELETE FROM {table} WHERE track = {track}"
    ))?;
    let (kind, aside, track) = (kind.name(), aside_name(kind), track as i32);
    let before = "DELETE FROM runs WHERE generation = $1 AND kind = $2 AND track = $3";
    db.execute(before, &[&generation.0, &aside, &track])?;
    let rename = "UPDATE runs SET kind = $2 WHERE generation = $1 AND kind = $4 AND track = $3";
    db.execute(rename, &[&generation.0, &aside, &track, &kind])?;
    Ok(())
}

/// Tracks whose vectors were set aside, with their files.
pub(super) fn aside(db: &mut Transaction<'_>) -> Result<Vec<(TrackId, i64)>, Fault> {
    let select = "SELECT DISTINCT track, file FROM runs JOIN tracks ON tracks.id = track
                  WHERE kind LIKE 'damaged %' ORDER BY track";
    let rows = db.query(select, &[])?;
    Ok(rows.iter().map(|row| (TrackId(row.get::<_, i32>(0) as u32), row.get(1))).collect())
}

/// Makes the row of a track's vectors from them where it was lost: in half precision, as they stand there. Returns
/// whether there are any.
pub(super) fn name_again(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    kind: VectorKind,
    track: TrackId,
) -> Result<bool, Fault> {
    let table = table(generation, kind);
    if !is_there(db, &table)? {
        return Ok(false);
    }
    let (mut checksum, mut numbers, mut num_rows) = (RowsChecksum::default(), Vec::new(), 0_i32);
    let select =
        format!("SELECT start, stop, vector FROM {table} WHERE track = {} ORDER BY clip", track.0);
    let mut rows = copy::rows(db, &select)?;
    while let Some([start, stop, vector]) = rows.next()? {
        checksum.add(TimeSpan::new(copy::double(start)?, copy::double(stop)?), vector);
        numbers.extend(copy::of_halves(vector)?.into_iter().flat_map(f32::to_le_bytes));
        num_rows += 1;
    }
    drop(rows);
    if num_rows == 0 {
        return Ok(false);
    }
    let sums = (checksum.value(), numbers_checksum(&numbers));
    let insert = "INSERT INTO runs VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    db.execute(
        insert,
        &[&generation.0, &kind.name(), &(track.0 as i32), &num_rows, &sums.0, &sums.1, &numbers],
    )?;
    Ok(true)
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
        for table in [table(generation, kind), aside_table(generation, kind)] {
            if is_there(db, &table)? {
                db.execute(&format!("DELETE FROM {table} WHERE track = $1"), &[&track])?;
            }
        }
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
