//! Scans against a plain computation of every cosine.

use std::path::Path;
use std::sync::Arc;

use locvtp_search::scan::{Hit, ScanError, ScanRequest, TrackFilter, VectorSet};
use locvtp_search::segment::{
    Run, Segment, SegmentHeader, SegmentWriter, TrackId, VectorBatch, VectorError, VectorKind,
};
use locvtp_video::TimeSpan;

use crate::made::{batch, vector};

const WIDTH: usize = 100;

/// Writes tracks into a segment.
fn segment(path: &Path, tracks: &[(u32, &VectorBatch)]) -> (Arc<Segment>, Vec<Run>) {
    let num_vectors = tracks.iter().map(|(_, batch)| batch.len() as u32).sum();
    let num_runs = tracks.len() as u32;
    let (kind, width) = (VectorKind::Clip, tracks[0].1.width() as u32);
    let header = SegmentHeader { kind, width, num_vectors, num_runs, model: 1 };
    let mut writer = SegmentWriter::create(path, header).unwrap();
    for (track, batch) in tracks {
        writer.add(TrackId(*track), batch).unwrap();
    }
    let runs = writer.finish().unwrap();
    (Arc::new(Segment::open(path).unwrap()), runs)
}

/// Forty tracks of up to 900 clips, in one segment or in one each.
fn sets(folder: &Path) -> (Vec<VectorBatch>, [VectorSet; 2]) {
    let batches: Vec<VectorBatch> =
        (0..40).map(|track| batch(track, 1 + track * 23 % 900, WIDTH)).collect();
    let tracks: Vec<(u32, &VectorBatch)> =
        batches.iter().enumerate().map(|(track, batch)| (track as u32, batch)).collect();
    let one = vec![segment(&folder.join("all"), &tracks)];
    let many =
        tracks.iter().rev().map(|track| segment(&folder.join(track.0.to_string()), &[*track]));
    let sets = [one, many.collect()].map(|live| VectorSet::new(WIDTH, live).unwrap());
    (batches, sets)
}

