//! Frame tables kept on disk.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use locvtp_video::{FrameTableCache, FrameTransform, ReaderSettings, VideoReader};

use crate::made_files::*;

fn open(path: &Path, cache: &FrameTableCache) -> VideoReader {
    VideoReader::open_cached(path, ReaderSettings::default(), cache).unwrap()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_second_opening_takes_the_table_from_the_cache() {
    let (folder, path) = place("video.mp4");
    write_numbered(&path, 40, settings(12, 3));
    let tables = folder.path().join("tables");
    let cache = FrameTableCache::create(&tables).unwrap();
    let table = open(&path, &cache).frame_table().clone();
    assert_eq!(entries(&tables).len(), 1);

    // Had it been made again, another file would stand in its place.
    let made = number(&entries(&tables)[0]);
    let mut video = open(&path, &cache);
    assert_eq!((video.frame_table(), number(&entries(&tables)[0])), (&table, made));
    let pixels = video.read_frames(&[7], &FrameTransform::AsDecoded).unwrap();
    assert_eq!(numbers_in(&pixels), [7]);
}

/// What a file system tells a file by.
fn number(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

#[test]
fn a_file_that_was_written_over_gets_a_new_table_also_where_its_time_was_set_back() {
    let (folder, path) = place("video.mp4");
    write_numbered(&path, 40, settings(12, 3));
    let tables = folder.path().join("tables");
    let cache = FrameTableCache::create(&tables).unwrap();
    open(&path, &cache);
    let before = number(&entries(&tables)[0]);
    let changed = fs::metadata(&path).unwrap().modified().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let pictures = bytes.windows(4).position(|window| window == b"mdat").unwrap() + 4;
    bytes[pictures..].fill(0);
    fs::write(&path, bytes).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
    // By the old table it would open and leave that as it is.
    let opened = VideoReader::open_cached(&path, ReaderSettings::default(), &cache);
    assert!(opened.is_err() || number(&entries(&tables)[0]) != before);
}

#[test]
fn a_file_that_changed_gets_a_new_table() {
    let (folder, path) = place("video.mp4");
    let cache = FrameTableCache::create(folder.path().join("tables")).unwrap();
    write_numbered(&path, 40, settings(12, 3));
    assert_eq!(open(&path, &cache).info().num_frames, 40);
    write_numbered(&path, 30, settings(12, 3));
    let later = SystemTime::now() + Duration::from_secs(5);
    fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    for _ in 0..2 {
        let mut video = open(&path, &cache);
        assert_eq!(video.info().num_frames, 30);
        let pixels = video.read_frames(&[29], &FrameTransform::AsDecoded).unwrap();
        assert_eq!(numbers_in(&pixels), [29]);
    }
}

#[test]
fn a_damaged_entry_is_made_again() {
    let (folder, path) = place("video.mp4");
    write_numbered(&path, 40, settings(12, 3));
    let tables = folder.path().join("tables");
    let cache = FrameTableCache::create(&tables).unwrap();
    open(&path, &cache);
    let entry = entries(&tables).remove(0);
    let whole = fs::read(&entry).unwrap();
    for damaged in [&b""[..], b"LocVTP frame table 1\n", &whole[..whole.len() / 2]] {
        fs::write(&entry, damaged).unwrap();
        assert_eq!(open(&path, &cache).info().num_frames, 40);
        assert!(fs::read(&entry).unwrap() == whole);
    }
}

#[test]
fn a_cache_that_cannot_be_written_makes_nothing_fail() {
    let (folder, path) = place("video.mp4");
    write_numbered(&path, 10, settings(12, 3));
    let tables = folder.path().join("tables");
    let cache = FrameTableCache::create(&tables).unwrap();
    fs::remove_dir(&tables).unwrap();
    assert_eq!(open(&path, &cache).info().num_frames, 10);
    fs::write(&tables, "a file where the folder should be").unwrap();
    let error = FrameTableCache::create(&tables).unwrap_err();
    assert!(error.to_string().contains("make the folder of frame tables"), "{error}");
}
