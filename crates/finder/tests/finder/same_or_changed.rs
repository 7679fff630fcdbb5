//! Files whose samples stay the same: what is decoded again and what is not.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use locvtp_finder::{Finder, IndexObserver, IndexSummary, Question};
use locvtp_search::catalogue::{Catalogue, FileRecord};

use crate::made::{Made, video};

const SENTENCE: &str = "a red square moves left";

/// A time of content.
fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

/// A video of four seconds with a megabyte behind it that players pass over, so that most of it is in no sample.
fn long_video(path: &Path, seed: u64) {
    video(path, seed, 40);
    let mut bytes = fs::read(path).unwrap();
    bytes.extend(((1u32 << 20) + 8).to_be_bytes());
    bytes.extend(b"free");
    bytes.extend(vec![0; 1 << 20]);
    fs::write(path, bytes).unwrap();
    touch(path, 10);
}

fn touch(path: &Path, seconds: u64) {
    File::options().write(true).open(path).unwrap().set_modified(at(seconds)).unwrap();
}

/// Writes a byte that is in no sample.
fn change(path: &Path, byte: u8, seconds: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.write_all_at(&[byte], 300_000).unwrap();
    touch(path, seconds);
}

/// Added, known elsewhere or touched, unchanged, frames that were decoded.
fn counts(summary: &IndexSummary) -> (usize, usize, usize, u64) {
    assert!(summary.bad.is_empty() && summary.waiting.is_empty(), "{summary:?}");
    (summary.num_added, summary.num_moved, summary.num_unchanged, summary.num_frames)
}

fn files(made: &Made) -> Vec<FileRecord> {
    made.writer().files().unwrap()
}

#[test]
fn a_file_changed_in_place_is_decoded_again_whatever_its_time_and_a_touched_or_copied_one_is_not() {
    for seconds in [10, 20] {
        let made = Made::new();
        let path = made.path("a.mp4");
        long_video(&path, 1);
        assert_eq!(counts(&made.add()), (1, 0, 0, 28));
        assert_eq!(counts(&made.add()), (0, 0, 1, 0));
        change(&path, 1, seconds);
        assert_eq!(counts(&made.add()), (1, 0, 0, 28));
        change(&path, 1, 30);
        fs::copy(&path, made.path("copy.mp4")).unwrap();
        touch(&made.path("copy.mp4"), 40);
        assert_eq!(counts(&made.add()), (0, 2, 0, 0));
        assert_eq!(counts(&made.add()), (0, 0, 2, 0));
        let files = files(&made);
        assert_eq!((files.len(), files[0].looks.len()), (1, 2));
        assert!(files[0].identity.whole.is_some());
    }
}

#[test]
fn files_of_one_size_and_sample_are_indexed_and_found_each_by_itself() {
    let made = Made::new();
    long_video(&made.path("a.mp4"), 1);
    fs::copy(made.path("a.mp4"), made.path("b.mp4")).unwrap();
    change(&made.path("b.mp4"), 1, 10);
    // Both are new; then one comes to the other.
    assert_eq!(counts(&made.add()), (2, 0, 0, 56));
    fs::copy(made.path("a.mp4"), made.path("c.mp4")).unwrap();
    change(&made.path("c.mp4"), 2, 10);
    assert_eq!(counts(&made.add()), (1, 0, 2, 28));
    let answer = made.finder().find(&Question { per_file: 1, ..Question::of(SENTENCE) }).unwrap();
    let mut names: Vec<_> = answer.hits.iter().map(|hit| hit.path.clone()).collect();
    names.sort();
    assert_eq!(names, ["a.mp4", "b.mp4", "c.mp4"].map(|name| made.path(name)));
    assert!(answer.hits.iter().all(|hit| !hit.is_changed && !hit.is_missing));
    // Moved, they stay apart, and not a frame is decoded.
    fs::create_dir(made.path("deeper")).unwrap();
    for name in ["a.mp4", "b.mp4", "c.mp4"] {
        fs::rename(made.path(name), made.path("deeper").join(name)).unwrap();
    }
    assert_eq!(counts(&made.add()), (0, 3, 0, 0));
    assert_eq!(files(&made).len(), 3);
    assert!(made.writer().verify().unwrap().faults.is_empty());
}

#[test]
fn another_stride_keeps_what_files_are_known_by() {
    let made = Made::new();
    long_video(&made.path("a.mp4"), 1);
    made.add();
    let before = files(&made);
    let (catalogue, embedder) = (made.writer(), made.embedder());
    let sampling = locvtp_finder::IndexSampling { stride_s: Some(0.25) };
    let indexer =
        locvtp_finder::Indexer::new(&catalogue, &embedder, made.model.path(), sampling).unwrap();
    let summary = indexer.add(&[made.videos.path().to_owned()], &mut ()).unwrap();
    assert!(summary.is_swapped_in && summary.num_added == 1, "{summary:?}");
    assert_eq!(catalogue.files().unwrap(), before);
}

#[test]
fn whoever_stops_while_a_file_is_compared_changes_nothing() {
    struct Stopping(Vec<PathBuf>);
    impl IndexObserver for Stopping {
        fn comparing(&mut self, path: &Path, size: u64) {
            assert!(size > 1 << 20);
            self.0.push(path.to_owned());
        }
        fn should_stop(&self) -> bool {
            !self.0.is_empty()
        }
    }
    let made = Made::new();
    let path = made.path("a.mp4");
    long_video(&path, 1);
    made.add();
    let before = files(&made);
    change(&path, 1, 20);
    let mut stopping = Stopping(Vec::new());
    assert!(made.add_watched(&mut stopping).is_stopped);
    assert_eq!((stopping.0, files(&made)), (vec![path], before));
    assert_eq!(made.add().num_added, 1);
}

#[test]
fn a_moment_says_that_its_file_was_changed_between_the_samples_before_the_index_is_told() {
    let made = Made::new();
    let path = made.path("a.mp4");
    long_video(&path, 1);
    made.add();
    let finder: Finder = made.finder();
    let is_changed = || {
        let answer = finder.find(&Question { refine: true, ..Question::of(SENTENCE) }).unwrap();
        assert_eq!(answer.num_touched, 0);
        (answer.hits[0].is_changed, answer.hits[0].is_refined)
    };
    assert_eq!(is_changed(), (false, true));
    touch(&path, 20);
    assert_eq!(is_changed(), (false, true));
    change(&path, 1, 10);
    assert_eq!(is_changed(), (true, false));
    change(&path, 0, 30);
    assert_eq!(is_changed(), (false, true));
}

#[test]
fn a_large_file_that_was_touched_is_compared_by_the_index_and_by_who_reads_it() {
    let made = Made::new();
    let path = made.path("a.mp4");
    long_video(&path, 1);
    // Not on the disk.
    File::options().write(true).open(&path).unwrap().set_len(70 << 20).unwrap();
    touch(&path, 10);
    made.add();
    let asked = |reads_files| {
        let answer =
            made.finder().find(&Question { reads_files, ..Question::of(SENTENCE) }).unwrap();
        (answer.num_touched, answer.hits[0].is_changed)
    };
    assert_eq!((asked(false), asked(true)), ((0, false), (0, false)));
    change(&path, 1, 20);
    assert_eq!((asked(false), asked(true)), ((1, false), (0, true)));
    change(&path, 0, 30);
    assert_eq!((asked(false), asked(true)), ((1, false), (0, false)));
    assert_eq!(made.add().num_frames, 0);
    assert_eq!(asked(false), (0, false));
}
