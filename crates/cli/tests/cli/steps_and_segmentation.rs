//! Steps and segmentation from videos to numbers on the tiny corpus, and what bad input does to them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::tiny::{copy_folder, locvtp, refused, run, says, stderr, str, succeeded, tiny};
use crate::waiting::{kill, until_lines};

const STEPS: &str = include_str!("../../../../configs/tasks/steps_tiny.toml");
const STEPS_ZERO_SHOT: &str = include_str!("../../../../configs/tasks/steps_zero_shot_tiny.toml");
const SEGMENTATION: &str = include_str!("../../../../configs/tasks/segmentation_tiny.toml");
const SEGMENTATION_ZERO_SHOT: &str =
    include_str!("../../../../configs/tasks/segmentation_zero_shot_tiny.toml");

/// The task files, on the tiny corpus and model; they share one file of features.
fn tasks() -> &'static TempDir {
    static TASKS: OnceLock<TempDir> = OnceLock::new();
    TASKS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ("steps", STEPS),
            ("steps_zero_shot", STEPS_ZERO_SHOT),
            ("segmentation", SEGMENTATION),
            ("segmentation_zero_shot", SEGMENTATION_ZERO_SHOT),
        ];
        for (name, text) in files {
            let text = text
                .replace("\"demo-run/corpus", &format!("\"{}", str(&tiny().path("corpus"))))
                .replace("\"demo-run/features", &format!("\"{}", str(folder.path())))
                .replace("\"demo-run\"", &format!("{:?}", str(&tiny().path("run"))));
            assert!(!text.contains("\"demo-run"), "{text}");
            std::fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
        }
        // All of them before the tests that run beside each other: one process adds to a file at a time.
        let (model, features) = (tiny().path("run"), folder.path().join("per-second.h5"));
        let videos = ["train", "seen", "new"].map(|split| tiny().path("corpus").join(split));
        let [train, seen, new] = videos.each_ref().map(|path| str(path));
        let given = ["extract", "--model", str(&model), "--out", str(&features), "--stride-s", "1"];
        succeeded(&run(&[&given[..], &["--videos", train, seen, new]].concat()));
        folder
    })
}

fn file(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(format!("{name}.toml"))
}

fn transfer(task: &Path, folder: &Path, more: &[&str]) -> std::process::Command {
    let mut command = locvtp();
    command.arg("transfer").arg(task).arg("--run").arg(folder).args(more);
    command
}

fn result(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("result.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn mean(result: &Value, name: &str) -> f64 {
    result["summary"][name]["mean"].as_f64().unwrap_or_else(|| panic!("no {name} in {result:#}"))
}

#[test]
fn steps_are_learned_from_narration_and_found_in_held_out_videos() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let said = succeeded(&transfer(&file(tasks(), "steps"), &run, &[]).output().unwrap());
    says(&said, &["average recall", "steps at equal distances", "random costs"]);
    let result = result(&run);
    // Of 12 training videos every tenth is for validation.
    assert_eq!(result["counts"]["videos to train on"], 11);
    assert_eq!(result["counts"]["videos to validate on"], 1);
    assert_eq!(result["counts"]["videos to test on"], 4);
    assert_eq!(result["settings"]["component_model"]["constraint_weight"], 10_000.0);
    let seeds = result["seeds"].as_array().unwrap();
    assert_eq!(seeds.len(), 3);
    assert!(seeds.iter().all(|seed| seed["validation"]["average recall"].is_number()));
    assert!((0.0..=100.0).contains(&mean(&result, "average recall")));
    for left in ["task.toml", "seed-0/log.jsonl", "seed-2/best/head.safetensors"] {
        assert!(run.join(left).is_file(), "{left}");
    }
}

#[test]
fn both_tasks_are_measured_without_training() {
    let folder = tempfile::tempdir().unwrap();
    for (name, metric) in
        [("steps_zero_shot", "average recall"), ("segmentation_zero_shot", "frame accuracy")]
    {
        let run = folder.path().join(name);
        succeeded(&transfer(&file(tasks(), name), &run, &[]).output().unwrap());
        let found = result(&run);
        assert_eq!(found["seeds"].as_array().unwrap().len(), 1);
        assert_eq!(found["seeds"][0]["seed"], Value::Null);
        assert!((0.0..=100.0).contains(&mean(&found, metric)), "{found:#}");
    }
}

