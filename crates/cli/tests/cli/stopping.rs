//! Ctrl-C, full disks and folders that cannot be written.

use std::io::Read;
use std::process::{Child, Command};

use crate::not_run::not_run;
use crate::tiny::{
    checkpoints, copy_folder, refused, says, stderr, stdout, str, succeeded, tiny, weights,
};
use crate::waiting::{end_by_ctrl_c, press_ctrl_c, until_lines};

/// A run that does not end by itself.
const LONG: [&str; 4] = ["--set", "train.steps=1000000", "--set", "train.checkpoint_every=1000000"];

fn until_the_first_step(child: &mut Child, run: &std::path::Path) {
    until_lines(child, &run.join("log.jsonl"), 1);
}

#[test]
fn ctrl_c_saves_and_says_how_to_go_on() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut child = tiny.start_pretraining(&run, &["--set", "train.checkpoint_every=1000000"]);
    until_the_first_step(&mut child, &run);
    let output = end_by_ctrl_c(child);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    says(&stderr(&output), &["saving", "Ctrl-C again"]);
    says(&stdout(&output), &["stopped and saved", "--resume"]);
    assert_eq!(checkpoints(&run).len(), 1);
    // Where it stopped leaves no trace in the weights.
    succeeded(&tiny.pretrain(&run, &["--resume"]));
    assert_eq!(weights(&run), weights(&tiny.path("run")));
}

#[test]
fn ctrl_c_twice_stops_at_once() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    // A step of many videos lasts long enough for both.
    let more =
        [&LONG[..], &["--set", "sampling.long_clips=400", "--set", "sampling.short_clips=400"]];
    let mut child = tiny.start_pretraining(&run, &more.concat());
    until_the_first_step(&mut child, &run);
    press_ctrl_c(&child);
    let mut errors = child.stderr.take().unwrap();
    let mut told = Vec::new();
    while !String::from_utf8_lossy(&told).contains("again to stop at once") {
        let mut more = [0; 256];
        let read = errors.read(&mut more).unwrap();
        assert!(read > 0, "it ended without a word: {}", String::from_utf8_lossy(&told));
        told.extend(&more[..read]);
    }
    press_ctrl_c(&child);
    errors.read_to_end(&mut told).unwrap();
    let told = String::from_utf8(told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{told}");
    says(&told, &["stopped;", "what was saved before is intact"]);
    assert!(checkpoints(&run).is_empty(), "it took the time to save: {told}");
}

#[test]
fn a_full_disk_keeps_the_last_checkpoint() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    succeeded(&tiny.pretrain(&run, &["--set", "train.steps=40"]));
    let before = checkpoints(&run);
    let last = before.last().unwrap().clone();
    let bytes = std::fs::read(last.join("model.safetensors")).unwrap();

    // A limit on the size of files, in blocks of 512 bytes, below the weights and above the log.
    let blocks = (bytes.len() / 2 / 512).to_string();
    let go_on = tiny.pretrain_command(&run, &["--resume"]);
    let script = format!("ulimit -f {blocks}; exec \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(go_on.get_program())
        .args(go_on.get_args())
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    let message = refused(&output);
    says(&message, &["model.safetensors", "cannot write", "free space", "checkpoint"]);
    assert_eq!(checkpoints(&run), before);
    assert_eq!(std::fs::read(last.join("model.safetensors")).unwrap(), bytes);
    let leftovers: Vec<_> = std::fs::read_dir(run.join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".part"))
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
    // With space again the run ends as if nothing had happened.
    succeeded(&tiny.pretrain(&run, &["--resume"]));
    assert_eq!(weights(&run), weights(&tiny.path("run")));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let tiny = tiny();
    // Nobody, not even root, makes a folder inside a file or in /proc.
    for run in [tiny.path("run.toml").join("run"), "/proc/locvtp-test/run".into()] {
        let message = refused(&tiny.pretrain(&run, &[]));
        says(&message, &[str(&run), "cannot write", "--run"]);
    }
}

#[test]
fn checkpoints_that_cannot_be_written_leave_the_earlier_ones() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    copy_folder(&tiny.path("run"), &run);
    let before = checkpoints(&run);
    // Where the next checkpoint would be prepared, a file stands in the way.
    std::fs::write(run.join("checkpoints/.step-00000320.part"), "in the way").unwrap();
    let more = ["--resume", "--set", "train.steps=330"];
    let message = refused(&tiny.pretrain(&run, &more));
    says(&message, &["step-00000320", "cannot write"]);
    assert_eq!(checkpoints(&run), before);
}

#[test]
fn a_folder_that_becomes_read_only_keeps_the_last_checkpoint() {
    let tiny = tiny();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    copy_folder(&tiny.path("run"), &run);
    let before = checkpoints(&run);
    let state = std::fs::read(before.last().unwrap().join("trainer_state.json")).unwrap();

    // The right to write is nothing to root; a mount that is read-only is. It is seen by this
    // command alone, and gone when it ends.
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\"";
    let in_its_own_mounts = |what: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c"]).arg(format!("{script} && {what}"));
        command.arg(run.join("checkpoints"));
        command
    };
    let probe = in_its_own_mounts("true").output();
    if !probe.as_ref().is_ok_and(|probe| probe.status.success()) {
        return not_run(format_args!("no read-only mount can be made here ({probe:?})"));
    }
    let go_on = tiny.pretrain_command(&run, &["--resume", "--set", "train.steps=330"]);
    let output = in_its_own_mounts("exec \"$@\"")
        .arg(go_on.get_program())
        .args(go_on.get_args())
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    let message = refused(&output);
    says(&message, &["step-00000320", "cannot write", "free space", "the disk can only be read"]);
    assert_eq!(checkpoints(&run), before);
    let last = before.last().unwrap().join("trainer_state.json");
    assert_eq!(std::fs::read(last).unwrap(), state);
    succeeded(&tiny.pretrain(&run, &["--resume", "--set", "train.steps=330"]));
}
