//! One query against the vectors of a generation.
//!
//! The server computes every score. Of a small generation, and of one with a filter, all of them come
//! here and are counted as they come, so that memory does not grow with their number. Of a large one the
//! server sends their counts, and its HNSW index names the best. The server's scores are of half floats;
//! all that could be among the best by what that may hide is looked at again here in single precision, by
//! the same arithmetic as everywhere.

use std::cmp::Reverse;
use std::collections::HashMap;

use locvtp_video::TimeSpan;
use postgres::Transaction;

use super::fault::{Fault, bad};
use super::values::array;
use super::{copy, generations, vectors};
use crate::catalogue::GenerationId;
use crate::scan::{Background, Hit, Ranked, ScanAnswer, ScanRequest, Top, TrackVectors};
use crate::segment::{QuantisedQuery, TrackId, VectorError, VectorKind};

/// Rows that are asked of an index at a time.
const ROWS_AT_ONCE: i32 = 500;

/// Rows of an index that are looked at before everything is.
const MOST_ROWS: usize = 20_000;

/// The most and the least that the server takes for `hnsw.ef_search`: how many candidates a search
/// holds, so that many at most come out of it before it begins anew. Its default is 40.
const MOST_CANDIDATES: usize = 1000;
const FEWEST_CANDIDATES: usize = 100;

/// Candidates that are kept before everything is looked at anew for more.
const FEW: usize = 1024;

/// Candidates that are kept at most, where no more are asked for.
const MANY: usize = 1 << 16;

/// By how much a score of half floats may be off: each number of vector and query by 1/2048 of itself, and
/// of vectors of unit length that sums up to 2/2048 at most.
const MOST_OFF: f32 = 1e-3;

/// What is asked, and where.
struct Asked<'a> {
    generation: GenerationId,
    kind: VectorKind,
    table: String,
    width: usize,
    query: QuantisedQuery,
    request: &'a ScanRequest<'a>,
}

/// What the server says is best, the best first, and how all scores are distributed.
struct Gathered {
    clips: Vec<Ranked>,
    /// Whether more clips than these cannot be among the best.
    is_whole: bool,
    tracks: Vec<Ranked>,
    background: Background,
}

/// Scans a generation; one of more than `exact_most` vectors by its index.
pub(super) fn scan(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    kind: VectorKind,
    request: &ScanRequest<'_>,
    exact_most: u64,
) -> Result<ScanAnswer, Fault> {
    let width = generations::width(db, generation)?;
    if request.query.len() != width {
        return Err(VectorError::Width { expected: width, found: request.query.len() }.into());
    }
    let (table, query) = (vectors::table(generation, kind), QuantisedQuery::new(request.query)?);
    let asked = Asked { generation, kind, table, width, query, request };
    let hits = request.num_hits;
    let by_index = request.filter.is_none()
        && vectors::count(db, generation, kind)? > exact_most
        && vectors::has_index(db, generation, kind)?;
    let indexed = if by_index { by_index_of(db, &asked)? } else { None };
    let mut gathered = match indexed {
        Some(gathered) => gathered,
        None => exactly(db, &asked, if hits == 0 { 0 } else { FEW.max(2 * hits) })?,
    };
    if hits > 0 && !gathered.is_whole && within(&gathered.clips, hits).len() == gathered.clips.len()
    {
        gathered = exactly(db, &asked, MANY.max(2 * hits))?;
    }
    Ok(ScanAnswer {
        hits: best_clips(db, &asked, within(&gathered.clips, hits))?,
        tracks: best_of_tracks(db, &asked, within(&gathered.tracks, request.num_tracks))?,
        background: gathered.background,
    })
}

/// Those of candidates, the best first, that can be among the best `most`.
fn within(candidates: &[Ranked], most: usize) -> &[Ranked] {
    let Some(last) = most.checked_sub(1) else { return &[] };
    let Some(bar) = candidates.get(last) else { return candidates };
    let lowest = bar.score - 2.0 * MOST_OFF;
    &candidates[..candidates.partition_point(|candidate| candidate.score >= lowest)]
}

impl Asked<'_> {
    /// The score of a row. The server's product is negative, so that it can be ordered by.
    fn score(&self) -> String {
        format!("(-(vector <#> {}))::real", self.vector())
    }

    fn vector(&self) -> String {
        let numbers: Vec<String> = self.query.numbers.iter().map(f32::to_string).collect();
        format!("'[{}]'::halfvec({})", numbers.join(","), self.width)
    }
}

