//! Segments that are written to, cut short or damaged while they are mapped: the program lives, and no answer
//! is made of what was half there.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use locvtp_search::catalogue::{Catalogue, SqliteCatalogue};
use locvtp_search::scan::{ScanError, ScanRequest};
use locvtp_search::segment::{SegmentError, VectorKind};
use locvtp_video::causes::with_causes;

use crate::both::found;
use crate::home::Home;
use crate::made::{WIDTH, batch, vector, video, write_over};

/// Set in the process that does what might end it.
const CHILD: &str = "LOCVTP_TEST_CHANGED_SEGMENTS";

/// Runs a test of this file in a process of its own.
fn in_a_process(name: &str) -> std::process::Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("changed_segments::{name}"), "--nocapture"]);
    command.env(CHILD, "1").output().unwrap()
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

fn segment(home: &Home, number: u32) -> PathBuf {
    home.location.folder().unwrap().join(format!("segments/{number:08}.vectors"))
}

#[test]
fn a_segment_is_closed_for_writing_and_can_be_compacted_and_removed() {
    let home = Home::folder();
    let (catalogue, _, files) = home.ten();
    let mode = fs::metadata(segment(&home, 1)).unwrap().permissions().mode();
    assert_eq!((mode & 0o222, mode & 0o400), (0, 0o400));
    let opened = File::options().write(true).open(segment(&home, 1));
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    assert!(opened.is_err() || is_root);
    catalogue.compact().unwrap();
    assert!(!segment(&home, 1).exists());
    catalogue.remove_files(&files).unwrap();
    assert_eq!(fs::read_dir(segment(&home, 1).parent().unwrap()).unwrap().count(), 0);
}

#[test]
fn a_segment_cut_short_under_its_mapping_is_an_error_in_words() {
    if !is_child() {
        let ran = in_a_process("a_segment_cut_short_under_its_mapping_is_an_error_in_words");
        assert!(ran.status.success(), "{ran:?}");
        return;
    }
    let home = Home::folder();
    let (_, generation, _) = home.ten();
    let place = home.location.folder().unwrap();
    let reader = SqliteCatalogue::open(place, locvtp_search::catalogue::Access::Read).unwrap();
    let query = vector(7, WIDTH);
    let request = ScanRequest { num_tracks: 3, ..ScanRequest::new(&query, 3) };
    let mapped = reader.vectors(generation, VectorKind::Clip).unwrap();
    let whole = mapped.scan(&request).unwrap();
    let bytes = fs::read(segment(&home, 5)).unwrap();
    write_over(&segment(&home, 5), b"");
    // The mapping reads as zeros from here on, and is never taken for an answer.
    for _ in 0..2 {
        match mapped.scan(&request) {
            Err(ScanError::Segment(SegmentError::Changed { path })) => {
                assert_eq!(path, segment(&home, 5));
            }
            other => panic!("{other:?}"),
        }
    }
    for _ in 0..2 {
        let said = with_causes(&reader.scan(generation, VectorKind::Clip, &request).unwrap_err());
        assert!(said.contains("00000005.vectors: the segment has 0 bytes"), "{said}");
        assert!(said.contains("index verify") && said.contains("index rebuild"), "{said}");
    }
    write_over(&segment(&home, 5), &bytes);
    assert_eq!(reader.scan(generation, VectorKind::Clip, &request).unwrap(), whole);
    assert_eq!(found(&reader, generation, 2), Some("/videos/2.mp4".into()));
}

#[test]
fn scans_live_while_segments_are_written_over_and_never_answer_from_half_of_one() {
    if !is_child() {
        let name = "scans_live_while_segments_are_written_over_and_never_answer_from_half_of_one";
        let ran = in_a_process(name);
        assert!(ran.status.success(), "{ran:?}");
        return;
    }
    let home = Home::folder();
    let (catalogue, generation, _) = home.ten();
    let mut long = video(20);
    long.vectors = vec![(VectorKind::Clip, batch(20, 40_000, WIDTH))];
    catalogue.add_video(generation, &long).unwrap();
    let path = segment(&home, 21);
    let bytes = fs::read(&path).unwrap();
    let query = vector(20_007, WIDTH);
    let request = ScanRequest { num_tracks: 3, ..ScanRequest::new(&query, 20) };
    let whole = catalogue.scan(generation, VectorKind::Clip, &request).unwrap();
    let (is_done, num_refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let reader = home.reader();
                while !is_done.load(Ordering::Relaxed) {
                    match reader.scan(generation, VectorKind::Clip, &request) {
                        Ok(answer) => assert_eq!(answer, whole),
                        Err(error) => {
                            let said = with_causes(&error);
                            assert!(said.contains("00000021.vectors"), "{said}");
                            assert!(said.contains("index rebuild"), "{said}");
                            num_refused.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
        // So often, and until a scan met half a file.
        for round in 0.. {
            write_over(&path, &bytes);
            if round >= 100 && (num_refused.load(Ordering::Relaxed) > 0 || round > 100_000) {
                break;
            }
        }
        is_done.store(true, Ordering::Relaxed);
    });
    assert!(num_refused.load(Ordering::Relaxed) > 0);
    let reader = home.reader();
    assert_eq!(reader.scan(generation, VectorKind::Clip, &request).unwrap(), whole);
}

#[test]
fn a_fault_in_a_mapping_of_somebody_else_ends_the_program_as_before() {
    if !is_child() {
        let ran = in_a_process("a_fault_in_a_mapping_of_somebody_else_ends_the_program_as_before");
        assert_eq!(ran.status.signal(), Some(libc::SIGBUS), "{ran:?}");
        return;
    }
    let home = Home::folder();
    let (catalogue, generation, _) = home.ten();
    assert!(found(catalogue.as_ref(), generation, 1).is_some());
    let path = home.location.folder().unwrap().join("another");
    fs::write(&path, vec![1; 8192]).unwrap();
    // SAFETY: a map of a file that changes is what is tested.
    let map = unsafe { memmap2::Mmap::map(&File::open(&path).unwrap()) }.unwrap();
    fs::write(&path, "").unwrap();
    println!("{}", map[5000]);
}

#[test]
fn a_byte_that_changes_among_the_vectors_is_seen_by_the_next_search() {
    let home = Home::folder();
    let (_, generation, _) = home.ten();
    let query = vector(7, WIDTH);
    let request = ScanRequest::new(&query, 3);
    let reader = home.reader();
    let whole = reader.scan(generation, VectorKind::Clip, &request).unwrap();
    let path = segment(&home, 5);
    let bytes = fs::read(&path).unwrap();
    // Codes, scales, spans, remainders and checksums, while it is mapped and by who opens it anew.
    for at in (128..bytes.len()).step_by(41).chain([bytes.len() - 1]) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        write_over(&path, &damaged);
        for catalogue in [&reader, &home.reader()] {
            let scanned = catalogue.scan(generation, VectorKind::Clip, &request);
            let said = with_causes(&scanned.expect_err(&at.to_string()));
            assert!(said.contains("00000005.vectors"), "{at}: {said}");
            assert!(said.contains("index verify") && said.contains("index rebuild"), "{said}");
        }
    }
    write_over(&path, &bytes);
    assert_eq!(reader.scan(generation, VectorKind::Clip, &request).unwrap(), whole);
}
