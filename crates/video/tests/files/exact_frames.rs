//! A frame asked for is the frame that comes, however the file is built and in whatever order it is
//! read.

use locvtp_video::{FrameTransform, ReaderSettings, Seconds, VideoReader};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::made_files::*;

fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut frames: Vec<usize> = (0..count).collect();
    frames.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    frames
}

/// Reads everything, everything in disorder, single frames, and small sets, and compares by number
/// and by byte.
fn check_every_way_of_reading(path: &std::path::Path, numbers: &[usize]) {
    let mut video = VideoReader::open(path).unwrap();
    assert_eq!(video.info().num_frames, numbers.len());
    let all = video.read_all(&FrameTransform::AsDecoded).unwrap();
    assert_eq!(numbers_in(&all), numbers);

    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let mut orders = vec![shuffled(numbers.len(), 5)];
    orders.extend((0..12).map(|_| vec![rng.random_range(0..numbers.len())]));
    orders.extend(
        (0..6).map(|_| (0..9).map(|_| rng.random_range(0..numbers.len())).collect::<Vec<_>>()),
    );
    orders.push(vec![numbers.len() - 1, 0, numbers.len() - 1, 0]);
    for frames in orders {
        let pixels = video.read_frames(&frames, &FrameTransform::AsDecoded).unwrap();
        for (slot, frame) in frames.iter().enumerate() {
            assert_eq!(
                number_in(pixels.frame(slot)),
                numbers[*frame],
                "frame {frame} of {frames:?}"
            );
            assert!(pixels.frame(slot) == all.frame(*frame), "other bytes for frame {frame}");
        }
    }
}

#[test]
fn every_frame_is_exact_with_a_key_frame_every_12() {
    let (_folder, path) = place("gop12.mp4");
    write_numbered(&path, 100, settings(12, 3));
    check_every_way_of_reading(&path, &(0..100).collect::<Vec<_>>());
}

#[test]
fn every_frame_is_exact_with_a_key_frame_every_250() {
    let (_folder, path) = place("gop250.mp4");
    write_numbered(&path, 300, settings(250, 3));
    check_every_way_of_reading(&path, &(0..300).collect::<Vec<_>>());
}

#[test]
fn every_frame_is_exact_without_b_frames_and_with_key_frames_only() {
    let (_folder, path) = place("plain.mp4");
    write_numbered(&path, 40, settings(12, 0));
    check_every_way_of_reading(&path, &(0..40).collect::<Vec<_>>());
    write_numbered(&path, 30, settings(1, 0));
    check_every_way_of_reading(&path, &(0..30).collect::<Vec<_>>());
}

#[test]
fn times_of_a_steady_file_are_multiples_of_the_frame_time() {
    let (_folder, path) = place("steady.mp4");
    write_numbered(&path, 50, settings(12, 3));
    let video = VideoReader::open(&path).unwrap();
    for (i, time) in video.frame_table().times().iter().enumerate() {
        assert!((time.0 - i as f64 / 25.0).abs() < 1e-9, "frame {i} at {time}");
    }
    assert!((video.info().duration.0 - 2.0).abs() < 1e-9);
    assert!((video.info().frame_rate_hz - 25.0).abs() < 1e-6);
    assert_eq!(video.info().codec, "h264");
}

#[test]
fn frames_of_uneven_length_are_found_by_their_own_times() {
    let (_folder, path) = place("uneven.mp4");
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut at = 0.0;
    let times: Vec<f64> = (0..60)
        .map(|_| {
            let time = at;
            at += rng.random_range(0.01..0.6);
            time
        })
        .collect();
    write_numbered_at(&path, &times, settings(12, 3));

    let mut video = VideoReader::open(&path).unwrap();
    let table = video.frame_table().clone();
    // A clock of 25 x 512 ticks a second rounds by half a tick.
    for (listed, written) in table.times().iter().zip(&times) {
        assert!((listed.0 - written).abs() <= 0.5 / 12_800.0 + 1e-9, "{listed} for {written}");
    }
    for (number, pair) in times.windows(2).enumerate() {
        let frame = table.frame_at(Seconds((pair[0] + pair[1]) / 2.0));
        let pixels = video.read_frames(&[frame], &FrameTransform::AsDecoded).unwrap();
        assert_eq!(number_in(pixels.frame(0)), number);
    }
    check_every_way_of_reading(&path, &(0..60).collect::<Vec<_>>());
}

#[test]
fn a_video_of_one_frame_is_a_video() {
    let (_folder, path) = place("one.mp4");
    write_numbered(&path, 1, settings(12, 3));
    check_every_way_of_reading(&path, &[0]);
    let video = VideoReader::open(&path).unwrap();
    assert!((video.info().duration.0 - 0.04).abs() < 1e-9, "{}", video.info().duration);
}

#[test]
fn more_decoder_threads_give_the_same_pixels() {
    let (_folder, path) = place("threads.mp4");
    write_numbered(&path, 60, settings(30, 3));
    let frames = shuffled(60, 9)[..20].to_vec();
    let read = |decoder_threads| {
        let settings = ReaderSettings { decoder_threads, ..Default::default() };
        let mut video = VideoReader::open_with(&path, settings).unwrap();
        video.read_frames(&frames, &FrameTransform::AsDecoded).unwrap()
    };
    assert!(read(1) == read(3));
}

#[test]
fn no_frames_are_no_frames() {
    let (_folder, path) = place("none.mp4");
    write_numbered(&path, 3, settings(12, 0));
    let mut video = VideoReader::open(&path).unwrap();
    let pixels = video.read_frames(&[], &FrameTransform::AsDecoded).unwrap();
    assert_eq!((pixels.num_frames, pixels.data.len()), (0, 0));
}

#[test]
fn a_reader_can_move_to_another_thread() {
    let (_folder, path) = place("moved.mp4");
    write_numbered(&path, 20, settings(12, 3));
    let mut video = VideoReader::open(&path).unwrap();
    let read = move || video.read_frames(&[13], &FrameTransform::AsDecoded).unwrap();
    let pixels = std::thread::spawn(read).join().unwrap();
    assert_eq!(numbers_in(&pixels), [13]);
}
