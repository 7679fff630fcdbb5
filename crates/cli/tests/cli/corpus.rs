//! `locvtp corpus check`: the table, its machine's form, the list, and the exit codes.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::tiny::{refused, run, says, str, succeeded, tiny};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/tests/fixtures").join(name)
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeded(&run(arguments))).unwrap()
}

#[test]
fn the_table_counts_every_source_and_says_what_was_dropped_and_why() {
    let (activitynet, howto) = (fixture("activitynet"), fixture("howto100m"));
    let arguments = ["corpus", "check", str(&activitynet), str(&howto)];
    let text = succeeded(&run(&arguments));
    let rows: Vec<Vec<&str>> =
        text.lines().take(6).map(|line| line.split_whitespace().collect()).collect();
    let head = ["corpus", "file", "videos", "spans", "hours", "words", "repaired", "dropped"];
    assert_eq!(rows[0], head);
    assert_eq!(rows[1][..4], ["activitynet", "train.json", "2", "4"]);
    assert_eq!(rows[4][..4], ["howto100m", "caption.json", "3", "6"]);
    assert_eq!(rows[5][..3], ["total", "7", "14"]);
    says(&text, &["end clipped to the video: 1", "end not after start: 1, for example"]);
    says(&text, &["text is no string: 1, for example -x2fOLLPCn0 [0]"]);

    let found = json(&[&arguments[..], &["--json"]].concat());
    assert_eq!(found["total"]["captions"], 14);
    assert_eq!(found["sources"][0]["layout"], "activitynet");
    assert_eq!(found["sources"][0]["report"]["repaired"]["end_clipped"], 1);
    assert_eq!(found["bad"], 5);
}

#[test]
fn more_bad_things_than_allowed_end_with_code_2_after_the_table() {
    let howto = fixture("howto100m");
    let allowed = |most: &str| run(&["corpus", "check", str(&howto), "--max-bad", most]);
    succeeded(&allowed("4"));
    let refused = allowed("3");
    assert_eq!(refused.status.code(), Some(2));
    says(&String::from_utf8_lossy(&refused.stdout), &["howto100m  caption.json"]);
    says(&String::from_utf8_lossy(&refused.stderr), &["are bad: 4,", "--max-bad 3", "--list"]);
}

#[test]
fn nothing_found_is_code_1_and_nothing_recognised_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("caption.json");
    std::fs::write(&empty, "{}").unwrap();
    assert_eq!(run(&["corpus", "check", str(folder.path())]).status.code(), Some(1));
    std::fs::remove_file(&empty).unwrap();
    let unknown = run(&["corpus", "check", str(folder.path())]);
    assert_eq!(unknown.status.code(), Some(2));
    says(&String::from_utf8_lossy(&unknown.stderr), &["caption.json", "path,start,end,text"]);
}

