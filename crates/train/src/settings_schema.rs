//! The JSON schema of settings, made of their types and doc comments, for editors and for
//! `locvtp explain`: what they say of a key is what stands beside it in the code.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// The schema (draft 7, the one that editors of TOML know) of the file form of `T`.
///
/// Everything stands where it belongs and nothing is referred to. A setting that may be left out is
/// no `null`, which TOML has not. Descriptions are free of rustdoc's links.
pub fn settings_schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    schema
}

fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(keys) => {
            without_null(keys);
            for (key, value) in keys.iter_mut() {
                match (key.as_str(), &mut *value) {
                    ("description", Value::String(text)) => *text = plain(text),
                    // Keys of the settings, some of which may be called as a word of the schema is.
                    ("properties", Value::Object(properties)) => {
                        properties.values_mut().for_each(tidy);
                    }
                    ("default", value) => as_typed(value),
                    _ => tidy(value),
                }
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// A schema without the `null` of what may be left out, and without formats that JSON does not know.
fn without_null(schema: &mut Map<String, Value>) {
    schema.shift_remove("format");
    if schema.get("default").is_some_and(Value::is_null) {
        schema.shift_remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [name] = types.as_slice() {
            let name = name.clone();
            schema.insert("type".to_owned(), name);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(forms)) = schema.get_mut("anyOf") else { return };
    forms.retain(|form| form.get("type").is_none_or(|name| name != "null"));
    if let [Value::Object(form)] = forms.as_slice() {
        let form = form.clone();
        schema.shift_remove("anyOf");
        for (key, value) in form {
            schema.entry(key).or_insert(value);
        }
        without_null(schema);
    }
}

/// A default as one would type it: without what is not there, and a number of 32 bits with its own
/// digits (0.05) instead of those of the number of 64 bits that it is equal to (0.05000000074505806).
fn as_typed(value: &mut Value) {
    match value {
        Value::Object(keys) => {
            keys.retain(|_, value| !value.is_null());
            keys.values_mut().for_each(as_typed);
        }
        Value::Array(values) => values.iter_mut().for_each(as_typed),
        Value::Number(number) if number.is_f64() => {
            let short = number.as_f64().map(|wide| wide as f32);
            let equal = short.filter(|&short| number.as_f64() == Some(f64::from(short)));
            let typed = equal.and_then(|short| short.to_string().parse().ok());
            if let Some(typed) = typed.and_then(serde_json::Number::from_f64) {
                *number = typed;
            }
        }
        _ => {}
    }
}

/// A doc comment as text: lines of a paragraph joined, links as what they show.
fn plain(doc: &str) -> String {
    let paragraphs = doc.split("\n\n").map(|paragraph| {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        without_links(&words.join(" "))
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

fn without_links(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('[') {
        plain += &rest[..at];
        let inside = &rest[at + 1..];
        // A link that does not end is no link.
        let Some(end) = inside.find(']') else { return plain + &rest[at..] };
        let (shown, after) = (&inside[..end], &inside[end + 1..]);
        let target = after.strip_prefix('(').and_then(|target| target.split_once(')'));
        match target {
            Some((_, after)) => {
                plain += shown;
                rest = after;
            }
            None if shown.starts_with('`') && shown.ends_with('`') => {
                plain += shown;
                rest = after;
            }
            // Brackets that are meant as brackets.
            None => {
                plain.push('[');
                rest = inside;
                continue;
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;

    /// A lamp.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Lamp {
        /// How much it takes,
        /// in [`Watts`](watts) of [the net](https://net).
        power: Option<u64>,
        /// A key that is called as a word of the schema is.
        format: Option<Shade>,
        /// How bright it is, alone and of all.
        bright: (f32, f64),
    }

    impl Default for Lamp {
        fn default() -> Self {
            Self { power: None, format: None, bright: (0.05, 0.05) }
        }
    }

    #[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Shade {
        /// Of paper.
        #[default]
        Paper,
    }

    #[test]
    fn what_may_be_left_out_is_no_null_and_links_are_what_they_show() {
        let schema = settings_schema::<Lamp>();
        let power = &schema["properties"]["power"];
        assert_eq!(power["description"], "How much it takes, in `Watts` of the net.");
        assert_eq!((&power["type"], &power["minimum"]), (&"integer".into(), &0.into()));
        assert_eq!(power.get("default"), None);
        let format = &schema["properties"]["format"];
        assert_eq!(format["oneOf"][0]["const"], "paper");
        assert_eq!(format["oneOf"][0]["description"], "Of paper.");
        assert!(!schema.to_string().contains("null"), "{schema}");
        let bright = &schema["properties"]["bright"]["default"];
        assert_eq!(bright, &serde_json::json!([0.05, 0.05]));
    }

    #[test]
    fn brackets_that_are_no_link_stay() {
        assert_eq!(without_links("[least, most] of [`A::b`], [c"), "[least, most] of `A::b`, [c");
    }
}
