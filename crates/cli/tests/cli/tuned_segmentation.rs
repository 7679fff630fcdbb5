//! Segmentation with a tuned encoder, and what all segmentations leave for `locvtp score`, on the tiny
//! corpus: from videos to numbers.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::tiny::{copy_folder, locvtp, refused, run, says, stderr, str, succeeded, tiny};
use crate::waiting::{kill, until_lines};

const TUNED: &str = "segmentation_tuned_tiny";
const FROZEN: &str = "segmentation_tiny";
const ZERO_SHOT: &str = "segmentation_zero_shot_tiny";

/// `locvtp transfer` with one of `configs/tasks/`, its paths set to the tiny run's; frozen features of
/// `folder`'s own.
fn transfer(name: &str, folder: &Path, settings: &[&str]) -> Command {
    let task = format!("{}/../../configs/tasks/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let corpus = tiny().path("corpus");
    let coin = corpus.join("annotations/coin");
    let mut command = locvtp();
    command.arg("transfer").arg(task).arg("--run").arg(folder).arg("--json");
    let mut paths = vec![
        format!("data.annotations={}", str(&coin.join("COIN_seen.json"))),
        format!("data.taxonomy={}", str(&coin.join("taxonomy.csv"))),
        format!("features.model={}", str(&tiny().path("run"))),
        format!("features.videos=[{:?}]", str(&corpus)),
    ];
    if name != TUNED {
        paths.push(format!("features.file={}", str(&folder.with_extension("h5"))));
    }
    for setting in paths.iter().map(String::as_str).chain(settings.iter().copied()) {
        command.arg("--set").arg(setting);
    }
    command
}

fn finished(mut command: Command) -> Value {
    serde_json::from_str(&succeeded(&command.output().unwrap())).unwrap()
}

/// Few seconds a step and few epochs, so that a run takes seconds.
const SHORT: [&str; 3] = ["training.batch=8", "training.epochs=4", "encoder.one_second_of=2"];

fn weights(model: &Path) -> Vec<u8> {
    std::fs::read(model.join("model.safetensors")).unwrap()
}

/// The loss of every epoch.
fn losses(log: &str) -> Vec<f64> {
    let loss = |line: &str| serde_json::from_str::<Value>(line).unwrap()["loss"].as_f64().unwrap();
    log.lines().map(loss).collect()
}

/// The numbers of `locvtp score segmentation` on the labels that a task left.
fn scored(predictions: &Path, more: &[&str]) -> Value {
    let truth = tiny().path("corpus/annotations/coin/COIN_seen.json");
    let arguments = ["score", "segmentation", "--predictions", str(predictions), "--truth"];
    let output = run(&[arguments.as_slice(), &[str(&truth), "--json"], more].concat());
    serde_json::from_str(&succeeded(&output)).unwrap()
}

/// What `score` finds is what the task says, to the last bit.
fn scores_as_it_says(predictions: &Path, test: &Value) {
    let found = scored(predictions, &[]);
    for name in ["frame accuracy", "frame accuracy without background"] {
        assert_eq!(found["metrics"][name], test[name], "{name} of {}", predictions.display());
    }
    assert_eq!(found["counts"]["videos without a line"], 0);
    assert_eq!(found["counts"]["seconds"], 36);
}

#[test]
fn the_encoder_learns_is_killed_goes_on_and_is_read_by_other_commands() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let settings = [&SHORT[..], &["training.optimizer.learning_rate=0.02"]].concat();
    let result = finished(transfer(TUNED, &whole, &settings));
    // 12 training videos of which every tenth is for validation, 4 test videos of 9 s.
    assert_eq!(result["counts"]["videos to train on"], 11);
    assert_eq!(result["counts"]["videos to validate on"], 1);
    assert_eq!(result["counts"]["seconds to test on"], 36);
    assert_eq!(result["counts"]["test videos left out: unreadable"], 0);
    assert!(result["seeds"][0]["validation"]["frame accuracy"].is_number());
    scores_as_it_says(&whole.join("seed-0/predictions.jsonl"), &result["seeds"][0]["test"]);

    let log = std::fs::read_to_string(whole.join("seed-0/log.jsonl")).unwrap();
    let losses = losses(&log);
    assert_eq!(losses.len(), 4);
    assert!(losses[3] < losses[0], "{losses:?}");

    // The video side has learned, the text side has no part in it.
    let (before, after) = (tiny().model(), whole.join("seed-0/model"));
    assert_ne!(weights(&after), weights(&before));
    let changed = changed_parameters(&before, &after);
    assert!(changed.iter().any(|name| name.starts_with("timesformer.")), "{changed:?}");
    let of_text = |name: &&String| name.starts_with("distilbert.") || name.starts_with("text_");
    assert_eq!(changed.iter().find(of_text), None);
    assert_eq!(weights(&before), weights(&tiny().model()));

    let mut child = transfer(TUNED, &parts, &settings)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until_lines(&mut child, &parts.join("seed-0/log.jsonl"), 2);
    kill(child);
    assert!(!parts.join("result.json").exists());
    // Going on with other threads is no other task; and files were read whole once for all runs.
    let mut again = transfer(TUNED, &parts, &settings);
    again.args(["--resume", "--set", "encoder.loader.threads=1"]);
    assert_eq!(finished(again)["seeds"], result["seeds"]);
    assert_eq!(weights(&parts.join("seed-0/model")), weights(&after));
    let labels = |run: &Path| std::fs::read(run.join("seed-0/predictions.jsonl")).unwrap();
    assert_eq!(labels(&parts), labels(&whole));
    let task = std::fs::read_to_string(whole.join("task.toml")).unwrap();
    assert!(task.contains("/locvtp/frame-tables"), "{task}");

    let (video, _) = tiny().held_out();
    let features = folder.path().join("tuned.h5");
    let arguments = ["extract", "--model", str(&after), "--videos", str(&video), "--out"];
    succeeded(&run(&[arguments.as_slice(), &[str(&features)]].concat()));
}