#[test]
fn a_segmentation_learns_and_says_what_background_alone_reaches() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let settings =
        ["training.seeds=[4]", "training.epochs=40", "training.optimizer.learning_rate=0.02"];
    let more: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    succeeded(&transfer(&file(tasks(), "segmentation"), &run, &more).output().unwrap());
    let result = result(&run);
    assert_eq!(result["counts"]["videos to test on"], 4);
    // 4 videos of 9 s.
    assert_eq!(result["counts"]["seconds to test on"], 36);
    // 3 colours and all 3 actions: of three no fifth is left out, so nothing is background.
    assert_eq!(result["counts"]["steps"], 9);
    assert_eq!(result["references"]["frame accuracy of background alone"], 0.0);
    let log = std::fs::read_to_string(run.join("seed-4/log.jsonl")).unwrap();
    let losses: Vec<f64> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["loss"].as_f64().unwrap())
        .collect();
    assert_eq!(losses.len(), 40);
    assert!(losses[39] < 0.8 * losses[0], "{} to {}", losses[0], losses[39]);
}

/// Kills a task after some epochs and goes on; the numbers and heads are those of one that was not.
fn killed_and_resumed(name: &str, more: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    succeeded(&transfer(&file(tasks(), name), &whole, more).output().unwrap());
    let mut child = transfer(&file(tasks(), name), &parts, more).spawn().unwrap();
    let log = parts.join("seed-0/log.jsonl");
    until_lines(&mut child, &log, 3);
    kill(child);
    assert!(!parts.join("result.json").exists());
    let resumed: Vec<&str> = more.iter().copied().chain(["--resume"]).collect();
    succeeded(&transfer(&file(tasks(), name), &parts, &resumed).output().unwrap());
    let (whole_result, parts_result) = (result(&whole), result(&parts));
    assert_eq!(whole_result["seeds"], parts_result["seeds"]);
    let head = |run: &Path| std::fs::read(run.join("seed-0/state/head.safetensors")).unwrap();
    assert_eq!(head(&whole), head(&parts), "{name}");
}

#[test]
fn a_task_that_was_killed_and_goes_on_ends_with_the_same_bits() {
    let more = ["--set", "training.seeds=[0]", "--set", "training.epochs=100"];
    killed_and_resumed("steps", &more);
    killed_and_resumed("segmentation", &more);
}

