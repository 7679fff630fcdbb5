//! Scans against a plain computation of every cosine.

use std::path::Path;
use std::sync::Arc;

use locvtp_search::scan::{ScanError, ScanRequest, TrackFilter, VectorSet};
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

#[test]
fn a_scan_finds_what_a_plain_loop_over_all_cosines_finds() {
    let folder = tempfile::tempdir().unwrap();
    let (batches, [set, _]) = sets(folder.path());
    let query = vector(77, WIDTH);
    let numbers = set.query(&query).unwrap().numbers;
    let mut all = Vec::new();
    for (track, batch) in batches.iter().enumerate() {
        for clip in 0..batch.len() {
            let pairs = numbers.iter().zip(batch.half(clip));
            let cosine: f64 = pairs.map(|(a, b)| f64::from(*a) * f64::from(b.to_f32())).sum();
            all.push((cosine as f32, TrackId(track as u32), clip as u32));
        }
    }
    all.sort_by(|one, other| {
        other.0.total_cmp(&one.0).then((one.1, one.2).cmp(&(other.1, other.2)))
    });
    let request = ScanRequest { num_tracks: 7, second_look: 100, ..ScanRequest::new(&query, 50) };
    let answer = set.scan(&request).unwrap();
    let found: Vec<_> = answer.hits.iter().map(|hit| (hit.score, hit.track, hit.clip)).collect();
    assert_eq!(found, all[..50]);
    assert!(answer.hits.iter().all(|hit| hit.span.start.0 == f64::from(hit.clip)));
    let mut best_of_tracks: Vec<(f32, TrackId, u32)> = Vec::new();
    for one in &all {
        if best_of_tracks.iter().all(|other| other.1 != one.1) {
            best_of_tracks.push(*one);
        }
    }
    let tracks: Vec<_> = answer.tracks.iter().map(|hit| (hit.score, hit.track, hit.clip)).collect();
    assert_eq!(tracks, best_of_tracks[..7]);
    // The background is that of all scores, up to the codes' rounding and half a bin.
    assert_eq!(answer.background.num_scores(), all.len() as u64);
    let mean = all.iter().map(|one| f64::from(one.0)).sum::<f64>() / all.len() as f64;
    assert!((answer.background.mean().unwrap() - mean).abs() < 1e-4);
    let median = f64::from(all[all.len() / 2].0);
    assert!((answer.background.quantile(0.5).unwrap() - median).abs() < 2e-3);
    // One track alone: the same scores, in order of time.
    let scores =
        set.track_vectors(TrackId(39)).unwrap().unwrap().scores(&set.query(&query).unwrap());
    for (score, track, clip) in all.iter().filter(|one| one.1 == TrackId(39)) {
        assert_eq!(scores[*clip as usize], *score, "{track:?}");
    }
    assert!(set.track_vectors(TrackId(40)).unwrap().is_none());
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