/// Names of the parameters that differ between two model directories.
fn changed_parameters(before: &Path, after: &Path) -> Vec<String> {
    let (before, after) = (weights(before), weights(after));
    let (before, after) = (tensors(&before), tensors(&after));
    assert!(before.keys().eq(after.keys()));
    before
        .iter()
        .filter(|(name, bytes)| after[*name] != **bytes)
        .map(|(name, _)| name.clone())
        .collect()
}

/// The tensors of a safetensors file by name: a length, a JSON header with offsets, the numbers.
fn tensors(file: &[u8]) -> std::collections::BTreeMap<String, &[u8]> {
    let (length, rest) = file.split_first_chunk::<8>().unwrap();
    let (header, numbers) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header: serde_json::Map<String, Value> = serde_json::from_slice(header).unwrap();
    let tensors = header.into_iter().filter(|(name, _)| name != "__metadata__");
    let place = |about: &Value, end: usize| about["data_offsets"][end].as_u64().unwrap() as usize;
    tensors.map(|(name, about)| (name, &numbers[place(&about, 0)..place(&about, 1)])).collect()
}

#[test]
fn an_encoder_that_stands_still_sees_the_clips_of_frozen_features() {
    let folder = tempfile::tempdir().unwrap();
    let (frozen, tuned) = (folder.path().join("frozen"), folder.path().join("tuned"));
    // Rates that change no weight: what differs is how the clips come to the classifier.
    let still =
        ["training.seeds=[7]", "training.epochs=1", "training.optimizer.learning_rate=1e-30"];
    for more in [&[][..], &["features.space=backbone", "classifier.normalise=true"]] {
        let settings = [&still[..], more].concat();
        let expected = finished(transfer(FROZEN, &frozen, &settings));
        let settings = [&settings[..], &["encoder.learning_rate=1e-30"]].concat();
        let found = finished(transfer(TUNED, &tuned, &settings));
        assert_eq!(found["seeds"][0]["test"], expected["seeds"][0]["test"]);
        assert_eq!(found["seeds"][0]["validation"], expected["seeds"][0]["validation"]);
        assert_eq!(found["references"], expected["references"]);
        let labels = |run: &Path| std::fs::read(run.join("seed-7/predictions.jsonl")).unwrap();
        assert_eq!(labels(&tuned), labels(&frozen));
        assert_eq!(weights(&tuned.join("seed-7/model")), weights(&tiny().model()));
        for run in [&frozen, &tuned] {
            std::fs::remove_dir_all(run).unwrap();
        }
        std::fs::remove_file(frozen.with_extension("h5")).unwrap();
    }
    // And where the classifier alone learns, the encoder still does not.
    let settings = ["encoder.learning_rate=1e-30", "training.optimizer.learning_rate=0.02"];
    let result = finished(transfer(TUNED, &tuned, &[&SHORT[..], &settings].concat()));
    assert_eq!(weights(&tuned.join("seed-0/model")), weights(&tiny().model()));
    assert!(result["seeds"][0]["test"]["frame accuracy"].is_number());
    let log = std::fs::read_to_string(tuned.join("seed-0/log.jsonl")).unwrap();
    let losses = losses(&log);
    assert!(losses[3] < losses[0], "{losses:?}");
}