#[test]
fn bad_steps_data_is_counted_or_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let release = folder.path().join("crosstask");
    copy_folder(&tiny().path("corpus/annotations/crosstask"), &release);
    let release_flag = format!("data.release={}", str(&release.join("crosstask_release")));
    let flags = ["--set", &release_flag];
    // A step that its task does not have, a row that is none, and a video nobody has features of.
    let annotations = release.join("crosstask_release/annotations");
    let mut seen: Vec<_> =
        std::fs::read_dir(&annotations).unwrap().map(|entry| entry.unwrap().path()).collect();
    seen.sort();
    let of_seen = seen.iter().find(|path| str(path).contains("seen-000000")).unwrap();
    let mut text = std::fs::read_to_string(of_seen).unwrap();
    text += "99,1,2\nnot a row\n";
    std::fs::write(of_seen, text).unwrap();
    let videos = release.join("crosstask_release/videos.csv");
    let text = std::fs::read_to_string(&videos).unwrap();
    std::fs::write(&videos, text + "1,seen-999999,x\n").unwrap();
    std::fs::write(annotations.join("1_seen-999999.csv"), "1,0,2\n").unwrap();
    let list = release.join("crosstask_release/test_seen.txt");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, text + "seen-999999\n").unwrap();
    let list_flag = format!("data.test_list={}", str(&list));
    let flags = [flags.as_slice(), &["--set", &list_flag]].concat();
    let run = folder.path().join("counted");
    let output = transfer(&file(tasks(), "steps_zero_shot"), &run, &flags).output().unwrap();
    succeeded(&output);
    says(&stderr(&output), &["seen-999999"]);
    let found = result(&run);
    assert_eq!(found["counts"]["annotation rows that were not understood"], 2);
    assert_eq!(found["counts"]["videos without features"], 1);
    assert_eq!(found["counts"]["videos to test on"], 4);

    // More steps than a video has seconds: nothing can be aligned, and every step is missed.
    let tasks_file = release.join("crosstask_release/tasks_primary.txt");
    let text = std::fs::read_to_string(&tasks_file).unwrap();
    let many = vec!["a red ring moves left"; 30].join(",");
    let longer: Vec<String> = text
        .split("\n\n")
        .filter(|record| !record.trim().is_empty())
        .map(|record| {
            let lines: Vec<&str> = record.trim().lines().collect();
            format!("{}\n{}\n{}\n{}\n{},{many}\n", lines[0], lines[1], lines[2], 32, lines[4])
        })
        .collect();
    std::fs::write(&tasks_file, longer.join("\n")).unwrap();
    let run = folder.path().join("too-many");
    succeeded(&transfer(&file(tasks(), "steps_zero_shot"), &run, &flags).output().unwrap());
    let found = result(&run);
    let short = "videos with fewer seconds than steps, to measure (all steps missed)";
    assert_eq!(found["counts"][short], 4);
    assert_eq!(mean(&found, "average recall"), 0.0);
    let run = folder.path().join("nothing-to-learn");
    let message = refused(&transfer(&file(tasks(), "steps"), &run, &flags).output().unwrap());
    says(&message, &["samples to train on"]);

    let train = format!("data.test_list={}", str(&release.join("crosstask_release/train.txt")));
    let run = folder.path().join("same");
    let flags = ["--set", &train];
    let message = refused(&transfer(&file(tasks(), "steps"), &run, &flags).output().unwrap());
    says(&message, &["data.test_list", "train-0000", "other videos"]);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let run = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str], &[&str]); 5] = [
        ("steps", &["zero_shot.temperature=1.0"], &["zero_shot", "component_model"]),
        ("steps", &["component_model.dropout=1.0"], &["component_model.dropout", "below 1"]),
        ("steps", &["component_model.random_epochs=900"], &["random_epochs", "training.epochs"]),
        ("segmentation", &["data.validation=1.0"], &["data.validation", "share"]),
        ("segmentation_zero_shot", &["classifier.normalise=true"], &["zero_shot", "classifier"]),
    ];
    for (name, flags, pieces) in cases {
        let flags: Vec<&str> = flags.iter().flat_map(|flag| ["--set", flag]).collect();
        let folder = run.path().join("never");
        let message = refused(&transfer(&file(tasks(), name), &folder, &flags).output().unwrap());
        says(&message, pieces);
        assert!(!folder.exists());
    }
}

#[test]
fn features_that_are_not_in_the_space_of_the_texts_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let features = folder.path().join("backbone.h5");
    let videos = tiny().path("corpus/seen/videos");
    let model = tiny().path("run");
    let arguments = ["extract", "--model", str(&model), "--videos", str(&videos), "--out"];
    let more = [str(&features), "--space", "backbone"];
    succeeded(&run(&[arguments.as_slice(), &more].concat()));
    let flag = format!("features.file={}", str(&features));
    let run = folder.path().join("run");
    let task = file(tasks(), "steps_zero_shot");
    let message = refused(&transfer(&task, &run, &["--set", &flag]).output().unwrap());
    says(&message, &["backbone.h5", "`space` backbone", "features.space=backbone"]);
    // As they are: the texts are elsewhere all the same.
    let set =
        ["--set", &flag, "--set", "features.space='backbone'", "--set", "features.stride_s=1.5"];
    let message = refused(&transfer(&task, &run, &set).output().unwrap());
    says(&message, &["backbone.h5", "joint space"]);
}

#[test]
fn unknown_steps_of_a_segmentation_are_background_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let taxonomy = folder.path().join("taxonomy.csv");
    let text =
        std::fs::read_to_string(tiny().path("corpus/annotations/coin/taxonomy.csv")).unwrap();
    let few: Vec<&str> = text.lines().take(4).collect();
    std::fs::write(&taxonomy, few.join("\n")).unwrap();
    let flag = format!("data.taxonomy={}", str(&taxonomy));
    let run = folder.path().join("run");
    let task = file(tasks(), "segmentation_zero_shot");
    succeeded(&transfer(&task, &run, &["--set", &flag]).output().unwrap());
    let found = result(&run);
    assert_eq!(found["counts"]["steps"], 3);
    let unknown = "segments of steps that the taxonomy does not have (background)";
    assert!(found["counts"][unknown].as_u64().unwrap() > 0, "{found:#}");
    assert!(found["references"]["frame accuracy of background alone"].as_f64().unwrap() > 0.0);
}
