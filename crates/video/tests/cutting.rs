//! Cutting spans out of real files: what is held, that sound stays with its pictures, that turns and
//! sizes are kept. The files are made, and the cuts read back, by FFmpeg's command line.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

use locvtp_video::{
    Cut, CutSettings, FrameTableCache, FrameTransform, Glimpse, Glimpses, Nearness, ReadLimits,
    Seconds, SourceTags, TimeSpan, VideoError, VideoReader, copy_span, encode_span,
    encode_span_in_memory,
};

/// Ten seconds at 25 a second: a picture that is brighter every second, and a tone that is silent in
/// the fifth second alone.
fn made(folder: &Path, name: &str, arguments: &str) -> PathBuf {
    let path = folder.join(name);
    let grey = "color=black:s=96x64:r=25:d=10,format=gray,geq=lum='floor(T)*20+30'";
    let tone = "sine=frequency=440:sample_rate=48000:duration=10,volume=0:enable='between(t,5,6)'";
    let mut command = Command::new("ffmpeg");
    command.args("-hide_banner -loglevel error -y -f lavfi -i".split(' ')).arg(grey);
    command.args(["-f", "lavfi", "-i"]).arg(tone);
    command.args(arguments.split_whitespace()).arg(&path);
    let done = command.output().expect("FFmpeg's command line is missing: run scripts/setup");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    path
}

/// Eight seconds of a recording whose pictures are a step brighter every second, from `black` on, and whose tone is
/// silent in one second.
fn recording(folder: &Path, name: &str, black: u8, silent: u8, arguments: &str) -> Vec<u8> {
    let path = folder.join(name);
    let grey = format!("color=black:s=96x64:r=25:d=8,format=gray,geq=lum='floor(T)*10+{black}'");
    let until = silent + 1;
    let tone = format!(
        "sine=frequency=440:sample_rate=48000:duration=8,volume=0:enable='between(t,{silent},{until})'"
    );
    let mut command = Command::new("ffmpeg");
    command.args("-hide_banner -loglevel error -y -f lavfi -i".split(' ')).arg(grey);
    command.args(["-f", "lavfi", "-i"]).arg(tone);
    command.args(arguments.split_whitespace()).arg(&path);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    std::fs::read(path).unwrap()
}

const X264: &str = "-c:v libx264 -bf 3 -pix_fmt yuv420p -g 50 -sc_threshold 0 -c:a ac3";
const MPEG2: &str = "-c:v mpeg2video -bf 2 -b:v 1M -pix_fmt yuv420p -g 500 -sc_threshold 1000000000 \
    -force_key_frames expr:gte(t,n_forced*2) -c:a mp2";

/// Whose packets say no time in MPEG-PS, most of them.
const PS_X264: &str = "-c:v libx264 -bf 3 -pix_fmt yuv420p -g 50 -sc_threshold 0 -b:v 80k -c:a ac3";
const PS_X265: &str = "-c:v libx265 -pix_fmt yuv420p -x265-params \
    log-level=none:keyint=50:min-keyint=50:scenecut=0:bframes=3 -b:v 80k -c:a mp2";

/// Kinds of files that two clocks can be joined in.
const KINDS: [(&str, &str); 4] = [("ts", X264), ("mpg", MPEG2), ("mpg", PS_X264), ("mpg", PS_X265)];

/// Two recordings joined byte for byte, silent in the third and in the fourteenth second.
fn joined(folder: &Path, (ending, codecs): (&str, &str), starts: (f64, f64)) -> PathBuf {
    let part = |number, black, silent, start| {
        let arguments = format!("{codecs} -output_ts_offset {start}");
        recording(folder, &format!("part{number}.{ending}"), black, silent, &arguments)
    };
    let path = folder.join(format!("joined.{ending}"));
    std::fs::write(&path, [part(1, 30, 2, starts.0), part(2, 120, 5, starts.1)].concat()).unwrap();
    path
}

/// The second of two joined recordings that a brightness is of.
fn joined_second(grey: u8) -> i64 {
    let level = f64::from(grey);
    let of = |black: f64| ((level - black) / 10.0).round() as i64;
    if level < 110.0 { of(30.0) } else { of(120.0) + 8 }
}

