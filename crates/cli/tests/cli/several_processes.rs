//! Commands under a real mpirun: what comes of several processes is what comes of one.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use locvtp_features::FeatureStore;
use serde_json::Value;

use crate::extract::write_video;
use crate::indexed::{json, videos};
use crate::not_run::not_run;
use crate::tiny::{locvtp, refused, run, says, stderr, str, succeeded, tiny};
use crate::waiting::until;

/// All ranks are gone within this time after one of them ended; what the issue of several processes asks for.
const ALL_GONE: Duration = Duration::from_secs(10);

/// `mpirun` of so many processes of a command; `None`, and the test says so, where that cannot be.
fn mpirun(num_ranks: usize, command: &Command) -> Option<Command> {
    let found = Command::new("mpirun").arg("--version").output();
    if !locvtp_cluster::WITH_MPI || !found.is_ok_and(|output| output.status.success()) {
        not_run("mpirun is not installed, or this build has no MPI");
        return None;
    }
    let mut ranks = Command::new("mpirun");
    ranks.args(["--allow-run-as-root", "--oversubscribe", "-n", &num_ranks.to_string()]);
    ranks.arg(command.get_program()).args(command.get_args());
    let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    ranks.envs(set).stdin(Stdio::null());
    Some(ranks)
}

fn output(num_ranks: usize, command: &Command) -> Option<Output> {
    Some(mpirun(num_ranks, command)?.output().unwrap())
}

