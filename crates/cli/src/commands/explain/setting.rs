//! The keys of a file, out of its JSON schema: what each is, what may stand there, what holds without it.

use locvtp_train::{FormTag, schema_forms};
use locvtp_transfer::tasks::TaskPreset;
use serde::Serialize;
use serde_json::Value;

/// A key in one kind of file, in one of the forms that its section may have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Setting {
    /// With its sections: `optimizer.learning_rate`.
    pub(super) key: String,
    /// The kind of file that it stands in.
    pub(super) file: String,
    /// What the file must say for it to be there: `model.video.kind = "clip"`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) only_with: Vec<String>,
    pub(super) description: String,
    /// What may stand there.
    pub(super) expected: String,
    /// The names that may stand there, each with its meaning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) names: Vec<NamedValue>,
    /// What holds when it is left out; several where that depends on the rest of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) defaults: Vec<DefaultValue>,
    /// Whether a file must give it.
    pub(super) is_required: bool,
    /// Whether it holds keys.
    pub(super) is_section: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct NamedValue {
    pub(super) name: String,
    pub(super) meaning: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct DefaultValue {
    /// As a file has it.
    pub(super) value: String,
    /// What the file says then; empty where it need say nothing.
    pub(super) when: String,
}

/// The settings of the kind of file `file`.
pub(super) fn settings_of(file: &str, schema: &Value, presets: &[TaskPreset]) -> Vec<Setting> {
    let mut walk = Walk { file, presets, found: Vec::new() };
    walk.section(schema, &Place { key: String::new(), only_with: Vec::new() }, None);
    walk.found
}

/// Goes through a schema, section by section.
struct Walk<'a> {
    file: &'a str,
    presets: &'a [TaskPreset],
    found: Vec<Setting>,
}

#[derive(Clone)]
struct Place {
    key: String,
    only_with: Vec<String>,
}

impl Place {
    fn inside(&self, name: &str) -> Self {
        let key = match self.key.is_empty() {
            true => name.to_owned(),
            false => format!("{}.{name}", self.key),
        };
        Self { key, only_with: self.only_with.clone() }
    }
}

impl Walk<'_> {
    /// The keys of the section `schema`; `default` is what holds when it is left out as a whole.
    fn section(&mut self, schema: &Value, place: &Place, default: Option<&Value>) {
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            let default = default.and_then(|whole| whole.get(name)).or(inner.get("default"));
            let place = place.inside(name);
            let is_required = names(&schema["required"]).any(|key| key == name);
            self.setting(inner, &place, default, is_required);
            if let (Some(setting), Some(form)) = (self.found.last_mut(), the_only_key(schema))
                && setting.description.is_empty()
            {
                setting.description = form;
            }
            self.section(inner, &place, default);
        }
        let forms: Vec<&Value> = schema_forms(schema).collect();
        if let Some(tag) = forms.iter().copied().find_map(FormTag::of) {
            self.tag(tag.key, &forms, &place.inside(tag.key), default);
        }
        for form in forms {
            let mut place = place.clone();
            let mut form = form.clone();
            let mut default = default;
            if let Some(FormTag { key, value, is_required }) = FormTag::of(&form) {
                let chosen = default.and_then(|whole| whole.get(key));
                let is_default = chosen.map_or(!is_required, |chosen| chosen == value);
                default = default.filter(|_| is_default);
                place.only_with.push(format!("{} = \"{value}\"", place.inside(key).key));
                let key = key.to_owned();
                form["properties"].as_object_mut().map(|keys| keys.shift_remove(&key));
            }
            self.section(&form, &place, default);
        }
    }

    fn setting(
        &mut self,
        schema: &Value,
        place: &Place,
        default: Option<&Value>,
        is_required: bool,
    ) {
        let mut names = Vec::new();
        named_values(schema, &mut names);
        let is_section = has_keys(schema);
        let has_value = !is_section || !names.is_empty() || schema_forms(schema).next().is_some();
        let defaults = match default {
            // Its keys have their own.
            Some(Value::Object(_)) if is_section => Vec::new(),
            _ if has_value => self.defaults(&place.key, default),
            _ => Vec::new(),
        };
        self.found.push(Setting {
            key: place.key.clone(),
            file: self.file.to_owned(),
            only_with: place.only_with.clone(),
            description: text(schema, "description"),
            expected: expected(schema),
            names,
            // A file may leave out what has a default, be it of the section as a whole.
            is_required: is_required && default.is_none() && defaults.is_empty(),
            defaults,
            is_section,
        });
    }

    /// The key that says which form a section has.
    fn tag(&mut self, key: &str, forms: &[&Value], place: &Place, default: Option<&Value>) {
        let tags = || forms.iter().copied().filter_map(|form| Some((FormTag::of(form)?, form)));
        let names: Vec<NamedValue> = tags()
            .map(|(tag, form)| NamedValue {
                name: tag.value.to_owned(),
                meaning: text(form, "description"),
            })
            .collect();
        let usual = tags().find(|(tag, _)| !tag.is_required);
        let usual = usual.map(|(tag, _)| Value::from(tag.value));
        let default = default.and_then(|whole| whole.get(key)).or(usual.as_ref());
        let defaults = self.defaults(&place.key, default);
        self.found.push(Setting {
            key: place.key.clone(),
            file: self.file.to_owned(),
            only_with: place.only_with.clone(),
            description: "Which kind it is; the other keys of the section depend on it.".to_owned(),
            expected: "one of these names in quotes".to_owned(),
            names,
            is_required: defaults.is_empty(),
            defaults,
            is_section: false,
        });
    }

    /// What holds without the key: what each preset says, else the `usual` value.
    ///
    /// Where presets fill its section, files with other presets are refused for having it.
    fn defaults(&self, key: &str, usual: Option<&Value>) -> Vec<DefaultValue> {
        let usual = usual.and_then(in_toml);
        let section = key.split('.').next().unwrap_or(key);
        let fills =
            |preset: &&TaskPreset| preset.defaults.get(section).is_some_and(toml::Value::is_table);
        let is_filled = self.presets.iter().any(|preset| fills(&preset));
        let presets = self.presets.iter().filter(|preset| fills(preset) || !is_filled);
        let of_presets = presets.filter_map(|preset| {
            let mut value = None;
            let mut place = Some(&preset.defaults);
            for name in key.split('.') {
                value = place.and_then(|section| section.get(name));
                place = value.and_then(toml::Value::as_table);
            }
            let value = value.map(ToString::to_string).or_else(|| usual.clone())?;
            Some(DefaultValue { value, when: preset.when.clone() })
        });
        let of_presets: Vec<DefaultValue> = of_presets.collect();
        let is_one = of_presets.windows(2).all(|pair| pair[0].value == pair[1].value);
        match (of_presets.first(), usual) {
            (Some(first), _) if is_one => {
                vec![DefaultValue { value: first.value.clone(), when: String::new() }]
            }
            (Some(_), _) => of_presets,
            (None, Some(value)) => vec![DefaultValue { value, when: String::new() }],
            (None, None) => Vec::new(),
        }
    }
}

