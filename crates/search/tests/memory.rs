//! What a long video takes of memory on its way into an index, counted by an allocator that watches.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::sync::Arc;

use locvtp_search::scan::VectorSet;
use locvtp_search::segment::{
    Segment, SegmentHeader, SegmentWriter, TrackId, VectorBatch, VectorKind,
};
use locvtp_video::TimeSpan;

include!("../../../tests/support/watched_memory.rs");

const MIB: usize = 1 << 20;

#[test]
fn the_vectors_of_a_long_video_are_in_memory_once_and_are_written_and_scored_in_parts() {
    const WIDTH: usize = 128;
    // Eleven hours of a clip a second: 19.5 MiB of numbers, 0.6 MiB of spans.
    const ROWS: usize = 40_000;
    let vector = |row: usize| {
        let mut vector = [0.1; WIDTH];
        vector[row % WIDTH] = 1.0;
        vector
    };
    let (batch, peak, _) = memory_of(|| {
        let mut batch = VectorBatch::new(WIDTH);
        for row in 0..ROWS {
            batch.push(&vector(row), TimeSpan::new(row as f64, row as f64 + 1.0)).unwrap();
        }
        batch
    });
    assert!(peak < 23 * MIB, "gathered: {peak}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long");
    let (kind, width, num_vectors) = (VectorKind::Clip, WIDTH as u32, ROWS as u32);
    let header = SegmentHeader { kind, width, num_vectors, num_runs: 1, model: 1 };
    let (runs, peak, _) = memory_of(|| {
        let mut writer = SegmentWriter::create(&path, header).unwrap();
        writer.add(TrackId(7), &batch).unwrap();
        writer.finish().unwrap()
    });
    assert!(peak < 5 * MIB, "written: {peak}");
    drop(batch);

    let segment = Arc::new(Segment::open(&path).unwrap());
    let set = VectorSet::new(WIDTH, vec![(segment, runs)]).unwrap();
    let query = set.query(&vector(5)).unwrap();
    let (scores, peak, _) = memory_of(|| set.track_scores(TrackId(7), &query).unwrap().unwrap());
    assert!(peak < 2 * MIB, "scored: {peak}");
    assert!(scores.len() == ROWS && scores[5] > 0.999 && scores[6] < 0.999);
}
