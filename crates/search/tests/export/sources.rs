//! Clocks and cuts of real files, made by FFmpeg's command line.

use std::path::{Path, PathBuf};
use std::process::Command;

use locvtp_search::cutting::{CutWay, cut_hits};
use locvtp_search::export::{
    ExportError, ExportFormat, FrameRate, SourceClock, Timecode, export_file,
};
use locvtp_video::Seconds;

use crate::hit;

fn made(folder: &Path, name: &str, arguments: &str) -> PathBuf {
    let path = folder.join(name);
    let mut command = Command::new("ffmpeg");
    command.args("-v error -y -f lavfi -i testsrc=s=96x64:r=30000/1001:d=10".split(' '));
    command.args("-f lavfi -i sine=duration=10 -pix_fmt yuv420p -g 60".split(' '));
    command.args(arguments.split_whitespace()).arg(&path);
    let done = command.output().expect("FFmpeg's command line is missing: run scripts/setup");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    path
}

#[test]
fn the_clock_of_each_kind_of_file_is_exact() {
    let folder = tempfile::tempdir().unwrap();
    let ntsc = FrameRate::new(30_000, 1001);
    let start = Timecode::parse("01:02:03;04", ntsc).unwrap().frames();
    for name in ["a.mov", "a.mp4", "a.mkv"] {
        let path = made(folder.path(), name, "-c:v libx264 -timecode 01:02:03;04");
        let clock = SourceClock::read(&path).unwrap();
        assert_eq!((clock.rate, clock.is_variable), (ntsc, false), "{name}");
        assert_eq!((clock.start_frames, clock.drop_frame), (start, true), "{name}");
        assert_eq!((clock.size, clock.sound_channels), ((96, 64), 1), "{name}");
    }
    let mpeg2 = "-c:v mpeg2video -c:a pcm_s16le -ar 48000 -timecode 10:00:00:00";
    for (name, rate) in [("a.mxf", (30_000, 1001)), ("b.mxf", (25, 1))] {
        let path = made(folder.path(), name, &format!("{mpeg2} -r {}/{}", rate.0, rate.1));
        let clock = SourceClock::read(&path).unwrap();
        let rate = FrameRate::new(rate.0, rate.1);
        assert_eq!(
            (clock.rate, clock.is_variable, clock.drop_frame),
            (rate, false, false),
            "{name}"
        );
        assert_eq!(clock.start_frames, 36_000 * rate.nominal(), "{name}");
    }
    let ts = SourceClock::read(&made(folder.path(), "a.ts", "-c:v libx264")).unwrap();
    assert_eq!((ts.rate, ts.is_variable, ts.start_frames), (ntsc, false, 0));
    let film = made(folder.path(), "film.mkv", "-c:v libx264 -r 24000/1001");
    assert_eq!(SourceClock::read(&film).unwrap().rate, FrameRate::new(24_000, 1001));
}

#[test]
fn an_edl_of_a_real_file_counts_from_its_own_timecode() {
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path(), "C0001.MP4", "-c:v libx264 -timecode 00:59:58;00");
    let to = folder.path().join("hits.edl");
    // A second and a half: 45 frames of 29.97 a second.
    let hits = [hit(path.to_str().unwrap(), 1.5, 3.0, "")];
    export_file(&to, &hits, false).unwrap();
    let edl = std::fs::read_to_string(&to).unwrap();
    let event = "001  C0001    V     C        00:59:59;15 01:00:01;00 01:00:00;00 01:00:01;15\n";
    assert!(edl.contains("FCM: DROP FRAME\n") && edl.contains(event), "{edl}");
}

