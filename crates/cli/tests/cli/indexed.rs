//! Folders of videos, and their indexes.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::tiny::{run, says, stderr, stdout, str, succeeded, tiny};

/// A folder with copies of the held-out videos, and its index.
pub(crate) fn indexed() -> TempDir {
    let folder = videos();
    let added = index(folder.path());
    let told = succeeded(&added);
    says(&told, &["indexed: 8 videos", "x real time", "search it with:", "search --catalog"]);
    folder
}

/// The same, with a line of subtitles beside one of the videos from 1 to 2.5 seconds: "now a dog rides the skateboard".
pub(crate) fn indexed_with_words() -> TempDir {
    let folder = videos();
    let (video, _) = held_out(folder.path());
    let srt = "1\n00:00:01,000 --> 00:00:02,500\nnow a dog rides the skateboard\n";
    std::fs::write(video.with_extension("srt"), srt).unwrap();
    says(&succeeded(&index(folder.path())), &["1 line of subtitles"]);
    folder
}

pub(crate) fn videos() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for split in ["seen", "new"] {
        let videos = tiny().path(&format!("corpus/{split}/videos"));
        for entry in std::fs::read_dir(videos).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
    }
    folder
}

/// `locvtp index add` with the model of the tiny run.
pub(crate) fn index(folder: &Path) -> Output {
    run(&["index", "add", str(folder), "--model", str(&tiny().path("run"))])
}

pub(crate) fn search(folder: &Path, more: &[&str]) -> Output {
    run(&[&["search", "--catalog", str(folder)], more].concat())
}

pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap_or_else(|_| panic!("{}", stderr(output)))
}

pub(crate) fn add_again(folder: &Path) -> Value {
    json(&run(&["index", "add", str(folder), "--json"]))
}

/// A video of the folder that has a sentence of its own.
pub(crate) fn held_out(folder: &Path) -> (PathBuf, String) {
    let (video, sentence) = tiny().held_out();
    let copy = folder.canonicalize().unwrap().join(video.file_name().unwrap());
    (copy, sentence)
}

/// Sentences of the kind that the model knows.
pub(crate) fn sentences() -> impl Iterator<Item = String> {
    ["red", "blue", "green"].iter().flat_map(|colour| {
        let of = move |shape| format!("a {colour} {shape} moves left");
        ["square", "circle", "triangle", "ring", "cross"].map(of)
    })
}

/// A sentence by which nothing stands out in the folder, so that only guesses are there.
pub(crate) fn guessed(folder: &Path) -> String {
    let is_guess = |sentence: &String| search(folder, &[sentence]).status.code() == Some(1);
    sentences().find(is_guess).expect("some sentence stands out no more than others")
}
