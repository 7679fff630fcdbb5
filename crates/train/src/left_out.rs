//! What a section may leave out though its type asks for it: the section as a whole has a default, and
//! what a file says of it stands over that.
//!
//! `objective = { coarse = 0.5 }` has the schedule that a file without the section has, and
//! `optimizer.schedule = { factor = 0.5 }` the shape and the epochs. `locvtp explain` says the same.

use serde_json::Value as Json;
use toml::{Table, Value};

use crate::schema_forms::{FormTag, required_keys, schema_forms};

/// Gives `table` what its schema requires and has a default for, in sections of sections too.
pub(crate) fn complete(table: &mut Table, schema: &Json) {
    complete_section(table, schema, None);
}

/// `default` is what holds when the section is left out as a whole.
fn complete_section(table: &mut Table, schema: &Json, default: Option<&Json>) {
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let default = default.and_then(|whole| whole.get(key)).or(inner.get("default"));
        if required_keys(schema).any(|name| name == key) {
            give(table, key, default);
        }
        if let Some(Value::Table(section)) = table.get_mut(key) {
            complete_section(section, inner, default);
        }
    }
    // Where one form needs no tag, a section without it has that form.
    let mut tags = schema_forms(schema).filter_map(FormTag::of);
    let is_told = tags.all(|tag| tag.is_required);
    for form in schema_forms(schema) {
        let Some(FormTag { key, value, is_required }) = FormTag::of(form) else {
            complete_section(table, form, None);
            continue;
        };
        let usual = default.and_then(|whole| whole.get(key));
        if is_told {
            give(table, key, usual);
        }
        let is_this = match table.get(key) {
            Some(given) => given.as_str() == Some(value),
            None => !is_required,
        };
        if is_this {
            let is_usual = usual.map_or(!is_required, |usual| usual == value);
            complete_section(table, form, default.filter(|_| is_usual));
        }
    }
}

/// Sets a key that is not there to its default, if it has one.
fn give(table: &mut Table, key: &str, default: Option<&Json>) {
    if let Some(default) = default
        && !table.contains_key(key)
        && let Ok(default) = Value::try_from(default)
    {
        table.insert(key.to_owned(), default);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Experiment, settings_schema};

    fn completed(text: &str) -> Table {
        let mut table: Table = toml::from_str(text).unwrap();
        complete(&mut table, &settings_schema::<Experiment>());
        table
    }

    #[test]
    fn one_key_of_a_section_leaves_the_others_at_the_default_of_the_section() {
        for (text, wanted) in [
            ("objective.coarse = 0.25", "objective = { coarse = 0.25, schedule = 'weighted' }"),
            (
                "optimizer.schedule.factor = 0.5",
                "optimizer.schedule = { shape = 'steps', at_epochs = [100.0, 160.0], factor = 0.5 }",
            ),
            (
                "optimizer.schedule.shape = 'steps'",
                "optimizer.schedule = { shape = 'steps', at_epochs = [100.0, 160.0], factor = 0.1 }",
            ),
        ] {
            assert_eq!(completed(text), toml::from_str::<Table>(wanted).unwrap(), "{text}");
        }
    }

    #[test]
    fn what_has_no_default_and_what_is_of_another_form_is_not_given() {
        for text in [
            "",
            "optimizer.schedule.shape = 'cosine'",
            "pairs.order.shards = {}",
            "model.video.kind = 'c3d'",
            "model.video.hidden_size = 8",
            "objective = { schedule = 'warm_up', fine = 0.5 }",
        ] {
            assert_eq!(completed(text), toml::from_str::<Table>(text).unwrap(), "{text}");
        }
    }
}
