//! What was written is read back by the `csv` module, FFmpeg, OpenTimelineIO and an XML parser.

use std::path::{Path, PathBuf};
use std::process::Command;

use locvtp_search::export::{ExportFormat, Hit, SourceClocks};
use locvtp_video::TimeSpan;
use serde_json::{Value, json};

use crate::not_run::not_run;
use crate::{KITCHEN, OTHER, at_25, at_29_97, clock, hit};

/// What `reference/read_hits.py` reads; none, said, where its packages are not there.
fn read(arguments: &[&str]) -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let own = root.join("target/test-python/bin/python");
    let given = std::env::var_os("LOCVTP_TEST_PYTHON").map(PathBuf::from);
    let python = given.unwrap_or(if own.exists() { own } else { "python3".into() });
    let packages =
        if arguments[0] == "csv" { "csv" } else { "opentimelineio, otio_cmx3600_adapter" };
    let asked = Command::new(&python).args(["-c", &format!("import {packages}")]).output();
    if !asked.is_ok_and(|asked| asked.status.success()) {
        not_run(format_args!("Python without {packages}: run scripts/setup"));
        return None;
    }
    let done =
        Command::new(&python).arg(root.join("reference/read_hits.py")).args(arguments).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    Some(serde_json::from_slice(&done.stdout).unwrap())
}

fn written(
    folder: &Path,
    format: ExportFormat,
    (hits, clocks): &(Vec<Hit>, SourceClocks),
) -> String {
    let path = folder.join(format!("hits.{}", format.ending()));
    std::fs::write(&path, format.write("hits", hits, clocks).unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn numbers(clips: &Value, key: &str) -> Vec<f64> {
    clips.as_array().unwrap().iter().map(|clip| clip[key].as_f64().unwrap()).collect()
}

fn texts<'a>(clips: &'a Value, key: &str) -> Vec<&'a str> {
    clips.as_array().unwrap().iter().map(|clip| clip[key].as_str().unwrap()).collect()
}

/// The path of a URL, by somebody else's rules: `%XX` alone stands for something.
fn path_of(url: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = url.strip_prefix("file://").unwrap().bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn pythons_csv_module_reads_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let all = at_25();
    let Some(rows) = read(&["csv", &written(folder.path(), ExportFormat::Csv, &all)]) else {
        return;
    };
    assert_eq!(texts(&rows, "file"), [KITCHEN, OTHER, KITCHEN]);
    assert_eq!(texts(&rows, "start_s"), ["1.160", "62.013", "599.500"]);
    assert_eq!(texts(&rows, "end_s"), ["3.504", "64.000", "700.000"]);
    assert_eq!(texts(&rows, "label"), ["", "line one\nline --> {two}", "past, the end"]);
    assert_eq!(texts(&rows, "query")[0], "a <b>red</b> square & \"more\"");
}

#[test]
fn opentimelineio_reads_an_edl_with_frames_reels_and_start_timecode() {
    let folder = tempfile::tempdir().unwrap();
    let all = at_25();
    let edl = written(folder.path(), ExportFormat::Edl, &all);
    let Some(clips) = read(&["edl", &edl, "25"]) else { return };
    // 3.504 s is frame 87.6, so the first has 88 - 29 frames; the last ends with the file.
    assert_eq!(numbers(&clips, "start"), [900_029.0, 1550.0, 914_988.0]);
    assert_eq!(numbers(&clips, "duration"), [59.0, 50.0, 12.0]);
    assert_eq!(numbers(&clips, "at"), [0.0, 59.0, 109.0]);
    assert_eq!(texts(&clips, "timecode"), ["10:00:01:04", "00:01:02:00", "10:09:59:13"]);
    assert_eq!(texts(&clips, "reel"), ["KCHE100", "KCHE1002", "KCHE100"]);
    assert_eq!(texts(&clips, "name"), ["küche 100%.mov"; 3]);
}

