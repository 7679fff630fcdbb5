//! A test that cannot run here says so: a line `NOT RUN: TEST: REASON` that the test harness does not
//! keep back, and that `scripts/test` shows again at its end.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]
#![allow(dead_code, reason = "tests of several crates use parts of it")]

use std::fmt::Display;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Says that this test did not run, and why; the test returns what this returns.
pub(crate) fn not_run(reason: impl Display) {
    let thread = std::thread::current();
    let line = format!("NOT RUN: {}: {reason}\n", thread.name().unwrap_or("a test"));
    // Not `eprintln!`, whose text is kept back when a test does not fail.
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    if let Some(list) = std::env::var_os("LOCVTP_NOT_RUN") {
        let mut list = File::options().create(true).append(true).open(list).unwrap();
        list.write_all(line.as_bytes()).unwrap();
    }
}

/// The folder of the genuine annotation files, which are not ours to pass on: the one that
/// `LOCVTP_ANNOTATIONS` names, or `shared/data/annotations` beside the repository. Where it is not
/// there, the test did not run.
pub(crate) fn genuine_annotations() -> Option<PathBuf> {
    let given = std::env::var_os("LOCVTP_ANNOTATIONS").map(PathBuf::from);
    there(given.unwrap_or_else(|| shared("data/annotations")))
}

/// A case that somebody reported, in `shared/cases` beside the repository. Where it is not there, the
/// test did not run.
pub(crate) fn shared_case(name: &str) -> Option<PathBuf> {
    there(shared("cases").join(name))
}

fn shared(what: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(what)
}

fn there(path: PathBuf) -> Option<PathBuf> {
    if !path.exists() {
        not_run(format_args!("{} is not there", path.display()));
        return None;
    }
    Some(path)
}