/// Both clocks from the same time on, one that jumps forward, and one that jumps back.
const STARTS: [(f64, f64); 3] = [(0.0, 0.0), (0.0, 5000.0), (5000.0, 0.0)];

const H264: &str = "-c:v libx264 -pix_fmt yuv420p -g 50 -c:a aac -ac 2 -shortest";

fn probe(path: &Path, entries: &str) -> Vec<String> {
    let mut command = Command::new("ffprobe");
    command.args("-v error -of default=nw=1:nk=1 -show_entries".split(' ')).arg(entries).arg(path);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().lines().map(|line| line.trim().to_owned()).collect()
}

/// The brightness of every frame, and when it is shown.
fn greys(path: &Path) -> Vec<(f64, u8)> {
    let mut video = VideoReader::open(path).unwrap();
    let times: Vec<f64> = video.frame_table().times().iter().map(|time| time.0).collect();
    let frames = video.read_all(&FrameTransform::AsDecoded).unwrap();
    let len = frames.width * frames.height * 3;
    times.into_iter().zip(frames.data.chunks(len).map(|frame| frame[len / 2])).collect()
}

fn first_frame(path: &Path) -> f64 {
    VideoReader::open(path).unwrap().frame_table().times()[0].0
}

/// The second of the source that a brightness is of: video levels are stretched on reading.
fn second(grey: u8) -> i64 {
    ((f64::from(grey) / 255.0 * 219.0 + 16.0 - 30.0) / 20.0).round() as i64
}

/// What FFmpeg says of silence in a file.
fn silences(path: &Path) -> String {
    let mut command = Command::new("ffmpeg");
    command.args("-hide_banner -nostats -i".split(' ')).arg(path);
    command.args("-af silencedetect=n=-50dB:d=0.5 -f null -".split(' '));
    String::from_utf8(command.output().unwrap().stderr).unwrap()
}

/// From when to when the sound is silent.
fn silence(path: &Path) -> (f64, f64) {
    let said = silences(path);
    let number = |key: &str| {
        let rest = said.split(key).nth(1).unwrap_or_else(|| panic!("no {key} in {said}"));
        rest.split_whitespace().next().unwrap().parse::<f64>().unwrap()
    };
    (number("silence_start: "), number("silence_end: "))
}

fn near(found: f64, expected: f64, by: f64) {
    assert!((found - expected).abs() <= by, "{found} is not {expected} within {by}");
}

#[test]
fn a_copy_begins_at_the_key_frame_before_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for (name, to) in [("a.mp4", "c.mp4"), ("a.mkv", "c.mkv"), ("a.ts", "c.ts"), ("a.ts", "d.mp4")]
    {
        let from = made(folder.path(), name, H264);
        let to = folder.path().join(to);
        let first = first_frame(&from);
        let span = TimeSpan::new(first + 4.5, first + 7.0);
        let cut = copy_span(&from, span, &to, None).unwrap();
        assert!(!cut.encoded);
        near(cut.span.start.0, first + 4.0, 0.002);
        assert!((7.0..7.2).contains(&(cut.span.end.0 - first)), "{name}: {}", cut.span);
        let frames = greys(&to);
        let start = frames[0].0;
        assert!((75..=80).contains(&frames.len()), "{name}: {} frames", frames.len());
        for (time, grey) in frames {
            let expected = (4.002 + time - start).floor() as i64;
            assert_eq!(second(grey), expected, "{name} at {time}");
        }
        let (from, until) = silence(&to);
        near(from, 1.0, 0.08);
        near(until, 2.0, 0.08);
    }
}

