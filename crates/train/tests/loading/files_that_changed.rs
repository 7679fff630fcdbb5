//! A run that goes on although the files of its corpus are not what they were.

use std::collections::BTreeMap;
use std::path::Path;

use locvtp_model::Device;
use locvtp_train::{Experiment, Observer, RunStart, StepReport, pretrain};

use crate::small_corpus::{copy, experiment, files, folder};

/// Stops after a step, and keeps the warnings.
struct Heard {
    stop_after: Option<u64>,
    done: u64,
    warnings: Vec<String>,
}

impl Observer for Heard {
    fn started(&mut self, _start: &RunStart) {}
    fn step(&mut self, report: &StepReport, _total_steps: u64) {
        self.done = report.step + 1;
    }
    fn checkpoint(&mut self, _path: &Path) {}
    fn warning(&mut self, text: &str) {
        self.warnings.push(text.to_owned());
    }
    fn should_stop(&self) -> bool {
        self.stop_after == Some(self.done)
    }
}

/// What the run in `run` warned of until it ended, or behind step `stop_after`.
fn warnings(experiment: &Experiment, run: &Path, stop_after: Option<u64>) -> Vec<String> {
    let mut heard = Heard { stop_after, done: 0, warnings: Vec::new() };
    pretrain(experiment, run, run.exists(), &Device::flex(), &mut heard).unwrap();
    heard.warnings
}

#[test]
fn a_video_that_is_repaired_or_damaged_meanwhile_does_not_end_a_run() {
    let corpus = copy();
    let mut experiment = experiment();
    experiment.corpus.dir = corpus.path().into();
    experiment.corpus.max_bad = 0.5;
    experiment.train.steps = Some(6);
    let broken = files(corpus.path()).remove(0);
    std::fs::write(&broken, "no video").unwrap();
    let runs = tempfile::tempdir().unwrap();
    let run = |name: &str| runs.path().join(name);
    let model = |name: &str| std::fs::read(run(name).join("model/model.safetensors")).unwrap();
    warnings(&experiment, &run("whole"), None);
    for name in ["repaired", "damaged"] {
        warnings(&experiment, &run(name), Some(2));
    }

    // One that was left out stays left out, so that every place draws the video that it would have drawn.
    let name = broken.strip_prefix(corpus.path()).unwrap();
    std::fs::copy(folder().join(name), &broken).unwrap();
    let told = warnings(&experiment, &run("repaired"), None);
    let path = broken.display().to_string();
    let is_told = |text: &String| text.contains(&path) && text.contains("stays left out");
    assert!(told.iter().any(is_told), "{told:?}");
    assert!(model("repaired") == model("whole"));

    // One that cannot be read any more is replaced when a step wants it.
    let damaged = files(corpus.path()).remove(1);
    std::fs::write(&damaged, "no video").unwrap();
    let told = warnings(&experiment, &run("damaged"), None);
    let path = damaged.display().to_string();
    let is_told = |text: &String| text.contains(&path) && text.contains("when the run began");
    assert!(told.iter().any(is_told), "{told:?}");
    assert!(run("damaged").join("model").exists());
}

#[test]
fn another_list_of_videos_is_refused_with_the_way_out() {
    let corpus = copy();
    let mut experiment = experiment();
    experiment.corpus.dir = corpus.path().into();
    experiment.train.steps = Some(4);
    let runs = tempfile::tempdir().unwrap();
    let run = runs.path().join("run");
    warnings(&experiment, &run, Some(2));
    let list = corpus.path().join("caption.json");
    let mut captions: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(&list).unwrap()).unwrap();
    captions.pop_first().unwrap();
    std::fs::write(&list, serde_json::to_string(&captions).unwrap()).unwrap();
    let mut heard = Heard { stop_after: None, done: 0, warnings: Vec::new() };
    let refused = pretrain(&experiment, &run, true, &Device::flex(), &mut heard);
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("other videos") && error.contains("start.model"), "{error}");
}
