//! Frames that nobody wants and no other is made from are not decoded, and nothing else changes.

use locvtp_video::{FrameTransform, ReaderSettings, Seconds, VideoReader, sampling};

use crate::made_files::*;

/// A codec of FFmpeg, a container, frames between two others, options of the encoder.
struct Made(&'static str, &'static str, usize, &'static [(&'static str, &'static str)]);

const NUM_FRAMES: usize = 120;

/// Files of which a quarter or more need not be decoded.
const WITH_LESS_TO_DECODE: [Made; 11] = [
    Made("libx264", "mp4", 3, &[("preset", "veryfast")]),
    Made("libx264", "matroska", 3, &[("x264-params", "open-gop=1:keyint=40")]),
    Made("libx264", "mpegts", 3, &[("preset", "veryfast")]),
    Made("libx264", "flv", 3, &[("preset", "veryfast")]),
    Made("libx265", "mp4", 3, &[("x265-params", "log-level=0:keyint=50")]),
    Made("libx265", "mpegts", 3, &[("x265-params", "log-level=0:keyint=50")]),
    Made("libx265", "matroska", 3, &[("x265-params", "log-level=0:temporal-layers=1")]),
    Made("mpeg2video", "mpegts", 2, &[]),
    Made("mpeg4", "mp4", 2, &[]),
    Made("libsvtav1", "mp4", 0, &[("preset", "10"), ("g", "60")]),
    Made("libvpx", "webm", 0, &[("deadline", "realtime"), ("ts-parameters", TWO_LAYERS)]),
];

/// Of VP8: no frame is made from any other second one.
const TWO_LAYERS: &str = "ts_number_layers=2:ts_target_bitrate=1200,2000:ts_rate_decimator=2,1:\
                          ts_periodicity=2:ts_layer_id=0,1:ts_layering_mode=2";

/// Files of which everything may be needed up to the last wanted frame.
const WITH_NO_LESS: [Made; 6] = [
    Made("libx264", "mp4", 0, &[("g", "120")]),
    Made("libx264", "h264", 3, &[]),
    Made("libvpx-vp9", "webm", 0, &[("g", "120"), ("deadline", "realtime"), ("cpu-used", "8")]),
    Made("libvpx", "webm", 0, &[("g", "120"), ("deadline", "realtime")]),
    // Without a time for every picture.
    Made("mpeg2video", "mpeg", 2, &[]),
    Made("mpeg4", "avi", 2, &[]),
];

fn made(made: &Made) -> (tempfile::TempDir, std::path::PathBuf) {
    let Made(codec, container, b_frames, options) = made;
    let (folder, path) = place("left-out");
    write_numbered_by(&path, codec, container, NUM_FRAMES, *b_frames, options);
    (folder, path)
}

/// Reads one frame in twelve by a stream of clips and by a list, with one decoder thread and with
/// several, and compares with all frames. Returns how many frames were decoded for the stream.
fn check(made_of: &Made) -> u64 {
    let Made(codec, container, ..) = made_of;
    let (_folder, path) = made(made_of);
    let mut decoded = 0;
    for decoder_threads in [3, 1] {
        let settings = ReaderSettings { decoder_threads, ..Default::default() };
        let open = || VideoReader::open_with(&path, settings).unwrap();
        let all = open().read_all(&FrameTransform::AsDecoded).unwrap();
        let numbers: Vec<usize> = (0..NUM_FRAMES).collect();
        assert_eq!(numbers_in(&all), numbers, "{codec} in {container}");
        // Each in the middle of another part of a group of pictures.
        for (every, first) in [(12, 5), (11, 0), (7, 3), (60, 59)] {
            let wanted: Vec<usize> = (first..NUM_FRAMES).step_by(every).collect();
            let mut video = open();
            let pixels = video.read_frames(&wanted, &FrameTransform::AsDecoded).unwrap();
            for (slot, frame) in wanted.iter().enumerate() {
                let same = pixels.frame(slot) == all.frame(*frame);
                assert!(same, "{codec} in {container}: frame {frame} of {wanted:?}");
            }
        }
        let mut video = open();
        let plan = sampling::windows(video.frame_table(), Seconds(0.48), Seconds(0.48), 1);
        let wanted = plan.frames();
        let mut clips = video.clip_stream(plan, &FrameTransform::AsDecoded).skip_damaged();
        for frame in &wanted {
            let clip = clips.next_clip().unwrap().unwrap();
            assert!(clip.data == all.frame(*frame), "{codec} in {container}: frame {frame}");
        }
        assert_eq!((clips.num_skipped(), clips.damaged()), (0, [].as_slice()), "{codec}");
        decoded = video.num_decoded();
    }
    decoded
}

#[test]
fn what_is_left_out_changes_no_pixel() {
    for made in &WITH_LESS_TO_DECODE {
        let decoded = check(made);
        let Made(codec, container, ..) = made;
        assert!(decoded < NUM_FRAMES as u64 * 3 / 4, "{codec} in {container}: {decoded} decoded");
    }
}

#[test]
fn where_every_frame_may_be_needed_every_frame_is_decoded() {
    for made in &WITH_NO_LESS {
        let decoded = check(made);
        let Made(codec, container, ..) = made;
        // The last wanted frame is the one at 4.56 s.
        assert!(decoded >= 115, "{codec} in {container}: {decoded} decoded");
    }
}

#[test]
fn decoded_are_the_wanted_frames_and_those_that_they_are_made_from() {
    let (_folder, path) = place("counted.mp4");
    // I or P every fourth, three B-frames between, a key frame every 48.
    let exact = "b-adapt=0:b-pyramid=none:scenecut=0:keyint=48:min-keyint=48";
    write_numbered_by(&path, "libx264", "mp4", NUM_FRAMES, 3, &[("x264-params", exact)]);
    let mut video = VideoReader::open(&path).unwrap();
    assert_eq!(video.num_decoded(), 0);
    // 0, 4, 8, 10 of the first group; 48, 52, 56, 60 of the second. The third holds no wanted frame.
    video.read_frames(&[60, 10], &FrameTransform::AsDecoded).unwrap();
    assert_eq!(video.num_decoded(), 8);
    // 96 and nothing else: a key frame.
    video.read_frames(&[96], &FrameTransform::AsDecoded).unwrap();
    assert_eq!(video.num_decoded(), 9);
    video.read_all(&FrameTransform::AsDecoded).unwrap();
    assert_eq!(video.num_decoded(), 9 + NUM_FRAMES as u64);
}

#[test]
fn a_broadcast_stream_is_not_begun_again_for_frames_that_are_still_to_come() {
    let (_folder, path) = made(&WITH_LESS_TO_DECODE[2]);
    let mut video = VideoReader::open(&path).unwrap();
    let all = video.read_all(&FrameTransform::AsDecoded).unwrap();
    let before = video.num_decoded();
    for frame in (0..NUM_FRAMES).step_by(10) {
        let pixels = video.read_frames(&[frame], &FrameTransform::AsDecoded).unwrap();
        assert!(pixels.frame(0) == all.frame(frame), "frame {frame}");
    }
    assert!(video.num_decoded() - before < NUM_FRAMES as u64 * 8 / 10);
    // A frame that was left out on the way to the last one read: from the start again.
    for frame in (0..NUM_FRAMES).rev().step_by(13) {
        let pixels = video.read_frames(&[frame], &FrameTransform::AsDecoded).unwrap();
        assert!(pixels.frame(0) == all.frame(frame), "frame {frame}");
    }
    for frame in 100..NUM_FRAMES {
        let pixels = video.read_frames(&[frame], &FrameTransform::AsDecoded).unwrap();
        assert!(pixels.frame(0) == all.frame(frame), "frame {frame}");
    }
}
