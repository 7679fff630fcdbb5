//! A folder that is written is one program's: who comes second is told who is at it, and leaves everything as it is.

use std::path::Path;
use std::process::Stdio;

use locvtp_video::{FolderLock, WholeFolder};

use crate::tiny::{locvtp, refused, run, says, str, succeeded, tiny};
use crate::waiting::{kill, until};

/// How this process is told of; where the system lists no locks, it is another process.
fn names_the_holder(message: &str, process: u32) {
    let is_named = message.contains(&format!("process {process} "));
    assert!(is_named || message.contains("another process "), "{message}");
}

fn num_entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_second_program_is_refused_and_told_who_holds_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (run_file, train, model) =
        (tiny().path("run.toml"), tiny().path("corpus/train"), tiny().model());
    let task = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../configs/tasks/grounding_zero_shot_tiny.toml");
    let held = ["run", "task", "shards", "corpus.partial"].map(|name| {
        std::fs::create_dir(at(name)).unwrap();
        FolderLock::take(&at(name)).unwrap()
    });
    let models = ["random", "imported"].map(|name| WholeFolder::begin(&at(name)).unwrap());
    let corpus = format!("corpus.dir={}", train.display());
    let checkpoint =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/goldens/foreign/hf-timesformer");
    for arguments in [
        &["pretrain", str(&run_file), "--set", &corpus, "--run", str(&at("run"))][..],
        &["transfer", str(&task), "--run", str(&at("task"))],
        &["corpus", "pack", str(&train), "--out", str(&at("shards"))],
        &["synthesize", "--videos", "1", "--out", str(&at("corpus"))],
        &["weights", "random", "--like", str(&model), "--out", str(&at("random"))],
        &[
            "weights",
            "import",
            "--from",
            "hf-timesformer",
            str(&checkpoint),
            "--out",
            str(&at("imported")),
        ],
    ] {
        let message = refused(&run(arguments));
        names_the_holder(&message, std::process::id());
        says(&message, &["wait until it has ended"]);
    }
    for name in ["run", "task", "shards", "corpus.partial"] {
        assert_eq!(num_entries(&at(name)), 0, "{name}");
    }
    drop((held, models));
    succeeded(&run(&["weights", "random", "--like", str(&model), "--out", str(&at("random"))]));
    succeeded(&run(&["corpus", "pack", str(&train), "--out", str(&at("shards"))]));
}

#[test]
fn a_killed_program_holds_nothing_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("corpus");
    let synthesize = |videos: &str| {
        let mut command = locvtp();
        command.args(["synthesize", "--videos", videos, "--out"]).arg(&out);
        command
    };
    let mut first = synthesize("500");
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let half = folder.path().join("corpus.partial/train/videos");
    until(&mut first, "the first videos", || half.is_dir());
    let message = refused(&synthesize("500").output().unwrap());
    names_the_holder(&message, first.id());
    kill(first);
    // It is not held any more: what is refused is another config.
    says(&refused(&synthesize("1").output().unwrap()), &["unfinished synthetic corpus"]);
}