#[test]
fn opentimelineio_reads_drop_frame_at_the_exact_rate() {
    let folder = tempfile::tempdir().unwrap();
    let all = at_29_97();
    let edl = written(folder.path(), ExportFormat::Edl, &all);
    let Some(clips) = read(&["edl", &edl, "30000/1001"]) else { return };
    // 59.93 s is frame 1796.1, 62 s frame 1858.1; 5 s is 149.9, 7.5 s 224.8.
    assert_eq!(numbers(&clips, "start"), [107_892.0 + 1796.0, 107_892.0 + 150.0]);
    assert_eq!(numbers(&clips, "duration"), [62.0, 75.0]);
    assert_eq!(numbers(&clips, "at"), [0.0, 62.0]);
}

#[test]
fn edls_of_other_rates_keep_their_frames() {
    let folder = tempfile::tempdir().unwrap();
    let rates =
        [(24_000, 1001), (24, 1), (30_000, 1001), (30, 1), (50, 1), (60_000, 1001), (60, 1)];
    for rate in rates {
        let clocks: SourceClocks = [(KITCHEN.into(), clock(rate, 5, false))].into();
        let frame_s = f64::from(rate.1) / f64::from(rate.0);
        let hits = (0..40).map(|n| {
            let start = f64::from(n * 37 + 1) * frame_s;
            hit(KITCHEN, start, start + f64::from(n + 1) * frame_s, "")
        });
        let all = (hits.collect(), clocks);
        let edl = written(folder.path(), ExportFormat::Edl, &all);
        let rate = format!("{}/{}", rate.0, rate.1);
        let Some(clips) = read(&["edl", &edl, &rate]) else { return };
        let starts: Vec<f64> = (0..40).map(|n| f64::from(n * 37 + 6)).collect();
        let lengths: Vec<f64> = (1..=40).map(f64::from).collect();
        assert_eq!(numbers(&clips, "start"), starts, "{rate}");
        assert_eq!(numbers(&clips, "duration"), lengths, "{rate}");
    }
}

#[test]
fn opentimelineio_reads_its_own_format_with_media_and_what_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = at_25();
    all.0.push(hit("/videos/phone.mp4", 1.5, 2.25, ""));
    let phone =
        locvtp_search::export::SourceClock { is_variable: true, ..clock((30, 1), 0, false) };
    all.1.insert("/videos/phone.mp4".into(), phone);
    let Some(clips) = read(&["otio", &written(folder.path(), ExportFormat::Otio, &all)]) else {
        return;
    };
    assert_eq!(numbers(&clips, "start"), [900_029.0, 1550.0, 914_988.0, 1500.0]);
    assert_eq!(numbers(&clips, "duration"), [59.0, 50.0, 12.0, 750.0]);
    assert_eq!(numbers(&clips, "rate"), [25.0, 25.0, 25.0, 1000.0]);
    assert_eq!(clips[0]["whole"], json!([900_000.0, 15_000.0]));
    let paths: Vec<String> = texts(&clips, "url").into_iter().map(path_of).collect();
    assert_eq!(paths, [KITCHEN, OTHER, KITCHEN, "/videos/phone.mp4"]);
    assert_eq!(clips[0]["metadata"]["query"], "a <b>red</b> square & \"more\"");
    assert_eq!(clips[1]["name"], "line one\nline --> {two}");
    let all = at_29_97();
    let Some(clips) = read(&["otio", &written(folder.path(), ExportFormat::Otio, &all)]) else {
        return;
    };
    assert_eq!(numbers(&clips, "rate"), [30_000.0 / 1001.0; 2]);
    assert_eq!(numbers(&clips, "start"), [107_892.0 + 1796.0, 107_892.0 + 150.0]);
}

#[test]
fn opentimelineio_reads_fcpxml_of_a_whole_rate() {
    let folder = tempfile::tempdir().unwrap();
    let all = at_25();
    let xml = written(folder.path(), ExportFormat::Fcpxml, &all);
    let Some(clips) = read(&["fcpxml", &xml]) else { return };
    assert_eq!(numbers(&clips, "duration"), [59.0, 50.0, 12.0]);
    // The adapter cuts off what it made of 914988/25s as a decimal.
    let starts = numbers(&clips, "start");
    for (found, written) in starts.iter().zip([900_029.0, 1550.0, 914_988.0]) {
        assert!(written - found == 0.0 || written - found == 1.0, "{found} of {written}");
    }
    assert_eq!(numbers(&clips, "at"), [0.0, 59.0, 109.0]);
    assert_eq!(path_of(texts(&clips, "url")[0]), KITCHEN);
}

