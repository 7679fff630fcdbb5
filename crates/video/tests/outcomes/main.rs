//! What comes out of files of every kind: frames at their true times, or which error; never a hang, a
//! panic, a black frame or a wrong time.
//!
//! The outcomes stand in a table in `docs/media.md`, which this test compares. Renew it with
//! `LOCVTP_RENEW=1 cargo test --release --workspace --test outcomes`.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod burned_in_code;
mod field_pairs;
mod fixtures;
mod hanging_file;
mod joined;
mod joined_fixtures;
mod maker;
mod missing_fixtures;
#[path = "../../../../tests/support/not_run.rs"]
mod not_run;
mod other_codec;
mod packed;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, mpsc};

use locvtp_video::sampling::{self, Phase};
use locvtp_video::{
    FrameTable, FrameTableCache, FrameTransform, Interpolation, LimitReached, ReadLimits,
    ReaderSettings, Scaling, Seconds, VideoError, VideoReader,
};

use burned_in_code::number_in;
use fixtures::{Expected, Fixture};
use maker::{Source, encode, written};

/// A frame may stand one frame time beside its true time.
const TOLERANCE_S: f64 = 0.04 + 1e-6;

#[test]
fn every_kind_of_file_has_the_outcome_that_stands_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = String::from("| file | made with | what comes out |\n|---|---|---|\n");
    let row = |fixture: &Fixture| {
        let outcome = outcome(fixture);
        let name = fixture.path.file_name().unwrap().to_string_lossy().replace('\u{fffd}', "\\xe9");
        format!("| {}: `{name}` | {} | {outcome} |\n", fixture.name, fixture.made)
    };
    // Some files are made of others, so they are made one after the other; those that are there are
    // read meanwhile.
    let (made, waiting) = mpsc::channel::<(usize, Fixture)>();
    let (waiting, rows) = (Mutex::new(waiting), Mutex::new(BTreeMap::new()));
    let next = || waiting.lock().unwrap().recv();
    let read_all = || {
        while let Ok((place, fixture)) = next() {
            let row = row(&fixture);
            rows.lock().unwrap().insert(place, row);
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| _ = scope.spawn(read_all));
        let mut places = 0..;
        fixtures::make_all(folder.path(), &mut |fixture| {
            made.send((places.next().unwrap(), fixture)).unwrap();
        });
        drop(made);
    });
    table.extend(rows.into_inner().unwrap().into_values());
    compare(&table);
}

#[test]
fn pictures_that_grow_midway_are_read_up_to_the_limit_of_pixels() {
    let folder = tempfile::tempdir().unwrap();
    let source = |width, height| Source { first: 0, count: 10, width, height };
    let arguments = "-c:v libx264 -f h264";
    let small = encode(folder.path(), source(96, 64), "small.h264", arguments);
    let large = encode(folder.path(), source(320, 192), "large.h264", arguments);
    let both = [std::fs::read(small).unwrap(), std::fs::read(large).unwrap()].concat();
    let path = written(folder.path(), "grows.h264", &both);

    let transform = FrameTransform::Resize { height: 64, width: 96 };
    let mut video = VideoReader::open(&path).unwrap();
    let all = video.read_all(&transform).unwrap();
    let numbers: Vec<_> = (0..all.num_frames).map(|i| number_in(all.frame(i), 96, 64)).collect();
    let expected: Vec<_> = (0..10).chain(0..10).map(Some).collect();
    assert_eq!(numbers, expected);

    let limits = ReadLimits { frame_pixels: 10_000, ..Default::default() };
    let settings = ReaderSettings { limits, ..Default::default() };
    let mut video = VideoReader::open_with(&path, settings).unwrap();
    let pixels = video.read_frames(&[0, 9], &transform).unwrap();
    assert_eq!([0, 1].map(|i| number_in(pixels.frame(i), 96, 64)), [Some(0), Some(9)]);
    let error = video.read_frames(&[3, 15], &transform).unwrap_err();
    assert!(matches!(error, VideoError::Undecodable { frame: 15, .. }), "{error:?}");
}

#[test]
fn a_picture_that_scaling_makes_larger_than_the_limit_is_refused_before_it_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source { first: 0, count: 2, width: 320, height: 16 };
    let path = encode(folder.path(), source, "narrow.mp4", "-c:v libx264");
    let limits = ReadLimits { frame_pixels: 10_000, ..Default::default() };
    let settings = ReaderSettings { limits, ..Default::default() };
    let mut video = VideoReader::open_with(&path, settings).unwrap();
    let scaled = |short_side, scaling| FrameTransform::ShortSideCentreCrop {
        short_side,
        size: 16,
        interpolation: Interpolation::Bilinear,
        scaling,
    };
    // 320 * 24 / 16 = 480: 11,520 pixels.
    let error = video.read_frames(&[0], &scaled(24, Scaling::Fast)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("320x16") && text.contains("480x24"), "{text}");
    assert_eq!(LimitReached::in_text(&text), Some(limits.reached("frame_pixels")), "{text}");
    video.read_frames(&[0], &scaled(20, Scaling::Fast)).unwrap();
    // Made within the result alone.
    video.read_frames(&[0], &scaled(24, Scaling::Torchvision)).unwrap();
}

