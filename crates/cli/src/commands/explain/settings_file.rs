//! The files of settings that people write, with their schemas and what they may leave out.

use clap::ValueEnum;
use locvtp_corpus::SyntheticConfig;
use locvtp_train::{Experiment, FormTag, settings_schema};
use locvtp_transfer::tasks::{TaskPreset, task_schemas};
use serde_json::{Value, json};

use super::setting::{Setting, settings_of};

/// `--schema`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileWithSchema {
    /// A run file, for `locvtp pretrain`
    Run,
    /// A task file, for `locvtp transfer`
    Task,
    /// The settings of a synthetic corpus, for `locvtp synthesize --config`
    Corpus,
}

/// One kind of file.
pub(super) struct SettingsFile {
    /// "run file", "task file of grounding".
    name: String,
    schema: Value,
    /// What it may leave out besides what the schema has a default for.
    presets: Vec<TaskPreset>,
}

impl SettingsFile {
    /// All of them.
    pub(super) fn all() -> Vec<Self> {
        let plain =
            |name: &str, schema| Self { name: name.to_owned(), schema, presets: Vec::new() };
        let mut files = vec![plain("run file", settings_schema::<Experiment>())];
        files.extend(task_schemas().into_iter().map(|task| {
            let name = format!("task file of {}", task.kind.name());
            Self { name, schema: task.schema, presets: task.presets }
        }));
        files.push(plain("settings of a synthetic corpus", settings_schema::<SyntheticConfig>()));
        files
    }

    /// Its keys, in the order of the types.
    pub(super) fn settings(&self) -> Vec<Setting> {
        settings_of(&self.name, &self.schema, &self.presets)
    }
}

/// The schema of a file as an editor takes it.
pub(super) fn whole_schema(file: FileWithSchema) -> Value {
    let (title, mut whole) = match file {
        FileWithSchema::Run => ("A run file of LocVTP", settings_schema::<Experiment>()),
        FileWithSchema::Corpus => {
            ("Settings of a synthetic corpus of LocVTP", settings_schema::<SyntheticConfig>())
        }
        FileWithSchema::Task => {
            let tasks = task_schemas().into_iter().map(|task| {
                let mut schema = task.schema;
                if let Some(schema) = schema.as_object_mut() {
                    schema.shift_remove("$schema");
                }
                schema
            });
            let tasks: Vec<Value> = tasks.collect();
            let draft = "http://json-schema.org/draft-07/schema#";
            ("A task file of LocVTP", json!({ "$schema": draft, "oneOf": tasks }))
        }
    };
    relax(&mut whole, None);
    whole["title"] = title.into();
    whole
}

/// Takes from what a section requires the keys that it has a default for; `default` is what holds when the
/// section is left out as a whole. Files are read so.
fn relax(schema: &mut Value, default: Option<&Value>) {
    let mut usual = Vec::new();
    let keys = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (key, inner) in keys.into_iter().flatten() {
        let own = inner.get("default").cloned();
        let default = default.and_then(|whole| whole.get(key)).or(own.as_ref());
        if default.is_some() {
            usual.push(key.clone());
        }
        relax(inner, default);
    }
    without_required(schema, &usual);
    for word in ["oneOf", "anyOf"] {
        for form in schema.get_mut(word).and_then(Value::as_array_mut).into_iter().flatten() {
            let tag = FormTag::of(form).map(|tag| (tag.key.to_owned(), tag.value.to_owned()));
            let of_default = default.filter(|whole| {
                tag.as_ref()
                    .is_some_and(|(key, value)| whole.get(key).is_some_and(|usual| usual == value))
            });
            if let (Some((key, _)), Some(_)) = (tag, of_default) {
                without_required(form, &[key]);
            }
            relax(form, of_default);
        }
    }
}

fn without_required(schema: &mut Value, keys: &[String]) {
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| !keys.iter().any(|key| name == key));
    }
}
