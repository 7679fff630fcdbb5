//! From the text of a run file to its settings: the one way for pre-training, for tasks and for the
//! settings of a synthetic corpus.
//!
//! A run file is one TOML. `section.key=value` overrides a key, and what is given nowhere is taken
//! from the defaults. What cannot be read is refused with its line or flag, its key, what was found
//! and what may stand there; an unknown key with the one that was probably meant.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use locvtp_video::address::{is_address, without_passwords};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use crate::error::TrainError;
use crate::file_kind::FileKind;
use crate::key_error::KeyError;
use crate::left_out::complete;
use crate::plain_words::WHOLE_NUMBER;
use crate::settings_schema::settings_schema;

/// Bytes of the largest run file.
const LONGEST: u64 = 4 << 20;

/// The text of a run file.
///
/// # Errors
/// When it cannot be read, or is larger than any run file.
pub fn read_text(path: &Path) -> Result<String, TrainError> {
    let refused =
        |reason: String| Err(TrainError::RunFile { origin: path.display().to_string(), reason });
    if path.is_dir() {
        let inside = ["run.toml", "task.toml"].map(|name| path.join(name));
        return refused(match inside.iter().find(|file| file.is_file()) {
            Some(file) => format!("is a folder; the file in it is {}", file.display()),
            None => {
                "is a folder, and a run file (TOML) is expected; configs/ has some. For a folder \
                     of videos: locvtp pretrain configs/demo.toml --set corpus.dir=FOLDER"
                    .to_owned()
            }
        });
    }
    if !path.exists() {
        return refused(
            "does not exist; check the path (configs/ has run files, configs/tasks/ task files)"
                .to_owned(),
        );
    }
    let read = || {
        let (mut text, file) = (String::new(), File::open(path)?);
        file.take(LONGEST + 1).read_to_string(&mut text)?;
        if text.len() as u64 > LONGEST {
            let reason = format!("it is larger than {} MiB, and no run file is", LONGEST >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
        Ok(text)
    };
    read().map_err(TrainError::reading(path))
}

/// The settings in `text`, key by key over `defaults`; `origin` is named in errors.
///
/// `is_usable` is asked only for what is said of a value that does not fit: whether 0 may stand there.
///
/// # Errors
/// When the text does not parse, a value does not fit, or a key is unknown (the message names the
/// one that was probably meant).
pub fn parse<T: DeserializeOwned + JsonSchema>(
    text: &str,
    origin: &str,
    overrides: &[String],
    defaults: Table,
    is_usable: impl Fn(&T) -> bool,
) -> Result<T, TrainError> {
    let schema = settings_schema::<T>();
    let mut given = table(text, origin, overrides)?;
    fill(&mut given, defaults);
    complete(&mut given, &schema);
    refuse_passwords("", &given, origin)?;
    let read = given.clone().try_into::<T>();
    read.map_err(|error| {
        let mut refusal = KeyError::of(&error, &given, &schema);
        let key = refusal.key.clone();
        if let Some(expected) = refusal.expected()
            && expected == WHOLE_NUMBER
        {
            *expected = whole_number(&given, &key, is_usable).to_owned();
        }
        let origin = match typed(&key, overrides) {
            Some(entry) => format!("--set {}", without_passwords(entry)),
            None => match line_of(text, &key) {
                Some(line) => format!("{origin}, line {line}"),
                None => origin.to_owned(),
            },
        };
        TrainError::RunFile { origin, reason: refusal.told() }
    })
}

/// The keys that may hold the address of another machine, with a password: of runs, and of the texts of tasks.
const OF_ADDRESSES: [&str; 4] = ["corpus.dir", "train.corpus", "validation.corpus", "test.corpus"];

/// Refuses a password in the place of a path: it would become the name of a folder, or stand in what is kept.
fn refuse_passwords(section: &str, table: &Table, origin: &str) -> Result<(), TrainError> {
    for (name, value) in table {
        let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
        match value {
            Value::Table(table) => refuse_passwords(&key, table, origin)?,
            Value::String(text) if OF_ADDRESSES.contains(&key.as_str()) || !has_password(text) => {}
            Value::String(text) => {
                let reason = format!(
                    "`{key}` is {}, an address with a password; a path or a name is expected there",
                    without_passwords(text)
                );
                return Err(TrainError::RunFile { origin: origin.to_owned(), reason });
            }
            _ => {}
        }
    }
    Ok(())
}

fn has_password(text: &str) -> bool {
    is_address(text) && without_passwords(text) != text
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

/// A file that is read as one of `expected` and is another of ours.
///
/// # Errors
/// When `table` is a file of another kind; the message says of which, and what to type.
pub fn expect_kind(table: &Table, expected: FileKind, origin: &str) -> Result<(), TrainError> {
    match FileKind::of(table) {
        Some(kind) if kind != expected => Err(TrainError::RunFile {
            origin: origin.to_owned(),
            reason: format!(
                "is {}, not {}; type: {}",
                kind.name(),
                expected.name(),
                kind.command(origin)
            ),
        }),
        _ => Ok(()),
    }
}

/// The whole numbers that may stand at `key`, as far as the settings tell when they get 0 or 1.
fn whole_number<T: DeserializeOwned>(
    given: &Table,
    key: &[String],
    is_usable: impl Fn(&T) -> bool,
) -> &'static str {
    let takes = |number: i64| {
        let mut given = given.clone();
        let set = set_value(&mut given, key, Value::Integer(number));
        set.is_some() && given.try_into::<T>().is_ok_and(|settings| is_usable(&settings))
    };
    match (takes(0), takes(1)) {
        (true, _) => WHOLE_NUMBER,
        (false, true) => "a whole number, 1 or more",
        (false, false) => "a whole number that is not negative",
    }
}

fn set_value(table: &mut Table, key: &[String], value: Value) -> Option<()> {
    let (last, sections) = key.split_last()?;
    let mut place = table;
    for section in sections {
        place = place.get_mut(section)?.as_table_mut()?;
    }
    *place.get_mut(last)? = value;
    Some(())
}

/// The override that said something about `key`, or about a section that it is in. Readers of some
/// sections leave out the sections inside, so the first names and the last one decide.
fn typed<'a>(key: &[String], overrides: &'a [String]) -> Option<&'a String> {
    let said = |entry: &&String| {
        let typed: Vec<&str> =
            entry.split('=').next().unwrap_or_default().trim().split('.').collect();
        let alike = typed.iter().zip(key).take_while(|(typed, key)| *typed == key).count();
        let whole = alike == typed.len().min(key.len());
        let but_inside =
            alike + 1 == key.len() && typed.last().copied() == key.last().map(String::as_str);
        alike > 0 && (whole || but_inside)
    };
    overrides.iter().rev().find(said)
}