/// What comes out of a file, in words, checked to be what must come out.
fn outcome(fixture: &Fixture) -> String {
    packed::check_as_a_member(fixture);
    let mut video = match VideoReader::open_with(&fixture.path, fixture.settings) {
        Ok(video) => video,
        Err(error) => {
            let (kind, words) = in_words(&fixture.path, &error);
            assert_eq!(Expected::NotOpened(kind), fixture.expected, "{}", fixture.name);
            return format!("not opened: {words} (`{kind}`)");
        }
    };
    let (name, info) = (fixture.name, video.info().clone());
    let all = match video.read_all(&FrameTransform::AsDecoded) {
        Ok(all) => all,
        Err(error) => {
            let (kind, words) = in_words(&fixture.path, &error);
            if fixture.expected == Expected::DamageRefused && kind == "Undecodable" {
                return refused_damage(fixture, &mut video);
            }
            assert_eq!(Expected::NotRead(kind), fixture.expected, "{name}: {error}");
            return format!("all frames at once: {words} (`{kind}`)");
        }
    };
    let table = video.frame_table().clone();
    assert_eq!(all.num_frames, table.len(), "{name}");
    let frames = (0..all.num_frames).map(|i| number_in(all.frame(i), all.width, all.height));
    let numbers: Vec<Option<usize>> = frames.collect();
    if fixture.expected == Expected::DamageUnnoticed {
        assert!(numbers.len() == 100 && numbers.contains(&None), "{name}: {numbers:?}");
        return "100 frames, some of them damaged without a word".into();
    }

    assert!(table.gaps().is_empty() || matches!(fixture.expected, Expected::Without(..)), "{name}");
    for (frame, number) in numbers.iter().enumerate() {
        let number = number.unwrap_or_else(|| panic!("{name}: frame {frame} cannot be read"));
        let (listed, shown) = (table.times()[frame].0, (fixture.shown_at)(number));
        let apart = (listed - shown).abs();
        assert!(apart <= TOLERANCE_S, "{name}: frame {frame} at {listed} shows {number}, {shown}");
    }
    let numbers: Vec<usize> = numbers.into_iter().flatten().collect();
    check_sparse(fixture, &mut video, &table, &numbers);
    check_cached(fixture, &mut video);
    let size = format!("{}x{}", info.width, info.height);
    match &fixture.expected {
        Expected::Frames(expected) => {
            assert!(numbers.iter().copied().eq(expected.clone()), "{name}: {numbers:?}");
            let (start, end) = (table.times()[0], table.end());
            let (count, s) = (numbers.len(), if numbers.len() == 1 { "" } else { "s" });
            let notes: String = info.notes().iter().map(|note| format!("; {note}")).collect();
            format!("{count} frame{s} of {size}, {start} to {end}{notes}")
        }
        Expected::Paused(shown) => {
            assert!(numbers.iter().copied().eq(shown.clone().into_iter().flatten()), "{name}");
            let (count, start, end) = (numbers.len(), table.times()[0], table.end());
            format!("{count} frames of {size}, {start} to {end}; nothing is missing")
        }
        Expected::Without(shown, lost) => {
            assert!(numbers.iter().copied().eq(shown.clone().into_iter().flatten()), "{name}");
            let [gap] = table.gaps() else { panic!("{name}: {:?}", table.gaps()) };
            let bounds = [(gap.start, lost.start), (gap.end, lost.end)];
            let apart = bounds.map(|(s, n)| (s.0 - (fixture.shown_at)(n)).abs());
            assert!(apart.iter().all(|apart| *apart < TOLERANCE_S), "{name}: {gap}");
            let (count, start, end) = (numbers.len(), table.times()[0], table.end());
            format!("{count} frames of {size}, {start} to {end}; {gap} is missing")
        }
        Expected::Beginning(least) => {
            assert!((*least..100).contains(&numbers.len()), "{name}: {numbers:?}");
            // The last may be missing its neighbours, which were stored behind it.
            assert!(numbers[..*least].iter().copied().eq(0..*least), "{name}: {numbers:?}");
            format!("the frames of {size} that lie before the cut")
        }
        other => panic!("{name}: all frames came, {other:?} was expected"),
    }
}

