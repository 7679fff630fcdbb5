//! The answers that tasks leave, measured again by `locvtp score`: the same numbers, to the last digit.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::tiny::{run, says, stderr, str, succeeded, tiny};

struct Task {
    folder: TempDir,
    said: String,
    result: Value,
}

/// Runs a task on the tiny corpus.
fn transfer(text: &str) -> Task {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("task.toml");
    let text = text
        .replace("ANNOTATIONS", str(&tiny().path("corpus/annotations")))
        .replace("CORPUS", str(&tiny().path("corpus")))
        .replace("MODEL", str(&tiny().path("run")))
        .replace("FOLDER", str(folder.path()));
    std::fs::write(&path, text).unwrap();
    let output = run(&["transfer", str(&path), "--run", str(&folder.path().join("run"))]);
    succeeded(&output);
    let result = std::fs::read_to_string(folder.path().join("run/result.json")).unwrap();
    let result = serde_json::from_str(&result).unwrap();
    Task { said: stderr(&output), folder, result }
}

impl Task {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("run").join(name)
    }

    /// The numbers of a seed whose names begin with `prefix` are those of its file, all that `score`
    /// gives and that `result.json` has; how many those are.
    fn agrees(&self, seed: usize, prefix: &str, file: &str, task: &str, more: &[&str]) -> usize {
        let seed = &self.result["seeds"][seed];
        let named = seed["predictions"].as_array().unwrap();
        assert!(named.contains(&Value::from(file)), "{file} is not named in {seed:#}");
        let predictions = self.path(file);
        says(&self.said, &[str(&predictions)]);
        let given = ["score", task, "--json", "--predictions", str(&predictions)];
        let report: Value =
            serde_json::from_str(&succeeded(&run(&[&given[..], more].concat()))).unwrap();
        let scored = report["metrics"].as_object().unwrap();
        let mut compared = 0;
        for (name, value) in seed["test"].as_object().unwrap() {
            let Some(name) = name.strip_prefix(prefix) else { continue };
            if let Some(scored) = scored.get(name) {
                assert_eq!(scored, value, "{file}: {name}");
                compared += 1;
            }
        }
        compared
    }
}

/// Features are made by the task; the words are the model's own.
const GROUNDING: &str = "
task = 'grounding'
features = { file = 'FOLDER/f.h5', model = 'MODEL', videos = ['CORPUS/train', 'CORPUS/seen'] }
words = { model = 'MODEL' }
metrics = { ranks = [1, 3], ious = [0.1, 0.5] }
[queries]
test = 'ANNOTATIONS/activitynet/test_seen.json'
";

const TRAINED: &str = "
train = 'ANNOTATIONS/activitynet/train.json'
validation = 'ANNOTATIONS/activitynet/val.json'
[training]
epochs = 3
seeds = [0, 5]
[grounding]
dataset = 'synthetic'
";

