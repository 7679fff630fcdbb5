//! `locvtp model`: the table, and a model fetched from a hub of our own.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::hub::hub;
use crate::tiny::{locvtp, refused, run, says, stderr, str, succeeded};

/// `locvtp model ARGUMENTS` with a hub, in a folder of its own that keeps the downloads, too.
fn model(home: &Path, endpoint: &str, arguments: &[&str]) -> Output {
    let mut command = locvtp();
    command.env("HF_ENDPOINT", endpoint).env("HF_HOME", home).env("NO_PROXY", "127.0.0.1");
    command.env_remove("HF_HUB_OFFLINE").current_dir(home).arg("model");
    command.args(arguments).output().unwrap()
}

#[test]
fn the_table_says_size_licence_and_use() {
    let said = succeeded(&run(&["model", "list"]));
    says(&said, &["clip-b32", "605 MB", "MIT", "English", "distilbert", "CC BY-NC 4.0 *"]);
    let list: Value = serde_json::from_str(&succeeded(&run(&["model", "list", "--json"]))).unwrap();
    let models = list["models"].as_array().unwrap();
    assert_eq!(
        models.len(),
        said.lines().filter(|line| line.contains(" MB ") || line.contains(" GB ")).count()
    );
    assert_eq!(models[0]["hub"], "openai/clip-vit-base-patch32");
    // Who has no model is told of three.
    let empty = tempfile::tempdir().unwrap();
    let message = refused(&run(&["index", "add", str(empty.path())]));
    says(&message, &["--model DIR", "locvtp model get clip-b32", "605 MB", "locvtp demo"]);
}

#[test]
fn a_model_of_the_table_is_fetched_and_indexes_at_once() {
    let (home, hub) = (tempfile::tempdir().unwrap(), hub());
    let told = succeeded(&model(home.path(), &hub, &["info", "laion-b32"]));
    says(&told, &["huggingface.co/laion/", "512 numbers", "8.8 GFLOP", "MIT", "nothing of it"]);
    let output = model(home.path(), &hub, &["get", "laion-b32"]);
    says(&succeeded(&output), &["models/laion-b32: model directory written"]);
    says(&stderr(&output), &["licence", "index add my-videos --model models/laion-b32"]);
    // Nothing in its folder is replaced, and words alone are refused before the download.
    let message = refused(&model(home.path(), &hub, &["get", "laion-b32"]));
    says(&message, &["models/laion-b32", "here already", "--out"]);
    let message = refused(&model(home.path(), &hub, &["get", "minilm-l6"]));
    says(&message, &["words alone", "model get vit-b16 --out models/minilm-l6"]);
    assert!(!home.path().join("hub/models--sentence-transformers--all-MiniLM-L6-v2").exists());
    let told = succeeded(&model(home.path(), &hub, &["info", "laion-b32"]));
    says(&told, &["files in", str(&home.path().join("hub"))]);
    let inspected = run(&["inspect", str(&home.path().join("models/laion-b32"))]);
    says(&succeeded(&inspected), &["model directory", "clip"]);
}

#[test]
fn a_licence_that_restricts_is_shown_and_asked_about_before_anything_is_fetched() {
    let (home, hub) = (tempfile::tempdir().unwrap(), hub());
    let message = refused(&model(home.path(), &hub, &["get", "timesformer"]));
    says(
        &message,
        &["CC BY-NC 4.0", "no commercial use", "--accept-licence", "huggingface.co/facebook"],
    );
    assert!(!home.path().join("hub").exists());
    let output =
        model(home.path(), &hub, &["get", "timesformer", "--accept-licence", "--out", "half"]);
    succeeded(&output);
    says(&stderr(&output), &["has no words", "model get distilbert --out half"]);
}

#[test]
fn a_name_that_is_not_known_and_a_server_that_lies_are_refused() {
    let (home, hub) = (tempfile::tempdir().unwrap(), hub());
    let message = refused(&model(home.path(), &hub, &["get", "clip-b31"]));
    says(&message, &["did you mean clip-b", "locvtp model list", "hub:OWNER/NAME"]);
    let message = refused(&model(home.path(), &hub, &["get", "hub:liar/timesformer"]));
    says(&message, &["model.safetensors", "SHA-256", "thrown away"]);
    assert!(!home.path().join("models").exists());
    // Any other is taken by its name on the hub.
    let output = model(home.path(), &hub, &["get", "hub:tiny/timesformer"]);
    says(&succeeded(&output), &["models/timesformer: model directory written"]);
    says(&stderr(&output), &["licence stands on its page"]);
}
