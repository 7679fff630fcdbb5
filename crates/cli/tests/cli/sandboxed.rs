//! `--sandbox`: the same results, one bad video where a worker ends, and no worker that is left behind.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use locvtp_features::{FeatureFile, FeatureStore};
use locvtp_video::{Encoder, EncoderSettings};
use tempfile::TempDir;

use crate::extract::write_video;
use crate::indexed::{search, sentences};
use crate::not_run::not_run;
use crate::tiny::{locvtp, refused, run, says, stderr, str, succeeded, tiny};
use crate::waiting::{end_by_ctrl_c, until, while_stopped};

/// Whether this system has what a sandbox needs; the test that asks did not run where it has not.
fn there_is_a_sandbox() -> bool {
    let (video, sentence) = tiny().held_out();
    let model = tiny().model();
    let ground = ["ground", "--sandbox", "--model", str(&model), str(&video), &sentence];
    let told = stderr(&run(&ground));
    if told.contains("no sandbox") {
        not_run(told.trim());
        return false;
    }
    says(&told, &["sandbox: ", "seccomp", "2.0 GiB a worker"]);
    true
}

fn extract(videos: &Path, out: &Path, more: &[&str]) -> Command {
    let mut command = locvtp();
    command.arg("extract").arg("--model").arg(tiny().model());
    command.arg("--out").arg(out).args(more).arg("--videos").arg(videos);
    command
}

/// A folder of its own, with one for videos in it, and where features are to be written.
fn place() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (videos, out) = (folder.path().join("videos"), folder.path().join("f.h5"));
    std::fs::create_dir(&videos).unwrap();
    (folder, videos, out)
}

/// A video that gives many clips one after the other ([`SLOW`]), behind a short one.
fn short_and_long(folder: &Path) {
    write_video(&folder.join("a.mp4"), 40);
    write_video(&folder.join("b.mp4"), 3000);
}

/// Many clips, one after the other: a run that lasts a while, of one worker.
const SLOW: [&str; 7] =
    ["--sandbox", "--stride-frames", "1", "--batch", "1", "--decode-threads", "1"];

/// Begins to extract both, and waits until some clips of the long one are done.
fn extracting(videos: &Path, out: &Path) -> Child {
    let mut command = extract(videos, out, &SLOW);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let journal = FeatureStore::journal_of(out);
    let bytes = || std::fs::metadata(&journal).map_or(0, |about| about.len());
    until(&mut child, "the short video is in the journal", || bytes() > 8 * 1024);
    child
}

/// Processes of this parent that decode.
fn workers(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(process) = entry.file_name().to_string_lossy().parse() else { continue };
        let about = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name in brackets may have spaces.
        let behind: Vec<&str> = about.rsplit(") ").next().unwrap_or("").split(' ').collect();
        let is_child = behind.get(1) == Some(&parent.to_string().as_str());
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if is_child && command.windows(13).any(|words| words == b"decode-worker") {
            found.push(process);
        }
    }
    found
}

