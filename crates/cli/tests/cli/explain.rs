//! `locvtp explain`: every key of every file of configs/ is explained, and the schemas take the files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::Table;

use crate::tiny::{refused, run, says, succeeded};

/// The files of `configs/`, with the name of their schema.
fn configs() -> Vec<(PathBuf, &'static str)> {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let files = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_file()).collect::<Vec<_>>()
    };
    let runs = files(&configs).into_iter().map(|path| (path, "run"));
    let tasks = files(&configs.join("tasks")).into_iter().map(|path| (path, "task"));
    let all: Vec<_> = runs.chain(tasks).collect();
    assert!(all.len() > 25, "{all:?}");
    all
}

fn read(path: &Path) -> Table {
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

fn schema(name: &str) -> Value {
    let output = succeeded(&run(&["explain", "--schema", name]));
    serde_json::from_str(&output).unwrap()
}

/// Keys with their sections, sections too.
fn keys(table: &Table, section: &str, found: &mut BTreeSet<String>) {
    for (name, value) in table {
        let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
        if let Some(inner) = value.as_table() {
            keys(inner, &key, found);
        }
        found.insert(key);
    }
}

#[test]
fn a_key_is_explained_with_its_default() {
    let text = succeeded(&run(&["explain", "optimizer.learning_rate"]));
    assert_eq!(
        text,
        "optimizer.learning_rate, in a run file\n  Rate at its highest. Paper: 1e-4.\n  a number; \
         default 0.0001\n"
    );
    let text = succeeded(&run(&["explain", "preprocessing.fit"]));
    says(
        &text,
        &[
            "preprocessing.fit, in a run file\n",
            "one of these names in quotes; default \"short_side\"",
            "    \"squash\": Both sides are scaled to one length",
        ],
    );
}

#[test]
fn what_differs_between_tasks_and_heads_is_told_apart() {
    let text = succeeded(&run(&["explain", "training.epochs"]));
    says(
        &text,
        &[
            "training.epochs, in a task file of retrieval\n",
            "training.epochs, in a task file of grounding\n",
            "    20 with grounding.head = \"tan\", grounding.dataset = \"synthetic\"\n",
            "training.epochs, in task files of order_probe, distance_probe\n",
            "default 20",
        ],
    );
    let text = succeeded(&run(&["explain", "model.video.time"]));
    says(&text, &["in a run file, with model.video.kind = \"clip\"", "\"divided\""]);
    let text = succeeded(&run(&["explain", "objective.coarse"]));
    says(&text, &["with objective.schedule = \"weighted\"", "`L_c`", "default 0.5"]);
}

#[test]
fn a_section_lists_its_keys_and_no_key_lists_all() {
    let text = succeeded(&run(&["explain", "pairs.order"]));
    says(&text, &["pairs.order.shards.buffer", "\"uniform\": Any after any", "Shard after shard"]);
    let text = succeeded(&run(&["explain", "augmentation"]));
    says(&text, &["\"paper\": ", "augmentation.crop.scale"]);
    let all = succeeded(&run(&["explain"]));
    says(&all, &["Run files", "    train.steps ", "Task files", "    tan.kernel ", "train_videos"]);
    for line in all.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    // Nothing of rustdoc is left.
    assert!(!all.contains("[`") && !all.contains("](") && !all.contains("crate::"), "{all}");
}

#[test]
fn a_key_that_is_not_known_is_asked_about() {
    let message = refused(&run(&["explain", "optimizer.lr"]));
    says(&message, &["`optimizer.lr` is not a known key; did you mean `optimizer.learning_rate`"]);
    let message = refused(&run(&["explain", "bicycle"]));
    says(&message, &["`bicycle` is not a known key; `locvtp explain` lists all"]);
    // And the refusal of a file leads here.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.toml");
    for (text, told) in [
        ("[train]\nstepps = 3\n", "(locvtp explain train.steps tells more)"),
        ("[train]\nsteps = 'x'\n", "(locvtp explain train.steps tells more)"),
        ("[pairs]\nsky = 3\n", "(locvtp explain pairs tells more)"),
    ] {
        std::fs::write(&file, text).unwrap();
        let message = refused(&run(&["pretrain", file.to_str().unwrap()]));
        says(&message, &[told]);
        let key = told.split(' ').nth(2).unwrap();
        succeeded(&run(&["explain", key]));
    }
}

#[test]
fn keys_of_different_files_stand_under_the_file_that_has_them() {
    let text = succeeded(&run(&["explain", "train"]));
    let (of_runs, of_tasks) = text.split_once("train, in a task file of retrieval\n").unwrap();
    says(of_runs, &["train, in a run file\n", "    train.log_every "]);
    says(of_tasks, &["    train.texts "]);
    assert!(!of_runs.contains("train.texts") && !of_tasks.contains("train.log_every"), "{text}");
    let all = succeeded(&run(&["explain"]));
    let tasks = "  of retrieval, grounding, steps, segmentation, order_probe, distance_probe:\n    \
                 task ";
    says(&all, &[tasks, "  of grounding:\n", "  Which task the file is of."]);
}

#[test]
fn what_has_a_default_need_not_be_given_and_what_refuses_0_says_so() {
    let all = succeeded(&run(&["explain", "--json"]));
    let all: Vec<Value> = serde_json::from_str(&all).unwrap();
    for setting in &all {
        let has_default = setting["defaults"].as_array().is_some_and(|values| !values.is_empty());
        assert!(!(has_default && setting["is_required"] == true), "{setting}");
    }
    for (key, expected) in [
        ("train.steps", "a whole number, 1 or more"),
        ("loader.threads", "a whole number, 1 or more"),
        ("pairs.long_batch", "a whole number, 1 or more"),
        ("sampling.long_clips", "a whole number, 1 or more"),
        ("preprocessing.image_size", "a whole number, 1 or more"),
        ("train.checkpoint_every", "a whole number, 0 or more"),
        ("num_colours", "a whole number from 2 to 8"),
    ] {
        let setting = all.iter().find(|setting| setting["key"] == key).unwrap();
        assert_eq!(setting["expected"], expected, "{key}");
    }
    let text = succeeded(&run(&["explain", "csmgan.anchor_widths"]));
    assert!(text.contains("csmgan") && !text.contains("\"zero_shot\""), "{text}");
}

#[test]
fn capital_letters_are_no_other_key_and_a_wrong_key_hides_no_right_one() {
    let message = refused(&run(&["explain", "Optimizer.Learning_Rate", "Corpus"]));
    says(&message, &["did you mean `optimizer.learning_rate`?", "did you mean `corpus`?"]);
    let output = run(&["explain", "corpus.dir", "nonsense"]);
    says(&refused(&output), &["`nonsense` is not a known key"]);
    says(&String::from_utf8_lossy(&output.stdout), &["corpus.dir, in a run file\n"]);
}

#[test]
fn what_is_wrong_with_a_key_is_said_of_the_key_that_was_typed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.toml");
    let told = |text: &str, set: &[&str]| {
        std::fs::write(&file, text).unwrap();
        let set = set.iter().flat_map(|set| ["--set", set]);
        let arguments: Vec<&str> =
            ["pretrain", file.to_str().unwrap()].into_iter().chain(set).collect();
        refused(&run(&arguments))
    };
    for (text, set, pieces) in [
        (
            "[model.video]\nkind = 'c3d'\nhidden_size = 3\n",
            "run.seed=1",
            &[
                "line 3: `model.video.hidden_size` is a key of kind = \"timesformer\" or kind = \"clip\"",
                "here stands kind = \"c3d\", whose keys are image_size, ",
                "base_width",
            ][..],
        ),
        (
            "[pairs]\norder = { shards = { } }\n",
            "run.seed=1",
            &["`pairs.order.shards.buffer` is missing; give it"],
        ),
        (
            "",
            "pairs.order.shards.bufer=3",
            &[
                "`pairs.order.shards.bufer` is not a known key; did you mean `pairs.order.shards.buffer`?",
            ],
        ),
        (
            "",
            "pairs.order.shards.buffer=many",
            &["`pairs.order.shards.buffer` is \"many\"; expected a whole number, 1 or more"],
        ),
        ("", "model.video.hidden_size=0", &["`model.video.hidden_size` is 0; expected 1 or more"]),
        ("", "optimizer.schedule.shap=steps", &["did you mean `optimizer.schedule.shape`?"]),
        (
            "",
            "optimizer.schedule=cosine",
            &[
                "expected a section of keys, as optimizer.schedule={ shape = \"cosine\", floor = 0.0 }",
            ],
        ),
        (
            "",
            "pairs.order=shards",
            &["expected a section of keys, as pairs.order={ shards = { buffer = 5000 } }"],
        ),
        (
            "",
            "corpus.dir.x=1",
            &["`corpus.dir` is no section and has no key `x`; expected a text in quotes"],
        ),
        (
            "corpus.dir = 'a'",
            "corpus.dir.x=1",
            &["`corpus.dir` has a value and no keys (locvtp explain corpus.dir"],
        ),
        ("", "Corpus.dir=x", &["`Corpus` is not a known key; did you mean `corpus`?"]),
        ("", "augmentation.crop.scale=[0.1, 0.2, 0.3]", &["expected a list of 2"]),
    ] {
        says(&told(text, &[set]), pieces);
    }
    // What is written there as an example is taken: the fault is the next thing that is missing.
    for example in [
        "optimizer.schedule={ shape = \"cosine\", floor = 0.0 }",
        "pairs.order={ shards = { buffer = 5000 } }",
        "objective.coarse=0.5",
        "optimizer.schedule.factor=0.5",
    ] {
        let message = told("", &[example]);
        assert!(!message.contains("objective") && !message.contains("schedule"), "{message}");
        assert!(!message.contains("pairs.order"), "{message}");
    }
}

