//! From the text of a run file to its settings: the one way for pre-training and for tasks.
//!
//! A run file is one TOML. Unknown keys are refused with the nearest known one, `section.key=value`
//! overrides a key, and what is given nowhere is taken from the defaults.

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::error::TrainError;

/// The text of a run file.
///
/// # Errors
/// When it cannot be read.
pub fn read_text(path: &Path) -> Result<String, TrainError> {
    std::fs::read_to_string(path).map_err(TrainError::reading(path))
}

/// The settings in `text`, key by key over `defaults`; `origin` is named in errors.
///
/// # Errors
/// When the text does not parse, or has an unknown key (the message names the nearest known one).
pub fn parse<T: DeserializeOwned>(
    text: &str,
    origin: &str,
    overrides: &[String],
    defaults: Table,
) -> Result<T, TrainError> {
    let refused = |origin: String| {
        move |error: toml::de::Error| TrainError::RunFile {
            origin,
            reason: with_nearest_key(&error.to_string()),
        }
    };
    if defaults.is_empty() {
        // First as it stands, so that errors carry the file's line and column.
        let settings: T = toml::from_str(text).map_err(refused(origin.to_owned()))?;
        if overrides.is_empty() {
            return Ok(settings);
        }
    }
    let mut table = table(text, origin, overrides)?;
    fill(&mut table, defaults);
    let origin = match overrides {
        [] => origin.to_owned(),
        overrides => format!("{origin} with --set {}", overrides.join(" --set ")),
    };
    table.try_into().map_err(refused(origin))
}

/// The table that `text` holds, with its overrides.
///
/// # Errors
/// When the text does not parse.
pub fn table(text: &str, origin: &str, overrides: &[String]) -> Result<Table, TrainError> {
    let mut table: Table = toml::from_str(text).map_err(|error| TrainError::RunFile {
        origin: origin.to_owned(),
        reason: error.to_string(),
    })?;
    overrides.iter().try_for_each(|entry| set(&mut table, entry))?;
    Ok(table)
}

/// Gives every key that `table` lacks its default, in sections of sections too.
fn fill(table: &mut Table, defaults: Table) {
    for (key, default) in defaults {
        match (table.get_mut(&key), default) {
            (Some(Value::Table(given)), Value::Table(default)) => fill(given, default),
            (Some(_), _) => {}
            (None, default) => {
                table.insert(key, default);
            }
        }
    }
}

/// Sets one key of a table from `section.key=value`.
fn set(table: &mut Table, entry: &str) -> Result<(), TrainError> {
    let refuse = |reason: &str| TrainError::RunFile {
        origin: format!("--set {entry}"),
        reason: reason.to_owned(),
    };
    let (path, value) = entry
        .split_once('=')
        .ok_or_else(|| refuse("expected section.key=value, for example train.steps=200"))?;
    let value = value.trim();
    let value = toml::from_str::<Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let mut parts: Vec<&str> = path.trim().split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let mut place = table;
    for part in parts {
        place = place
            .entry(part)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| refuse("the part before the last dot is no section"))?;
    }
    place.insert(last.to_owned(), value);
    Ok(())
}

/// Adds "did you mean" to serde's message about an unknown key, which lists the known ones between backticks.
fn with_nearest_key(message: &str) -> String {
    let Some((_, rest)) = message.split_once("unknown field `") else { return message.to_owned() };
    let mut quoted = rest.split('`').step_by(2);
    let Some(unknown) = quoted.next() else { return message.to_owned() };
    let nearest = rest
        .split('`')
        .skip(2)
        .step_by(2)
        .map(|known| (strsim::damerau_levenshtein(unknown, known), known))
        .min();
    match nearest {
        Some((_, known)) => format!("{}; did you mean `{known}`?", message.trim_end()),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        head: Head,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Head {
        width: usize,
        rate: f64,
    }

    #[test]
    fn defaults_fill_what_is_given_neither_in_the_file_nor_by_a_flag() {
        let defaults: Table = toml::from_str("[head]\nwidth = 512\nrate = 0.5\n").unwrap();
        let found: Settings =
            parse("[head]\nrate = 0.1\n", "x", &["head.width=7".into()], defaults.clone()).unwrap();
        assert_eq!(found, Settings { head: Head { width: 7, rate: 0.1 } });
        let error = parse::<Settings>("[head]\nwidht = 1\n", "x", &[], defaults).unwrap_err();
        assert!(error.to_string().contains("did you mean `width`?"), "{error}");
    }
}
