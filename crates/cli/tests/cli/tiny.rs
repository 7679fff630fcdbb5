//! A corpus and a model so small that a run takes a second or two, made once for all tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Steps of a tiny run.
pub(crate) const STEPS: u64 = 300;

const CORPUS: &str = "
seed = 5
train_videos = 12
seen_videos = 4
new_videos = 4
width = 32
height = 32
duration_s = 9.0
min_events = 2
max_events = 2
min_event_s = 3.5
num_colours = 3
num_shapes = 3
actions = ['left', 'right', 'blink']
procedures = { count = 6 }
";

const RUN: &str = include_str!("../../../../configs/tiny.toml");

/// What all tests share.
pub(crate) struct Tiny {
    folder: TempDir,
}

/// The corpus, the run file, and a finished run in `run/`.
pub(crate) fn tiny() -> &'static Tiny {
    static TINY: OnceLock<Tiny> = OnceLock::new();
    TINY.get_or_init(|| {
        let tiny = Tiny { folder: tempfile::tempdir().unwrap() };
        std::fs::write(tiny.path("corpus.toml"), CORPUS).unwrap();
        std::fs::write(tiny.path("run.toml"), RUN).unwrap();
        let (corpus, config) = (tiny.path("corpus"), tiny.path("corpus.toml"));
        succeeded(&run(&["synthesize", "--out", str(&corpus), "--config", str(&config)]));
        succeeded(&tiny.pretrain(&tiny.path("run"), &[]));
        tiny
    })
}

impl Tiny {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The model of the finished run.
    pub(crate) fn model(&self) -> PathBuf {
        self.path("run/model")
    }

    /// A held-out video and a sentence about it.
    pub(crate) fn held_out(&self) -> (PathBuf, String) {
        let truth = std::fs::read_to_string(self.path("corpus/seen/truth.json")).unwrap();
        let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
        let video = &truth["videos"][0];
        let file = format!("corpus/seen/videos/{}.mp4", video["id"].as_str().unwrap());
        (self.path(&file), video["events"][0]["query"].as_str().unwrap().to_owned())
    }

    /// `locvtp pretrain` on the tiny corpus, with more arguments.
    pub(crate) fn pretrain_command(&self, run: &Path, more: &[&str]) -> Command {
        let mut command = locvtp();
        let corpus = format!("corpus.dir={}", self.path("corpus/train").display());
        command.arg("pretrain").arg(self.path("run.toml")).arg("--run").arg(run);
        command.arg("--set").arg(corpus).args(more);
        command
    }

    pub(crate) fn pretrain(&self, run: &Path, more: &[&str]) -> Output {
        self.pretrain_command(run, more).output().unwrap()
    }

    /// The same in the background, without a terminal.
    pub(crate) fn start_pretraining(&self, run: &Path, more: &[&str]) -> Child {
        let mut command = self.pretrain_command(run, more);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// A corpus folder of its own with the same videos and narration, to damage.
    pub(crate) fn copy_of_corpus(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.path("corpus/train"), copy.path());
        copy
    }
}

/// What the binary takes for the user's cache folder.
pub(crate) fn user_cache() -> &'static Path {
    static CACHE: OnceLock<TempDir> = OnceLock::new();
    CACHE.get_or_init(|| tempfile::tempdir().unwrap()).path()
}

/// The binary.
pub(crate) fn locvtp() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_locvtp"));
    // Tests run beside each other; one thread each is faster than several that wait.
    command.env("RAYON_NUM_THREADS", "1").stdin(Stdio::null());
    command.env("XDG_CACHE_HOME", user_cache());
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    locvtp().args(arguments).output().unwrap()
}

pub(crate) fn str(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Standard output of a command that ended well.
pub(crate) fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}{}", output.status, stdout(output), stderr(output));
    stdout(output)
}

/// The message of a command that ended with an error.
pub(crate) fn refused(output: &Output) -> String {
    let message = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{}{message}", stdout(output));
    assert!(!message.contains("panicked"), "{message}");
    for key in hinted_keys(&message) {
        assert!(
            explained_keys().contains(key),
            "nothing explains {key}, to which leads: {message}"
        );
    }
    message
}

/// The keys that a message says `locvtp explain` tells more of.
fn hinted_keys(message: &str) -> impl Iterator<Item = &str> {
    let hints = message.split("(locvtp explain ").skip(1);
    hints.filter_map(|hint| Some(hint.split_once(" tells more)")?.0))
}

/// All keys of all files, with their sections.
fn explained_keys() -> &'static BTreeSet<String> {
    static KEYS: OnceLock<BTreeSet<String>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let all = succeeded(&run(&["explain", "--json"]));
        let all: Vec<serde_json::Value> = serde_json::from_str(&all).unwrap();
        all.iter().map(|setting| setting["key"].as_str().unwrap().to_owned()).collect()
    })
}

/// Every piece stands in the text.
pub(crate) fn says(text: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(text.contains(piece), "{piece:?} is missing in:\n{text}");
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The checkpoints of a run, the newest last.
pub(crate) fn checkpoints(run: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(run.join("checkpoints")) else { return Vec::new() };
    let mut all: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| str(path).contains("/step-"))
        .collect();
    all.sort();
    all
}

pub(crate) fn weights(run: &Path) -> Vec<u8> {
    std::fs::read(run.join("model/model.safetensors")).unwrap()
}