/// What is said of a form that is told by its only key.
fn the_only_key(form: &Value) -> Option<String> {
    let is_only = form["properties"].as_object().is_some_and(|keys| keys.len() == 1);
    form["description"].as_str().filter(|_| is_only).map(str::to_owned)
}

fn has_keys(schema: &Value) -> bool {
    schema.get("properties").is_some() || schema_forms(schema).any(has_keys)
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn text(schema: &Value, key: &str) -> String {
    schema[key].as_str().unwrap_or_default().to_owned()
}

/// The names that may stand there, with their meanings.
fn named_values(schema: &Value, found: &mut Vec<NamedValue>) {
    if let Some(name) = schema.get("const").and_then(Value::as_str) {
        let meaning = text(schema, "description");
        found.push(NamedValue { name: name.to_owned(), meaning });
    }
    let bare = names(&schema["enum"]);
    found.extend(bare.map(|name| NamedValue { name: name.to_owned(), meaning: String::new() }));
    schema_forms(schema).for_each(|form| named_values(form, found));
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        named_values(items, found);
    }
}

/// What may stand there, in words.
fn expected(schema: &Value) -> String {
    let mut named = Vec::new();
    named_values(schema, &mut named);
    let has_names = !named.is_empty();
    match schema["type"].as_str() {
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => whole_number(schema),
        Some("number") => any_number(schema),
        Some("array") => list(schema, has_names),
        _ if has_keys(schema) && has_names => {
            "one of these names in quotes, or a section".to_owned()
        }
        _ if has_keys(schema) => "a section".to_owned(),
        _ if has_names => "one of these names in quotes".to_owned(),
        _ => "a text in quotes".to_owned(),
    }
}

fn any_number(schema: &Value) -> String {
    let bound = |key: &str| schema[key].as_f64();
    let (least, above) = (bound("minimum"), bound("exclusiveMinimum"));
    let (most, below) = (bound("maximum"), bound("exclusiveMaximum"));
    match (least, above, most, below) {
        (_, Some(above), Some(most), _) => format!("a number above {above}, {most} at most"),
        (_, Some(above), ..) => format!("a number above {above}"),
        (Some(least), _, _, Some(below)) => format!("a number from {least} to below {below}"),
        (Some(least), _, Some(most), _) => format!("a number from {least} to {most}"),
        (Some(least), ..) => format!("a number, {least} or more"),
        _ => "a number".to_owned(),
    }
}