#[test]
fn a_frozen_head_is_what_it_was_and_its_labels_score_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, named) = (folder.path().join("plain"), folder.path().join("named"));
    let settings = ["training.seeds=[0, 3]", "training.epochs=5"];
    let result = finished(transfer(FROZEN, &plain, &settings));
    let head = [&settings[..], &["classifier.tune=head"]].concat();
    assert_eq!(finished(transfer(FROZEN, &named, &head))["seeds"], result["seeds"]);
    for (place, seed) in ["seed-0", "seed-3"].iter().enumerate() {
        let head =
            |run: &Path| std::fs::read(run.join(seed).join("state/head.safetensors")).unwrap();
        assert_eq!(head(&plain), head(&named));
        let predictions = plain.join(seed).join("predictions.jsonl");
        scores_as_it_says(&predictions, &result["seeds"][place]["test"]);
        assert!(!plain.join(seed).join("model").exists(), "nothing of the model was tuned");
    }
    let zero_shot = folder.path().join("zero_shot");
    let result = finished(transfer(ZERO_SHOT, &zero_shot, &[]));
    scores_as_it_says(&zero_shot.join("predictions.jsonl"), &result["seeds"][0]["test"]);
}

#[test]
fn annotations_are_read_before_features_are_made_or_videos_opened() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone.json");
    let annotations = format!("data.annotations={}", str(&gone));
    for name in [FROZEN, ZERO_SHOT, TUNED] {
        let run = folder.path().join(name);
        let message = refused(&transfer(name, &run, &[&annotations]).output().unwrap());
        says(&message, &["gone.json"]);
        assert!(!message.contains("videos"), "{message}");
    }
    // No features and no journal of some are there: nothing but task files was written.
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    assert!(left.is_empty(), "{left:?}");

    // Neither is a part that nobody annotated worth an extraction.
    let text = std::fs::read_to_string(tiny().path("corpus/annotations/coin/COIN_seen.json"));
    let text = text.unwrap();
    for (from, to) in [("\"testing\"", "\"training\""), ("\"training\"", "\"testing\"")] {
        let alone = folder.path().join("alone.json");
        std::fs::write(&alone, text.replace(from, to)).unwrap();
        let annotations = format!("data.annotations={}", str(&alone));
        for name in [FROZEN, TUNED] {
            let run = folder.path().join(format!("{name}-{}", &from[1..3]));
            let message = refused(&transfer(name, &run, &[&annotations]).output().unwrap());
            says(&message, &["subset", from]);
            assert!(!run.with_extension("h5").exists());
        }
    }
}