#[test]
fn a_section_of_another_head_is_said_to_be_one_and_not_to_lack_keys() {
    let tasks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/tasks");
    for (file, set, piece) in [
        (
            "grounding_zero_shot_tiny.toml",
            "tan.samples=8",
            "`tan` is given with grounding.head = \"zero_shot\"; expected left out",
        ),
        ("steps_zero_shot_tiny.toml", "component_model.random_epochs=8", "one of the two"),
        (
            "steps_zero_shot_tiny.toml",
            "training.epochs=8",
            "`training` is given without component_model",
        ),
        ("segmentation_zero_shot_tiny.toml", "encoder.one_second_of=8", "`encoder` is given"),
        (
            "segmentation_zero_shot_tiny.toml",
            "training.epochs=8",
            "`training` is given without classifier",
        ),
        ("steps_tiny.toml", "training.optimizer.epsilon=0.0", "`training.optimizer.epsilon` is 0"),
        (
            "segmentation_tuned_tiny.toml",
            "encoder.loader.threads=0",
            "`encoder.loader.threads` is 0",
        ),
    ] {
        let file = tasks.join(file);
        let message = refused(&run(&["transfer", file.to_str().unwrap(), "--set", set]));
        says(&message, &[piece]);
    }
}

#[test]
fn every_key_of_every_file_that_comes_with_the_program_is_explained() {
    let mut all = BTreeSet::new();
    configs().iter().for_each(|(path, _)| keys(&read(path), "", &mut all));
    assert!(all.len() > 100, "{all:?}");
    let keys: Vec<&str> = all.iter().map(String::as_str).collect();
    let output = run(&[&["explain", "--json"], &keys[..]].concat());
    let found: Vec<Value> = serde_json::from_str(&succeeded(&output)).unwrap();
    for key in keys {
        let setting = found.iter().find(|setting| setting["key"] == key);
        let description = setting.and_then(|setting| setting["description"].as_str());
        assert!(description.is_some_and(|text| text.len() > 5), "{key}: {description:?}");
    }
}