#[test]
fn the_list_is_a_manifest_of_what_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let (list, corpus) = (folder.path().join("used.jsonl"), tiny().copy_of_corpus());
    let mut videos: Vec<_> = std::fs::read_dir(corpus.path().join("videos"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    videos.sort();
    std::fs::write(&videos[3], b"cut short").unwrap();
    std::fs::remove_file(&videos[5]).unwrap();
    for decode in ["probe", "first-clip", "all"] {
        let arguments = ["corpus", "check", str(corpus.path()), "--decode", decode];
        let found = json(&[&arguments[..], &["--list", str(&list), "--json"]].concat());
        let media = &found["sources"][0]["media"];
        assert_eq!((&media["usable"], &media["unusable"]), (&10.into(), &1.into()), "{found}");
        assert_eq!(found["bad"], 2, "one cannot be read, one is not there: {found}");
        assert_eq!(media["duration_s"], 90.0);
        let text = succeeded(&run(&arguments));
        says(&text, &["10 can be used", "1 cannot", "not readable as a video"]);
    }
    let used = json(&["corpus", "check", str(&list), "--decode", "probe", "--json"]);
    assert_eq!(used["sources"][0]["layout"], "manifest");
    assert_eq!(used["sources"][0]["media"]["usable"], 10);
    assert_eq!(used["bad"], 0);
}

#[test]
fn a_run_trains_the_same_from_captions_a_manifest_and_subtitles() {
    let tiny = tiny();
    let (train, folder) = (tiny.path("corpus/train"), tempfile::tempdir().unwrap());
    // The ids order the videos, so they must be those of the caption file.
    let manifest = folder.path().join("spans.csv");
    let mut rows = String::from("video,path,start,end,text\n");
    let captions = std::fs::read_to_string(train.join("caption.json")).unwrap();
    let captions: Value = serde_json::from_str(&captions).unwrap();
    for (id, lists) in captions.as_object().unwrap() {
        let video = format!("{id}.mp4");
        let source = train.join("videos").join(&video);
        std::fs::copy(&source, folder.path().join(&video)).unwrap();
        let mut srt = String::new();
        for place in 0..lists["text"].as_array().unwrap().len() {
            let (start, end) = (&lists["start"][place], &lists["end"][place]);
            let text = lists["text"][place].as_str().unwrap();
            rows += &format!("{id},{},{start},{end},\"{text}\"\n", source.display());
            srt += &format!("{place}\n{start} --> {end}\n{text}\n\n");
        }
        std::fs::write(folder.path().join(format!("{id}.srt")), srt).unwrap();
    }
    std::fs::write(&manifest, rows).unwrap();
    let subtitles = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path != manifest {
            std::fs::copy(&path, subtitles.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let losses = |dir: &Path| {
        let run = tempfile::tempdir().unwrap();
        let run = run.path().join("run");
        let set = format!("corpus.dir={}", dir.display());
        let few = ["--set", &set, "--set", "train.steps=6", "--set", "train.log_every=1"];
        succeeded(&tiny.pretrain(&run, &few));
        let log = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
        let loss = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            (line["step"].clone(), line["total"].clone())
        };
        log.lines().map(loss).collect::<Vec<_>>()
    };
    let expected = losses(&train);
    assert!(expected.len() == 6 && expected[0].1.is_number(), "{expected:?}");
    assert_eq!(losses(&manifest), expected);
    assert_eq!(losses(subtitles.path()), expected);
}

/// A manifest of the tiny corpus' first three videos, with one caption of this span each.
fn manifest(folder: &Path, start: f64, end: f64) -> PathBuf {
    let mut videos: Vec<_> = std::fs::read_dir(tiny().path("corpus/train/videos"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    videos.sort();
    let row = |video: &PathBuf| format!("{},{start},{end},a red square, then\n", video.display());
    let rows: String = videos.iter().take(3).map(row).collect();
    let path = folder.join(format!("{start}-{end}.csv"));
    std::fs::write(&path, format!("path,start,end,text\n{rows}")).unwrap();
    path
}

#[test]
fn a_check_with_files_sees_captions_past_the_end_as_training_does() {
    let (tiny, folder) = (tiny(), tempfile::tempdir().unwrap());
    let list = folder.path().join("used.jsonl");
    let steps =
        ["--set", "pairs.long_batch=2", "--set", "pairs.short_batch=2", "--set", "train.steps=4"];
    let pretrain = |corpus: &Path| {
        let (run, set) = (corpus.with_extension("run"), format!("corpus.dir={}", corpus.display()));
        tiny.pretrain(&run, &[&steps[..], &["--set", &set]].concat())
    };

    // The videos last 9 s: most of such a span lies behind them.
    let long = manifest(folder.path(), 0.0, 1000.0);
    let text = succeeded(&run(&["corpus", "check", str(&long)]));
    says(&text, &["the length of 3 videos, which is not known", "--decode probe"]);
    says(&text, &["separator in the text kept: 3"]);
    let check = ["corpus", "check", str(&long), "--decode", "probe", "--list", str(&list)];
    says(&succeeded(&run(&check)), &["end clipped to the video: 3", "3 can be used, 27 s"]);
    let spans = std::fs::read_to_string(&list).unwrap();
    let first: Value = serde_json::from_str(spans.lines().next().unwrap()).unwrap();
    assert_eq!((&first["end"], &first["text"]), (&9.0.into(), &"a red square, then".into()));
    let trained = pretrain(&long);
    succeeded(&trained);
    says(&String::from_utf8_lossy(&trained.stderr), &["not lie in their files: 3 end later"]);

    let late = manifest(folder.path(), 100.0, 101.0);
    let check = run(&["corpus", "check", str(&late), "--decode", "probe"]);
    assert_eq!(check.status.code(), Some(1), "nothing can be used");
    let text = String::from_utf8_lossy(&check.stdout);
    says(&text, &["0 can be used", "3 cannot", "before the start of 1 of 1 caption"]);
    let message = refused(&pretrain(&late));
    says(&message, &["none of its 3 videos", "before the start of 1 of 1 caption"]);
}

#[test]
fn one_caption_of_many_after_the_end_is_dropped_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let video = tiny().path("corpus/train/videos");
    let video = std::fs::read_dir(video).unwrap().next().unwrap().unwrap().path();
    let row = |start: u32| format!("{},{start},{},word\n", video.display(), start + 1);
    let rows: String = [0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 0].into_iter().map(row).collect();
    let path = folder.path().join("spans.csv");
    std::fs::write(&path, format!("path,start,end,text\n{rows}")).unwrap();
    let found = json(&["corpus", "check", str(&path), "--decode", "probe", "--json"]);
    let report = &found["sources"][0]["report"];
    assert_eq!((&report["captions"], &found["bad"]), (&10.into(), &1.into()), "{found}");
    assert_eq!(report["dropped"]["after_the_video"], 1);
    let text = succeeded(&run(&["corpus", "check", str(&path), "--decode", "probe"]));
    says(&text, &["starts after the end of its video: 1, for example", "[9]"]);
}

#[test]
fn a_folder_of_videos_without_any_text_says_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let videos = tiny().path("corpus/train/videos");
    let video = std::fs::read_dir(videos).unwrap().next().unwrap().unwrap().path();
    std::fs::copy(&video, folder.path().join("clip1.MTS")).unwrap();
    for name in ["broken.vob", "song.mp3", "old.zip"] {
        std::fs::write(folder.path().join(name), "no video").unwrap();
    }
    let check = |more: &[&str]| {
        let output = run(&[&["corpus", "check", str(folder.path())], more].concat());
        assert_eq!(output.status.code(), Some(1), "no captions are found");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = check(&[]);
    says(&text, &["without captions: 2 videos: broken.vob, clip1.MTS", "clip1", ".srt"]);
    says(&text, &["other files: 1 .mp3, 1 .zip"]);
    let text = check(&["--decode", "first-clip"]);
    says(&text, &["clip1.MTS: h264 in ", "32 x 32 pixels, 9.00 s", "unusable  ", "broken.vob"]);
    let found: Value = serde_json::from_str(&check(&["--decode", "probe", "--json"])).unwrap();
    let left = &found["sources"][0]["folder"];
    assert_eq!((&left["passed_over"]["mp3"], &found["bad"]), (&1.into(), &1.into()), "{found}");
    assert_eq!(left["bare_videos"][1]["duration_s"], 9.0);
}

#[test]
fn a_list_that_is_cut_says_how_many_more_there_are_and_how_to_see_them() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..8 {
        let file = |ending: &str| folder.path().join(format!("talk{number}.{ending}"));
        std::fs::write(file("mp4"), "no video").unwrap();
        std::fs::write(file("srt"), "1\n00:00:01,000 --> 00:00:03,000\nhello\n").unwrap();
        std::fs::write(folder.path().join(format!("bare{number}.mp4")), "no video").unwrap();
    }
    let list = folder.path().join("all.jsonl");
    let check = |more: &[&str]| {
        let arguments =
            [&["corpus", "check", str(folder.path()), "--decode", "probe"], more].concat();
        String::from_utf8(run(&arguments).stdout).unwrap()
    };
    let text = check(&[]);
    says(&text, &["bare4.mp4 and 3 more; --list FILE names them all"]);
    says(&text, &["  unusable  3 more; --list FILE names them all"]);
    says(&text, &["  video     3 more; 0.0 hours in all, 8 cannot be read"]);
    assert!(!text.contains("talk7"), "{text}");
    let text = check(&["--list", str(&list)]);
    says(&text, &[&format!("3 more; {} names them all", list.display())]);
    let listed = std::fs::read_to_string(&list).unwrap();
    says(&listed, &["talk7", "bare7"]);
}

#[test]
fn a_data_sets_file_without_captions_is_told_from_those_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("activity_net_v13.json");
    let text = r#"{"version": "VERSION 1.3", "taxonomy": [], "database": {"A": {"duration": 50.0,
        "subset": "training", "annotations": [{"segment": [0.01, 20.0], "label": "Painting"}]}}}"#;
    std::fs::write(&path, text).unwrap();
    for given in [path.as_path(), folder.path()] {
        let output = run(&["corpus", "check", str(given)]);
        assert_eq!(output.status.code(), Some(2));
        let message = String::from_utf8_lossy(&output.stderr);
        says(&message, &["activity_net_v13.json", "labels of actions", "val_1.json"]);
    }
}