/// Of a damaged file every frame that is given is right, or looks damaged, or is a B-frame that
/// leans on a patched frame right behind it: the decoder gives it first.
fn refused_damage(fixture: &Fixture, video: &mut VideoReader) -> String {
    const MOST_B_FRAMES: usize = 3;
    let table = video.frame_table().clone();
    assert_eq!(table.len(), 100, "{}", fixture.name);
    let mut last_refused = usize::MAX;
    for frame in (0..table.len()).rev() {
        match video.read_frames(&[frame], &FrameTransform::AsDecoded) {
            Ok(pixels) => {
                let number = number_in(pixels.frame(0), pixels.width, pixels.height);
                let Some(number) = number else { continue };
                let apart = (table.times()[frame].0 - (fixture.shown_at)(number)).abs();
                let leans = last_refused - frame <= MOST_B_FRAMES;
                assert!(
                    apart <= TOLERANCE_S || leans,
                    "{}: frame {frame} shows {number}",
                    fixture.name
                );
            }
            Err(error) => {
                assert_eq!(in_words(&fixture.path, &error).0, "Undecodable", "{error}");
                last_refused = frame;
            }
        }
    }
    let (kind, words) = ("Undecodable", "cannot be decoded");
    format!(
        "100 frames; from where damage is noticed to the next key frame they {words} (`{kind}`)"
    )
}

/// Sampled as for training, 8 clips of 16 frames, each frame shows what is on the screen at its
/// moment.
fn check_sparse(fixture: &Fixture, video: &mut VideoReader, table: &FrameTable, numbers: &[usize]) {
    let (name, shown_at) = (fixture.name, fixture.shown_at);
    let span = table.span();
    let plan = sampling::sparse(table, span, 8, 16, Phase::Centre);
    let transform = FrameTransform::Resize { height: 224, width: 224 };
    let clips = video.read_clips(&plan, &transform).unwrap();
    for (i, rgb) in clips.data.chunks(224 * 224 * 3).enumerate() {
        let moment = span.start + span.duration() * ((i as f64 + 0.5) / 128.0);
        let number = number_in(rgb, 224, 224);
        let number = number.unwrap_or_else(|| panic!("{name}: no number at {moment}"));
        let from = shown_at(number) - TOLERANCE_S;
        // On the screen until the next number of the file, the last to the end.
        let next = numbers.iter().copied().find(|next| *next > number);
        let until = next.map_or(f64::MAX, |next| shown_at(next) + TOLERANCE_S);
        assert!(
            (Seconds(from)..Seconds(until)).contains(&moment),
            "{name}: number {number} at {moment}, it belongs to {from} to {until}"
        );
    }
}

/// With the table from the cache, and so without reading the file whole, everything is the same.
fn check_cached(fixture: &Fixture, video: &mut VideoReader) {
    let folder = tempfile::tempdir().unwrap();
    let cache = FrameTableCache::create(folder.path().join("frame-tables")).unwrap();
    let frames: Vec<usize> = (0..video.info().num_frames).rev().step_by(3).collect();
    let transform = FrameTransform::Resize { height: 32, width: 32 };
    let expected = video.read_frames(&frames, &transform).unwrap();
    for _ in 0..2 {
        let mut cached = VideoReader::open_cached(&fixture.path, fixture.settings, &cache).unwrap();
        assert_eq!(cached.info(), video.info());
        assert_eq!(cached.frame_table(), video.frame_table());
        assert!(cached.read_frames(&frames, &transform).unwrap() == expected, "{}", fixture.name);
    }
}

/// An error's kind and its own words, without the path, FFmpeg's words and the way out.
fn in_words(path: &Path, error: &VideoError) -> (&'static str, String) {
    use VideoError::*;
    let kind = match error {
        Io { .. } => "Io",
        NotAFile { .. } => "NotAFile",
        Empty { .. } => "Empty",
        NotAVideo { .. } => "NotAVideo",
        NoVideoStream { .. } => "NoVideoStream",
        NoFrames { .. } => "NoFrames",
        TooManyPixels { .. } => "TooManyPixels",
        TooManyFrames { .. } => "TooManyFrames",
        TooLarge { .. } => "TooLarge",
        Undecodable { .. } => "Undecodable",
        Joined { .. } => "Joined",
        other => panic!("an error that no fixture asks for: {other:?}"),
    };
    let text = error.to_string();
    let words = text.strip_prefix(&format!("{}: ", path.display())).unwrap();
    let words = words.split(" (FFmpeg").next().unwrap();
    (kind, words.split(';').next().unwrap().to_owned())
}

const START: &str = "<!-- outcomes: written by the test `outcomes` -->\n";
const END: &str = "<!-- end of outcomes -->\n";

/// Compares the table with the document's, or writes it there.
fn compare(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/media.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(START).expect("docs/media.md lost its mark");
    let (found, after) = rest.split_once(END).expect("docs/media.md lost its second mark");
    if std::env::var_os("LOCVTP_RENEW").is_some() {
        std::fs::write(&path, format!("{before}{START}{table}{END}{after}")).unwrap();
        return;
    }
    for (found, expected) in found.lines().zip(table.lines()) {
        assert_eq!(found, expected, "docs/media.md is old; {RENEW}");
    }
    assert_eq!(found.lines().count(), table.lines().count(), "docs/media.md is old; {RENEW}");
}

const RENEW: &str = "look at the change, and if it is meant, renew the table with: \
                     LOCVTP_RENEW=1 cargo test --release --workspace --test outcomes";