#[test]
fn an_exact_cut_begins_and_ends_at_the_frame_with_its_sound() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.mp4", "a.mkv", "a.ts"] {
        let from = made(folder.path(), name, H264);
        let to = folder.path().join("exact.mp4");
        // Sound that begins a little earlier than the pictures moves these on the file's clock.
        let first = first_frame(&from);
        let span = TimeSpan::new(first + 4.53, first + 7.0);
        let cut = encode_span(&from, span, &to, &CutSettings::exact(), None).unwrap();
        // The frame that is on the screen at 4.53 s is that of 4.52 s.
        near(cut.span.start.0, first + 4.52, 0.002);
        near(cut.span.end.0, first + 7.0, 0.002);
        let frames = greys(&to);
        assert_eq!(frames.len(), 62, "{name}");
        for (time, grey) in frames {
            assert_eq!(second(grey), (4.522 + time).floor() as i64, "{name} at {time}");
        }
        let (from, until) = silence(&to);
        near(from, 0.48, 0.03);
        near(until, 1.48, 0.03);
        let streams = probe(&to, "stream=codec_name,pix_fmt");
        assert_eq!(streams, ["h264", "yuv420p", "aac"], "{name}");
    }
}

#[test]
fn a_proxy_is_a_fragmented_file_in_memory_of_the_hit_alone() {
    let folder = tempfile::tempdir().unwrap();
    let odd = "-c:v mpeg4 -pix_fmt yuv420p -vf scale=1280:960 -c:a mp3 -ar 44100 -ac 1 -shortest";
    let from = made(folder.path(), "a.avi", odd);
    let (cut, bytes) =
        encode_span_in_memory(&from, TimeSpan::new(2.0, 3.0), &CutSettings::proxy()).unwrap();
    near(cut.span.start.0, 2.0, 0.041);
    assert!(bytes.windows(4).any(|kind| kind == b"moof"));
    let to = folder.path().join("proxy.mp4");
    std::fs::write(&to, bytes).unwrap();
    assert_eq!(probe(&to, "stream=codec_name,width,height"), ["h264", "960", "720", "aac"]);
    let frames = greys(&to);
    assert!((24..=26).contains(&frames.len()), "{}", frames.len());
    near(frames[0].0, 0.0, 1e-6);
    let starts: Vec<f64> =
        probe(&to, "stream=start_time").iter().map(|start| start.parse().unwrap()).collect();
    near(starts[0], 0.0, 0.001);
    // AAC's lead-in is told as lying before zero, where no player plays it.
    near(starts[1], -0.0116, 0.0117);
    let settings = CutSettings { fragmented: true, ..CutSettings::proxy() };
    encode_span(&from, TimeSpan::new(4.0, 7.0), &to, &settings, None).unwrap();
    let (from, until) = silence(&to);
    near(from, 1.0, 0.08);
    near(until, 2.0, 0.08);
}

#[test]
fn ten_bits_a_turn_and_no_sound_survive() {
    let folder = tempfile::tempdir().unwrap();
    let flat = made(folder.path(), "flat.mp4", "-an -c:v libx264 -pix_fmt yuv420p10le -g 50");
    let turned = folder.path().join("turned.mp4");
    let mut command = Command::new("ffmpeg");
    command.args("-v error -y -display_rotation 90 -i".split(' ')).arg(&flat);
    command.args(["-c", "copy"]).arg(&turned);
    if !command.output().unwrap().status.success() {
        // Before FFmpeg 6 the turn is set by a tag.
        let mut command = Command::new("ffmpeg");
        command.args("-v error -y -i".split(' ')).arg(&flat);
        command.args("-c copy -metadata:s:v rotate=90".split(' ')).arg(&turned);
        assert!(command.output().unwrap().status.success());
    }
    let turn = VideoReader::open(&turned).unwrap().info().rotation_degrees;
    assert_ne!(turn, 0);
    let (copied, exact) = (folder.path().join("c.mp4"), folder.path().join("e.mp4"));
    copy_span(&turned, TimeSpan::new(2.0, 4.0), &copied, None).unwrap();
    encode_span(&turned, TimeSpan::new(2.0, 4.0), &exact, &CutSettings::exact(), None).unwrap();
    for cut in [&copied, &exact] {
        let video = VideoReader::open(cut).unwrap();
        let info = video.info();
        assert_eq!((info.rotation_degrees, info.width, info.height), (turn, 64, 96));
    }
    assert_eq!(probe(&exact, "stream=pix_fmt"), ["yuv420p"]);
}