/// The best by the `f32` vectors themselves, as score, track and clip.
fn true_best(batches: &[VectorBatch], query: &[f32], most: usize) -> Vec<(f32, u32, u32)> {
    let length = query.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>().sqrt();
    let mut all = Vec::new();
    for (track, batch) in batches.iter().enumerate() {
        for clip in 0..batch.len() {
            let pairs = query.iter().zip(batch.vector(clip));
            let product: f64 = pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            all.push(((product / length) as f32, track as u32, clip as u32));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    all.truncate(most);
    all
}

/// The same clips in the same order, with scores that differ by less than an `f32` tells.
fn are_same(hits: &[Hit], truth: &[(f32, u32, u32)]) {
    let clips: Vec<_> = hits.iter().map(|hit| (hit.track.0, hit.clip)).collect();
    assert_eq!(clips, truth.iter().map(|it| (it.1, it.2)).collect::<Vec<_>>());
    for (hit, truth) in hits.iter().zip(truth) {
        assert!((hit.score - truth.0).abs() < 2e-7, "{hit:?}, and {truth:?}");
    }
}

#[test]
fn a_scan_finds_what_a_plain_loop_over_all_cosines_finds() {
    let folder = tempfile::tempdir().unwrap();
    let (batches, [set, _]) = sets(folder.path());
    let query = vector(77, WIDTH);
    let all = true_best(&batches, &query, usize::MAX);
    let request = ScanRequest { num_tracks: 7, ..ScanRequest::new(&query, 50) };
    let answer = set.scan(&request).unwrap();
    are_same(&answer.hits, &all[..50]);
    assert!(answer.hits.iter().all(|hit| hit.span.start.0 == f64::from(hit.clip)));
    let mut best_of_tracks: Vec<(f32, u32, u32)> = Vec::new();
    for one in &all {
        if best_of_tracks.iter().all(|other| other.1 != one.1) {
            best_of_tracks.push(*one);
        }
    }
    are_same(&answer.tracks, &best_of_tracks[..7]);
    // The background is that of all scores, up to the codes' rounding and half a bin.
    assert_eq!(answer.background.num_scores(), all.len() as u64);
    let mean = all.iter().map(|one| f64::from(one.0)).sum::<f64>() / all.len() as f64;
    assert!((answer.background.mean().unwrap() - mean).abs() < 1e-4);
    let median = f64::from(all[all.len() / 2].0);
    assert!((answer.background.quantile(0.5).unwrap() - median).abs() < 2e-3);
    // A track alone has the same scores, in order of time.
    for hit in &answer.hits {
        let vectors = set.track_vectors(hit.track).unwrap().unwrap();
        assert_eq!(vectors.scores(&set.query(&query).unwrap())[hit.clip as usize], hit.score);
    }
    assert!(set.track_vectors(TrackId(40)).unwrap().is_none());
}

#[test]
fn a_long_track_is_written_and_scored_in_parts_as_in_one() {
    let folder = tempfile::tempdir().unwrap();
    let batches = [batch(0, 3, WIDTH), batch(1, 9001, WIDTH), VectorBatch::new(WIDTH)];
    let tracks = [(4, &batches[0]), (5, &batches[1]), (6, &batches[2])];
    let set = VectorSet::new(WIDTH, vec![segment(&folder.path().join("long"), &tracks)]).unwrap();
    let query = set.query(&vector(79, WIDTH)).unwrap();
    for (track, batch) in tracks {
        let vectors = set.track_vectors(TrackId(track)).unwrap().unwrap();
        assert_eq!(vectors.spans, batch.spans());
        let rows = vectors.numbers.chunks_exact(WIDTH).enumerate();
        let is_near = |(one, other): (&f32, &f32)| (one - other).abs() < 1e-6;
        let mut rows = rows.map(|(row, vector)| vector.iter().zip(batch.vector(row)).all(is_near));
        assert!(rows.all(|is_near| is_near), "{track}");
        let scores = set.track_scores(TrackId(track), &query).unwrap();
        assert_eq!(scores, Some(vectors.scores(&query)), "{track}");
    }
    assert_eq!(set.track_scores(TrackId(40), &query).unwrap(), None);
}

#[test]
fn neither_threads_nor_segments_change_a_bit_of_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (_, sets) = sets(folder.path());
    let query = vector(78, WIDTH);
    let filter: TrackFilter = (0..40).filter(|track| track % 3 > 0).map(TrackId).collect();
    for filter in [None, Some(&filter)] {
        let request = ScanRequest { num_tracks: 9, filter, ..ScanRequest::new(&query, 20) };
        let answers = sets.iter().flat_map(|set| {
            [1, 2, 5].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| set.scan(&request).unwrap())
            })
        });
        let answers: Vec<_> = answers.collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!(answers[0].hits.len(), 20);
        let is_asked = |track| filter.is_none_or(|filter| filter.contains(track));
        assert!(answers[0].hits.iter().all(|hit| is_asked(hit.track)));
    }
}

#[test]
fn equal_vectors_are_ordered_by_track_and_clip() {
    let folder = tempfile::tempdir().unwrap();
    let mut same = VectorBatch::new(WIDTH);
    for clip in 0..1000 {
        same.push(&vector(5, WIDTH), TimeSpan::new(f64::from(clip), f64::from(clip) + 1.0))
            .unwrap();
    }
    let live =
        [3, 1, 2].map(|track| segment(&folder.path().join(track.to_string()), &[(track, &same)]));
    let set = VectorSet::new(WIDTH, live.into()).unwrap();
    let answer = set.scan(&ScanRequest::new(&vector(6, WIDTH), 1001)).unwrap();
    let expected = (0..1000).map(|clip| (TrackId(1), clip)).chain([(TrackId(2), 0)]);
    let found = answer.hits.iter().map(|hit| (hit.track, hit.clip));
    assert!(found.eq(expected));
}

#[test]
fn queries_that_point_nowhere_or_have_another_width_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let live = vec![segment(&folder.path().join("a"), &[(0, &batch(1, 3, WIDTH))])];
    let set = VectorSet::new(WIDTH, live).unwrap();
    for (query, expected) in [
        (vec![0.0; WIDTH], VectorError::Zero),
        (vec![f32::NAN; WIDTH], VectorError::NotFinite { place: 0 }),
        (vec![1.0; 3], VectorError::Width { expected: WIDTH, found: 3 }),
    ] {
        match set.scan(&ScanRequest::new(&query, 5)) {
            Err(ScanError::Query(error)) => assert_eq!(error, expected),
            other => panic!("{other:?}"),
        }
    }
    let empty = VectorSet::new(WIDTH, Vec::new()).unwrap();
    let answer = empty.scan(&ScanRequest::new(&[1.0; WIDTH], 5)).unwrap();
    assert!(answer.hits.is_empty() && answer.background.mean().is_none());
}