fn truth() -> PathBuf {
    tiny().path("corpus/annotations/activitynet/test_seen.json")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn moments_of_trained_heads_are_measured_again() {
    let truth = truth();
    let flags = ["--truth", str(&truth), "--top", "1,3", "--iou", "0.1,0.5"];
    for (head, prefix) in [("tan", ""), ("csmgan", "in seconds: ")] {
        let task = transfer(&format!("{GROUNDING}{TRAINED}head = '{head}'\n"));
        for (seed, file) in
            ["seed-0/predictions.jsonl", "seed-5/predictions.jsonl"].into_iter().enumerate()
        {
            let compared = task.agrees(seed, prefix, file, "grounding", &flags);
            assert_eq!(compared, 5, "mIoU and four recalls of {head}");
            let lines = lines(&task.path(file));
            assert_eq!(
                lines.len() as u64,
                task.result["counts"]["test: queries"].as_u64().unwrap()
            );
            let moments = |line: &Value| line["spans"].as_array().unwrap().len();
            let most = lines.iter().map(moments).max().unwrap();
            assert!((1..=3).contains(&most), "{most} moments where R@3 is measured");
        }
        let tested = std::fs::read_to_string(task.path("test_videos.txt")).unwrap();
        assert_eq!(tested.lines().count(), 4, "{tested}");
    }
}

#[test]
fn moments_without_training_lie_beside_the_result() {
    let truth = truth();
    let flags = ["--truth", str(&truth), "--top", "1,3", "--iou", "0.1,0.5"];
    let section = "[grounding]\ndataset = 'synthetic'\nhead = 'zero_shot'\n";
    let task = transfer(&format!("{GROUNDING}{section}"));
    for by in ["sentence", "words"] {
        let file = format!("predictions_{by}.jsonl");
        let compared = task.agrees(0, &format!("{by}: "), &file, "grounding", &flags);
        assert_eq!(compared, 5, "mIoU and four recalls by {by}");
    }
}

#[test]
fn videos_of_a_drawn_part_are_listed() {
    // Of the training videos a third is tested, which no file says but the list.
    let drawn = TRAINED
        .replace("validation = 'ANNOTATIONS/activitynet/val.json'", "test_share = 0.34")
        .replace("seeds = [0, 5]", "seeds = [0]");
    let queries = GROUNDING.replace("test = 'ANNOTATIONS/activitynet/test_seen.json'", "");
    let task = transfer(&format!("{queries}{drawn}head = 'tan'\n"));
    let (truth, list) =
        (tiny().path("corpus/annotations/activitynet/train.json"), task.path("test_videos.txt"));
    let flags = ["--truth", str(&truth), "--only", str(&list), "--top", "1,3", "--iou", "0.1,0.5"];
    assert_eq!(task.agrees(0, "", "seed-0/predictions.jsonl", "grounding", &flags), 5);
}

const STEPS: &str = "
task = 'steps'
features = { file = 'FOLDER/f.h5', model = 'MODEL', videos = ['CORPUS/train', 'CORPUS/seen'] }
data = { release = 'ANNOTATIONS/crosstask/crosstask_release', train_videos = 1 }
";

#[test]
fn seconds_of_steps_are_measured_again() {
    let release = tiny().path("corpus/annotations/crosstask/crosstask_release");
    let heads = [
        ("zero_shot = {}\n", &["predictions.jsonl"][..]),
        (
            "component_model = { random_epochs = 1 }\ntraining = { epochs = 2, seeds = [1, 2] }\n",
            &["seed-1/predictions.jsonl", "seed-2/predictions.jsonl"],
        ),
    ];
    for (head, files) in heads {
        let task = transfer(&format!("{STEPS}{head}"));
        let list = task.path("test_videos.txt");
        let flags = ["--truth", str(&release), "--only", str(&list)];
        for (seed, file) in files.iter().enumerate() {
            assert_eq!(task.agrees(seed, "", file, "steps", &flags), 1, "the average recall");
        }
        let tested = task.result["counts"]["videos to test on"].as_u64().unwrap();
        assert_eq!(lines(&task.path(files[0])).len() as u64, tested);
        assert!(tested > 0);
    }
}

const RETRIEVAL: &str = "
task = 'retrieval'
model = 'MODEL'
num_clips = 2
dual_softmax = 20.0
test = { corpus = 'CORPUS/train' }
";

#[test]
fn scores_of_a_retrieval_are_measured_again() {
    let tuned = "train = { corpus = 'CORPUS/train' }\ntraining = { epochs = 1, batch = 4 }\n";
    for (more, folder) in [("", ""), (tuned, "seed-0/")] {
        // Narration is the text: several captions of a video.
        let task = transfer(&format!("{RETRIEVAL}{more}"));
        let columns = task.path(&format!("{folder}video_of_text.txt"));
        let flags = ["--truth", str(&columns), "--ties", "averaged", "--dual-softmax", "20"];
        let file = format!("{folder}predictions.npy");
        let compared = task.agrees(0, "", &file, "retrieval", &flags);
        assert_eq!(compared, 20, "five numbers of both directions, with dual softmax and without");
        let columns = std::fs::read_to_string(columns).unwrap().lines().count() as u64;
        assert_eq!(columns, task.result["counts"]["texts"].as_u64().unwrap());
    }
}