#[test]
fn times_count_from_the_start_of_the_file_wherever_its_clock_begins() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = format!("{H264} -output_ts_offset 7.5");
    for name in ["late.mp4", "late.ts", "late.mkv"] {
        let from = made(folder.path(), name, &arguments);
        let offset = first_frame(&from);
        let to = folder.path().join("cut.mp4");
        let span = TimeSpan::new(offset + 4.0, offset + 5.0);
        let cut = encode_span(&from, span, &to, &CutSettings::exact(), None).unwrap();
        near(cut.span.start.0, span.start.0, 0.001);
        let frames = greys(&to);
        assert_eq!(frames.len(), 25, "{name}");
        assert!(frames.iter().all(|(_, grey)| second(*grey) == 4), "{name}");
    }
}

#[test]
fn an_exact_cut_of_a_variable_rate_keeps_when_each_frame_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let drops = "-vf select='not(eq(mod(n,7),3)+eq(mod(n,11),5)+between(n,120,140))' -vsync vfr";
    let from = made(folder.path(), "phone.mp4", &format!("{drops} {H264}"));
    let to = folder.path().join("cut.mp4");
    let cut =
        encode_span(&from, TimeSpan::new(4.0, 7.0), &to, &CutSettings::exact(), None).unwrap();
    let all = VideoReader::open(&from).unwrap();
    let all = all.frame_table().times().iter().map(|time| time.0);
    let expected: Vec<f64> = all.filter(|time| (cut.span.start.0..7.0).contains(time)).collect();
    let found = greys(&to);
    assert_eq!(found.len(), expected.len());
    for ((found, _), expected) in found.iter().zip(expected) {
        near(*found + cut.span.start.0, expected, 0.001);
    }
}

#[test]
fn what_cannot_be_cut_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let from = made(folder.path(), "a.mp4", H264);
    let to = folder.path().join("cut.mp4");
    let empty = TimeSpan::new(3.0, 1.0);
    assert!(matches!(copy_span(&from, empty, &to, None), Err(VideoError::Cut { .. })));
    let unknown = folder.path().join("cut.xyz");
    let error = copy_span(&from, TimeSpan::new(1.0, 2.0), &unknown, None).unwrap_err();
    assert!(error.to_string().contains(".mp4"), "{error}");
    // MP4 takes no such sound.
    let wav = made(folder.path(), "b.mkv", "-c:v libx264 -pix_fmt yuv420p -c:a wmav2 -shortest");
    let refused = copy_span(&wav, TimeSpan::new(1.0, 2.0), &folder.path().join("b.webm"), None);
    assert!(matches!(refused, Err(VideoError::Encode { .. })), "{refused:?}");
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("another ending") && !said.contains("disk"), "{said}");
    let mut names: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.mp4", "b.mkv"]);
    let past = encode_span(&from, TimeSpan::new(20.0, 30.0), &to, &CutSettings::exact(), None);
    // What is behind the end shows the last frame, as a player does.
    let Cut { span, .. } = past.unwrap();
    near(span.start.0, 9.96, 0.05);
    assert!(span.end > span.start + Seconds(0.0));
}

#[test]
fn the_start_timecode_is_found_where_each_kind_of_file_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let x264 = "-c:v libx264 -pix_fmt yuv420p -r 30000/1001 -t 2 -c:a aac";
    let drop = format!("{x264} -timecode 01:02:03;04");
    for name in ["a.mov", "a.mp4", "a.mkv"] {
        let tags = SourceTags::read(&made(folder.path(), name, &drop)).unwrap();
        assert_eq!(tags.start_timecode.as_deref(), Some("01:02:03;04"), "{name}");
        assert_eq!(tags.frame_rate, Some((30_000, 1001)), "{name}");
        assert_eq!((tags.width, tags.height, tags.sound_channels), (96, 64, 1), "{name}");
    }
    let mpeg2 = "-c:v mpeg2video -pix_fmt yuv420p -r 25 -t 2 -c:a pcm_s16le -timecode 10:00:00:00";
    let tags = SourceTags::read(&made(folder.path(), "a.mxf", mpeg2)).unwrap();
    assert_eq!(tags.start_timecode.as_deref(), Some("10:00:00:00"));
    let tags = SourceTags::read(&made(folder.path(), "a.ts", H264)).unwrap();
    assert_eq!(tags.start_timecode, None);
}

