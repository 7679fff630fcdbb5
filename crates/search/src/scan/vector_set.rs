//! The vectors of one index as they are now: its segments, and which of their runs count.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use locvtp_video::TimeSpan;
use rayon::prelude::*;

use super::background::Background;
use super::pass::{Rows, best_of, scan};
use super::second_look::look_again;
use super::top::{Hit, Ranked};
use super::track_filter::TrackFilter;
use crate::segment::{
    QuantisedQuery, Run, Segment, SegmentError, TrackId, VectorError, padded_width,
};

/// Rows that a thread takes at a time: 2 MiB of vectors of 256 numbers.
const ROWS_OF_PART: u32 = 8192;

/// Rows of one track among which its best nearly always is; else all are ordered.
const FEW_OF_TRACK: usize = 16;

/// Rows that are looked at again before the scan is made anew for more.
const FEW: usize = 512;

/// Rows that are looked at again at most, where no more are asked for: so many can only be within the
/// bytes' rounding of each other where a picture stands still for a day.
const MANY: usize = 1 << 16;

/// What is asked of a scan.
#[derive(Clone, Copy, Debug)]
pub struct ScanRequest<'a> {
    /// What to look for; it need not be of unit length.
    pub query: &'a [f32],
    /// How many clips to return.
    pub num_hits: usize,
    /// How many tracks to return, each with its best clip.
    pub num_tracks: usize,
    /// The tracks to look at; all where there is none.
    pub filter: Option<&'a TrackFilter>,
}

impl<'a> ScanRequest<'a> {
    /// The best `num_hits` clips of all tracks.
    pub fn new(query: &'a [f32], num_hits: usize) -> Self {
        Self { query, num_hits, num_tracks: 0, filter: None }
    }
}

/// What a scan found.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanAnswer {
    /// The best clips, the best first; equal scores by track and clip.
    pub hits: Vec<Hit>,
    /// The tracks with the best clips, each once, in the same order.
    pub tracks: Vec<Hit>,
    /// The scores of all clips that passed the filter, as the scan saw them.
    pub background: Background,
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The query is no vector of this index.
    #[error(transparent)]
    Query(#[from] VectorError),
    /// A segment cannot be read.
    #[error(transparent)]
    Segment(#[from] SegmentError),
}

/// All vectors of a track.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackVectors {
    /// Numbers of a vector.
    pub width: usize,
    /// The vectors one after the other, of unit length.
    pub numbers: Vec<f32>,
    /// Their spans.
    pub spans: Vec<TimeSpan>,
}

impl TrackVectors {
    /// The cosine of the query with each vector, in order of time.
    pub fn scores(&self, query: &QuantisedQuery) -> Vec<f32> {
        self.numbers.chunks_exact(self.width).map(|vector| cosine(&query.numbers, vector)).collect()
    }
}

/// Rows of a track that are in memory together where not all are wanted at once.
const ROWS_AT_ONCE: usize = 1 << 10;

/// A run that counts, and the segment that it lies in.
#[derive(Clone, Copy, Debug)]
struct LiveRun {
    segment: usize,
    run: Run,
}

/// A stretch of a run that one thread scans.
#[derive(Clone, Copy, Debug)]
struct Piece {
    run: usize,
    first_clip: u32,
    num_rows: u32,
}

/// A snapshot of an index. What is added or removed later does not change it.
#[derive(Debug)]
pub struct VectorSet {
    width: usize,
    segments: Vec<Arc<Segment>>,
    runs: Vec<LiveRun>,
    run_of: HashMap<TrackId, usize>,
    pieces: Vec<Piece>,
    /// Pieces that together make a part of a good size.
    parts: Vec<Range<usize>>,
    /// Whether codes and scales were compared with their checksums.
    is_checked: AtomicBool,
}

impl VectorSet {
    /// Of segments, each with those of its runs that count. A track has one run.
    ///
    /// # Errors
    /// When a segment has another width.
    ///
    /// # Panics
    /// When a run ends after its segment.
    pub fn new(width: usize, live: Vec<(Arc<Segment>, Vec<Run>)>) -> Result<Self, SegmentError> {
        let (mut segments, mut runs) = (Vec::new(), Vec::new());
        for (segment, runs_of_it) in live {
            let header = segment.header();
            if header.width as usize != width {
                let (path, found) = (segment.path().to_owned(), width);
                return Err(SegmentError::Width { path, expected: header.width as usize, found });
            }
            for run in runs_of_it {
                assert!(run.rows().end <= header.num_vectors as usize, "{run:?} in {header:?}");
                runs.push(LiveRun { segment: segments.len(), run });
            }
            segments.push(segment);
        }
        let run_of = runs.iter().enumerate().map(|(at, live)| (live.run.track, at)).collect();
        let pieces: Vec<Piece> = runs.iter().enumerate().flat_map(pieces_of).collect();
        let parts = parts_of(&pieces);
        let is_checked = AtomicBool::new(false);
        Ok(Self { width, segments, runs, run_of, pieces, parts, is_checked })
    }