fn started(num_ranks: usize, command: &Command) -> Option<Child> {
    let mut ranks = mpirun(num_ranks, command)?;
    Some(ranks.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

fn extract(videos: &Path, out: &Path, more: &[&str]) -> Command {
    let mut command = locvtp();
    command.arg("extract").arg("--model").arg(tiny().model());
    command.arg("--out").arg(out).args(more).arg("--videos").arg(videos);
    command
}

/// What does not depend on time or on the name of the output.
fn without_times(mut summary: Value) -> Value {
    for key in ["seconds", "out"] {
        summary.as_object_mut().unwrap().remove(key);
    }
    summary
}

#[test]
fn what_is_wrong_before_they_know_each_other_is_said_by_the_first() {
    let mut command = locvtp();
    command.args(["pretrain", "not-there.toml"]);
    let Some(told) = output(2, &command) else { return };
    assert!(!told.status.success());
    let told = stderr(&told);
    assert_eq!(told.matches("error: not-there.toml: does not exist").count(), 1, "{told}");
}

#[test]
fn the_feature_file_of_several_processes_is_that_of_one() {
    let folder = videos();
    std::fs::write(folder.path().join("broken.mp4"), "not a video").unwrap();
    for name in ["whole.h5", "whole.safetensors"] {
        let whole = folder.path().join(name);
        let one = extract(folder.path(), &whole, &["--json"]).output().unwrap();
        let one: Value = serde_json::from_str(&succeeded(&one)).unwrap();
        assert_eq!((&one["videos"], one["bad"].as_array().unwrap().len()), (&8.into(), 1));
        for num_ranks in [2, 3] {
            let out = folder.path().join(format!("{num_ranks}-{name}"));
            let command = extract(folder.path(), &out, &["--json"]);
            let Some(several) = output(num_ranks, &command) else { return };
            let said: Value = serde_json::from_str(&succeeded(&several)).unwrap();
            assert_eq!(without_times(said), without_times(one.clone()), "{num_ranks} processes");
            let told = stderr(&several);
            assert_eq!(told.matches("left out: ").count(), 1, "{told}");
            says(&told, &["broken.mp4", "videos 9/9  48 clips"]);
            assert!(std::fs::read(&out).unwrap() == std::fs::read(&whole).unwrap());
            assert!(!FeatureStore::journal_of(&out).exists());
        }
    }
}

#[test]
fn more_processes_than_videos_and_nothing_to_do_end_well() {
    let folder = tempfile::tempdir().unwrap();
    let (videos, out) = (folder.path().join("videos"), folder.path().join("f.h5"));
    std::fs::create_dir(&videos).unwrap();
    let command = extract(&videos, &out, &[]);
    let Some(nothing) = output(2, &command) else { return };
    assert_eq!(nothing.status.code(), Some(1), "{}", stderr(&nothing));
    assert_eq!(stderr(&nothing).matches("nothing found").count(), 1);
    write_video(&videos.join("a.mp4"), 30);
    succeeded(&output(3, &command).unwrap());
    let again = output(3, &command).unwrap();
    says(&succeeded(&again), &["0 videos"]);
    says(&stderr(&again), &["there already: 1 video; to do: 0"]);
    // An error of the command itself has its own exit code, and is told by one process.
    std::fs::write(videos.join("b.mp4"), "not a video").unwrap();
    let strict = output(2, &extract(&videos, &out, &["--strict"])).unwrap();
    assert_eq!(strict.status.code(), Some(2), "{}", stderr(&strict));
    assert_eq!(stderr(&strict).matches("error: left out: 1 video").count(), 1);
}

/// The processes that `mpirun` started, by rank, when all are there.
fn processes(child: &mut Child, num_ranks: usize) -> Vec<u32> {
    let parent = child.id();
    until(child, "all processes were started", || ranks_of(parent).len() == num_ranks);
    let mut ranks = ranks_of(parent);
    ranks.sort_unstable();
    ranks.into_iter().map(|(_, process)| process).collect()
}

/// Rank and number of each.
fn ranks_of(parent: u32) -> Vec<(usize, u32)> {
    let all = std::fs::read_dir("/proc").unwrap();
    let numbers = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let of_parent = |process: &u32| {
        let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let behind_name = state.rsplit_once(") ").map_or("", |(_, behind)| behind);
        behind_name.split(' ').nth(1) == Some(&parent.to_string())
    };
    let with_rank = |process: u32| {
        let environment = std::fs::read(format!("/proc/{process}/environ")).ok()?;
        let environment = String::from_utf8_lossy(&environment).into_owned();
        let mut variables = environment.split('\0');
        let rank = variables.find_map(|it| it.strip_prefix("OMPI_COMM_WORLD_RANK="))?;
        Some((rank.parse().ok()?, process))
    };
    numbers.filter(of_parent).filter_map(with_rank).collect()
}

fn signal(process: u32, name: &str) {
    assert!(Command::new("kill").args([name, &process.to_string()]).status().unwrap().success());
}

fn is_at_work(process: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat"));
    state.is_ok_and(|state| !state.contains(") Z ") && !state.contains(") X "))
}

/// Many clips, one after the other: a run that lasts a while.
const SLOW: [&str; 4] = ["--stride-frames", "1", "--batch", "1"];

#[test]
fn what_ends_one_process_ends_all_and_any_number_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let videos = folder.path().join("videos");
    std::fs::create_dir(&videos).unwrap();
    for name in ["a.mp4", "b.mp4", "c.mp4"] {
        write_video(&videos.join(name), 1200);
    }
    let out = folder.path().join("f.h5");
    let command = extract(&videos, &out, &SLOW);
    let journalled =
        || std::fs::metadata(FeatureStore::journal_of(&out)).map_or(0, |about| about.len());

    // A signal that asks one process to stop stops all, and what is done is kept.
    let Some(mut child) = started(3, &command) else { return };
    let ranks = processes(&mut child, 3);
    until(&mut child, "rank 0 works", || journalled() > 5_000);
    signal(ranks[2], "-INT");
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130), "{}", stderr(&stopped));
    says(&String::from_utf8_lossy(&stopped.stdout), &["stopped", "go on with:"]);

    // A process that is killed ends all, and is named.
    let before = journalled();
    let mut child = started(2, &command).unwrap();
    let ranks = processes(&mut child, 2);
    until(&mut child, "rank 0 works", || journalled() > before + 5_000);
    let since = Instant::now();
    signal(ranks[1], "-KILL");
    let killed = child.wait_with_output().unwrap();
    assert!(!killed.status.success());
    says(&stderr(&killed), &["rank 1"]);
    while ranks.iter().any(|&rank| is_at_work(rank)) {
        assert!(since.elapsed() < ALL_GONE, "{ranks:?} are still at work");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(!out.exists(), "the output is written at the end, whole");

    succeeded(&output(3, &command).unwrap());
    let whole = folder.path().join("whole.h5");
    succeeded(&extract(&videos, &whole, &["--stride-frames", "1"]).output().unwrap());
    assert!(std::fs::read(&out).unwrap() == std::fs::read(&whole).unwrap());
}