/// Every score comes here; so many clips are kept, and the best of each track.
fn exactly(
    db: &mut Transaction<'_>,
    asked: &Asked<'_>,
    num_kept: usize,
) -> Result<Gathered, Fault> {
    let only = asked.request.filter.map_or(String::new(), |filter| {
        format!("WHERE track = ANY ({})", array(filter.tracks().map(|track| track.0)))
    });
    let select = format!("SELECT track, clip, {} FROM {} {only}", asked.score(), asked.table);
    let mut top = Top::new(num_kept);
    let mut best: HashMap<TrackId, Ranked> = HashMap::new();
    let mut background = Background::default();
    let mut rows = copy::rows(db, &select)?;
    while let Some([track, clip, score]) = rows.next()? {
        let (track, clip) = (TrackId(copy::whole(track)?), copy::whole(clip)?);
        let ranked = Ranked { score: copy::single(score)?, track, clip };
        background.count(ranked.score);
        if ranked.score >= top.bar() {
            top.offer(ranked);
        }
        if asked.request.num_tracks > 0 {
            take_best(&mut best, ranked);
        }
    }
    let (is_whole, clips) = (top.is_whole(), top.into_sorted());
    Ok(Gathered { clips, is_whole, tracks: sorted(best), background })
}

/// The counts of all scores, and the best by the index; none where it does not name enough.
fn by_index_of(db: &mut Transaction<'_>, asked: &Asked<'_>) -> Result<Option<Gathered>, Fault> {
    let (generation, kind) = (asked.generation, asked.kind);
    let num_tracks = "SELECT count(*) FROM runs WHERE generation = $1 AND kind = $2";
    let num_tracks: i64 = db.query_one(num_tracks, &[&generation.0, &kind.name()])?.get(0);
    let num_tracks = asked.request.num_tracks.min(num_tracks as usize);
    let num_vectors = vectors::count(db, generation, kind)? as usize;
    // Beyond what is asked for, so that the second look has a choice.
    let num_candidates = match asked.request.num_hits {
        0 => 0,
        hits => (hits + ROWS_AT_ONCE as usize).min(num_vectors),
    };
    let background = counted(db, asked)?;
    let candidates = num_candidates.max(num_tracks).clamp(FEWEST_CANDIDATES, MOST_CANDIDATES);
    // The index goes on where its candidates were not enough. Only the index gives the rows in order
    // without sorting all.
    db.batch_execute(&format!(
        "SET LOCAL hnsw.ef_search = {candidates};
         SET LOCAL hnsw.iterative_scan = relaxed_order;
         SET LOCAL hnsw.max_scan_tuples = {};
         SET LOCAL hnsw.scan_mem_multiplier = 16;
         SET LOCAL enable_seqscan = off;
         SET LOCAL enable_sort = off;
         SET LOCAL max_parallel_workers_per_gather = 0",
        4 * MOST_ROWS
    ))?;
    let select = format!(
        "SELECT track, clip, {} FROM {} ORDER BY vector <#> {} LIMIT {MOST_ROWS}",
        asked.score(),
        asked.table,
        asked.vector()
    );
    let portal = db.bind(&select, &[])?;
    let (mut clips, mut best) = (Vec::new(), HashMap::new());
    while clips.len() < num_candidates || best.len() < num_tracks {
        let rows = db.query_portal(&portal, ROWS_AT_ONCE)?;
        for row in &rows {
            let track = TrackId(row.get::<_, i32>(0) as u32);
            let clip = row.get::<_, i32>(1) as u32;
            let ranked = Ranked { score: row.get(2), track, clip };
            take_best(&mut best, ranked);
            clips.push(ranked);
        }
        if rows.is_empty() {
            // The index ran dry before there was what is asked for.
            db.batch_execute("SET LOCAL enable_seqscan = on")?;
            return Ok(None);
        }
    }
    clips.sort_by(|one: &Ranked, other| other.cmp(one));
    Ok(Some(Gathered { clips, is_whole: true, tracks: sorted(best), background }))
}

fn take_best(best: &mut HashMap<TrackId, Ranked>, ranked: Ranked) {
    let best = best.entry(ranked.track).or_insert(ranked);
    *best = ranked.max(*best);
}

fn sorted(best: HashMap<TrackId, Ranked>) -> Vec<Ranked> {
    let mut best: Vec<Ranked> = best.into_values().collect();
    best.sort_by(|one, other| other.cmp(one));
    best
}