#[test]
fn cuts_of_joined_recordings_hold_what_is_shown_then() {
    for (kind, starts) in KINDS.into_iter().flat_map(|kind| STARTS.map(|starts| (kind, starts))) {
        let ending = kind.0;
        let folder = tempfile::tempdir().unwrap();
        let from = joined(folder.path(), kind, starts);
        let first = first_frame(&from);
        let tables = FrameTableCache::create(folder.path().join("tables")).unwrap();
        // In the first, across both, in the second: that a key frame is before, and the silence in it.
        for (start, end, key, silent) in
            [(1.5, 3.5, 0.0, Some(2.0)), (7.2, 9.4, 6.0, None), (12.6, 14.6, 12.0, Some(13.0))]
        {
            let case = format!("{kind:?} {starts:?} {start}");
            let span = TimeSpan::new(first + start, first + end);
            let to = folder.path().join(format!("copy.{ending}"));
            let cut = copy_span(&from, span, &to, Some(&tables)).unwrap();
            near(cut.span.start.0, first + key, 0.002);
            assert!((end..end + 0.25).contains(&(cut.span.end.0 - first)), "{case}: {}", cut.span);
            check_seconds(&to, key, (end - key) * 25.0, &case);
            if let Some(silent) = silent {
                let (from, until) = silence(&to);
                near(from, silent - key, 0.1);
                near(until, silent - key + 1.0, 0.1);
            }
            for (name, settings) in
                [("exact.mp4", CutSettings::exact()), ("proxy.mp4", CutSettings::proxy())]
            {
                let to = folder.path().join(name);
                let cut = encode_span(&from, span, &to, &settings, Some(&tables)).unwrap();
                near(cut.span.start.0, first + start, 0.041);
                near(cut.span.end.0, first + end, 0.041);
                let begins = cut.span.start.0 - first;
                check_seconds(&to, begins, (end - begins) * 25.0, &case);
                if let Some(silent) = silent {
                    let (from, until) = silence(&to);
                    near(from, silent - begins, 0.1);
                    near(until, silent - begins + 1.0, 0.1);
                } else {
                    let said = silences(&to);
                    assert!(!said.contains("silence_start"), "{case}: {said}");
                }
            }
        }
    }
}

/// Whether the pictures of a cut are those of the joined recordings from a second on, and so many.
fn check_seconds(cut: &Path, from: f64, num_frames: f64, case: &str) {
    let frames = greys(cut);
    let count = frames.len() as f64;
    assert!((num_frames - 1.0..num_frames + 6.0).contains(&count), "{case}: {count} frames");
    let start = frames[0].0;
    for (time, grey) in frames {
        let expected = (from + 0.002 + time - start).floor() as i64;
        assert_eq!(joined_second(grey), expected, "{case}: {} at {time}", cut.display());
    }
}

#[test]
fn glimpses_of_joined_recordings_are_of_the_moment() {
    for (kind, starts) in
        KINDS.into_iter().skip(2).take(1).flat_map(|kind| STARTS.map(|starts| (kind, starts)))
    {
        let folder = tempfile::tempdir().unwrap();
        let from = joined(folder.path(), kind, starts);
        let first = first_frame(&from);
        let glimpses = |nearness| {
            let times = [0.1, 3.5, 7.9, 8.1, 9.5, 13.5, 15.9].map(|time| Seconds(first + time));
            let (start, fit) = (Seconds::ZERO, (48, 48));
            let wanted = Glimpses { times: times.to_vec(), start, nearness, fit };
            let read = wanted.read(&from, &ReadLimits::default(), None).unwrap();
            let middle = |glimpse: Glimpse| joined_second(glimpse.rgb[glimpse.rgb.len() / 2]);
            read.into_iter().map(|glimpse| middle(glimpse.unwrap())).collect::<Vec<_>>()
        };
        let case = format!("{kind:?} {starts:?}");
        assert_eq!(glimpses(Nearness::Frame), [0, 3, 7, 8, 9, 13, 15], "{case}");
        assert_eq!(glimpses(Nearness::KeyFrame), [0, 2, 6, 8, 8, 12, 14], "{case}");
    }
}

