//! Decoding in a worker: the same comes out of files of every kind as without one, and a worker can do nothing else.
//!
//! A worker is this program again, so there is no test harness around it.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]
#![allow(dead_code, reason = "the fixtures are those of another test")]

#[path = "../outcomes/burned_in_code.rs"]
mod burned_in_code;
#[path = "../outcomes/field_pairs.rs"]
mod field_pairs;
#[path = "../outcomes/fixtures.rs"]
mod fixtures;
#[path = "../outcomes/joined.rs"]
mod joined;
#[path = "../outcomes/joined_fixtures.rs"]
mod joined_fixtures;
#[path = "../outcomes/maker.rs"]
mod maker;
#[path = "../outcomes/missing_fixtures.rs"]
mod missing_fixtures;
#[path = "../../../../tests/support/not_run.rs"]
mod not_run;

use std::path::Path;
use std::process::ExitCode;

use locvtp_video::causes::with_causes;
use locvtp_video::sampling::{self, Phase};
use locvtp_video::sandbox::{self, Workers};
use locvtp_video::{
    ClipPixels, FrameTable, FrameTableCache, FrameTransform, ReadLimits, TimeSpan, VideoError,
    VideoInfo, VideoReader, text_tracks,
};

use fixtures::Fixture;
use maker::{SOURCE, encode};

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|word| word == sandbox::WORKER_COMMAND) {
        return sandbox::serve();
    }
    let workers = match Workers::start(ReadLimits::default().worker_bytes) {
        Ok(workers) => workers,
        Err(error) => {
            not_run::not_run(error);
            return ExitCode::SUCCESS;
        }
    };
    eprintln!("sandbox: {}", workers.layers());
    what_a_worker_tried_failed(&workers);
    let folder = tempfile::tempdir().unwrap();
    let mut num_files = 0;
    fixtures::make_all(folder.path(), &mut |fixture| {
        is_the_same(&fixture, &workers);
        num_files += 1;
    });
    eprintln!("{num_files} files give the same");
    drop(workers);
    after_the_sandbox_was_entered_workers_open_what_is_opened();
    ExitCode::SUCCESS
}

fn what_a_worker_tried_failed(workers: &Workers) {
    let tried = &workers.layers().tried;
    let numbers: Vec<i32> = tried.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, [libc::EPERM; 9], "{tried:?}");
    for what in ["socket", "create a file", "start a program", "start a process"] {
        assert!(tried.iter().any(|(name, _)| name.contains(what)), "{what}: {tried:?}");
    }
}

/// All that can be asked of a video, errors in words.
#[derive(PartialEq)]
struct Outcome {
    info: VideoInfo,
    table: FrameTable,
    all: Result<Vec<u8>, String>,
    backwards: Result<Vec<u8>, String>,
    clips: Result<(Vec<ClipPixels>, Vec<TimeSpan>), String>,
    num_decoded: u64,
}

fn outcome(opened: Result<VideoReader, VideoError>) -> Result<Outcome, String> {
    let mut video = opened.map_err(|error| with_causes(&error))?;
    let (info, table) = (video.info().clone(), video.frame_table().clone());
    let small = FrameTransform::Resize { height: 32, width: 32 };
    let in_words = |error: VideoError| with_causes(&error);
    let all = video.read_all(&FrameTransform::AsDecoded).map(|all| all.data).map_err(in_words);
    let frames: Vec<usize> = (0..table.len()).rev().step_by(3).collect();
    let backwards = video.read_frames(&frames, &small).map(|some| some.data).map_err(in_words);
    let clips = clips(&mut video, &table, &small).map_err(in_words);
    Ok(Outcome { info, table, all, backwards, clips, num_decoded: video.num_decoded() })
}

/// The clips that are whole, and where they are not.
fn clips(
    video: &mut VideoReader,
    table: &FrameTable,
    transform: &FrameTransform,
) -> Result<(Vec<ClipPixels>, Vec<TimeSpan>), VideoError> {
    let plan = sampling::sparse(table, table.span(), 8, 4, Phase::Centre);
    let mut stream = video.clip_stream(plan, transform).skip_damaged();
    let mut clips = Vec::new();
    while let Some(clip) = stream.next_clip()? {
        clips.push(clip);
    }
    Ok((clips, stream.damaged().to_vec()))
}

fn is_the_same(fixture: &Fixture, workers: &Workers) {
    let (path, settings) = (fixture.path.as_path(), fixture.settings);
    let caches = tempfile::tempdir().unwrap();
    let cache = |name| FrameTableCache::create(caches.path().join(name)).unwrap();
    let (of_here, of_worker) = (cache("here"), cache("worker"));
    // The second time with the frame table that is kept.
    for cached in [false, true] {
        let here = outcome(VideoReader::open_cached(path, settings, &of_here));
        let there = outcome(workers.open(&path.into(), settings, Some(&of_worker)));
        let name = fixture.name;
        match (here, there) {
            (Ok(here), Ok(there)) => assert!(here == there, "{name}, cached: {cached}"),
            (here, there) => assert_eq!(here.err(), there.err(), "{name}"),
        }
    }
    assert!(entry(&caches.path().join("here")) == entry(&caches.path().join("worker")));
}

/// The bytes of the only file of a folder.
fn entry(folder: &Path) -> Option<Vec<u8>> {
    let entry = std::fs::read_dir(folder).unwrap().next()?;
    Some(std::fs::read(entry.unwrap().path()).unwrap())
}

/// The last of all, for there is no way back.
fn after_the_sandbox_was_entered_workers_open_what_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = encode(folder.path(), SOURCE, "plain.mp4", "-c:v libx264");
    let with_text = with_subtitles(folder.path(), &path);
    let before = outcome(VideoReader::open(&path)).ok().unwrap();
    let said = text_tracks(&with_text, ReadLimits::default()).unwrap();
    assert_eq!(said[0].cues[0].1, "she cuts an onion");

    sandbox::enter(ReadLimits::default().worker_bytes).unwrap();
    assert!(before == outcome(VideoReader::open(&path)).ok().unwrap());
    assert_eq!(text_tracks(&with_text, ReadLimits::default()).unwrap(), said);
    // A door that leads past the workers is closed.
    assert!(locvtp_video::SourceTags::read(&path).is_err());
}

/// The same file with a line of subtitles in it.
fn with_subtitles(folder: &Path, video: &Path) -> std::path::PathBuf {
    let (lines, to) = (folder.join("lines.srt"), folder.join("said.mkv"));
    std::fs::write(&lines, "1\n00:00:01,000 --> 00:00:02,000\nshe cuts an onion\n").unwrap();
    let mut command = std::process::Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(video).arg("-i").arg(&lines);
    let done = command.args(["-c:v", "copy", "-c:s", "srt"]).arg(&to).status().unwrap();
    assert!(done.success());
    to
}
