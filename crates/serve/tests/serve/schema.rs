//! Whether a value is what a JSON schema says: the words of it that our types use.

use serde_json::Value;

/// The first thing that does not fit, with its place; none where all does.
pub(crate) fn mismatch(
    document: &Value,
    schema: &Value,
    value: &Value,
    place: &str,
) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target = document.pointer(name.trim_start_matches('#'));
        let target = target.unwrap_or_else(|| panic!("{name} is not in the document"));
        return mismatch(document, target, value, place);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[key].as_array() {
            let fits = |choice: &&Value| mismatch(document, choice, value, place).is_none();
            return match choices.iter().find(fits) {
                Some(_) => None,
                None => Some(format!("{place}: {value} is none of the choices")),
            };
        }
    }
    if let Some(only) = schema.get("const") {
        return (only != value).then(|| format!("{place}: {value}, not {only}"));
    }
    if let Some(choices) = schema["enum"].as_array() {
        return (!choices.contains(value)).then(|| format!("{place}: {value} is not listed"));
    }
    if let Some(kinds) = schema.get("type") {
        let all = kinds.as_array().cloned().unwrap_or_else(|| vec![kinds.clone()]);
        if !all.iter().any(|kind| is_a(kind.as_str().unwrap(), value)) {
            return Some(format!("{place}: {value} is not {kinds}"));
        }
    }
    if let Some(items) = value.as_array() {
        let each = items.iter().enumerate();
        return each
            .filter_map(|(at, item)| {
                mismatch(document, &schema["items"], item, &format!("{place}[{at}]"))
            })
            .next();
    }
    let fields = value.as_object()?;
    for needed in schema["required"].as_array().into_iter().flatten() {
        let name = needed.as_str().unwrap();
        if !fields.contains_key(name) {
            return Some(format!("{place}: `{name}` is missing"));
        }
    }
    for (name, field) in fields {
        let known = schema["properties"].get(name);
        let Some(known) = known.or(schema.get("additionalProperties")) else {
            return Some(format!("{place}: `{name}` is not described"));
        };
        if let Some(wrong) = mismatch(document, known, field, &format!("{place}.{name}")) {
            return Some(wrong);
        }
    }
    None
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}
