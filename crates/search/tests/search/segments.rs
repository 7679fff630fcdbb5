//! Segments: what is read back, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use locvtp_search::segment::{
    Segment, SegmentError, SegmentHeader, SegmentWriter, TrackId, VectorKind, padded_width, verify,
};

use crate::made::{batch, write_over};
use crate::not_run::not_run;

fn header(num_vectors: u32, num_runs: u32) -> SegmentHeader {
    SegmentHeader { kind: VectorKind::Clip, width: 100, num_vectors, num_runs, model: 7 << 100 }
}

/// A segment of two tracks, of 3 and 4 vectors.
fn segment(folder: &Path) -> PathBuf {
    let path = folder.join("a.vectors");
    let mut writer = SegmentWriter::create(&path, header(7, 2)).unwrap();
    writer.add(TrackId(5), &batch(1, 3, 100)).unwrap();
    writer.add(TrackId(9), &batch(2, 4, 100)).unwrap();
    writer.finish().unwrap();
    path
}

#[test]
fn a_segment_gives_back_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let read = verify(&segment(folder.path())).unwrap();
    assert_eq!(*read.header(), header(7, 2));
    let runs = read.runs().unwrap();
    assert_eq!((runs[0].track, runs[0].rows()), (TrackId(5), 0..3));
    assert_eq!((runs[1].track, runs[1].rows()), (TrackId(9), 3..7));
    let written = batch(2, 4, 100);
    assert_eq!(read.spans(3..7).unwrap(), written.spans());
    for row in 0..4 {
        let (codes, scale) = (read.codes(3 + row..4 + row), read.scales(3 + row..4 + row)[0]);
        assert_eq!(codes.len(), padded_width(100));
        assert!(codes[100..].iter().all(|code| *code == 0));
        let back = read.vectors(3 + row..4 + row).unwrap();
        assert_eq!(back.len(), 100);
        for ((code, number), back) in codes.iter().zip(written.vector(row)).zip(back) {
            assert!((f32::from(*code) * scale - number).abs() <= 0.501 * scale);
            assert!((back - number).abs() <= 1e-5 * scale + 1e-8, "{number}: {back}");
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_segment_cut_short_anywhere_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = segment(folder.path());
    let whole = fs::read(&path).unwrap();
    for length in [0, 7, 127, 128, 200, whole.len() / 2, whole.len() - 1] {
        write_over(&path, &whole[..length]);
        let error = Segment::open(&path).unwrap_err();
        assert!(matches!(error, SegmentError::Length { .. }), "{length}: {error}");
        assert!(error.to_string().contains("a.vectors"), "{error}");
    }
    write_over(&path, [&whole[..], b"more"].concat());
    assert!(matches!(Segment::open(&path), Err(SegmentError::Length { .. })));
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = segment(folder.path());
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        write_over(&path, &bytes);
        let Err(error) = verify(&path) else { panic!("a bit of byte {at} is flipped") };
        assert!(error.to_string().contains("a.vectors"), "{error}");
    }
    write_over(&path, &whole);
    verify(&path).unwrap();
}

#[test]
fn other_files_and_newer_versions_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = segment(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    write_over(&path, &bytes);
    let newer = Segment::open(&path).unwrap_err();
    assert!(matches!(newer, SegmentError::Newer { found: 2, known: 1, .. }), "{newer}");
    write_over(&path, vec![b'x'; 4096]);
    assert!(matches!(Segment::open(&path), Err(SegmentError::NoSegment { .. })));
}

#[test]
fn vectors_that_were_not_announced_are_refused_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vectors");
    let mut writer = SegmentWriter::create(&path, header(3, 1)).unwrap();
    let wide = writer.add(TrackId(1), &batch(1, 1, 101));
    assert!(matches!(wide, Err(SegmentError::Width { expected: 100, found: 101, .. })));
    let many = writer.add(TrackId(1), &batch(1, 4, 100));
    assert!(matches!(many, Err(SegmentError::Count { expected: 3, found: 4, .. })));
    writer.add(TrackId(1), &batch(1, 2, 100)).unwrap();
    let few = writer.finish();
    assert!(matches!(few, Err(SegmentError::Count { expected: 3, found: 2, .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The folder in which the test below runs a second time, in a process that may not write much.
const NO_ROOM: &str = "LOCVTP_TEST_SEGMENT_NO_ROOM";

#[test]
fn a_full_disk_is_an_error_that_names_the_segment_and_leaves_nothing() {
    if let Some(folder) = std::env::var_os(NO_ROOM) {
        let path = PathBuf::from(folder).join("a.vectors");
        let write = || {
            let mut writer = SegmentWriter::create(&path, header(300, 1))?;
            writer.add(TrackId(1), &batch(1, 300, 100))?;
            writer.finish()
        };
        let error = write().unwrap_err();
        assert!(matches!(error, SegmentError::Write { .. }), "{error:?}");
        assert!(error.to_string().contains("a.vectors"), "{error}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "segments::a_full_disk_is_an_error_that_names_the_segment_and_leaves_nothing";
    let run = |shell: &[&str], before: &str| {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).args(["-c", &format!("{before}; exec \"$@\""), "sh"]);
        command.arg(std::env::current_exe().unwrap()).args(["--exact", name, "--nocapture"]);
        command.env(NO_ROOM, folder.path()).output()
    };
    let limited = run(&["sh"], "trap '' XFSZ; ulimit -f 64").unwrap();
    assert!(limited.status.success(), "{limited:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let mount = format!("mount -t tmpfs -o size=64k tmpfs \"${NO_ROOM}\" || exit 9");
    match run(&["unshare", "--user", "--map-root-user", "--mount", "sh"], &mount) {
        Ok(ran) if ran.status.code() == Some(101) => panic!("{ran:?}"),
        Ok(ran) if ran.status.success() => {}
        other => not_run(format!("no small disk is to be had here: {other:?}")),
    }
}
