//! Grounding from a task file to its numbers: trained heads, zero-shot, kills, and bad input.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::tiny::{Tiny, locvtp, refused, run, says, stderr, stdout, str, succeeded, tiny};
use crate::waiting::{kill, num_lines, until_lines};

/// Epochs of the tests: long enough to be killed in.
const EPOCHS: &str = "training.epochs=40";

/// `locvtp transfer` of a task file of the repository, with the tiny corpus and model in place of the
/// demo's.
fn transfer(tiny: &Tiny, task: &str, run: &Path, more: &[&str]) -> Command {
    let mut command = locvtp();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/tasks");
    command.arg("transfer").arg(repository.join(task)).arg("--run").arg(run);
    let corpus = tiny.path("corpus");
    let annotations = |part: &str| corpus.join(format!("annotations/activitynet/{part}.json"));
    for (key, value) in [
        ("features.file", tiny.path("grounding-features.h5")),
        ("features.model", tiny.path("run")),
        ("words.model", tiny.path("run")),
        ("queries.test", annotations("test_seen")),
    ] {
        command.arg("--set").arg(format!("{key}='{}'", value.display()));
    }
    let [train, seen] = ["train", "seen"].map(|split| corpus.join(split).join("videos"));
    let videos = format!("features.videos=['{}','{}']", train.display(), seen.display());
    command.arg("--set").arg(videos);
    if !task.contains("zero_shot") {
        for part in ["train", "validation"] {
            let file = annotations(if part == "train" { "train" } else { "val" });
            command.arg("--set").arg(format!("queries.{part}='{}'", file.display()));
        }
    }
    command.args(more);
    command
}