fn whole_number(schema: &Value) -> String {
    match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
        (Some(least), Some(most)) if least == most => format!("{least}, and nothing else"),
        (Some(least), Some(most)) => format!("a whole number from {least} to {most}"),
        (Some(least), None) => format!("a whole number, {least} or more"),
        _ => "a whole number".to_owned(),
    }
}

fn list(schema: &Value, has_names: bool) -> String {
    let count = schema["minItems"].as_u64().filter(|least| schema["maxItems"] == *least);
    let items = &schema["items"];
    let item = items.as_array().and_then(|items| items.first()).unwrap_or(items);
    let each = match item["type"].as_str() {
        Some("integer") => "whole numbers",
        Some("number") => "numbers",
        _ if has_names => "these names in quotes",
        _ => "texts in quotes",
    };
    match count {
        Some(count) => format!("a list of {count} {each}"),
        None => format!("a list of {each}"),
    }
}

/// A value as a file has it.
fn in_toml(value: &Value) -> Option<String> {
    Some(toml::Value::try_from(value).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lamp() -> Vec<Setting> {
        let schema = json!({
            "properties": {
                "watts": { "type": "integer", "minimum": 1, "default": 7, "description": "Power." },
                "shade": {
                    "description": "What is around it.",
                    "default": { "kind": "glass", "colour": "red" },
                    "oneOf": [
                        {
                            "description": "Of paper.",
                            "properties": {
                                "kind": { "type": "string", "const": "paper" },
                                "folds": { "type": "integer", "minimum": 0, "default": 3 }
                            }
                        },
                        {
                            "description": "Of glass.",
                            "properties": {
                                "kind": { "type": "string", "const": "glass" },
                                "colour": { "type": "string", "default": "white" }
                            },
                            "required": ["kind"]
                        }
                    ]
                },
                "size": { "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 }
            },
            "required": ["size"]
        });
        let mut table = toml::Table::new();
        table.insert("watts".to_owned(), 60.into());
        let presets = [("", toml::Table::new()), ("big = true", table)];
        let presets =
            presets.map(|(when, defaults)| TaskPreset { when: when.to_owned(), defaults });
        settings_of("lamp", &schema, &presets)
    }

    #[test]
    fn the_bounds_of_a_number_are_said_with_whether_they_belong_to_it() {
        let told = |bounds: Value| any_number(&bounds);
        let cases = [
            (json!({}), "a number"),
            (json!({ "minimum": 0 }), "a number, 0 or more"),
            (json!({ "minimum": 0, "maximum": 1 }), "a number from 0 to 1"),
            (json!({ "minimum": 0, "exclusiveMaximum": 1 }), "a number from 0 to below 1"),
            (json!({ "exclusiveMinimum": 0, "maximum": 1 }), "a number above 0, 1 at most"),
            (json!({ "exclusiveMinimum": 0.5 }), "a number above 0.5"),
        ];
        cases.into_iter().for_each(|(bounds, wanted)| assert_eq!(told(bounds), wanted));
    }

    #[test]
    fn every_form_of_a_section_gives_its_keys_and_the_default_is_that_of_the_whole() {
        let settings = lamp();
        let keys: Vec<&str> = settings.iter().map(|setting| setting.key.as_str()).collect();
        assert_eq!(keys, ["watts", "shade", "shade.kind", "shade.folds", "shade.colour", "size"]);
        let (kind, folds, colour) = (&settings[2], &settings[3], &settings[4]);
        assert_eq!(kind.names[1], NamedValue { name: "glass".into(), meaning: "Of glass.".into() });
        assert_eq!(kind.defaults[0].value, "\"glass\"");
        assert_eq!(folds.only_with, ["shade.kind = \"paper\""]);
        assert_eq!(folds.defaults[0].value, "3");
        assert_eq!(colour.defaults[0].value, "\"red\"", "what the lamp says, not the shade");
    }

    #[test]
    fn what_may_stand_there_is_told_in_words_and_a_preset_goes_before_the_usual() {
        let settings = lamp();
        let watts = &settings[0];
        assert_eq!(watts.expected, "a whole number, 1 or more");
        let defaults: Vec<(&str, &str)> =
            watts.defaults.iter().map(|d| (d.value.as_str(), d.when.as_str())).collect();
        assert_eq!(defaults, [("7", ""), ("60", "big = true")]);
        assert_eq!(settings[5].expected, "a list of 2 numbers");
        assert!(settings[5].is_required && settings[1].is_section);
    }
}