/// The files of an index as `list` has them, with paths from its folder on.
fn listed(folder: &Path) -> Value {
    let listed = json(&run(&["index", "list", "--catalog", str(folder), "--json"]));
    let truly = folder.canonicalize().unwrap();
    let text = listed["files"].to_string().replace(str(&truly), "FOLDER");
    serde_json::from_str(&text).unwrap()
}

fn with_words_and_a_broken_file(folder: &Path) {
    std::fs::write(folder.join("broken.mp4"), "not a video").unwrap();
    for (place, video) in mp4s(folder).iter().enumerate() {
        let srt = format!("1\n00:00:01,000 --> 00:00:02,500\nthis is number {place}\n");
        std::fs::write(video.with_extension("srt"), srt).unwrap();
    }
}

fn mp4s(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut videos: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|it| it == "mp4")).collect();
    videos.sort();
    videos
}

#[test]
fn the_index_of_several_processes_is_that_of_one() {
    let (of_one, of_several) = (videos(), videos());
    for folder in [&of_one, &of_several] {
        with_words_and_a_broken_file(folder.path());
    }
    let add = |folder: &Path| {
        let mut command = locvtp();
        command.args(["index", "add"]).arg(folder).arg("--model").arg(tiny().path("run"));
        command.arg("--json");
        command
    };
    let Some(several) = output(3, &add(of_several.path())) else { return };
    let one = add(of_one.path()).output().unwrap();
    let told = stderr(&several);
    assert_eq!(told.matches("left out: ").count(), 1, "{told}");
    let (one, several) = (json(&one), json(&several));
    for key in ["num_added", "num_clips", "num_cues", "num_frames", "media_s", "is_calibrated"] {
        assert_eq!(one[key], several[key], "{key}");
    }
    assert_eq!((&several["num_added"], &several["num_cues"]), (&8.into(), &8.into()));
    assert_eq!(listed(of_one.path()), listed(of_several.path()));
    let verify = |folder: &Path| succeeded(&run(&["index", "verify", "--catalog", str(folder)]));
    assert_eq!(verify(of_one.path()), verify(of_several.path()));
    let find = |folder: &Path| {
        let found = ["search", "--catalog", str(folder), "--said", "number", "--all", "--json"];
        json(&run(&found))["hits"].as_array().unwrap().len()
    };
    assert_eq!((find(of_one.path()), find(of_several.path())), (8, 8));
    // What is there is not encoded again, whoever comes.
    let again = json(&output(2, &add(of_several.path())).unwrap());
    assert_eq!((&again["num_unchanged"], &again["num_frames"]), (&8.into(), &0.into()));
}

#[test]
fn several_processes_of_what_one_does_alone_are_refused() {
    let mut alone = locvtp();
    alone.args(["inspect", "anything"]);
    for variable in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "WORLD_SIZE"] {
        let message = refused(&alone.env(variable, "2").output().unwrap());
        says(
            &message,
            &[variable, "2 were started", "locvtp pretrain", "locvtp extract", "locvtp index add"],
        );
        alone.env_remove(variable);
    }
    // torchrun starts processes that do not know each other.
    let folder = tempfile::tempdir().unwrap();
    let mut extract = extract(folder.path(), &folder.path().join("f.h5"), &[]);
    let message = refused(&extract.env("WORLD_SIZE", "2").output().unwrap());
    says(&message, &["WORLD_SIZE says that 2 processes were started", "mpirun or srun"]);
    extract.env_remove("WORLD_SIZE");
    let Some(several) = output(2, &alone) else { return };
    assert!(!several.status.success());
    says(&stderr(&several), &["OMPI_COMM_WORLD_SIZE says that 2 were started"]);
    // Ranks that were given other things to do.
    let mut other = mpirun(1, &extract).unwrap();
    other.args(["--strict", ":", "-n", "1"]).arg(extract.get_program()).args(extract.get_args());
    let message = stderr(&other.output().unwrap());
    says(&message, &["the ranks do not have the same arguments (rank 0 has "]);
}

