//! The forms that a section of a JSON schema may have, and the key that says which one it has.

use serde_json::Value;

/// The key of a form that says that it is this one: `shape = "cosine"`.
pub struct FormTag<'a> {
    /// The key, as `shape`.
    pub key: &'a str,
    /// Its value in this form.
    pub value: &'a str,
    /// Whether a section without the key has another form.
    pub is_required: bool,
}

impl<'a> FormTag<'a> {
    /// That of the form `form`; none where its keys alone tell it from others.
    pub fn of(form: &'a Value) -> Option<Self> {
        let (key, value) = form["properties"]
            .as_object()?
            .iter()
            .find_map(|(key, schema)| Some((key, schema.get("const")?.as_str()?)))?;
        let is_required = required_keys(form).any(|name| name == key);
        Some(Self { key, value, is_required })
    }
}

/// The forms that a value may have; none where it has one alone.
pub fn schema_forms(schema: &Value) -> impl Iterator<Item = &Value> {
    let of = |word: &str| schema[word].as_array().into_iter().flatten();
    of("oneOf").chain(of("anyOf"))
}

/// The keys that a section must have.
pub(crate) fn required_keys(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The keys of a section, those of all its forms, each with its schema.
pub(crate) fn keys_with_schemas(schema: &Value) -> Vec<(&str, &Value)> {
    let own = schema["properties"].as_object().into_iter().flatten();
    let own = own.map(|(key, inner)| (key.as_str(), inner));
    own.chain(schema_forms(schema).flat_map(keys_with_schemas)).collect()
}