#[test]
fn a_phones_file_is_of_variable_rate_and_refused_for_an_edl_alone() {
    let folder = tempfile::tempdir().unwrap();
    let drops = "-vf select='not(eq(mod(n,7),3)+eq(mod(n,11),5))' -vsync vfr -c:v libx264";
    let path = made(folder.path(), "phone.mp4", drops);
    let clock = SourceClock::read(&path).unwrap();
    assert!(clock.is_variable);
    let hits = [hit(path.to_str().unwrap(), 2.0, 4.0, "")];
    let error = export_file(&folder.path().join("hits.edl"), &hits, false).unwrap_err().to_string();
    // Of some 30 frames a second on average 23 are there: 30 keeps them all.
    assert!(error.contains("varies") && error.contains("fps=30000/1001 "), "{error}");
    for format in [ExportFormat::Otio, ExportFormat::Fcpxml] {
        let to = folder.path().join(format!("hits.{}", format.ending()));
        assert_eq!(export_file(&to, &hits, false).unwrap().files, std::slice::from_ref(&to));
    }
}

#[test]
fn a_file_that_is_cut_short_keeps_its_rate_and_one_on_the_grid_of_another_rate_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let ordered =
        "-c:v libx264 -bf 8 -b_strategy 0 -x264-params b-pyramid=normal -movflags +faststart";
    let path = made(folder.path(), "short.mp4", ordered);
    let size = std::fs::metadata(&path).unwrap().len();
    let ntsc = FrameRate::new(30_000, 1001);
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    for part in (60..70).rev() {
        file.set_len(size * part / 100).unwrap();
        let clock = SourceClock::read(&path).unwrap();
        assert_eq!((clock.rate, clock.is_variable), (ntsc, false), "{part} %");
    }
    // Eight frames a second, put among 25: three or four of those apart.
    let grid = made(
        folder.path(),
        "grid.mkv",
        "-vf fps=8,settb=1/25,setpts=round(PTS) -vsync vfr -enc_time_base 1/25 -c:v libx264",
    );
    let clock = SourceClock::read(&grid).unwrap();
    assert!(clock.is_variable, "{}", clock.rate);
    assert_eq!(clock.rate, FrameRate::new(8, 1));
}

#[test]
fn hits_become_files_named_after_source_and_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path(), "kitchen.mkv", "-c:v libx264 -c:a aac");
    let path = path.to_str().unwrap();
    let hits = [hit(path, 3.0, 5.0, ""), hit(path, 3.0, 5.0, ""), hit("/none.mp4", 1.0, 2.0, "")];
    let cuts: Vec<_> = cut_hits(&hits, folder.path(), CutWay::Copy, false, None).collect();
    let first = cuts[0].as_ref().unwrap();
    assert_eq!(first.path, folder.path().join("kitchen_3.00-5.00.mkv"));
    assert!(first.path.is_file());
    assert_eq!(cuts[1].as_ref().unwrap().path, folder.path().join("kitchen_3.00-5.00-2.mkv"));
    assert!(cuts[2].is_err());
    assert!(first.cut.span.start < Seconds(2.1));
    assert!(first.message().contains("key frame") && first.message().contains("--exact"));
    let exact =
        cut_hits(&hits[..1], folder.path(), CutWay::Exact, false, None).next().unwrap().unwrap();
    assert_eq!(exact.path, folder.path().join("kitchen_3.00-5.00.mp4"));
    assert!((exact.cut.span.start.0 - 3.0).abs() < 0.034, "{}", exact.cut.span);
    assert!(!exact.message().contains("--exact"));
}

#[test]
fn a_cut_takes_no_files_place_unless_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path(), "kitchen.mkv", "-c:v libx264");
    let hits = [hit(path.to_str().unwrap(), 3.0, 5.0, "")];
    let own = folder.path().join("kitchen_3.00-5.00.mkv");
    std::fs::write(&own, "mine").unwrap();
    let cut = |overwrite| {
        let cut = cut_hits(&hits, folder.path(), CutWay::Copy, overwrite, None).next().unwrap();
        cut.unwrap().path
    };
    assert_eq!(cut(false), folder.path().join("kitchen_3.00-5.00-2.mkv"));
    assert_eq!(std::fs::read(&own).unwrap(), b"mine");
    assert_eq!(cut(true), own);
    assert!(std::fs::metadata(&own).unwrap().len() > 1000);
    // A link is not written over: the cut takes another name.
    std::fs::remove_file(&own).unwrap();
    std::os::unix::fs::symlink("nowhere", &own).unwrap();
    assert_eq!(cut(true), folder.path().join("kitchen_3.00-5.00-2.mkv"));
    assert!(own.symlink_metadata().unwrap().is_symlink());
}