/// A scene of `num_rows` rows around `vector`, each apart from it by noise of its own.
fn scene(batch: &mut VectorBatch, center: &[f32], noise: f32, num_rows: u64, seed: u64) {
    for row in 0..num_rows {
        let own = vector(seed ^ (row << 20), center.len());
        let numbers: Vec<f32> = center.iter().zip(own).map(|(a, b)| a + noise * b).collect();
        batch.push(&numbers, TimeSpan::new(row as f64, row as f64 + 1.0)).unwrap();
    }
}

#[test]
fn the_best_ten_are_those_of_the_f32_vectors_also_among_still_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let mut batches = Vec::new();
    for track in 0..40u64 {
        let mut batch = VectorBatch::new(WIDTH);
        for number in 0..12 {
            // A camera's noise, a coder's, the same frame again, and pictures that move.
            let noise = [0.02, 0.001, 0.0, 0.6][number as usize % 4];
            let seed = 100 * track + number;
            scene(&mut batch, &vector(seed, WIDTH), noise, 5 + seed % 50, seed << 40);
        }
        batches.push(batch);
    }
    let tracks: Vec<(u32, &VectorBatch)> =
        batches.iter().enumerate().map(|(track, batch)| (track as u32, batch)).collect();
    let live = vec![segment(&folder.path().join("all"), &tracks)];
    let set = VectorSet::new(WIDTH, live).unwrap();
    let mut num_found = 0;
    for number in 0..100 {
        // Half of some scene, half something else.
        let (one, other) = (vector(37 * number, WIDTH), vector(9_000_000 + number, WIDTH));
        let query: Vec<f32> = one.iter().zip(other).map(|(a, b)| a + b).collect();
        let hits = set.scan(&ScanRequest::new(&query, 10)).unwrap().hits;
        let truth = true_best(&batches, &query, 10);
        for (hit, truth) in hits.iter().zip(&truth) {
            assert!((hit.score - truth.0).abs() < 2e-7, "{hit:?}, and {truth:?}");
        }
        let is_found = |truth: &&(f32, u32, u32)| {
            hits.iter().any(|hit| (hit.track.0, hit.clip) == (truth.1, truth.2))
        };
        num_found += truth.iter().filter(is_found).count();
    }
    // Scores that differ by less than an `f32` tells may change places.
    assert!(num_found >= 995, "{num_found} of 1000");
}

#[test]
fn rows_that_bytes_cannot_tell_apart_are_all_looked_at_again() {
    let folder = tempfile::tempdir().unwrap();
    // More of them than a first look takes, in two tracks.
    let batches = [1, 2].map(|seed| {
        let mut batch = VectorBatch::new(WIDTH);
        scene(&mut batch, &vector(5, WIDTH), 0.005, 4000, seed << 50);
        batch
    });
    let tracks: Vec<(u32, &VectorBatch)> = vec![(0, &batches[0]), (1, &batches[1])];
    let live = vec![segment(&folder.path().join("all"), &tracks)];
    let set = VectorSet::new(WIDTH, live).unwrap();
    let query: Vec<f32> =
        vector(5, WIDTH).iter().zip(vector(6, WIDTH)).map(|(a, b)| a + b).collect();
    let request = ScanRequest { num_tracks: 2, ..ScanRequest::new(&query, 20) };
    let answer = set.scan(&request).unwrap();
    are_same(&answer.hits, &true_best(&batches, &query, 20));
    // Of each track the best clip, too.
    let mut best = [0, 1].map(|at| {
        let (score, _, clip) = true_best(&batches[at..=at], &query, 1)[0];
        (score, at as u32, clip)
    });
    best.sort_by(|a, b| b.0.total_cmp(&a.0));
    are_same(&answer.tracks, &best);
}