/// Batches that two and four processes share evenly.
const EVEN: [&str; 4] = ["--set", "pairs.long_batch=4", "--set", "pairs.short_batch=4"];

fn pretrain(run: &Path, steps: u64, more: &[&str]) -> Command {
    let steps = format!("train.steps={steps}");
    tiny().pretrain_command(run, &[&["--set", &steps], &EVEN[..], more].concat())
}

/// The total loss of each step.
fn losses(run: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
    let step = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let totals = text.lines().map(step).filter_map(|step| step["total"].as_f64());
    totals.collect()
}

#[test]
fn several_processes_train_the_model_that_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| folder.path().join(name);
    let Some(two) = output(2, &pretrain(&run("two"), 20, &[])) else { return };
    says(&succeeded(&two), &["done in", "the model is in"]);
    assert_eq!(stderr(&two).matches("million parameters").count(), 1, "{}", stderr(&two));
    succeeded(&pretrain(&run("one"), 20, &[]).output().unwrap());
    let (one, two) = (losses(&run("one")), losses(&run("two")));
    assert_eq!((one.len(), two.len()), (20, 20));
    // Sums of another order; how it grows in 20 steps was seen: below 1e-5.
    let apart = one.iter().zip(&two).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    assert!(apart < 1e-3, "{apart}");

    // A batch that cannot be shared.
    let uneven = output(3, &pretrain(&run("uneven"), 20, &[])).unwrap();
    assert!(!uneven.status.success());
    says(&stderr(&uneven), &["does not divide by the 3 processes", "multiple of 3"]);
    assert!(!run("uneven").exists());
}

#[test]
fn a_training_that_lost_a_process_ends_at_once_and_goes_on_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| folder.path().join(name);
    let Some(whole) = output(2, &pretrain(&run("whole"), 120, &[])) else { return };
    succeeded(&whole);
    let parted = run("parted");
    let mut child = started(2, &pretrain(&parted, 120, &[])).unwrap();
    let ranks = processes(&mut child, 2);
    let log = parted.join("log.jsonl");
    until(&mut child, "45 steps are done", || crate::waiting::num_lines(&log) > 45);
    let since = Instant::now();
    signal(ranks[1], "-KILL");
    let killed = child.wait_with_output().unwrap();
    assert!(!killed.status.success());
    says(&stderr(&killed), &["rank 1"]);
    while ranks.iter().any(|&rank| is_at_work(rank)) {
        assert!(since.elapsed() < ALL_GONE, "{ranks:?} are still at work");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(!parted.join("model").exists());

    // One that is asked to stop, by a signal to any process, saves.
    let mut child = started(2, &pretrain(&parted, 120, &["--resume"])).unwrap();
    let ranks = processes(&mut child, 2);
    let done = crate::waiting::num_lines(&log);
    until(&mut child, "some steps are done", || crate::waiting::num_lines(&log) > done + 5);
    signal(ranks[1], "-TERM");
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130), "{}", stderr(&stopped));
    says(&String::from_utf8_lossy(&stopped.stdout), &["stopped and saved"]);
    succeeded(&output(2, &pretrain(&parted, 120, &["--resume"])).unwrap());
    assert!(crate::tiny::weights(&parted) == crate::tiny::weights(&run("whole")));
}

#[test]
fn trainings_that_are_killed_at_random_moments_end_in_the_bits_of_others() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/kill_test");
    let output = Command::new(script).args(["3", env!("CARGO_BIN_EXE_locvtp")]).output().unwrap();
    says(&succeeded(&output), &["kill_test: 3 kills", "ended in the bits"]);
}