#[test]
fn cuts_of_a_program_stream_without_times_hold_what_is_shown_then() {
    for codecs in [PS_X264, PS_X265] {
        let folder = tempfile::tempdir().unwrap();
        recording(folder.path(), "one.mpg", 30, 5, codecs);
        let from = folder.path().join("one.mpg");
        let to = folder.path().join("copy.mpg");
        let cut = copy_span(&from, TimeSpan::new(4.6, 6.4), &to, None).unwrap();
        near(cut.span.start.0, 4.0, 0.002);
        check_seconds(&to, 4.0, 60.0, codecs);
        near(silence(&to).0, 1.0, 0.1);
        let to = folder.path().join("exact.mp4");
        let span = TimeSpan::new(4.6, 6.4);
        let cut = encode_span(&from, span, &to, &CutSettings::exact(), None).unwrap();
        near(cut.span.start.0, 4.6, 0.041);
        check_seconds(&to, cut.span.start.0, 45.0, codecs);
        near(silence(&to).0, 0.4, 0.1);
        let times = [0.1, 1.9, 2.1, 5.9, 7.9].map(Seconds).to_vec();
        let (start, nearness, fit) = (Seconds::ZERO, Nearness::Frame, (48, 48));
        let wanted = Glimpses { times, start, nearness, fit };
        let read = wanted.read(&from, &ReadLimits::default(), None).unwrap();
        let middle = |glimpse: Glimpse| joined_second(glimpse.rgb[glimpse.rgb.len() / 2]);
        let seconds: Vec<i64> = read.into_iter().map(|glimpse| middle(glimpse.unwrap())).collect();
        assert_eq!(seconds, [0, 1, 2, 5, 7], "{codecs}");
    }
}

#[test]
fn a_program_stream_that_does_not_say_when_pictures_are_shown_is_not_cut() {
    let folder = tempfile::tempdir().unwrap();
    recording(folder.path(), "one.mpg", 30, 5, "-c:v mpeg4 -bf 2 -g 50 -b:v 80k -c:a mp2");
    let from = folder.path().join("one.mpg");
    let to = folder.path().join("copy.mpg");
    let refused = copy_span(&from, TimeSpan::new(4.6, 6.4), &to, None).unwrap_err();
    assert!(refused.to_string().contains("ffmpeg -i"), "{refused}");
    assert!(!to.exists());
}

#[test]
fn glimpses_of_a_stream_without_an_index_are_of_the_moment_also_where_pictures_are_rare() {
    let folder = tempfile::tempdir().unwrap();
    // Two pictures a second, each 5 brighter than the one before; pictures are decoded seconds before they are shown.
    for (name, codec) in [
        ("a.ts", "-c:v libx264 -bf 3 -g 12"),
        ("b.ts", "-c:v libx265 -x265-params log-level=none:bframes=4:keyint=10"),
        ("c.mpg", "-c:v mpeg2video -r 25 -bf 2 -g 30"),
    ] {
        let from = folder.path().join(name);
        let grey = "color=black:s=96x64:r=2:d=20,format=gray,geq=lum='N*5+20'";
        let mut command = Command::new("ffmpeg");
        command.args("-hide_banner -loglevel error -y -f lavfi -i".split(' ')).arg(grey);
        command.args(["-pix_fmt", "yuv420p"]).args(codec.split_whitespace()).arg(&from);
        assert!(command.status().unwrap().success());
        let start = Seconds(probe(&from, "format=start_time")[0].parse().unwrap());
        let glimpses = |nearness| {
            let times = (0..40).map(|place| Seconds(f64::from(place) * 0.5 + 0.25)).collect();
            let wanted = Glimpses { times, start, nearness, fit: (48, 48) };
            let read = wanted.read(&from, &ReadLimits::default(), None).unwrap();
            let picture = |glimpse: Option<Glimpse>| {
                let rgb = glimpse.unwrap().rgb;
                (f64::from(rgb[rgb.len() / 2]) - 20.0) / 5.0
            };
            read.into_iter().map(picture).collect::<Vec<f64>>()
        };
        for (place, found) in glimpses(Nearness::Frame).into_iter().enumerate() {
            near(found, place as f64, 0.7);
        }
        let mut last = -1.0;
        for (place, found) in glimpses(Nearness::KeyFrame).into_iter().enumerate() {
            assert!(found.round() <= place as f64, "{name} {place}: {found}");
            assert!(found >= last - 0.7, "{name}: {found} behind {last}");
            last = found;
        }
    }
}