#[test]
fn the_schemas_take_every_file_that_comes_with_the_program_and_refuse_wrong_ones() {
    let schemas = ["run", "task", "corpus"].map(|name| (name, schema(name)));
    let schema = |name: &str| &schemas.iter().find(|schema| schema.0 == name).unwrap().1;
    for (path, name) in configs() {
        let file = serde_json::to_value(read(&path)).unwrap();
        let faults = faults(schema(name), &file);
        assert!(faults.is_empty(), "{}: {faults:?}", path.display());
    }
    for (name, text) in [
        ("run", "augmentation = 'paper'"),
        ("run", "[pairs]\norder = { shards = { buffer = 9 } }"),
        ("run", "[model.video]\nkind = 'clip'\ntime = 'mean'"),
        ("run", "[objective]\nfine = 1.0"),
        ("run", "[optimizer.schedule]\nfactor = 0.5"),
        ("run", "[preprocessing.normalisation]\nmean = [0.5, 0.5, 0.5]"),
        ("corpus", "train_videos = 3\n[narration]\nchatter = 0.5"),
    ] {
        let file = serde_json::to_value(text.parse::<Table>().unwrap()).unwrap();
        assert!(
            faults(schema(name), &file).is_empty(),
            "{text}: {:?}",
            faults(schema(name), &file)
        );
    }
    for (name, text) in [
        ("run", "[train]\nstepps = 3"),
        ("run", "[train]\nsteps = 'x'"),
        ("run", "[train]\nsteps = -1"),
        ("run", "[model.video]\nkind = 'resnet'"),
        ("run", "[model.video]\ntime = 'mean'"),
        ("run", "[pairs]\nlong_span_s = [1.0]"),
        ("task", "task = 'grounding'"),
        ("task", "task = 'nothing'"),
        ("corpus", "train_video = 3"),
    ] {
        let file = serde_json::to_value(text.parse::<Table>().unwrap()).unwrap();
        assert!(!faults(schema(name), &file).is_empty(), "{text}");
    }
}

