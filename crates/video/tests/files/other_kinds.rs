//! Containers and codecs that people have besides our own.

use locvtp_video::{FrameTransform, VideoReader};

use crate::made_files::*;

fn check(path: &std::path::Path, numbers: std::ops::Range<usize>) {
    let mut video = VideoReader::open(path).unwrap();
    let numbers: Vec<usize> = numbers.collect();
    assert_eq!(video.info().num_frames, numbers.len());
    assert_eq!(numbers_in(&video.read_all(&FrameTransform::AsDecoded).unwrap()), numbers);
    // Backwards, over the whole file, and the very last alone.
    let frames: Vec<usize> = (0..numbers.len()).step_by(7).rev().collect();
    let pixels = video.read_frames(&frames, &FrameTransform::AsDecoded).unwrap();
    let expected: Vec<usize> = frames.iter().map(|frame| numbers[*frame]).collect();
    assert_eq!(numbers_in(&pixels), expected);
    let last = numbers.len() - 1;
    let pixels = video.read_frames(&[last], &FrameTransform::AsDecoded).unwrap();
    assert_eq!(numbers_in(&pixels), [numbers[last]]);
}

fn remuxed(container: &str, shift_frames: i64) -> (tempfile::TempDir, std::path::PathBuf) {
    let (folder, path) = place("source.mp4");
    write_numbered(&path, 90, settings(12, 3));
    let other = folder.path().join("other");
    remux(&path, &other, container, shift_frames);
    (folder, other)
}

#[test]
fn matroska_is_exact_and_its_times_are_the_files_own() {
    let (_folder, path) = remuxed("matroska", 0);
    check(&path, 0..90);
    let video = VideoReader::open(&path).unwrap();
    // Its clock ticks in milliseconds.
    let times = video.frame_table().times().iter().enumerate();
    times.for_each(|(i, time)| assert!((time.0 - i as f64 / 25.0).abs() < 1e-3, "{i}: {time}"));
}

#[test]
fn mpeg_ts_is_decoded_from_the_start_and_begins_at_zero() {
    let (_folder, path) = remuxed("mpegts", 0);
    check(&path, 0..90);
    let video = VideoReader::open(&path).unwrap();
    assert_eq!(video.frame_table().times()[0].0, 0.0);
    assert!((video.frame_table().times()[89].0 - 89.0 / 25.0).abs() < 1e-4);
}

#[test]
fn a_raw_stream_without_times_is_counted() {
    let (_folder, path) = remuxed("h264", 0);
    check(&path, 0..90);
    let video = VideoReader::open(&path).unwrap();
    assert!((video.frame_table().times()[50].0 - 2.0).abs() < 0.01);
}

#[test]
fn frames_outside_the_edit_list_are_not_frames_of_the_video() {
    // The first frames lie before time zero: stored, needed for decoding, not shown.
    for cut in [1, 12, 20, 37] {
        let (_folder, path) = remuxed("mp4", -cut);
        check(&path, cut as usize..90);
        let video = VideoReader::open(&path).unwrap();
        assert!(video.frame_table().times()[0].0.abs() < 1e-3);
    }
}

#[test]
fn a_video_that_starts_late_keeps_its_times() {
    let (_folder, path) = remuxed("matroska", 50);
    check(&path, 0..90);
}

#[test]
fn mpeg_4_in_avi_is_exact() {
    for b_frames in [0, 2] {
        let (_folder, path) = place("old.avi");
        write_numbered_with(&path, "mpeg4", "avi", 60, b_frames);
        check(&path, 0..60);
    }
}

#[test]
fn vp9_in_webm_is_exact() {
    let (_folder, path) = place("web.webm");
    write_numbered_with(&path, "libvpx-vp9", "webm", 60, 0);
    check(&path, 0..60);
}

#[test]
fn vp8_in_webm_is_exact() {
    let (_folder, path) = place("web8.webm");
    write_numbered_with(&path, "libvpx", "webm", 60, 0);
    check(&path, 0..60);
}

#[test]
fn motion_jpeg_is_exact() {
    let (_folder, path) = place("pictures.mkv");
    write_numbered_with(&path, "mjpeg", "matroska", 30, 0);
    check(&path, 0..30);
}
