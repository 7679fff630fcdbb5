//! A run that was killed ends in the same weights.

use std::path::Path;
use std::process::Child;

use crate::tiny::{
    STEPS, checkpoints, copy_folder, refused, says, stderr, str, succeeded, tiny, weights,
};
use crate::waiting::{kill, num_lines, until_lines};

/// Steps in the log of a run.
fn logged(run: &Path) -> usize {
    num_lines(&run.join("log.jsonl"))
}

/// Kills the run when it has logged `steps` steps.
fn kill_after(mut child: Child, run: &Path, steps: usize) {
    until_lines(&mut child, &run.join("log.jsonl"), steps);
    kill(child);
}

/// Three steps to be killed at: before the first checkpoint (one in twenty steps), and twice later,
/// between and during checkpoints. `LOCVTP_KILL_SEED` draws others.
fn kill_points() -> [usize; 3] {
    let given = std::env::var("LOCVTP_KILL_SEED").ok();
    let mut state: u64 = given.map_or(11, |seed| seed.parse().unwrap());
    let mut draw = |from: usize, to: usize| {
        // The linear congruential generator of Knuth's MMIX; its high bits are good enough here.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from + (state >> 33) as usize % (to - from)
    };
    [draw(1, 12), draw(25, 120), draw(140, 230)]
}

#[test]
fn a_run_that_is_killed_three_times_ends_in_the_same_bytes() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    for (attempt, steps) in kill_points().into_iter().enumerate() {
        let more: &[&str] = if attempt == 0 { &[] } else { &["--resume"] };
        kill_after(tiny.start_pretraining(&run, more), &run, steps);
        assert!(!run.join("model").exists());
    }
    succeeded(&tiny.pretrain(&run, &["--resume"]));
    assert_eq!(weights(&run), weights(&tiny.path("run")));
    assert_eq!(logged(&run), STEPS as usize, "every step stands in the log once");
}

#[test]
fn a_run_that_died_before_its_first_checkpoint_starts_over_with_and_without_resume() {
    let tiny = tiny();
    for more in [&[][..], &["--resume"]] {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let late = ["--set", "train.checkpoint_every=1000000"];
        kill_after(tiny.start_pretraining(&run, &late), &run, 5);
        assert!(checkpoints(&run).is_empty());
        let output = tiny.pretrain(&run, more);
        succeeded(&output);
        says(&stderr(&output), &["warning", str(&run), "starts over"]);
        assert_eq!(weights(&run), weights(&tiny.path("run")));
        assert_eq!(logged(&run), STEPS as usize);
    }
}

#[test]
fn another_number_of_threads_ends_in_the_same_bytes() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    kill_after(tiny.start_pretraining(&run, &[]), &run, 90);
    let more = ["--resume", "--set", "loader.threads=1"];
    let output = tiny.pretrain_command(&run, &more).env("RAYON_NUM_THREADS", "3").output().unwrap();
    succeeded(&output);
    assert_eq!(weights(&run), weights(&tiny.path("run")));
}

/// A copy of the finished tiny run.
fn finished_copy(folder: &Path) -> std::path::PathBuf {
    let run = folder.join("run");
    copy_folder(&tiny().path("run"), &run);
    run
}

#[test]
fn a_damaged_checkpoint_is_set_aside_and_never_kept_in_place_of_a_whole_one() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = finished_copy(folder.path());
    let all = checkpoints(&run);
    let newest = all.last().unwrap();
    std::fs::write(newest.join("model.safetensors"), "damaged").unwrap();
    // The run goes on from the one before, and ends at an earlier step than the damaged one.
    let more = ["--resume", "--set", "train.steps=290", "--set", "train.keep_checkpoints=1"];
    let output = tiny.pretrain(&run, &more);
    succeeded(&output);
    says(&stderr(&output), &["damaged"]);
    // Nothing in this run depends on how many steps there are.
    assert!(!stderr(&output).contains("would end otherwise"), "{}", stderr(&output));
    assert_eq!(checkpoints(&run), [run.join("checkpoints/step-00000290")]);
    assert!(run.join("checkpoints/damaged-step-00000300").is_dir());
    succeeded(&tiny.pretrain(&run, &["--resume", "--set", "train.steps=295"]));
    assert!(run.join("checkpoints/step-00000295").is_dir());
}

#[test]
fn a_state_that_was_changed_is_never_resumed() {
    let tiny = tiny();
    type Change = fn(&mut serde_json::Value);
    let changes: [Change; 3] = [
        |state| state["next_step"] = 299.into(),
        |state| state["checksums"] = serde_json::json!({}),
        |state| state["optimizer_steps"]["context_warp.weight"] = 1.into(),
    ];
    for change in changes {
        let folder = tempfile::tempdir().unwrap();
        let run = finished_copy(folder.path());
        let path = checkpoints(&run).last().unwrap().join("trainer_state.json");
        let mut state = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        change(&mut state);
        std::fs::write(&path, state.to_string()).unwrap();
        let output = tiny.pretrain(&run, &["--resume"]);
        succeeded(&output);
        says(&stderr(&output), &["step-00000300", "trainer_state.json is not what was written"]);
        assert_eq!(weights(&run), weights(&tiny.path("run")));
    }
    // Whole, but of another step than its folder says.
    let folder = tempfile::tempdir().unwrap();
    let run = finished_copy(folder.path());
    let newest = checkpoints(&run).pop().unwrap();
    std::fs::rename(&newest, newest.with_file_name("step-00000299")).unwrap();
    let output = tiny.pretrain(&run, &["--resume"]);
    succeeded(&output);
    says(&stderr(&output), &["step-00000299", "another step than its name"]);
}

#[test]
fn what_helps_against_losses_that_are_not_finite_may_change_on_the_way() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = finished_copy(folder.path());
    let slower = ["--set", "optimizer.learning_rate=1e-4", "--set", "optimizer.gradient_clip=1.0"];
    let more = [&["--resume", "--set", "train.steps=310"][..], &slower].concat();
    let output = tiny.pretrain(&run, &more);
    succeeded(&output);
    let told = stderr(&output);
    says(&told, &["optimizer.learning_rate", "0.001", "0.0001", "optimizer.gradient_clip", "300"]);
    let more = ["--resume", "--set", "optimizer.warm_up_steps=7"];
    says(&refused(&tiny.pretrain(&run, &more)), &["optimizer.warm_up_steps", "0", "7"]);
}

#[test]
fn a_damaged_newest_checkpoint_falls_back_to_the_one_before() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    kill_after(tiny.start_pretraining(&run, &[]), &run, 90);
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

#[test]
fn a_run_that_is_past_the_steps_asked_for_is_refused_and_left_as_it_is() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = finished_copy(folder.path());
    let settings = || std::fs::read(run.join("run.toml")).unwrap();
    let before = (weights(&run), settings());
    let message = refused(&tiny.pretrain(&run, &["--resume", "--set", "train.steps=3"]));
    says(&message, &[str(&run), "300 steps done already", "asks for 3", "raise `train.steps`"]);
    assert!((weights(&run), settings()) == before);
}