/// The counts of all scores, bin by bin, made by the server.
fn counted(db: &mut Transaction<'_>, asked: &Asked<'_>) -> Result<Background, Fault> {
    let mut counts = Background::default().counts().to_vec();
    let bins = counts.len();
    let select = format!(
        "SELECT greatest(0, least({}, floor(({} + 1::real) * {}::real)))::int AS bin, count(*) FROM {} GROUP BY bin",
        bins - 1,
        asked.score(),
        bins / 2,
        asked.table
    );
    for row in db.query(&select, &[])? {
        counts[row.get::<_, i32>(0) as usize] = row.get::<_, i64>(1) as u64;
    }
    Ok(Background::of_counts(counts).expect("as many bins as there are"))
}

/// The best of clips by single precision.
fn best_clips(
    db: &mut Transaction<'_>,
    asked: &Asked<'_>,
    candidates: &[Ranked],
) -> Result<Vec<Hit>, Fault> {
    let wanted = format!(
        "JOIN unnest({}, {}) AS wanted (track, clip) USING (track, clip)",
        array(candidates.iter().map(|ranked| ranked.track.0)),
        array(candidates.iter().map(|ranked| ranked.clip))
    );
    let mut hits = Vec::with_capacity(candidates.len());
    if !candidates.is_empty() {
        look_again(db, asked, &wanted, |hit| hits.push(hit))?;
    }
    Ok(ordered(hits, asked.request.num_hits))
}

/// The best of tracks by single precision, each with its best clip, of all that can be it.
fn best_of_tracks(
    db: &mut Transaction<'_>,
    asked: &Asked<'_>,
    candidates: &[Ranked],
) -> Result<Vec<Hit>, Fault> {
    let lowest = |ranked: &Ranked| (ranked.score - 2.0 * MOST_OFF).to_string();
    let lowest: Vec<String> = candidates.iter().map(lowest).collect();
    let wanted = format!(
        "JOIN unnest({}, '{{{}}}'::real[]) AS wanted (track, lowest) USING (track)
         WHERE {} >= lowest",
        array(candidates.iter().map(|ranked| ranked.track.0)),
        lowest.join(","),
        asked.score()
    );
    let mut best: HashMap<TrackId, Hit> = HashMap::new();
    if !candidates.is_empty() {
        look_again(db, asked, &wanted, |hit| {
            let best = best.entry(hit.track).or_insert(hit);
            if ranked(&hit) > ranked(best) {
                *best = hit;
            }
        })?;
    }
    Ok(ordered(best.into_values().collect(), asked.request.num_tracks))
}

/// Reads rows that a join and a condition pick, with their scores in single precision, one by one.
fn look_again(
    db: &mut Transaction<'_>,
    asked: &Asked<'_>,
    wanted: &str,
    mut take: impl FnMut(Hit),
) -> Result<(), Fault> {
    let bytes = 4 * asked.width;
    let select = format!(
        "SELECT track, clip, start, stop, substr(numbers, clip * {bytes} + 1, {bytes})
         FROM {} JOIN (SELECT track, numbers FROM runs WHERE generation = {} AND kind = '{}') AS fine
             USING (track) {wanted}",
        asked.table,
        asked.generation.0,
        asked.kind.name()
    );
    let mut rows = copy::rows(db, &select)?;
    while let Some([track, clip, start, stop, vector]) = rows.next()? {
        let mut numbers = Vec::with_capacity(asked.width);
        copy::numbers(vector, &mut numbers);
        if numbers.len() != asked.width {
            return Err(copy::malformed().into());
        }
        let span = TimeSpan::new(copy::double(start)?, copy::double(stop)?);
        let vectors = TrackVectors { width: asked.width, numbers, spans: vec![span] };
        let score = vectors.scores(&asked.query)[0];
        let track = TrackId(copy::whole(track)?);
        if !score.is_finite() {
            let expected = "finite numbers";
            return Err(bad("runs", track.0, "numbers", "a vector with no score", expected));
        }
        take(Hit { track, clip: copy::whole(clip)?, score, span });
    }
    Ok(())
}

fn ordered(mut hits: Vec<Hit>, most: usize) -> Vec<Hit> {
    hits.sort_by_key(|hit| Reverse(ranked(hit)));
    hits.truncate(most);
    hits
}

fn ranked(hit: &Hit) -> Ranked {
    Ranked { score: hit.score, track: hit.track, clip: hit.clip }
}