/// The line, from 1, on which `key`, or the last of its sections that is there, stands.
fn line_of(text: &str, key: &[String]) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let (mut place, mut at) = (document.get_ref(), None);
    for part in key {
        let Some((name, value)) = place.get_key_value(part.as_str()) else { break };
        at = Some(name.span().start);
        match value.get_ref() {
            DeValue::Table(inner) => place = inner,
            _ => break,
        }
    }
    Some(text[..at?].matches('\n').count() + 1)
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
    if path.split('.').any(|part| part.trim().is_empty()) {
        return Err(refuse("no key stands before the =; write section.key=value"));
    }
    let value = value.trim();
    let value = toml::from_str::<Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let mut parts: Vec<&str> = path.trim().split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let mut place = table;
    for (depth, part) in parts.iter().enumerate() {
        let inner = place.entry(*part).or_insert_with(|| Value::Table(Table::new()));
        place = inner.as_table_mut().ok_or_else(|| {
            let value = parts[..=depth].join(".");
            refuse(&format!(
                "`{value}` has a value and no keys (locvtp explain {value} tells more)"
            ))
        })?;
    }
    place.insert(last.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_file_larger_than_any_is_not_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# a\n".repeat(LONGEST as usize / 4)).unwrap();
        assert_eq!(read_text(file.path()).unwrap().len() as u64, LONGEST);
        std::fs::write(file.path(), "# a\n".repeat(LONGEST as usize / 4 + 1)).unwrap();
        let error = read_text(file.path()).unwrap_err();
        let reason = std::error::Error::source(&error).unwrap().to_string();
        assert!(reason.contains("larger than 4 MiB"), "{reason}");
        // A file that never ends is read no further.
        assert!(read_text(Path::new("/dev/zero")).is_err());
    }

    #[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        head: Head,
    }

    #[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Head {
        width: usize,
        rate: f64,
    }

    #[test]
    fn a_password_stands_where_an_address_may_be_and_nowhere_else() {
        let refused = |text: &str| {
            let table: Table = toml::from_str(text).unwrap();
            refuse_passwords("", &table, "run.toml").err().map(|error| error.to_string())
        };
        let address = "https://anna:geheim@host/films";
        let told = refused(&format!("[loader]\nframe_tables = {address:?}")).unwrap();
        let pieces = ["run.toml", "loader.frame_tables", "https://anna:***@host/films", "a path"];
        assert!(pieces.iter().all(|piece| told.contains(piece)), "{told}");
        assert_eq!(refused(&format!("[corpus]\ndir = {address:?}")), None);
        assert_eq!(refused("[loader]\nframe_tables = \"a@b:c\""), None);
    }

    #[test]
    fn defaults_fill_what_is_given_neither_in_the_file_nor_by_a_flag() {
        let defaults: Table = toml::from_str("[head]\nwidth = 512\nrate = 0.5\n").unwrap();
        let found: Settings =
            parse("[head]\nrate = 0.1\n", "x", &["head.width=7".into()], defaults.clone(), |_| {
                true
            })
            .unwrap();
        assert_eq!(found, Settings { head: Head { width: 7, rate: 0.1 } });
        let error =
            parse::<Settings>("[head]\nwidht = 1\n", "x", &[], defaults, |_| true).unwrap_err();
        assert!(error.to_string().contains("did you mean `head.width`?"), "{error}");
    }

    #[test]
    fn a_refusal_names_line_or_flag_and_key_and_what_may_stand_there() {
        let text = "# a head\n\n[head]\nwidth = 3\nrate = 1\n";
        let said = |text: &str, set: &[&str]| {
            let set: Vec<String> = set.iter().map(|&entry| entry.to_owned()).collect();
            let usable = |_: &Settings| true;
            parse(text, "x.toml", &set, Table::new(), usable).unwrap_err().to_string()
        };
        let more = |told: &str, key: &str| format!("{told} (locvtp explain {key} tells more)");
        for (from, to, told, key) in [
            (
                "3",
                "'wide'",
                "4: `head.width` is \"wide\"; expected a whole number, 0 or more",
                "head.width",
            ),
            ("3", "-3", "4: `head.width` is -3; expected a whole number, 0 or more", "head.width"),
            ("1", "[1, 2]", "5: `head.rate` is a list; expected a number", "head.rate"),
            ("rate = 1", "", "3: `head.rate` is missing; give it", "head.rate"),
            (
                "rate",
                "raet",
                "5: `head.raet` is not a known key; did you mean `head.rate`?",
                "head.rate",
            ),
            ("[head]", "[haed]", "3: `haed` is not a known key; did you mean `head`?", "head"),
            (
                "rate",
                "sky",
                "5: `head.sky` is not a known key; those of head are width, rate",
                "head",
            ),
        ] {
            let told = more(&format!("x.toml, line {told}"), key);
            assert_eq!(said(&text.replacen(from, to, 1), &[]), told);
        }
        for (set, told, key) in [
            (
                "head.width=wide",
                "`head.width` is \"wide\"; expected a whole number, 0 or more",
                "head.width",
            ),
            (
                "head.widht=3",
                "`head.widht` is not a known key; did you mean `head.width`?",
                "head.width",
            ),
            ("width=3", "`width` is not a known key; did you mean `head.width`?", "head.width"),
            ("head=3", "`head` is 3; expected a section of keys", "head"),
        ] {
            // The last flag that says something of the key.
            assert_eq!(
                said(text, &["head.rate=2", set]),
                more(&format!("--set {set}: {told}"), key)
            );
        }
        for (set, told) in [
            ("head.width", "expected section.key=value, for example train.steps=200"),
            ("=3", "no key stands before the =; write section.key=value"),
            (
                "sky=3",
                "`sky` is not a known key; sections are head (locvtp explain lists all keys)",
            ),
        ] {
            assert_eq!(said(text, &[set]), format!("--set {set}: {told}"));
        }
    }

    #[test]
    fn a_whole_number_is_said_to_be_0_or_more_only_where_0_is_taken() {
        let said = |from: usize| {
            let usable = |settings: &Settings| settings.head.width >= from;
            let text = "[head]\nwidth = -1\nrate = 1.0\n";
            let error = parse::<Settings>(text, "x", &[], Table::new(), usable).unwrap_err();
            let error = error.to_string();
            error
                .split("expected ")
                .nth(1)
                .and_then(|said| said.split(" (").next())
                .unwrap()
                .to_owned()
        };
        assert_eq!(said(0), "a whole number, 0 or more");
        assert_eq!(said(1), "a whole number, 1 or more");
        assert_eq!(said(8), "a whole number that is not negative");
    }

    #[test]
    fn a_text_that_looks_like_a_number_is_told_how_to_be_quoted() {
        #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
        #[expect(dead_code, reason = "only ever refused")]
        struct Named {
            name: String,
        }
        let error =
            parse::<Named>("", "x", &["name=2024".into()], Table::new(), |_| true).unwrap_err();
        let told = "--set name=2024: `name` is 2024; expected a text in quotes, as name=\"2024\" \
                    (locvtp explain name tells more)";
        assert_eq!(error.to_string(), told);
    }
}
