//! How many frames were decoded: counted where they come out of the decoder.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;

use locvtp_finder::{IndexSampling, IndexSummary, Indexer};
use locvtp_search::catalogue::Catalogue;
use locvtp_video::{ClipStride, Seconds, VideoReader};

use crate::made::Made;

/// Twelve seconds of ten frames each: a key frame every so many frames, and three B-frames between others.
fn with_b_frames(path: &Path, keys: usize) {
    let kinds = "b-adapt=0:b-pyramid=none:scenecut=0:bframes=3";
    let exact = format!("{kinds}:keyint={keys}:min-keyint={keys}");
    let source = "testsrc2=size=64x48:rate=10:duration=12";
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p"]);
    command.args(["-c:v", "libx264", "-x264-params", &exact]).arg(path);
    assert!(command.status().unwrap().success());
}

/// Indexes with a clip every so many seconds. Where that is a job, its row has the count of the summary.
fn add_every(made: &Made, stride_s: f64) -> IndexSummary {
    let (catalogue, embedder) = (made.writer(), made.embedder());
    let sampling = IndexSampling { stride_s: Some(stride_s) };
    let indexer = Indexer::new(&catalogue, &embedder, made.model.path(), sampling).unwrap();
    let num_jobs = catalogue.jobs().unwrap().len();
    let summary = indexer.add(&[made.videos.path().to_owned()], &mut ()).unwrap();
    let jobs = catalogue.jobs().unwrap();
    assert_eq!(jobs.len() - num_jobs, usize::from(summary.num_frames > 0));
    if jobs.len() > num_jobs {
        assert_eq!(jobs[0].progress.decoded_frames, Some(summary.num_frames));
    }
    summary
}

/// What a reader of its own counts for the same clips, and how many of them it passed over.
fn counted_by_reader(made: &Made, path: &Path, stride_s: f64) -> (u64, usize) {
    let preprocessing = made.embedder().directory().preprocessing.clone();
    let mut reader = VideoReader::open(path).unwrap();
    let stride = ClipStride::Time(Seconds(stride_s));
    let plan = preprocessing.whole_file(&reader, stride).unwrap();
    let mut clips = reader.clip_stream(plan, &preprocessing.centre()).skip_damaged();
    while clips.next_clip().unwrap().is_some() {}
    let num_skipped = clips.num_skipped();
    (reader.num_decoded(), num_skipped)
}

#[test]
fn of_a_few_clips_fewer_frames_are_decoded_than_there_are_and_of_a_moved_file_none() {
    let made = Made::new();
    let path = made.path("long.mp4");
    with_b_frames(&path, 40);
    // Three clips of two frames, each behind a key frame. What they are made from counts, too.
    let summary = add_every(&made, 4.0);
    assert_eq!(summary.num_clips, 3);
    assert!((7..30).contains(&summary.num_frames), "{} of 120", summary.num_frames);
    assert_eq!(counted_by_reader(&made, &path, 4.0), (summary.num_frames, 0));
    std::fs::rename(&path, made.path("moved.mp4")).unwrap();
    let moved = add_every(&made, 4.0);
    assert_eq!((moved.num_moved, moved.num_frames), (1, 0));
}

#[test]
fn of_a_damaged_file_those_count_that_came_out() {
    let made = Made::new();
    let path = made.path("damaged.mp4");
    with_b_frames(&path, 40);
    let whole = counted_by_reader(&made, &path, 0.5);
    overwrite(&path, std::fs::metadata(&path).unwrap().len() as usize / 2, 3000);
    let damaged = counted_by_reader(&made, &path, 0.5);
    assert!(damaged.1 > 0 && damaged.0 != whole.0, "{damaged:?} {whole:?}");
    let summary = add_every(&made, 0.5);
    assert_eq!((summary.num_frames, summary.num_added), (damaged.0, 1));
    assert_eq!(summary.num_clips + damaged.1 as u64, 24);
}

#[test]
fn of_a_bad_file_they_count_as_well() {
    let made = Made::of(1);
    let path = made.path("bad.mp4");
    with_b_frames(&path, 240);
    // One key frame, and nothing behind it is whole: no clip is.
    let bytes = std::fs::read(&path).unwrap();
    let behind = end_of_key_frame(&bytes);
    let index = place_of(&bytes, b"moov") - 4;
    overwrite(&path, behind, index - behind);
    let alone = counted_by_reader(&made, &made.path("0.mp4"), 0.5).0;
    let of_bad = counted_by_reader(&made, &path, 0.5).0;
    let summary = add_every(&made, 0.5);
    assert_eq!((summary.num_added, summary.bad.len()), (1, 1));
    assert!(of_bad > 0, "the key frame comes out");
    assert_eq!(summary.num_frames, alone + of_bad);
}

fn place_of(bytes: &[u8], name: &[u8; 4]) -> usize {
    bytes.windows(4).position(|four| four == name).unwrap()
}

/// Where the first key frame of H.264 in an MP4 file ends: units with their length before them.
fn end_of_key_frame(bytes: &[u8]) -> usize {
    let mut at = place_of(bytes, b"mdat") + 4;
    loop {
        let length = u32::from_be_bytes([0, 1, 2, 3].map(|byte| bytes[at + byte])) as usize;
        let kind = bytes[at + 4] & 0x1f;
        at += 4 + length;
        if kind == 5 {
            return at;
        }
    }
}

fn overwrite(path: &Path, at: usize, num_bytes: usize) {
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at as u64)).unwrap();
    file.write_all(&vec![0xff; num_bytes]).unwrap();
}
