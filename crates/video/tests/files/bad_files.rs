//! Files that are broken, or no videos: each gets an error that names it and says why, never a
//! wrong picture.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use locvtp_video::{EncoderSettings, FrameTransform, VideoError, VideoReader};

use crate::made_files::*;

fn refused(path: &Path) -> VideoError {
    let error = VideoReader::open(path).err().expect("a bad file was opened");
    let name = path.file_name().unwrap().to_string_lossy();
    assert!(error.to_string().contains(&*name), "{error}");
    error
}

#[test]
fn a_missing_file_is_an_error_with_the_systems_reason() {
    let (_folder, path) = place("missing.mp4");
    let error = refused(&path);
    assert!(matches!(error, VideoError::Io { .. }), "{error:?}");
    assert!(error.source().unwrap().to_string().contains("No such file"));
}

#[test]
fn a_folder_or_a_pipe_is_not_a_video_file() {
    let (folder, path) = place("pipe.mp4");
    assert!(matches!(refused(folder.path()), VideoError::NotAFile { found: "a folder", .. }));
    let name = std::ffi::CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: the name is a valid string.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    assert!(matches!(refused(&path), VideoError::NotAFile { found: "a pipe or device", .. }));
}

#[test]
fn an_empty_file_is_called_empty() {
    let (_folder, path) = place("empty.mp4");
    fs::write(&path, "").unwrap();
    assert!(matches!(refused(&path), VideoError::Empty { .. }));
}

#[test]
fn a_clock_of_more_than_eleven_days_is_damage_and_one_of_ten_is_not() {
    let (_folder, path) = place("days.mp4");
    let times: Vec<f64> = (0..15).map(|day| f64::from(day) * 100_000.0).collect();
    write_numbered_at(&path, &times, settings(12, 0));
    let error = refused(&path);
    assert!(matches!(error, VideoError::ImpossibleClock { .. }), "{error:?}");
    assert!(error.to_string().contains("1400000 s"), "{error}");
    write_numbered_at(&path, &times[..9], settings(12, 0));
    let mut video = VideoReader::open(&path).unwrap();
    assert_eq!(video.frame_table().len(), 9);
    let all = video.read_all(&FrameTransform::AsDecoded).unwrap();
    assert_eq!(numbers_in(&all), (0..9).collect::<Vec<_>>());
}

#[test]
fn text_named_mp4_is_not_a_video() {
    let (_folder, path) = place("text.mp4");
    fs::write(&path, "Add the flour, then stir.\n".repeat(200)).unwrap();
    let error = refused(&path);
    assert!(matches!(error, VideoError::NotAVideo { .. }), "{error:?}");
}

#[test]
fn a_file_that_lost_its_index_says_so_in_ffmpegs_words() {
    let (_folder, path) = place("no_index.mp4");
    write_numbered(&path, 30, settings(12, 3));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|window| window == b"moov").unwrap();
    bytes[at..at + 4].copy_from_slice(b"lost");
    fs::write(&path, bytes).unwrap();
    let error = refused(&path);
    assert!(matches!(error, VideoError::NotAVideo { .. }), "{error:?}");
    assert!(error.to_string().contains("moov atom not found"), "{error}");
}

#[test]
fn sound_alone_is_named_as_such() {
    let (_folder, path) = place("sound.mp4");
    // A tenth of a second of silence: RIFF header, format (PCM, mono, 8 kHz, 16 bit), data.
    let mut wav =
        b"RIFF\x64\x06\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0"
            .to_vec();
    wav.extend_from_slice(b"data\x40\x06\0\0");
    wav.extend(std::iter::repeat_n(0, 1600));
    fs::write(&path, wav).unwrap();
    let error = refused(&path);
    assert!(matches!(error, VideoError::NoVideoStream { .. }), "{error:?}");
    assert!(error.to_string().contains("audio (pcm_s16le)"), "{error}");
}

#[test]
fn a_path_that_is_not_utf_8_works_and_is_readable_in_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"caf\xe9: one.mp4"));
    let error = refused(&path);
    assert!(error.to_string().contains("caf\u{fffd}: one.mp4"), "{error}");
    write_numbered(&path, 5, settings(12, 0));
    let mut video = VideoReader::open(&path).unwrap();
    let pixels = video.read_frames(&[4, 2], &FrameTransform::AsDecoded).unwrap();
    assert_eq!(numbers_in(&pixels), [4, 2]);
}

#[test]
fn a_path_with_a_zero_byte_is_an_error_and_no_panic() {
    let path = Path::new("zero\0byte.mp4");
    assert!(matches!(refused(path), VideoError::ZeroByteInPath { .. }));
}