fn result(run: &Path) -> Value {
    let text = std::fs::read_to_string(run.join("result.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A finished 2D-TAN on the tiny corpus.
fn trained() -> &'static PathBuf {
    static TRAINED: OnceLock<PathBuf> = OnceLock::new();
    TRAINED.get_or_init(|| {
        let run = tiny().path("grounding-tan");
        let set = ["--set", EPOCHS];
        let output = transfer(tiny(), "grounding_tan_tiny.toml", &run, &set).output().unwrap();
        let table = succeeded(&output);
        says(&table, &["mIoU", "R@1,IoU@0.5", "test: queries", "random interval: mIoU"]);
        run
    })
}

fn head(run: &Path) -> Vec<u8> {
    std::fs::read(run.join("seed-0/state/head.safetensors")).unwrap()
}

#[test]
fn a_head_is_trained_chosen_by_validation_and_measured() {
    let result = result(trained());
    assert_eq!(result["task"], "grounding");
    let seed = &result["seeds"][0];
    let log = std::fs::read_to_string(trained().join("seed-0/log.jsonl")).unwrap();
    let epochs: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(epochs.len(), 40);
    let score = |epoch: &Value| epoch["validation"]["mIoU"].as_f64().unwrap();
    let best = epochs.iter().map(score).fold(0.0, f64::max);
    let kept = seed["epoch"].as_u64().unwrap() as usize;
    assert_eq!(score(&epochs[kept - 1]), best, "the epoch that is kept is the best by validation");
    assert_eq!(seed["validation"]["mIoU"].as_f64().unwrap(), best);
    let loss = |epoch: &Value| epoch["loss"].as_f64().unwrap();
    assert!(loss(&epochs[39]) < 0.8 * loss(&epochs[0]), "{log}");
    let test = seed["test"]["mIoU"].as_f64().unwrap();
    assert!(test > 0.0 && test <= 100.0, "{result}");
    assert_eq!(result["settings"]["tan"]["hidden"], 64, "the settings are those of the preset");
}

#[test]
fn a_task_that_is_killed_goes_on_to_the_same_bytes() {
    let run = tempfile::tempdir().unwrap().keep();
    let set = ["--set", EPOCHS];
    let log = run.join("seed-0/log.jsonl");
    trained();
    for more in [&set[..], &["--set", EPOCHS, "--resume"]] {
        let before = num_lines(&log);
        let mut command = transfer(tiny(), "grounding_tan_tiny.toml", &run, more);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        until_lines(&mut child, &log, before + 3);
        kill(child);
        assert!(!run.join("result.json").exists());
    }
    let again = transfer(tiny(), "grounding_tan_tiny.toml", &run, &set).output().unwrap();
    says(&refused(&again), &["--resume"]);
    let more = ["--set", EPOCHS, "--resume"];
    succeeded(&transfer(tiny(), "grounding_tan_tiny.toml", &run, &more).output().unwrap());
    assert_eq!(head(&run), head(trained()));
    assert_eq!(result(&run)["seeds"], result(trained())["seeds"]);
    let text = std::fs::read_to_string(&log).unwrap();
    assert_eq!(text.lines().count(), 40, "every epoch stands in the log once");
    std::fs::remove_dir_all(run).unwrap();
}

#[test]
fn zero_shot_asks_by_the_sentence_and_by_its_words() {
    trained();
    let run = tempfile::tempdir().unwrap();
    let mut command = transfer(tiny(), "grounding_zero_shot_tiny.toml", run.path(), &["--json"]);
    let output = command.output().unwrap();
    let printed: Value = serde_json::from_str(&succeeded(&output)).unwrap();
    assert_eq!(printed, result(run.path()));
    for name in ["sentence: mIoU", "words: R@5,IoU@0.3"] {
        let value = printed["seeds"][0]["test"][name].as_f64().unwrap();
        assert!((0.0..=100.0).contains(&value), "{name}: {value}");
    }
    assert!(printed["counts"]["test: queries"].as_u64().unwrap() > 0);
}

#[test]
fn csmgan_answers_the_same_queries() {
    trained();
    let run = tempfile::tempdir().unwrap();
    let set = ["--set", "training.epochs=2"];
    let mut command = transfer(tiny(), "grounding_csmgan_tiny.toml", run.path(), &set);
    says(&succeeded(&command.output().unwrap()), &["mIoU", "R@5,IoU@0.3"]);
    let counts = |run: &Path| result(run)["counts"].clone();
    assert_eq!(counts(run.path()), counts(trained()));
}

#[test]
fn what_is_wrong_with_the_input_is_told_with_the_way_out() {
    trained();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let unknown = file(
        "unknown.json",
        r#"{"v_none": {"duration": 9.0, "timestamps": [[1, 2]], "sentences": ["it moves"]}}"#,
    );
    let glove = file("glove.txt", "zyzzyva 0.5 0.25\n");
    let glove_of_one = file("one.txt", "red 0.5 0.25\n");
    let tan = "grounding_tan_tiny.toml";
    for (number, (task, set, pieces)) in [
        (
            tan,
            vec![format!("queries.test='{unknown}'")],
            vec!["test", "no features: 1", "features.file"],
        ),
        (tan, vec!["tan.kernel=4".into()], vec!["tan.kernel", "odd"]),
        (tan, vec!["tan.kernal=3".into()], vec!["did you mean `tan.kernel`"]),
        (tan, vec!["grounding.head='tam'".into()], vec!["tam", "csmgan"]),
        (tan, vec![format!("words.glove='{glove}'")], vec!["words.model or words.glove", "both"]),
        (tan, vec!["queries.test_share=0.2".into()], vec!["queries.test_share", "given or drawn"]),
        (tan, vec!["queries.test='nowhere.json'".into()], vec!["nowhere.json"]),
        (
            "grounding_zero_shot_tiny.toml",
            vec!["words.space='backbone'".into()],
            vec!["joint space"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set.as_str()]).collect();
        let run = folder.path().join(number.to_string());
        says(&refused(&transfer(tiny(), task, &run, &set).output().unwrap()), &pieces);
    }
    // A task file with word vectors instead of a model's words.
    let with_vectors = |vectors: &str, run: &str| {
        let config = std::fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/tasks").join(tan),
        );
        let config = config.unwrap().replace("[words]\nmodel = \"demo-run\"", "[words]");
        let task = file("vectors.toml", &config);
        let annotations = tiny().path("corpus/annotations/activitynet");
        let set = |key: &str, value: &str| format!("{key}='{value}'");
        let part = |name: &str| annotations.join(name).display().to_string();
        let mut command = locvtp();
        command.args(["transfer", &task, "--run"]).arg(folder.path().join(run));
        for set in [
            set("words.glove", vectors),
            set("features.file", str(&tiny().path("grounding-features.h5"))),
            set("features.model", str(&tiny().path("run"))),
            set("queries.train", &part("train.json")),
            set("queries.validation", &part("val.json")),
            set("queries.test", &part("test_seen.json")),
            "training.epochs=1".to_owned(),
        ] {
            command.args(["--set", &set]);
        }
        command.output().unwrap()
    };
    says(&refused(&with_vectors(&glove, "none")), &["glove.txt", "none of the"]);
    // "red" is one of three colours: the sentences of the others have no known word, and are left out.
    let output = with_vectors(&glove_of_one, "some");
    says(&succeeded(&output), &["left out, no known word"]);
    let left = result(&folder.path().join("some"))["counts"]["train: queries"].as_u64().unwrap();
    let all = result(trained())["counts"]["train: queries"].as_u64().unwrap();
    assert!(0 < left && left < all, "{left} of {all}: {}{}", stdout(&output), stderr(&output));
}

/// The tiny corpus's queries in QVHighlights' form, each with a second window elsewhere.
fn with_second_windows(part: &str, to: &Path) {
    let path = tiny().path(&format!("corpus/annotations/activitynet/{part}.json"));
    let videos: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (mut lines, mut qid) = (String::new(), 0);
    for (video, entry) in videos.as_object().unwrap() {
        let duration = entry["duration"].as_f64().unwrap();
        let pairs = entry["timestamps"].as_array().unwrap().iter();
        for (span, sentence) in pairs.zip(entry["sentences"].as_array().unwrap()) {
            let middle = (span[0].as_f64().unwrap() + span[1].as_f64().unwrap()) / 2.0;
            let other =
                if middle < duration / 2.0 { [duration - 1.0, duration] } else { [0.0, 1.0] };
            let line = serde_json::json!({
                "qid": format!("q{qid}"), "query": sentence, "vid": video, "duration": duration,
                "relevant_windows": [span, other],
            });
            lines.push_str(&format!("{line}\n"));
            qid += 1;
        }
    }
    std::fs::write(to, lines).unwrap();
}

#[test]
fn heads_learn_from_several_windows_and_score_measures_their_answers_alike() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = vec!["--set".to_owned(), "training.epochs=2".to_owned()];
    for (key, part) in [("train", "train"), ("validation", "val"), ("test", "test_seen")] {
        let path = folder.path().join(format!("{part}.jsonl"));
        with_second_windows(part, &path);
        set.extend(["--set".to_owned(), format!("queries.{key}='{}'", path.display())]);
    }
    for more in ["metrics.mean_ap=true", "metrics.boundary='inclusive'"] {
        set.extend(["--set".to_owned(), more.to_owned()]);
    }
    let truth = folder.path().join("test_seen.jsonl");
    let mut losses = Vec::new();
    for (task, rule) in [
        ("grounding_tan_tiny.toml", "all"),
        ("grounding_tan_tiny.toml", "best"),
        ("grounding_csmgan_tiny.toml", "best"),
    ] {
        let run = folder.path().join(format!("{task}-{rule}"));
        let mut set = set.clone();
        set.extend(["--set".to_owned(), format!("queries.positive_windows='{rule}'")]);
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        succeeded(&transfer(tiny(), task, &run, &set).output().unwrap());
        let result = result(&run);
        let queries = result["counts"]["test: queries"].as_u64().unwrap();
        assert_eq!(result["counts"]["test: of several windows"], queries);
        let log = std::fs::read_to_string(run.join("seed-0/log.jsonl")).unwrap();
        let first: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
        losses.push(first["loss"].as_f64());
        let predictions = run.join("seed-0/predictions.jsonl");
        let output = locvtp()
            .args(["score", "grounding", "--json", "--top", "1,5", "--iou", "0.3,0.5,0.7"])
            .args(["--predictions", str(&predictions), "--truth", str(&truth), "--only"])
            .arg(run.join("test_videos.txt"))
            .output()
            .unwrap();
        let scored: Value = serde_json::from_str(&succeeded(&output)).unwrap();
        let test = result["seeds"][0]["test"].as_object().unwrap();
        let prefix = if task.contains("csmgan") { "in seconds: " } else { "" };
        let mut compared = 0;
        for (name, value) in test {
            let Some(name) = name.strip_prefix(prefix) else { continue };
            assert_eq!(scored["metrics"][name], *value, "{task}, {rule}: {name}");
            compared += 1;
        }
        assert!(compared >= 10, "{compared} of {test:?}");
    }
    assert!(losses[0].is_some() && losses[0] != losses[1], "the switch does nothing: {losses:?}");
}

#[test]
fn a_search_that_is_over_soon_shows_no_progress() {
    let tiny = tiny();
    let (video, sentence) = tiny.held_out();
    let output = run(&["ground", "--model", str(&tiny.model()), str(&video), &sentence]);
    succeeded(&output);
    assert!(!stderr(&output).contains("clips"), "{}", stderr(&output));
}
