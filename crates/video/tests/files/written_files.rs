//! What the encoder leaves on the disk.

use std::fs;

use locvtp_video::{Encoder, EncoderSettings, Seconds, VideoError, VideoReader};

use crate::made_files::*;

#[test]
fn equal_frames_and_settings_give_equal_bytes() {
    let (folder, first) = place("first.mp4");
    let second = folder.path().join("a second name.mp4");
    for path in [&first, &second] {
        let encoder_settings = EncoderSettings::new(WIDTH as u32, HEIGHT as u32, 25);
        write_numbered(path, 30, encoder_settings);
    }
    assert!(fs::read(first).unwrap() == fs::read(second).unwrap());
}

#[test]
fn until_it_is_finished_a_file_does_not_stand_under_its_name() {
    let (folder, path) = place("later.mp4");
    let mut encoder = Encoder::create(&path, settings(12, 0)).unwrap();
    encoder.push(&numbered(0)).unwrap();
    assert!(!path.exists());
    drop(encoder);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "an abandoned file is left behind");
}

#[test]
fn finishing_replaces_the_file_that_stood_there() {
    let (folder, path) = place("again.mp4");
    fs::write(&path, "an older file").unwrap();
    write_numbered(&path, 5, settings(12, 0));
    assert_eq!(VideoReader::open(&path).unwrap().info().num_frames, 5);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_without_frames_is_refused_and_leaves_nothing() {
    let (folder, path) = place("nothing.mp4");
    let error = Encoder::create(&path, settings(12, 0)).unwrap().finish().unwrap_err();
    assert!(error.to_string().contains("push at least one"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_frame_of_another_size_is_refused_with_both_sizes() {
    let (_folder, path) = place("size.mp4");
    let mut encoder = Encoder::create(&path, settings(12, 0)).unwrap();
    let error = encoder.push(&[0; 30]).unwrap_err();
    assert!(
        matches!(error, VideoError::FrameSize { expected: 18_432, found: 30, .. }),
        "{error:?}"
    );
}

#[test]
fn time_does_not_go_back() {
    let (_folder, path) = place("back.mp4");
    let mut encoder = Encoder::create(&path, settings(12, 0)).unwrap();
    encoder.push_at(&numbered(0), Seconds(1.0)).unwrap();
    let error = encoder.push_at(&numbered(1), Seconds(1.0)).unwrap_err();
    assert!(error.to_string().contains("1.00 s"), "{error}");
    encoder.push_at(&numbered(1), Seconds(1.01)).unwrap();
}

#[test]
fn a_missing_folder_and_impossible_settings_say_what_to_change() {
    let (_folder, path) = place("missing/video.mp4");
    let error = Encoder::create(&path, settings(12, 0)).err().unwrap();
    assert!(matches!(error, VideoError::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("missing/video.mp4"), "{error}");

    let (_folder, path) = place("settings.mp4");
    let wrong = EncoderSettings { crf: 70, ..settings(12, 0) };
    let error = Encoder::create(&path, wrong).err().unwrap();
    assert!(error.to_string().contains("`crf` is 70; it must be 0 to 51"), "{error}");
}

#[test]
fn the_index_stands_before_the_pictures() {
    let (_folder, path) = place("web.mp4");
    write_numbered(&path, 10, settings(12, 0));
    let bytes = fs::read(&path).unwrap();
    let position = |name: &[u8]| bytes.windows(4).position(|window| window == name).unwrap();
    assert!(position(b"moov") < position(b"mdat"));
}