#[test]
fn a_playlist_does_not_make_us_open_what_it_names() {
    let (_folder, path) = place("list.mp4");
    fs::write(&path, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://localhost:9/a.ts\n")
        .unwrap();
    refused(&path);
}

#[test]
fn of_a_file_cut_short_the_frames_that_are_there_are_served() {
    let (_folder, path) = place("cut.mp4");
    write_numbered(&path, 100, settings(12, 3));
    let bytes = fs::read(&path).unwrap();
    let pictures = bytes.windows(4).position(|window| window == b"mdat").unwrap();
    for share in [0.3, 0.5, 0.8, 0.99] {
        let end = pictures + ((bytes.len() - pictures) as f64 * share) as usize;
        fs::write(&path, &bytes[..end]).unwrap();
        let mut video = VideoReader::open(&path).unwrap();
        let count = video.info().num_frames;
        assert!((5..100).contains(&count), "{count} frames in {share} of the file");
        let all = video.read_all(&FrameTransform::AsDecoded).unwrap();
        let listed = video.frame_table().times().iter();
        let shown: Vec<usize> = listed.map(|time| (time.0 * 25.0).round() as usize).collect();
        assert_eq!(numbers_in(&all), shown);
        let last = video.read_frames(&[count - 1], &FrameTransform::AsDecoded).unwrap();
        assert_eq!(numbers_in(&last), shown[count - 1..]);
        let error = video.read_frames(&[0, count], &FrameTransform::AsDecoded).unwrap_err();
        assert!(matches!(error, VideoError::NoSuchFrame { .. }), "{error:?}");
    }
}

#[test]
fn a_file_of_a_header_and_no_picture_has_no_frames() {
    let (_folder, path) = place("header.mp4");
    write_numbered(&path, 30, settings(12, 3));
    let bytes = fs::read(&path).unwrap();
    let pictures = bytes.windows(4).position(|window| window == b"mdat").unwrap();
    fs::write(&path, &bytes[..pictures + 4]).unwrap();
    let error = refused(&path);
    assert!(matches!(error, VideoError::NoFrames { .. }), "{error:?}");
}

#[test]
fn a_frame_lost_while_the_file_is_open_is_an_error_with_its_time_and_no_black_picture() {
    let (_folder, path) = place("shrinking.mp4");
    // Large enough that FFmpeg's read buffer does not hold the end already.
    write_numbered(&path, 900, EncoderSettings { crf: 4, ..settings(25, 0) });
    let mut video = VideoReader::open(&path).unwrap();
    let size = fs::metadata(&path).unwrap().len();
    fs::File::options().write(true).open(&path).unwrap().set_len(size / 2).unwrap();

    let error = video.read_frames(&[3, 880], &FrameTransform::AsDecoded).unwrap_err();
    assert!(matches!(error, VideoError::Undecodable { frame: 880, .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("shrinking.mp4") && text.contains("35.20 s"), "{text}");
    let pixels = video.read_frames(&[3], &FrameTransform::AsDecoded).unwrap();
    assert_eq!(numbers_in(&pixels), [3]);
}

#[test]
fn a_file_taken_away_while_it_is_open_is_an_error_or_still_read_from_the_open_file() {
    let (_folder, path) = place("gone.mp4");
    write_numbered(&path, 30, settings(12, 3));
    let mut video = VideoReader::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let pixels = video.read_frames(&[20], &FrameTransform::AsDecoded).unwrap();
    assert_eq!(numbers_in(&pixels), [20]);
    // Straight through from the start opens it anew.
    let error = video.read_all(&FrameTransform::AsDecoded).unwrap_err();
    assert!(matches!(error, VideoError::Io { .. }), "{error:?}");
}

#[test]
fn flipped_bytes_never_hang_or_crash_a_reader() {
    use rand::{Rng, SeedableRng};
    let (_folder, path) = place("flipped.mp4");
    write_numbered(&path, 60, settings(12, 3));
    let bytes = fs::read(&path).unwrap();
    for seed in 0..40 {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut damaged = bytes.clone();
        for _ in 0..rng.random_range(1..60) {
            let at = rng.random_range(0..damaged.len());
            damaged[at] ^= rng.random_range(1..=255u8);
        }
        fs::write(&path, damaged).unwrap();
        // What is damaged decides whether it opens; if it does, what it gives has the promised
        // form.
        let Ok(mut video) = VideoReader::open(&path) else {
            continue;
        };
        let small = FrameTransform::Resize { height: 8, width: 8 };
        let count = video.info().num_frames;
        for frames in [vec![0, count - 1, count / 2], (0..count).collect()] {
            match video.read_frames(&frames, &small) {
                Ok(pixels) => assert_eq!(pixels.data.len(), frames.len() * 8 * 8 * 3),
                Err(error) => assert!(error.to_string().contains("flipped.mp4"), "{error}"),
            }
        }
    }
}

const CHILD: &str = "LOCVTP_VIDEO_TEST_CHILD";

#[test]
fn ffmpeg_prints_nothing_to_the_terminal() {
    if let Some(path) = std::env::var_os(CHILD) {
        let _ = VideoReader::open(Path::new(&path));
        return;
    }
    let (_folder, path) = place("noisy.mp4");
    write_numbered(&path, 30, settings(12, 3));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|window| window == b"moov").unwrap();
    bytes[at] = b'x';
    fs::write(&path, bytes).unwrap();
    let name = "bad_files::ffmpeg_prints_nothing_to_the_terminal";
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, &path)
        .output()
        .unwrap();
    assert!(child.status.success());
    assert_eq!(String::from_utf8_lossy(&child.stderr), "");
}