#[test]
fn a_copy_from_a_key_frame_without_headers_gets_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let open = "-x264-params open-gop=1:keyint=50:min-keyint=50:scenecut=0:bframes=3";
    let made = made(folder.path(), "a.mp4", &format!("{H264} {open}"));
    let from = folder.path().join("a.ts");
    let mut command = Command::new("ffmpeg");
    command.args("-v error -y -i".split(' ')).arg(&made).args(["-c", "copy"]).arg(&from);
    assert!(command.status().unwrap().success());
    let first = first_frame(&from);
    let to = folder.path().join("c.ts");
    let span = TimeSpan::new(first + 4.5, first + 7.0);
    let cut = copy_span(&from, span, &to, None).unwrap();
    near(cut.span.start.0, first + 4.0, 0.002);
    let frames = greys(&to);
    assert!((75..=80).contains(&frames.len()), "{} frames", frames.len());
    let start = frames[0].0;
    for (time, grey) in frames {
        assert_eq!(second(grey), (4.002 + time - start).floor() as i64, "at {time}");
    }
}

#[test]
fn a_copy_whose_first_picture_cannot_be_decoded_is_an_error_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    // No picture is whole by itself: each brings a part of it anew.
    let wave = "-x264-params intra-refresh=1:keyint=50:bframes=0:ref=1";
    let from = made(folder.path(), "a.ts", &format!("{H264} {wave}"));
    let first = first_frame(&from);
    let span = TimeSpan::new(first + 4.5, first + 7.0);
    let to = folder.path().join("c.ts");
    let refused = copy_span(&from, span, &to, None).unwrap_err();
    assert!(matches!(refused, VideoError::CopyUndecodable { .. }), "{refused}");
    assert!(refused.to_string().contains("--exact"), "{refused}");
    assert!(!to.exists());
}

#[test]
fn pictures_of_a_program_stream_without_b_pictures_are_those_of_the_moment() {
    let folder = tempfile::tempdir().unwrap();
    for codec in ["mpeg1video", "mpeg2video"] {
        let from = folder.path().join("one.mpg");
        let grey = "color=black:s=96x64:r=25:d=4,format=gray,geq=lum='mod(N,40)*5+20'";
        let mut command = Command::new("ffmpeg");
        command.args("-hide_banner -loglevel error -y -f lavfi -i".split(' ')).arg(grey);
        command.args("-f lavfi -i sine=d=4 -c:a mp2 -pix_fmt yuv420p -bf 0 -b:v 100k".split(' '));
        assert!(command.args(["-c:v", codec]).arg(&from).status().unwrap().success());
        let is_picture = |grey: u8, number: usize| {
            near((f64::from(grey) - 20.0) / 5.0, (number % 40) as f64, 0.7);
        };
        let start = Seconds(probe(&from, "format=start_time")[0].parse().unwrap());
        let times = (0..100).map(|number| Seconds((f64::from(number) + 0.5) / 25.0)).collect();
        let wanted = Glimpses { times, start, nearness: Nearness::Frame, fit: (48, 48) };
        let read = wanted.read(&from, &ReadLimits::default(), None).unwrap();
        for (number, glimpse) in read.into_iter().enumerate() {
            let rgb = glimpse.unwrap().rgb;
            is_picture(rgb[rgb.len() / 2], number);
        }
        for first in [10, 74, 80] {
            let begin = f64::from(first) / 25.0 + 0.002;
            let (span, to) = (TimeSpan::new(begin, begin + 0.7), folder.path().join("exact.mp4"));
            encode_span(&from, span, &to, &CutSettings::exact(), None).unwrap();
            let shown = greys(&to);
            assert!((17..=19).contains(&shown.len()), "{codec} {first}: {} frames", shown.len());
            for ((_, grey), number) in shown.into_iter().zip(first as usize..) {
                is_picture(grey, number);
            }
        }
    }
}
