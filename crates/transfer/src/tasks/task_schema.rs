//! What may stand in a task file, as a JSON schema for each task, with what its presets fill in.

use locvtp_train::settings_schema;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};
use toml::Table;

use super::grounding::GroundingTask;
use super::probe::Probe;
use super::retrieval::Retrieval;
use super::segmentation::SegmentationTask;
use super::steps::StepsTask;
use super::task_kind::TaskKind;
use super::task_settings::TaskSettings;

/// The schema of the task files of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskSchema {
    /// Which task.
    pub kind: TaskKind,
    /// As [`settings_schema`] gives it; what a preset fills in is not required.
    pub schema: Value,
    /// What such a file may leave out.
    pub presets: Vec<TaskPreset>,
}

/// What a task file may leave out, if it says so much.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskPreset {
    /// What the file says, as TOML: `grounding.head = "tan"`. Empty where it need say nothing.
    pub when: String,
    /// What it may leave out then.
    pub defaults: Table,
}

/// The schemas of all tasks.
pub fn task_schemas() -> Vec<TaskSchema> {
    let heads = ["tan", "csmgan", "zero_shot"];
    let data_sets = ["activitynet", "charades", "tacos", "qvhighlights", "synthetic"];
    let groundings: Vec<String> = heads
        .iter()
        .flat_map(|head| {
            let section = move |data_set: &&str| {
                format!("grounding.head = \"{head}\"\ngrounding.dataset = \"{data_set}\"")
            };
            data_sets.iter().map(section)
        })
        .collect();
    let groundings: Vec<&str> = groundings.iter().map(String::as_str).collect();
    let steps = ["component_model = {}", ""];
    let segmentations = ["", "classifier.tune = \"all\"", "zero_shot = {}"];
    vec![
        of_task::<Retrieval>(TaskKind::Retrieval, &[""]),
        of_task::<GroundingTask>(TaskKind::Grounding, &groundings),
        of_task::<StepsTask>(TaskKind::Steps, &steps),
        of_task::<SegmentationTask>(TaskKind::Segmentation, &segmentations),
        of_task::<Probe>(TaskKind::OrderProbe, &["", "baseline = {}"]),
        of_task::<Probe>(TaskKind::DistanceProbe, &["", "baseline = {}"]),
    ]
}

/// The schema of `kind`, whose files are filled in by what they say: one of `says`, as TOML.
fn of_task<T: TaskSettings + JsonSchema>(kind: TaskKind, says: &[&str]) -> TaskSchema {
    let name = serde_json::to_value(kind).expect("a task has a name");
    let presets: Vec<TaskPreset> = says
        .iter()
        .map(|when| {
            let given: Table = toml::from_str(&format!("task = {name}\n{when}")).expect("TOML");
            let defaults = T::defaults(&given);
            TaskPreset { when: when.replace('\n', ", "), defaults }
        })
        .collect();
    let mut schema = settings_schema::<T>();
    presets.iter().for_each(|preset| relax(&mut schema, &preset.defaults));
    let kinds = schema["properties"]["task"]["oneOf"].as_array();
    let own = kinds.and_then(|kinds| kinds.iter().find(|kind| kind["const"] == name));
    let own = own.expect("every task has its name");
    let description = "Which task the file is of.";
    schema["properties"]["task"] = json!({ "description": description, "oneOf": [own] });
    TaskSchema { kind, schema, presets }
}

/// Takes the keys that `defaults` fill in from those that a file must give.
fn relax(schema: &mut Value, defaults: &Table) {
    let Some(schema) = schema.as_object_mut() else { return };
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|key| !key.as_str().is_some_and(|key| defaults.contains_key(key)));
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        relax_sections(properties, defaults);
    }
}

fn relax_sections(properties: &mut Map<String, Value>, defaults: &Table) {
    for (key, section) in properties {
        if let Some(toml::Value::Table(inner)) = defaults.get(key) {
            relax(section, inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_preset_fills_in_is_not_required_and_the_rest_is() {
        let schemas = task_schemas();
        let grounding = schemas.iter().find(|task| task.kind == TaskKind::Grounding).unwrap();
        let schema = &grounding.schema;
        assert_eq!(schema["properties"]["task"]["oneOf"][0]["const"], "grounding");
        let required = |schema: &Value| schema["required"].as_array().cloned().unwrap_or_default();
        let wanted: Vec<Value> =
            ["task", "grounding", "features", "queries"].map(Value::from).into();
        assert_eq!(required(schema), wanted);
        assert_eq!(required(&schema["properties"]["features"]), [Value::from("file")]);
        assert_eq!(required(&schema["properties"]["tan"]), [Value::Null; 0]);
        let tacos = "grounding.head = \"tan\", grounding.dataset = \"tacos\"";
        let preset = grounding.presets.iter().find(|preset| preset.when == tacos).unwrap();
        assert_eq!(preset.defaults["tan"]["nms"].as_float(), Some(0.4));
    }

    #[test]
    fn every_head_and_data_set_has_its_preset() {
        let schemas = task_schemas();
        let grounding = schemas.iter().find(|task| task.kind == TaskKind::Grounding).unwrap();
        let names = |key: &str| {
            grounding.schema["properties"]["grounding"]["properties"][key]["oneOf"]
                .as_array()
                .unwrap()
                .len()
        };
        assert_eq!(grounding.presets.len(), names("head") * names("dataset"));
    }
}
