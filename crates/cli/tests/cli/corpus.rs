//! `locvtp corpus check`: the table, its machine's form, the list, and the exit codes.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::tiny::{run, says, str, succeeded, tiny};

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
    says(&String::from_utf8_lossy(&refused.stderr), &["4 captions", "--max-bad 3", "--list"]);
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
