//! Files of which the end is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use locvtp_video::VideoReader;

/// Twenty seconds of pictures, and a second and a half more of sound.
fn made(folder: &Path, name: &str, arguments: &str) -> PathBuf {
    let path = folder.join(name);
    let mut command = Command::new("ffmpeg");
    command.args("-v error -y -f lavfi -i testsrc2=s=160x120:r=25:d=20".split(' '));
    command.args("-f lavfi -i sine=duration=21.5".split(' '));
    command.args(arguments.split_whitespace()).arg(&path);
    let done = command.output().expect("FFmpeg's command line is missing: run scripts/setup");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    path
}

#[test]
fn a_file_that_ends_before_it_says_is_cut_short_and_a_whole_one_with_more_sound_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let h264 = "-c:v libx264 -c:a aac";
    for (name, arguments) in [
        ("a.mp4", format!("{h264} -movflags +faststart")),
        ("a.mov", format!("{h264} -movflags +faststart")),
        ("a.mkv", h264.to_owned()),
        ("a.flv", h264.to_owned()),
    ] {
        let path = made(folder.path(), name, &arguments);
        let info = |path: &Path| VideoReader::open(path).unwrap().info().clone();
        let whole = info(&path);
        assert_eq!(whole.cut_short_note(), None, "{name}");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let half = info(&path);
        let stated = half.cut_short_of.unwrap_or_else(|| panic!("{name}: {half:?}"));
        assert!((19.9..21.7).contains(&stated.0), "{name}: {stated}");
        assert!(half.duration.0 < 15.0, "{name}: {}", half.duration);
        assert!(half.notes()[0].starts_with("cut short: the pictures end at 0:"), "{half:?}");
    }
    // A broadcast has no length but that of what is there.
    let path = made(folder.path(), "a.ts", h264);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(VideoReader::open(&path).unwrap().info().cut_short_of, None);
}
