//! A run that was killed ends in the same weights.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::tiny::{STEPS, checkpoints, refused, says, stderr, str, succeeded, tiny, weights};

/// Steps in the log of a run.
fn logged(run: &Path) -> usize {
    std::fs::read_to_string(run.join("log.jsonl")).map_or(0, |text| text.lines().count())
}

/// Waits until the run has logged `steps` steps.
fn wait_for_steps(run: &Path, steps: usize) {
    let began = Instant::now();
    while logged(run) < steps {
        assert!(began.elapsed() < Duration::from_secs(120), "step {steps} never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_run_that_is_killed_three_times_ends_in_the_same_bytes() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    // Anywhere in the run, between and during checkpoints (one in twenty steps).
    for (attempt, kill_after) in [37, 81, 134].into_iter().enumerate() {
        let more: &[&str] = if attempt == 0 { &[] } else { &["--resume"] };
        let mut child = tiny.start_pretraining(&run, more);
        wait_for_steps(&run, kill_after);
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(!run.join("model").exists(), "the run was over before it was killed");
    }
    succeeded(&tiny.pretrain(&run, &["--resume"]));
    assert_eq!(weights(&run), weights(&tiny.path("run")));
    assert_eq!(logged(&run), STEPS as usize, "every step stands in the log once");
}

#[test]
fn a_damaged_newest_checkpoint_falls_back_to_the_one_before() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut child = tiny.start_pretraining(&run, &[]);
    wait_for_steps(&run, 90);
    child.kill().unwrap();
    child.wait().unwrap();
    let all = checkpoints(&run);
    assert!(all.len() >= 2, "{all:?}");
    let file = all[all.len() - 1].join("model.safetensors");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();

    let resumed = tiny.pretrain(&run, &["--resume"]);
    succeeded(&resumed);
    let name = all[all.len() - 1].file_name().unwrap().to_str().unwrap();
    says(&stderr(&resumed), &["warning", name, "damaged", "model.safetensors"]);
    assert_eq!(weights(&run), weights(&tiny.path("run")));
}

#[test]
fn a_run_folder_that_is_taken_says_how_to_go_on() {
    let tiny = tiny();
    let message = refused(&tiny.pretrain(&tiny.path("run"), &[]));
    says(&message, &[str(&tiny.path("run")), "--resume", "--run"]);
}

#[test]
fn a_checkpoint_of_another_model_is_refused_with_both_values() {
    let tiny = tiny();
    let more = ["--resume", "--set", "model.video.hidden_size=32"];
    let message = refused(&tiny.pretrain(&tiny.path("run"), &more));
    says(&message, &["checkpoints/step-", "hidden_size", "24", "32", "--run"]);
    let message = refused(&tiny.pretrain(&tiny.path("run"), &["--resume", "--set", "run.seed=4"]));
    says(&message, &["run.seed"]);
}

#[test]
fn resuming_a_finished_run_changes_nothing() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    crate::tiny::copy_folder(&tiny.path("run"), &run);
    succeeded(&tiny.pretrain(&run, &["--resume"]));
    assert_eq!(weights(&run), weights(&tiny.path("run")));
    assert_eq!(logged(&run), STEPS as usize);
}
