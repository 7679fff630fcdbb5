//! What is said of words that the training of a model never showed, and of models of which nobody knows.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::tiny::{checkpoints, copy_folder, run, says, stderr, stdout, str, succeeded, tiny};

const LIST: &str = "training_words.json";

fn ground(model: &Path, sentence: &str) -> Output {
    let (video, _) = tiny().held_out();
    run(&["ground", "--model", str(model), str(&video), sentence, "--json"])
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap()
}

/// Nothing is found, as the model knows no word that names anything.
fn finds_nothing(model: &Path, sentence: &str) -> bool {
    ground(model, sentence).status.code() == Some(1)
}

#[test]
fn they_are_told_and_nothing_is_found_by_them_alone() {
    let (model, (_, sentence)) = (tiny().model(), tiny().held_out());
    let output = ground(&model, "a dog on a skateboard");
    assert_eq!(output.status.code(), Some(1));
    says(&stderr(&output), &["nothing found: never seen in training: dog, ", "skateboard"]);
    let found = json(&output);
    assert!(found["moments"].as_array().unwrap().is_empty(), "{found}");
    let unseen = found["unseen_words"].as_array().unwrap();
    assert!(unseen.contains(&"dog".into()) && unseen.contains(&"skateboard".into()), "{found}");

    let output = ground(&model, "the");
    assert_eq!(output.status.code(), Some(1));
    says(&stderr(&output), &["no word of it names something that could be seen"]);

    let output = ground(&model, &format!("{sentence} near a dog"));
    assert!(!json(&output)["moments"].as_array().unwrap().is_empty());
    succeeded(&output);
    says(&stderr(&output), &["never seen in training: ", "dog", "the other words"]);

    let output = ground(&model, &sentence);
    assert_eq!(json(&output)["unseen_words"], serde_json::json!([]));
    assert!(!stderr(&output).contains("seen"), "{}", stderr(&output));
    let embed = ["embed", "--model", str(&model), "--text", "a red dog", "a cat"];
    says(&stderr(&run(&embed)), &["never seen in training: ", "dog, cat"]);
}

#[test]
fn a_checkpoint_has_the_words_of_its_run_in_it_and_out_of_it() {
    let checkpoint = checkpoints(&tiny().path("run")).pop().unwrap();
    assert!(finds_nothing(&checkpoint, "a dog"));
    let folder = tempfile::tempdir().unwrap();
    let copied = folder.path().join("copied");
    copy_folder(&checkpoint, &copied);
    assert!(finds_nothing(&copied, "a dog"));
    // Those of earlier versions have no list of their own.
    let run = folder.path().join("run");
    copy_folder(&tiny().path("run"), &run);
    for checkpoint in checkpoints(&run) {
        std::fs::remove_file(checkpoint.join(LIST)).unwrap();
        assert!(finds_nothing(&checkpoint, "a dog"));
    }
}

#[test]
fn of_a_model_without_a_list_it_is_said_once_that_nobody_knows_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("model");
    copy_folder(&tiny().model(), &old);
    std::fs::remove_file(old.join(LIST)).unwrap();
    let output = ground(&old, "a dog");
    succeeded(&output);
    assert_eq!(json(&output)["unseen_words"], Value::Null);
    let told = stderr(&output);
    says(&told, &["note: it is not known which words the model has seen", "copy the file"]);
    assert_eq!(told.matches(LIST).count(), 1, "once: {told}");

    // A run of an older version writes the list when it goes on, as it is told to be typed.
    let run = folder.path().join("older run");
    copy_folder(&tiny().path("run"), &run);
    let mut lists = vec![run.clone(), run.join("model")];
    lists.extend(checkpoints(&run));
    lists.iter().for_each(|place| std::fs::remove_file(place.join(LIST)).unwrap());
    let told = stderr(&ground(&run, "a dog"));
    let (_, typed) = told.split_once("to make it, type: ").unwrap();
    let typed = typed.lines().next().unwrap();
    succeeded(&Command::new("sh").args(["-c", typed]).output().unwrap());
    assert!(finds_nothing(&run, "a dog"));
}

/// Runs that go on from another model.
struct Continued {
    folder: tempfile::TempDir,
    run_file: PathBuf,
}

impl Continued {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run_file = folder.path().join("more.toml");
        // Encoders and pixels are those of the model.
        let text = std::fs::read_to_string(tiny().path("run.toml")).unwrap();
        let mut table: toml::Table = text.parse().unwrap();
        table.remove("preprocessing");
        let model = table.get_mut("model").and_then(toml::Value::as_table_mut).unwrap();
        model.remove("video");
        model.remove("text");
        std::fs::write(&run_file, table.to_string()).unwrap();
        Self { folder, run_file }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A run of one step from `model`.
    fn run(&self, name: &str, model: &Path) -> PathBuf {
        let run_folder = self.path(name);
        let corpus = format!("corpus.dir={}", tiny().path("corpus/train").display());
        let start = format!("start.model={}", model.display());
        let arguments = ["pretrain", str(&self.run_file), "--run", str(&run_folder)];
        let set = ["--set", &corpus, "--set", &start, "--set", "train.steps=1"];
        succeeded(&run(&[&arguments[..], &set].concat()));
        run_folder
    }
}

#[test]
fn what_training_went_on_from_had_shown_its_words_as_well() {
    let continued = Continued::new();
    let model = continued.path("start");
    copy_folder(&tiny().model(), &model);
    let list = model.join(LIST);
    let mut known: Value = serde_json::from_slice(&std::fs::read(&list).unwrap()).unwrap();
    known["words"]["skateboard"] = 3.into();
    std::fs::write(&list, known.to_string()).unwrap();
    let run = continued.run("more", &model);
    succeeded(&ground(&run, "a skateboard"));
    assert!(finds_nothing(&run, "a dog"));

    // A checkpoint of an earlier version: the list is in its run.
    let checkpoint = continued.path("earlier/checkpoints/step-00000300");
    copy_folder(&model, &checkpoint);
    std::fs::rename(checkpoint.join(LIST), continued.path("earlier").join(LIST)).unwrap();
    let run = continued.run("from-checkpoint", &checkpoint);
    succeeded(&ground(&run, "a skateboard"));
    assert!(finds_nothing(&run, "a dog"));
}

#[test]
fn where_nobody_knows_what_was_shown_before_the_model_may_know_more() {
    let continued = Continued::new();
    let model = continued.path("start");
    copy_folder(&tiny().model(), &model);
    std::fs::remove_file(model.join(LIST)).unwrap();
    let run = continued.run("more", &model);
    let output = ground(&run, "a dog on a skateboard");
    succeeded(&output);
    let told = stderr(&output);
    says(&told, &["captions of the last training: dog, skateboard; what", "is not known"]);
    assert_eq!(json(&output)["unseen_words"], Value::Null);
    let (_, sentence) = tiny().held_out();
    assert_eq!(json(&ground(&run, &sentence))["unseen_words"], serde_json::json!([]));
}