/// What of `value` is not as the schema says; all words of the schema are known here.
fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut fault = |text: String| found.push(text);
    let keys = value.as_object();
    for (word, wanted) in schema.as_object().unwrap() {
        let is_met = match word.as_str() {
            "$schema" | "title" | "description" | "default" | "examples" => true,
            "type" => match wanted.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                other => panic!("type {other}"),
            },
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
            "minItems" => {
                value.as_array().is_none_or(|list| list.len() as u64 >= wanted.as_u64().unwrap())
            }
            "maxItems" => {
                value.as_array().is_none_or(|list| list.len() as u64 <= wanted.as_u64().unwrap())
            }
            "required" => keys.is_none_or(|keys| {
                wanted
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|key| keys.contains_key(key.as_str().unwrap()))
            }),
            "additionalProperties" => {
                assert_eq!(*wanted, Value::Bool(false), "what else could be wanted");
                let known = schema["properties"].as_object();
                keys.is_none_or(|keys| {
                    keys.keys().all(|key| known.is_some_and(|known| known.contains_key(key)))
                })
            }
            "properties" => {
                for (key, schema) in wanted.as_object().unwrap() {
                    if let Some(inner) = value.get(key) {
                        faults(schema, inner)
                            .into_iter()
                            .for_each(|text| fault(format!("{key}: {text}")));
                    }
                }
                true
            }
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    let schema = wanted.get(place).unwrap_or(wanted);
                    faults(schema, item)
                        .into_iter()
                        .for_each(|text| fault(format!("{place}: {text}")));
                }
                true
            }
            "oneOf" => {
                let forms = wanted.as_array().unwrap();
                forms.iter().filter(|form| faults(form, value).is_empty()).count() == 1
            }
            "anyOf" => wanted.as_array().unwrap().iter().any(|form| faults(form, value).is_empty()),
            other => panic!("a word of the schema that is not known here: {other}"),
        };
        if !is_met {
            fault(format!("{value} is not {word} {wanted}"));
        }
    }
    found
}