#[test]
fn a_cut_of_a_file_with_a_long_name_is_named_by_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let name = "k".repeat(240);
    let path = made(folder.path(), &format!("{name}.mkv"), "-c:v libx264");
    let hits = [hit(path.to_str().unwrap(), 3.0, 5.0, "")];
    let cut = cut_hits(&hits, folder.path(), CutWay::Copy, false, None).next().unwrap().unwrap();
    let cut = cut.path.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(
        cut.starts_with("kkkk") && cut.ends_with("_3.00-5.00.mkv") && cut.len() == 200,
        "{cut}"
    );
}

#[test]
fn a_list_of_edits_holds_the_files_that_are_there_and_names_an_odd_rate() {
    let folder = tempfile::tempdir().unwrap();
    let slow = made(folder.path(), "slow.mp4", "-c:v libx264 -r 8");
    let hits = [hit("/gone.mp4", 1.0, 2.0, ""), hit(slow.to_str().unwrap(), 1.0, 2.0, "")];
    for ending in ["edl", "otio", "fcpxml"] {
        let written =
            export_file(&folder.path().join(format!("h.{ending}")), &hits, false).unwrap();
        assert!(matches!(&written.left_out[..], [ExportError::Gone { .. }]), "{written:?}");
        let odd = (ending == "edl").then_some(FrameRate::new(8, 1));
        assert_eq!(written.odd_rate, odd);
        let text = std::fs::read_to_string(&written.files[0]).unwrap();
        assert!(text.contains("slow.mp4") && !text.contains("gone.mp4"), "{text}");
    }
}

#[test]
fn an_edl_leaves_out_what_has_no_rate_or_another_one_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let drops = "-vf select='not(eq(mod(n,7),3)+eq(mod(n,11),5))' -vsync vfr -c:v libx264";
    let phone = made(folder.path(), "phone.mp4", drops);
    let camera = made(folder.path(), "camera.mp4", "-c:v libx264");
    let other = made(folder.path(), "other.mp4", "-c:v libx264 -r 25");
    let at = |path: &Path, start: f64| hit(path.to_str().unwrap(), start, start + 1.0, "");
    let hits =
        [at(&phone, 1.0), at(&other, 1.0), at(&camera, 1.0), at(&camera, 3.0), at(&phone, 4.0)];
    let to = folder.path().join("hits.edl");
    let written = export_file(&to, &hits, false).unwrap();
    let edl = std::fs::read_to_string(&to).unwrap();
    assert_eq!(edl.matches("FROM CLIP NAME: camera.mp4").count(), 2, "{edl}");
    assert!(!edl.contains("phone.mp4") && !edl.contains("other.mp4"), "{edl}");
    let told: Vec<String> = written.left_out.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("phone.mp4") && told[0].contains("fps=30000/1001"), "{told:?}");
    assert!(told[1].contains("other.mp4 has 25"), "{told:?}");
    // The timeline of an editor has a rate that editors know, and the phone's moments lie where they are.
    let xml = folder.path().join("hits.fcpxml");
    export_file(&xml, &hits, false).unwrap();
    let xml = std::fs::read_to_string(&xml).unwrap();
    assert!(xml.contains("<format id=\"r1\" frameDuration=\"1001/30000s\""), "{xml}");
    // One second is the 30th frame: 30 * 1001/30000.
    assert!(xml.contains("start=\"30030/30000s\""), "{xml}");
}