    /// Numbers of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many vectors count.
    pub fn num_vectors(&self) -> u64 {
        self.runs.iter().map(|live| u64::from(live.run.num_rows)).sum()
    }

    /// Bytes that are mapped into memory.
    pub fn mapped_bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.mapped_bytes()).sum()
    }

    /// Asks the system to bring all that a scan reads into memory.
    pub fn warm(&self) {
        self.segments.iter().for_each(|segment| segment.warm());
    }

    /// The tracks that have vectors.
    pub fn tracks(&self) -> impl Iterator<Item = TrackId> + '_ {
        self.runs.iter().map(|live| live.run.track)
    }

    /// Looks at every vector that passes the filter.
    ///
    /// # Errors
    /// When the query is zero, not finite or of another width, or a segment cannot be read, is damaged or
    /// changes meanwhile.
    pub fn scan(&self, request: &ScanRequest<'_>) -> Result<ScanAnswer, ScanError> {
        let answer = self.scan_unchecked(request)?;
        self.check_unchanged()?;
        Ok(answer)
    }

    /// Whether all segments are as they were opened, so that what was read of them counts.
    ///
    /// # Errors
    /// [`SegmentError::Changed`] of the first that is not.
    pub fn check_unchanged(&self) -> Result<(), SegmentError> {
        // A thread takes some at a time, as each takes less than a microsecond.
        self.segments.par_iter().with_min_len(256).try_for_each(|it| it.check_unchanged())
    }

    /// Compares all that a scan reads with its checksums; what was compared before costs nothing.
    fn check_codes(&self) -> Result<(), SegmentError> {
        if self.is_checked.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.pieces.par_iter().try_for_each(|piece| {
            let LiveRun { segment, run } = self.runs[piece.run];
            let first = (run.first_row + piece.first_clip) as usize;
            self.segments[segment].check_codes(first..first + piece.num_rows as usize)
        })?;
        self.is_checked.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn scan_unchecked(&self, request: &ScanRequest<'_>) -> Result<ScanAnswer, ScanError> {
        let query = self.query(request.query)?;
        self.check_codes()?;
        let gather = |num_candidates, wants_tracks| {
            scan(&query, num_candidates, wants_tracks, self.parts.len(), |part| {
                self.rows_of(part, request.filter)
            })
        };
        let hits = request.num_hits;
        let first = gather(if hits == 0 { 0 } else { FEW.max(4 * hits) }, request.num_tracks > 0);
        let exact = |ranked: &Ranked| self.score(&query, ranked);
        let (is_whole, candidates) = (first.top.is_whole(), first.top.into_sorted());
        let mut looked = look_again(&candidates, hits, exact)?;
        if hits > 0 && !looked.is_sure && !is_whole {
            let candidates = gather(MANY.max(4 * hits), false).top.into_sorted();
            looked = look_again(&candidates, hits, exact)?;
        }
        let mut tracks: Vec<Ranked> = first.best.into_values().collect();
        tracks.sort_by(|one, other| other.cmp(one));
        let exact = |ranked: &Ranked| self.best_of_track(&query, ranked.track);
        let tracks = look_again(&tracks, request.num_tracks, exact)?;
        Ok(ScanAnswer {
            hits: looked.best.iter().map(|it| self.hit(it)).collect::<Result<_, _>>()?,
            tracks: tracks.best.iter().map(|it| self.hit(it)).collect::<Result<_, _>>()?,
            background: first.background,
        })
    }

    /// A query of this index's width, of unit length.
    ///
    /// # Errors
    /// When it is zero, not finite or of another width.
    pub fn query(&self, query: &[f32]) -> Result<QuantisedQuery, VectorError> {
        if query.len() != self.width {
            return Err(VectorError::Width { expected: self.width, found: query.len() });
        }
        QuantisedQuery::new(query)
    }

    /// The vectors of a track and their spans; none where it has none.
    ///
    /// # Errors
    /// When the segment cannot be read, is damaged or changes meanwhile.
    pub fn track_vectors(&self, track: TrackId) -> Result<Option<TrackVectors>, SegmentError> {
        let Some(at) = self.run_of.get(&track) else { return Ok(None) };
        let LiveRun { segment, run } = self.runs[*at];
        let segment = &self.segments[segment];
        let (numbers, spans) = (segment.vectors(run.rows())?, segment.spans(run.rows())?);
        segment.check_unchanged()?;
        Ok(Some(TrackVectors { width: self.width, numbers, spans }))
    }

    /// The cosine of the query with each vector of a track, in order of time; none where it has none. Memory holds some
    /// of the vectors at a time.
    ///
    /// # Errors
    /// As [`VectorSet::track_vectors`].
    pub fn track_scores(
        &self,
        track: TrackId,
        query: &QuantisedQuery,
    ) -> Result<Option<Vec<f32>>, SegmentError> {
        let Some(at) = self.run_of.get(&track) else { return Ok(None) };
        let LiveRun { segment, run } = self.runs[*at];
        let segment = &self.segments[segment];
        let rows = run.rows();
        let mut scores = Vec::with_capacity(rows.len());
        for first in rows.clone().step_by(ROWS_AT_ONCE) {
            let numbers = segment.vectors(first..(first + ROWS_AT_ONCE).min(rows.end))?;
            let vectors = numbers.chunks_exact(self.width);
            scores.extend(vectors.map(|vector| cosine(&query.numbers, vector)));
        }
        segment.check_unchanged()?;
        Ok(Some(scores))
    }

    fn rows_of<'a>(
        &'a self,
        part: usize,
        filter: Option<&'a TrackFilter>,
    ) -> impl Iterator<Item = Rows<'a>> {
        self.pieces[self.parts[part].clone()].iter().filter_map(move |piece| {
            let LiveRun { segment, run } = self.runs[piece.run];
            if filter.is_some_and(|filter| !filter.contains(run.track)) {
                return None;
            }
            let first = (run.first_row + piece.first_clip) as usize;
            let rows = first..first + piece.num_rows as usize;
            let segment = &self.segments[segment];
            let (codes, scales) = (segment.codes(rows.clone()), segment.scales(rows));
            debug_assert_eq!(codes.len(), scales.len() * padded_width(self.width));
            Some(Rows { track: run.track, first_clip: piece.first_clip, codes, scales })
        })
    }

    /// The score of one row.
    fn score(&self, query: &QuantisedQuery, ranked: &Ranked) -> Result<Ranked, SegmentError> {
        let (segment, row) = self.place_of(ranked);
        let score = cosine(&query.numbers, &segment.vectors(row..row + 1)?);
        if !score.is_finite() {
            let (path, part) = (segment.path().to_owned(), format!("row {row}"));
            return Err(SegmentError::Damaged { path, part });
        }
        Ok(Ranked { score, ..*ranked })
    }

    /// The best row of a track, of all that can be it.
    fn best_of_track(
        &self,
        query: &QuantisedQuery,
        track: TrackId,
    ) -> Result<Ranked, SegmentError> {
        let LiveRun { segment, run } = self.runs[self.run_of[&track]];
        let segment = &self.segments[segment];
        let (codes, scales) = (segment.codes(run.rows()), segment.scales(run.rows()));
        let look = |most| {
            let candidates = best_of(query, Rows { track, first_clip: 0, codes, scales }, most);
            look_again(&candidates, 1, |ranked| self.score(query, ranked))
        };
        let few = look(FEW_OF_TRACK)?;
        let best = if few.is_sure { few.best } else { look(scales.len())?.best };
        // Numbers that are none are the best of nothing.
        best.first().copied().ok_or_else(|| {
            let (path, part) = (segment.path().to_owned(), format!("rows of {track:?}"));
            SegmentError::Damaged { path, part }
        })
    }

    fn hit(&self, ranked: &Ranked) -> Result<Hit, SegmentError> {
        let (segment, row) = self.place_of(ranked);
        let span = segment.spans(row..row + 1)?[0];
        Ok(Hit { track: ranked.track, clip: ranked.clip, score: ranked.score, span })
    }

    fn place_of(&self, ranked: &Ranked) -> (&Segment, usize) {
        let LiveRun { segment, run } = self.runs[self.run_of[&ranked.track]];
        (&self.segments[segment], (run.first_row + ranked.clip) as usize)
    }
}

/// The cosine of a query of unit length with a vector, added in order in double precision.
fn cosine(query: &[f32], vector: &[f32]) -> f32 {
    let products = query.iter().zip(vector).map(|(a, b)| f64::from(*a) * f64::from(*b));
    products.sum::<f64>() as f32
}

fn pieces_of((run, live): (usize, &LiveRun)) -> impl Iterator<Item = Piece> {
    let rows = live.run.num_rows;
    let firsts = (0..rows).step_by(ROWS_OF_PART as usize);
    firsts.map(move |first_clip| Piece {
        run,
        first_clip,
        num_rows: ROWS_OF_PART.min(rows - first_clip),
    })
}

fn parts_of(pieces: &[Piece]) -> Vec<Range<usize>> {
    let (mut parts, mut first, mut rows) = (Vec::new(), 0, 0);
    for (at, piece) in pieces.iter().enumerate() {
        rows += piece.num_rows;
        if rows >= ROWS_OF_PART || at + 1 == pieces.len() {
            parts.push(first..at + 1);
            (first, rows) = (at + 1, 0);
        }
    }
    parts
}