/// Waits until none of these processes is there any more.
fn are_gone(processes: &[u32]) {
    assert!(!processes.is_empty(), "there was no worker");
    let began = Instant::now();
    let is_there = |process: &u32| {
        let about = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // What nobody waited for is a name alone.
        !about.is_empty() && !about.contains(") Z ")
    };
    while processes.iter().any(is_there) {
        assert!(began.elapsed() < Duration::from_secs(60), "{processes:?} are left behind");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kill(process: u32) {
    assert!(Command::new("kill").args(["-9", &process.to_string()]).status().unwrap().success());
}

/// Names and bytes of the files of a folder.
fn files(folder: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn features_are_the_same_to_the_last_byte_also_of_damaged_files() {
    if !there_is_a_sandbox() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let corpus = tiny().copy_of_corpus();
    let damaged = corpus.path().join("damaged.mp4");
    write_video(&damaged, 200);
    let mut bytes = std::fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 40].fill(0xff);
    std::fs::write(&damaged, bytes).unwrap();
    std::fs::write(corpus.path().join("none.mp4"), "no video").unwrap();
    for more in [&["--decode-threads", "3"][..], &["--skip-damaged"], &["--stride-s", "0.4"]] {
        let read = |name: &str, sandbox: &[&str]| {
            let (out, tables) = (folder.path().join(name), folder.path().join(name).join("tables"));
            std::fs::create_dir_all(&tables).unwrap();
            let (out, tables) = (out.join("f.h5"), str(&tables));
            let more = [more, sandbox, &["--fresh", "--frame-tables", tables]].concat();
            let output = extract(corpus.path(), &out, &more).output().unwrap();
            succeeded(&output);
            let told = stderr(&output);
            let mut left_out: Vec<String> =
                told.lines().filter(|line| line.contains("left out")).map(str::to_owned).collect();
            left_out.sort();
            (std::fs::read(&out).unwrap(), left_out, files(Path::new(tables)))
        };
        let (plain, sandboxed) = (read("plain", &[]), read("sandboxed", &["--sandbox"]));
        assert_eq!(plain.1, sandboxed.1);
        assert!(!plain.1.is_empty(), "none.mp4 is no video");
        assert!(plain.0 == sandboxed.0, "{more:?}: the features differ");
        assert!(plain.2 == sandboxed.2, "{more:?}: the frame tables differ");
    }
}

#[test]
fn an_index_and_its_answers_are_the_same() {
    if !there_is_a_sandbox() {
        return;
    }
    let folders = [&[][..], &["--sandbox"]].map(|sandbox| {
        let folder = tiny().copy_of_corpus();
        let model = tiny().path("run");
        let add = ["index", "add", str(folder.path()), "--model", str(&model)];
        succeeded(&run(&[&add[..], sandbox].concat()));
        folder
    });
    let sentence = sentences().next().unwrap();
    let found = folders.each_ref().map(|folder| {
        let told = String::from_utf8(search(folder.path(), &[&sentence, "--json"]).stdout).unwrap();
        told.replace(str(folder.path()), "FOLDER")
    });
    assert!(found[0].contains("FOLDER"), "{}", found[0]);
    assert_eq!(found[0], found[1]);
}

#[test]
fn a_worker_that_is_killed_makes_one_video_bad_and_the_run_goes_on() {
    if !there_is_a_sandbox() {
        return;
    }
    let (_folder, videos, out) = place();
    short_and_long(&videos);
    write_video(&videos.join("c.mp4"), 30);
    let child = extracting(&videos, &out);
    let killed = while_stopped(&child, || {
        let workers = workers(child.id());
        workers.iter().copied().for_each(kill);
        workers
    });
    let output = child.wait_with_output().unwrap();
    succeeded(&output);
    says(&stderr(&output), &["b.mp4", "the decoder ended", "signal: 9 (SIGKILL)"]);
    assert_eq!(FeatureFile::open(&out, None).unwrap().ids(), ["a", "c"]);
    assert_eq!(killed.len(), 1);
}

#[test]
fn a_video_that_takes_more_memory_than_a_worker_may_have_is_bad() {
    if !there_is_a_sandbox() {
        return;
    }
    let (_folder, videos, out) = place();
    write_video(&videos.join("a.mp4"), 40);
    let (width, height) = (4096, 2304);
    let mut encoder =
        Encoder::create(&videos.join("b.mp4"), EncoderSettings::new(width, height, 10)).unwrap();
    let grey = vec![90; (width * height * 3) as usize];
    (0..12).for_each(|_| encoder.push(&grey).unwrap());
    encoder.finish().unwrap();
    let extracted = |more: &[&str]| {
        let output = extract(&videos, &out, &[&["--sandbox", "--fresh"], more].concat()).output();
        let output = output.unwrap();
        succeeded(&output);
        (stderr(&output), FeatureFile::open(&out, None).unwrap().ids().to_vec())
    };
    let (told, ids) = extracted(&["--limit", "worker_bytes=80000000"]);
    assert_eq!(ids, ["a"], "{told}");
    says(&told, &["b.mp4", "memory", "raise `limits.worker_bytes` (now 80000000"]);
    assert_eq!(extracted(&[]).1, ["a", "b"]);
    // So little that none can begin.
    let more = ["--sandbox", "--fresh", "--limit", "worker_bytes=1000"];
    says(&refused(&extract(&videos, &out, &more).output().unwrap()), &["no sandbox", "memory"]);
}

#[test]
fn no_worker_is_left_behind_however_the_command_ends() {
    if !there_is_a_sandbox() {
        return;
    }
    let (_folder, videos, out) = place();
    short_and_long(&videos);
    let ends: [fn(Child) -> Output; 3] = [
        |mut child| {
            child.kill().unwrap();
            child.wait_with_output().unwrap()
        },
        |child| {
            let output = end_by_ctrl_c(child);
            assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
            output
        },
        |child| {
            let output = child.wait_with_output().unwrap();
            succeeded(&output);
            output
        },
    ];
    for end in ends {
        // What another end left.
        let _ = std::fs::remove_file(FeatureStore::journal_of(&out));
        let child = extracting(&videos, &out);
        let workers = workers(child.id());
        let output = end(child);
        assert!(output.status.signal().is_none_or(|signal| signal == 9));
        are_gone(&workers);
    }
}

#[test]
fn a_worker_that_nobody_asked_for_ends_at_once() {
    let output = run(&["decode-worker"]);
    assert!(!output.status.success() && output.stdout.is_empty());
}
