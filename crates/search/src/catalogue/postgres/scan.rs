//! One query against the vectors of a generation.
//!
//! The server computes every score. Of a small generation, and of one with a filter, all of them come
//! here and are counted as they come, so that memory does not grow with their number. Of a large one the
//! server sends their counts, and its HNSW index names the best. The best are looked at again here, by
//! the same arithmetic as everywhere, since the server rounds the query to half floats.

use std::collections::HashMap;

use half::f16;
use locvtp_video::TimeSpan;
use postgres::Transaction;

use super::fault::Fault;
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

/// What is asked, and where.
struct Asked<'a> {
    table: String,
    width: usize,
    query: QuantisedQuery,
    request: &'a ScanRequest<'a>,
    /// How many clips are looked at again.
    num_candidates: usize,
}

/// What the server says is best, and how all scores are distributed.
struct Gathered {
    top: Vec<Ranked>,
    best: Vec<Ranked>,
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
    let asked = Asked {
        table: vectors::table(generation, kind),
        width,
        query: QuantisedQuery::new(request.query)?,
        request,
        num_candidates: match request.num_hits {
            0 => 0,
            hits => hits.max(request.second_look),
        },
    };
    let by_index = request.filter.is_none()
        && vectors::count(db, generation, kind)? > exact_most
        && vectors::has_index(db, generation, kind)?;
    let gathered = match by_index {
        true => match by_index_of(db, &asked, generation, kind)? {
            Some(gathered) => gathered,
            // The index ran dry before there was what is asked for.
            None => {
                db.batch_execute("SET LOCAL enable_seqscan = on")?;
                exactly(db, &asked)?
            }
        },
        false => exactly(db, &asked)?,
    };
    Ok(ScanAnswer {
        hits: look_again(db, &asked, gathered.top, request.num_hits)?,
        tracks: look_again(db, &asked, gathered.best, request.num_tracks)?,
        background: gathered.background,
    })
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

/// Every score comes here.
fn exactly(db: &mut Transaction<'_>, asked: &Asked<'_>) -> Result<Gathered, Fault> {
    let only = asked.request.filter.map_or(String::new(), |filter| {
        format!("WHERE track = ANY ({})", array(filter.tracks().map(|track| track.0)))
    });
    let select = format!("SELECT track, clip, {} FROM {} {only}", asked.score(), asked.table);
    let mut top = Top::new(asked.num_candidates);
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
    let mut best: Vec<Ranked> = best.into_values().collect();
    best.sort_by(|one, other| other.cmp(one));
    best.truncate(asked.request.num_tracks.max(asked.request.second_look));
    Ok(Gathered { top: top.into_sorted(), best, background })
}

/// The counts of all scores, and the best by the index; none where it does not name enough.
fn by_index_of(
    db: &mut Transaction<'_>,
    asked: &Asked<'_>,
    generation: GenerationId,
    kind: VectorKind,
) -> Result<Option<Gathered>, Fault> {
    let num_tracks = "SELECT count(*) FROM runs WHERE generation = $1 AND kind = $2";
    let num_tracks: i64 = db.query_one(num_tracks, &[&generation.0, &kind.name()])?.get(0);
    let num_tracks = asked.request.num_tracks.min(num_tracks as usize);
    let num_vectors = vectors::count(db, generation, kind)? as usize;
    let num_candidates = asked.num_candidates.min(num_vectors);
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
    let (mut top, mut best) = (Vec::new(), HashMap::new());
    while top.len() < num_candidates || best.len() < num_tracks {
        let rows = db.query_portal(&portal, ROWS_AT_ONCE)?;
        for row in &rows {
            let track = TrackId(row.get::<_, i32>(0) as u32);
            let clip = row.get::<_, i32>(1) as u32;
            let ranked = Ranked { score: row.get(2), track, clip };
            take_best(&mut best, ranked);
            top.push(ranked);
        }
        if rows.is_empty() {
            return Ok(None);
        }
    }
    if asked.num_candidates == 0 {
        top.clear();
    }
    Ok(Some(Gathered { top, best: best.into_values().collect(), background }))
}

fn take_best(best: &mut HashMap<TrackId, Ranked>, ranked: Ranked) {
    let best = best.entry(ranked.track).or_insert(ranked);
    *best = ranked.max(*best);
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

/// The best `most` of candidates by their half floats.
fn look_again(
    db: &mut Transaction<'_>,
    asked: &Asked<'_>,
    candidates: Vec<Ranked>,
    most: usize,
) -> Result<Vec<Hit>, Fault> {
    if candidates.is_empty() || most == 0 {
        return Ok(Vec::new());
    }
    let select = format!(
        "SELECT track, clip, start, stop, vector FROM {}
         JOIN unnest({}, {}) AS wanted (track, clip) USING (track, clip)",
        asked.table,
        array(candidates.iter().map(|ranked| ranked.track.0)),
        array(candidates.iter().map(|ranked| ranked.clip))
    );
    let mut hits = Vec::with_capacity(candidates.len());
    let mut rows = copy::rows(db, &select)?;
    while let Some([track, clip, start, stop, vector]) = rows.next()? {
        let mut numbers: Vec<f16> = Vec::with_capacity(asked.width);
        copy::halves(vector, &mut numbers)?;
        let span = TimeSpan::new(copy::double(start)?, copy::double(stop)?);
        let vectors = TrackVectors { width: asked.width, numbers, spans: vec![span] };
        let score = vectors.scores(&asked.query)[0];
        let (track, clip) = (TrackId(copy::whole(track)?), copy::whole(clip)?);
        hits.push(Hit { track, clip, score, span });
    }
    let ranked = |hit: &Hit| Ranked { score: hit.score, track: hit.track, clip: hit.clip };
    hits.sort_by_key(|hit| std::cmp::Reverse(ranked(hit)));
    hits.truncate(most);
    Ok(hits)
}
