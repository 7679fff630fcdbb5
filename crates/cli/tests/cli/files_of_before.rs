//! Files that an earlier program wrote open, go on, and end as they did with that program. `of_before/make` made them
//! with the program of commit 7367853.
//!
//! On the machine that made them all numbers are the same to the bit; another processor may add in another order, so
//! they are compared with a tolerance.

use std::path::{Path, PathBuf};
use std::process::Output;

use locvtp_features::FeatureFile;
use serde_json::Value;
use tempfile::TempDir;

use crate::tiny::{copy_folder, locvtp, says, stderr, succeeded};

const OF_BEFORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/of_before");

/// Largest difference of two losses that were reached by a few hundred steps.
const LOSS: f64 = 2e-3;
/// Largest difference of two features or similarities, which are below 1.
const FEATURE: f64 = 1e-4;

/// A copy of all files, in which commands run: the paths in them are relative.
struct Before(TempDir);

impl Before {
    fn copy() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(Path::new(OF_BEFORE), folder.path());
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn locvtp(&self, arguments: &[&str]) -> Output {
        let output = locvtp().current_dir(self.0.path()).args(arguments).output().unwrap();
        succeeded(&output);
        output
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Extracts the features of all training videos; goes on with what is there.
    fn extract(&self, out: &str, more: &[&str]) -> Output {
        let arguments = ["extract", "--model", "run/model", "--out", out];
        self.locvtp(&[&arguments, more, &["--videos", "corpus/train/videos"]].concat())
    }
}

/// Everything in `expected` is in `found`, numbers up to `tolerance` for each 1 of theirs.
fn assert_close(found: &Value, expected: &Value, tolerance: f64) {
    match expected {
        Value::Object(fields) => {
            for (name, value) in fields {
                assert_close(&found[name], value, tolerance);
            }
        }
        Value::Array(values) => {
            assert_eq!(found.as_array().map(Vec::len), Some(values.len()), "{found}");
            for (i, value) in values.iter().enumerate() {
                assert_close(&found[i], value, tolerance);
            }
        }
        Value::Number(number) => {
            let expected = number.as_f64().unwrap();
            let found = found.as_f64().unwrap();
            let most = tolerance * expected.abs().max(1.0);
            assert!((found - expected).abs() <= most, "{found} instead of {expected}");
        }
        _ => assert_eq!(found, expected),
    }
}

/// Both files hold the same videos with the same spans and features.
fn assert_same_features(found: &Path, expected: &Path) {
    let open = |path: &Path| FeatureFile::open(path, None).unwrap();
    let (mut found, mut expected) = (open(found), open(expected));
    assert_eq!(found.ids(), expected.ids());
    assert_eq!(found.ids(), ["train-000000", "train-000001", "train-000002"]);
    for id in expected.ids().to_vec() {
        let (found, expected) = (found.read(&id).unwrap(), expected.read(&id).unwrap());
        assert_eq!(found.spans, expected.spans);
        assert_eq!(found.values.len(), expected.values.len());
        for (found, expected) in found.values.iter().zip(&expected.values) {
            assert!(f64::from((found - expected).abs()) <= FEATURE, "{found}, not {expected}");
        }
    }
}

#[test]
fn a_run_goes_on_from_its_checkpoint_with_the_losses_that_it_would_have_had() {
    let before = Before::copy();
    let arguments = ["pretrain", "run.toml", "--run", "run", "--resume", "--set", "train.steps=8"];
    let output = before.locvtp(&arguments);
    says(&stderr(&output), &["done already: 4 of 8 steps"]);
    let (found, expected) = (before.lines("run/log.jsonl"), before.lines("expected/run-log.jsonl"));
    assert_eq!(found.len(), 8);
    assert_close(&Value::Array(found), &Value::Array(expected), LOSS);
}

#[test]
fn a_run_file_trains_the_same_on_loose_videos_and_on_shards() {
    let before = Before::copy();
    let mut expected = before.lines("expected/run-log.jsonl");
    expected.truncate(4);
    for (run, corpus) in [("loose", "corpus.dir=corpus/train"), ("packed", "corpus.dir=shards")] {
        before.locvtp(&["pretrain", "run.toml", "--run", run, "--set", corpus]);
        let found = before.lines(&format!("{run}/log.jsonl"));
        assert_close(&Value::Array(found), &Value::Array(expected.clone()), LOSS);
    }
}

#[test]
fn a_model_finds_the_same_moments() {
    let before = Before::copy();
    let expected = std::fs::read(before.path("expected/ground.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    for model in ["run", "run/model", "run/checkpoints/step-00000004"] {
        let video = "corpus/seen/videos/seen-000000.mp4";
        let arguments = ["ground", "--model", model, video, "a red square moves left", "--json"];
        let found = serde_json::from_str(&succeeded(&before.locvtp(&arguments))).unwrap();
        assert_close(&found, &expected, FEATURE);
    }
}

#[test]
fn feature_files_hold_what_is_extracted_today_and_need_nothing_more() {
    let before = Before::copy();
    before.extract("features/today.h5", &[]);
    for file in ["features/finished.h5", "features/finished.safetensors"] {
        let bytes = std::fs::read(before.path(file)).unwrap();
        let output = before.extract(file, &[]);
        says(&stderr(&output), &["there already: 3 videos; to do: 0"]);
        assert_eq!(std::fs::read(before.path(file)).unwrap(), bytes);
        assert_same_features(&before.path("features/today.h5"), &before.path(file));
    }
}

#[test]
fn an_extraction_that_was_killed_goes_on_from_its_journal() {
    let before = Before::copy();
    let output = before.extract("features/killed.h5", &["--stride-frames", "1", "--batch", "1"]);
    says(&stderr(&output), &["there already: 1 video; to do: 2"]);
    assert_same_features(&before.path("features/killed.h5"), &before.path("expected/killed.h5"));
}

#[test]
fn a_task_that_was_killed_goes_on_from_its_state() {
    let before = Before::copy();
    let epochs = before.lines("task/seed-0/log.jsonl").len();
    let output = before.locvtp(&["transfer", "task.toml", "--run", "task", "--resume", "--json"]);
    // It was killed after it had logged an epoch and before it had saved it.
    says(&stderr(&output), &["of 0 to make", &format!("goes on after epoch {}", epochs - 1)]);
    let result: Value = serde_json::from_str(&succeeded(&output)).unwrap();
    assert_eq!(result["seeds"][0]["epoch"], 300);
    let log = before.lines("task/seed-0/log.jsonl");
    assert_eq!(log.len(), 300, "every epoch stands in the log once");
    assert_close(log.last().unwrap(), &before.lines("expected/task-log.jsonl")[0], LOSS);
}

#[test]
fn a_corpus_file_makes_the_same_truth_narration_and_annotations() {
    let before = Before::copy();
    before.locvtp(&["synthesize", "--out", "again", "--config", "corpus.toml"]);
    for name in [
        "synthetic.json",
        "train/truth.json",
        "train/caption.json",
        "seen/truth.json",
        "new/truth.json",
        "annotations/coin/COIN_seen.json",
        "annotations/activitynet/train.json",
        "annotations/retrieval/train.jsonl",
    ] {
        let read = |corpus: &str| std::fs::read_to_string(before.path(corpus).join(name)).unwrap();
        assert_eq!(read("again"), read("corpus"), "{name}");
    }
}