#[test]
fn what_cannot_be_tuned_is_refused_with_the_key_and_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("never");
    let cases: [(&str, &[&str], &[&str]); 7] = [
        (
            FROZEN,
            &["classifier.tune=all", "features.videos=[]"],
            &["features.videos", "\"head\"", "features.file"],
        ),
        (
            FROZEN,
            &["encoder.learning_rate=1e-4", "encoder.one_second_of=2"],
            &["`encoder`", "classifier.tune"],
        ),
        (TUNED, &["features.space=mean_colour"], &["features.space", "backbone"]),
        (TUNED, &["encoder.learning_rate=0"], &["encoder.learning_rate", "above 0"]),
        (TUNED, &["encoder.one_second_of=0"], &["encoder.one_second_of", "1 or more"]),
        (
            TUNED,
            &["encoder.augmentation.sides=swap_words"],
            &["encoder.augmentation.sides", "label"],
        ),
        (TUNED, &["classifier.tune=everything"], &["everything", "head"]),
    ];
    for (name, settings, pieces) in cases {
        let message = refused(&transfer(name, &run, settings).output().unwrap());
        says(&message, pieces);
        assert!(!run.exists());
    }
    // Features alone, of somebody else: there is nothing to decode.
    let task = folder.path().join("features.toml");
    std::fs::write(
        &task,
        "task = \"segmentation\"\n[data]\nannotations = \"COIN.json\"\n\
         [features]\nfile = \"theirs.h5\"\n[classifier]\ntune = \"all\"\n",
    )
    .unwrap();
    let output = locvtp().arg("transfer").arg(&task).arg("--run").arg(&run).output().unwrap();
    says(&refused(&output), &["features.model", "classifier.tune = \"head\"", "features.file"]);
}

#[test]
fn bad_videos_are_named_counted_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let videos = folder.path().join("videos");
    copy_folder(&tiny().path("corpus"), &videos);
    let file = |name: &str| videos.join(format!("{name}.mp4"));
    // Two that are no videos, and two of which all pictures are gone and the index is there.
    for name in ["train/videos/train-000000", "seen/videos/seen-000000"] {
        std::fs::write(file(name), "no video").unwrap();
    }
    for name in ["train/videos/train-000001", "seen/videos/seen-000001"] {
        without_pictures(&file(name));
    }
    let run = folder.path().join("run");
    let paths = format!("features.videos=[{:?}]", str(&videos));
    let settings = [&SHORT[..], &["data.validation=0.0", &paths]].concat();
    let output = transfer(TUNED, &run, &settings).output().unwrap();
    let result: Value = serde_json::from_str(&succeeded(&output)).unwrap();
    let counts = &result["counts"];
    assert_eq!(counts["videos without a file that can be opened"], 2);
    assert_eq!(counts["videos to train on"], 11);
    assert_eq!(counts["videos to test on"], 3);
    assert_eq!(counts["test videos left out: unreadable"], 1);
    assert_eq!(counts["training videos replaced: unreadable"], 1);
    let names = ["train-000000", "seen-000000", "train-000001", "seen-000001"];
    says(&stderr(&output), &names);
    let told = stderr(&output).matches("train-000001").count();
    assert_eq!(told, 1, "a bad video is told of once, not once a step");
    let predictions = std::fs::read_to_string(run.join("seed-0/predictions.jsonl")).unwrap();
    assert_eq!(predictions.lines().count(), 2);
    let list = run.join("test_videos.txt");
    let found = scored(&run.join("seed-0/predictions.jsonl"), &["--only", str(&list)]);
    let name = "frame accuracy";
    assert_eq!(found["metrics"][name], result["seeds"][0]["test"][name]);
    assert_eq!(found["counts"]["seconds"], 18);
}

/// Overwrites the pictures of an MP4 file; its index stays.
fn without_pictures(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(4).position(|window| window == b"mdat").unwrap();
    let length: [u8; 4] = bytes[at - 4..at].try_into().unwrap();
    let end = at - 4 + u32::from_be_bytes(length) as usize;
    bytes[at + 4..end].fill(0xff);
    std::fs::write(path, bytes).unwrap();
}