/// `1001/30000s` as numerator and denominator.
fn fraction(time: &str) -> (i64, i64) {
    let time = time.strip_suffix('s').unwrap_or_else(|| panic!("{time} has no s"));
    let (number, per) = time.split_once('/').unwrap_or((time, "1"));
    (number.parse().unwrap(), per.parse().unwrap())
}

#[test]
fn every_time_of_an_fcpxml_is_a_whole_number_of_frames_and_every_reference_leads_somewhere() {
    for (all, (frame, per)) in [(at_25(), (1, 25)), (at_29_97(), (1001, 30_000))] {
        let text = ExportFormat::Fcpxml.write("hits", &all.0, &all.1).unwrap();
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let document = roxmltree::Document::parse_with_options(&text, options).unwrap();
        let nodes = || document.descendants().filter(|node| node.is_element());
        let ids: Vec<&str> = nodes().filter_map(|node| node.attribute("id")).collect();
        let mut at = 0;
        for node in nodes() {
            for key in ["start", "duration", "offset", "tcStart", "frameDuration"] {
                if let Some(time) = node.attribute(key) {
                    let (number, of) = fraction(time);
                    assert!(number == 0 || (number % frame == 0 && of == per), "{key} {time}");
                }
            }
            for key in ["ref", "format"] {
                assert!(node.attribute(key).is_none_or(|id| ids.contains(&id)), "{node:?}");
            }
            if node.has_tag_name("asset-clip") {
                assert_eq!(node.parent().unwrap().tag_name().name(), "spine");
                assert_eq!(fraction(node.attribute("offset").unwrap()).0 / frame, at);
                at += fraction(node.attribute("duration").unwrap()).0 / frame;
                let note = node.first_element_child().unwrap();
                assert!(note.text().unwrap().starts_with("a <b>red</b> square & \"more\" (found"));
            }
        }
        let sequence = nodes().find(|node| node.has_tag_name("sequence")).unwrap();
        assert_eq!(fraction(sequence.attribute("duration").unwrap()).0 / frame, at);
        let media = nodes().find(|node| node.has_tag_name("asset")).unwrap();
        assert_eq!(path_of(media.attribute("src").unwrap()), KITCHEN);
    }
}

#[test]
fn ffmpeg_reads_subtitles_with_times_and_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut hits = at_25().0;
    hits[0].span = TimeSpan::new(3723.5, 3725.0);
    for format in [ExportFormat::Srt, ExportFormat::Vtt] {
        let path = written(folder.path(), format, &(hits.clone(), SourceClocks::new()));
        let mut command = Command::new("ffprobe");
        command.args("-v error -of json -show_entries packet=pts_time,duration_time".split(' '));
        let done = command.args(["-show_data", &path]).output().unwrap();
        let found: Value = serde_json::from_slice(&done.stdout).unwrap();
        let packets = found["packets"].as_array().unwrap();
        let times: Vec<f64> = packets
            .iter()
            .map(|packet| packet["pts_time"].as_str().unwrap().parse().unwrap())
            .collect();
        assert_eq!(times, [62.013, 599.5, 3723.5], "{format:?}");
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-i", &path, "-f", "ass", "-"]);
        let ass = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let lines: Vec<String> = ass
            .lines()
            .filter(|line| line.starts_with("Dialogue"))
            // Shown text: without the joiner that shows nothing, and ASS's own escapes.
            .map(|line| line.splitn(10, ',').last().unwrap().replace(['\u{2060}', '\\'], ""))
            .collect();
        assert_eq!(lines.len(), 3, "{ass}");
        assert_eq!(lines[0], "line one line --> {two}", "{format:?}");
        assert_eq!(lines[1], "past, the end");
        assert_eq!(lines[2], "a <b>red</b> square & \"more\"", "{format:?}");
    }
}
