//! Files that are changed, touched and copied under an index, as a person sees it.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::indexed::{add_again, held_out, index, json, search, videos};
use crate::tiny::{run, says, stderr, str, succeeded};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

pub(crate) fn write_at(path: &Path, bytes: &[u8], place: usize, seconds: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.write_all_at(bytes, place as u64).unwrap();
    file.set_modified(at(seconds)).unwrap();
}

/// A megabyte that players pass over, behind a video; most of it is in no sample.
pub(crate) fn lengthen(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes.extend(((1u32 << 20) + 8).to_be_bytes());
    bytes.extend(b"free");
    bytes.extend(vec![0; 1 << 20]);
    fs::write(path, bytes).unwrap();
    write_at(path, &[0], 300_000, 10);
}

/// A folder with its index, and one of its videos, which is long, with a sentence of its own.
fn with_a_long_one() -> (tempfile::TempDir, PathBuf, String) {
    let folder = videos();
    let (video, sentence) = held_out(folder.path());
    lengthen(&video);
    succeeded(&index(folder.path()));
    (folder, video, sentence)
}

fn counts(summary: &Value) -> [&Value; 4] {
    ["num_added", "num_moved", "num_unchanged", "num_frames"].map(|key| &summary[key])
}

#[test]
fn a_video_that_was_changed_in_its_middle_is_said_to_be_and_indexed_again() {
    let (folder, video, sentence) = with_a_long_one();
    let name = video.file_name().unwrap().to_str().unwrap();
    let asked = || search(folder.path(), &[&sentence, "--all", "--file", name]);
    for (byte, seconds) in [(1, 10), (2, 20)] {
        write_at(&video, &[byte], 300_000, seconds);
        says(&succeeded(&asked()), &[&format!("{name} (changed)")]);
        let summary = add_again(folder.path());
        assert_eq!(counts(&summary)[..3], [&json!(1), &json!(0), &json!(7)], "{summary}");
        assert!(summary["num_frames"].as_u64() > Some(0));
        assert!(!succeeded(&asked()).contains("(changed)"));
    }
    // Touched, and copied with a time of its own.
    write_at(&video, &[2], 300_000, 30);
    fs::copy(&video, video.with_file_name("copy.mp4")).unwrap();
    assert!(!succeeded(&asked()).contains("(changed)"));
    assert_eq!(counts(&add_again(folder.path())), [&json!(0), &json!(2), &json!(7), &json!(0)]);
    assert_eq!(counts(&add_again(folder.path())), [&json!(0), &json!(0), &json!(9), &json!(0)]);
}

#[test]
fn a_download_whose_holes_were_filled_is_indexed_again() {
    let folder = videos();
    let video = folder.path().join("download.mp4");
    let noise = "testsrc2=s=320x240:r=10:d=9,noise=alls=90:allf=t";
    let mut made = Command::new("ffmpeg");
    made.args(["-v", "error", "-f", "lavfi", "-i", noise, "-c:v", "mpeg4", "-q:v", "2"])
        .arg(&video);
    assert!(made.status().unwrap().success());
    let whole = fs::read(&video).unwrap();
    assert!(whole.len() > 1 << 20, "{} bytes", whole.len());
    let (first, last) = (whole.len() / 5, whole.len() * 2 / 5);
    write_at(&video, &vec![0; last - first], first, 10);
    let list = || {
        let list = json(&run(&["index", "list", "--catalog", str(folder.path()), "--json"]));
        let all = list["files"].as_array().unwrap().clone();
        let is_it = |file: &&Value| file["paths"][0].as_str().unwrap().ends_with("download.mp4");
        all.iter().find(is_it).unwrap()["note"].clone()
    };
    let added = index(folder.path());
    succeeded(&added);
    says(&stderr(&added), &["download.mp4: pictures are missing or damaged"]);
    assert!(list().is_string(), "{}", list());
    // The time is set back, as by a program that keeps it.
    write_at(&video, &whole[first..last], first, 10);
    let summary = add_again(folder.path());
    assert_eq!(counts(&summary)[..3], [&json!(1), &json!(0), &json!(8)], "{summary}");
    assert_eq!(list(), Value::Null);
}

#[test]
fn an_index_of_an_earlier_version_goes_on_and_decodes_nothing_anew() {
    let (folder, video, sentence) = with_a_long_one();
    make_version_1(folder.path());
    let asked = || succeeded(&search(folder.path(), &[&sentence, "--all"]));
    let before = asked();
    says(&before, &["8 videos"]);
    let verify = ["index", "verify", "--catalog", str(folder.path())];
    says(&succeeded(&run(&verify)), &["all is well"]);
    assert_eq!(counts(&add_again(folder.path())), [&json!(0), &json!(0), &json!(8), &json!(0)]);
    assert_eq!(asked(), before);
    says(&succeeded(&run(&verify)), &["all is well"]);
    // Of the long one only the sample is known: touched, it is read whole, and then a change is seen.
    write_at(&video, &[0], 300_000, 20);
    let output = search(folder.path(), &[&sentence, "--all"]);
    assert_eq!(succeeded(&output), before);
    says(&stderr(&output), &["shown as they were then: 1 file", "index add"]);
    assert_eq!(counts(&add_again(folder.path())), [&json!(0), &json!(1), &json!(7), &json!(0)]);
    write_at(&video, &[1], 300_000, 20);
    assert_eq!(add_again(folder.path())["num_added"], 1);
    // Among the files of an earlier version are links and copies.
    make_version_1(folder.path());
    std::os::unix::fs::symlink(&video, video.with_file_name("link.mp4")).unwrap();
    fs::copy(&video, video.with_file_name("copy.mp4")).unwrap();
    assert_eq!(counts(&add_again(folder.path())), [&json!(0), &json!(2), &json!(8), &json!(0)]);
}

/// Takes from an index what the second version of catalogues brought.
fn make_version_1(folder: &Path) {
    let database = folder.join(".locvtp/catalogue.sqlite");
    let sql = include_str!("../../../../tests/support/made_version_1.sql");
    let script =
        "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.executescript(sys.argv[2])";
    let changed = Command::new("python3").args(["-c", script, str(&database), sql]).status();
    assert!(changed.unwrap().success());
}
