//! `locvtp explain`: what a key of a run file, a task file or the settings of a synthetic corpus means,
//! what may stand there, and what holds when it is left out.
//!
//! All of it comes from the types that such a file is read into, and their doc comments.

mod setting;
mod settings_file;
mod text;

use std::collections::BTreeSet;

use anyhow::bail;
use clap::Args as ClapArgs;
use locvtp_train::keys_meant;

use self::setting::Setting;
use self::settings_file::{FileWithSchema, SettingsFile};
use crate::{Outcome, output};

/// `locvtp explain`
#[derive(Debug, ClapArgs)]
pub(crate) struct Explain {
    /// A key with its sections, or a section, whose keys are listed; all keys when none is given
    #[arg(value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// Print the JSON schema of such a file instead, with which an editor completes and checks it
    #[arg(long, value_enum, value_name = "FILE", conflicts_with_all = ["keys", "json"])]
    pub(crate) schema: Option<FileWithSchema>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Explain) -> anyhow::Result<Outcome> {
    if let Some(schema) = args.schema {
        output::json(&settings_file::whole_schema(schema))?;
        return Ok(Outcome::Done);
    }
    let files = SettingsFile::all();
    let settings: Vec<Setting> = files.iter().flat_map(SettingsFile::settings).collect();
    let (mut asked, mut unknown) = (Vec::new(), Vec::new());
    for key in &args.keys {
        match find(key, &settings) {
            Ok(found) => asked.push((key, found)),
            Err(said) => unknown.push(said),
        }
    }
    if args.json {
        let asked: Vec<&Setting> = match args.keys.is_empty() {
            true => settings.iter().collect(),
            false => asked.into_iter().flat_map(|(_, found)| found).collect(),
        };
        output::json(&asked)?;
    } else if args.keys.is_empty() {
        output::text(&text::all_keys(&settings, output::width()))?;
    } else if !asked.is_empty() {
        let told = asked.iter().map(|(key, found)| text::explained(key, found, output::width()));
        output::text(&told.collect::<Vec<String>>().join("\n\n"))?;
    }
    match unknown.is_empty() {
        true => Ok(Outcome::Done),
        false => bail!(unknown.join("\n")),
    }
}

/// The settings of that key, and of the keys below it.
///
/// # Errors
/// What is said of a key that no file has.
fn find<'a>(key: &str, settings: &'a [Setting]) -> Result<Vec<&'a Setting>, String> {
    let below = format!("{key}.");
    let is_asked = |setting: &&Setting| setting.key == key || setting.key.starts_with(&below);
    let found: Vec<&Setting> = settings.iter().filter(is_asked).collect();
    if found.is_empty() {
        let known: BTreeSet<&String> = settings.iter().map(|setting| &setting.key).collect();
        let known: Vec<String> = known.into_iter().cloned().collect();
        let meant: Vec<String> =
            keys_meant(key, &known).iter().map(|key| format!("`{key}`")).collect();
        return Err(match meant.is_empty() {
            false => format!("`{key}` is not a known key; did you mean {}?", meant.join(" or ")),
            true => format!("`{key}` is not a known key; `locvtp explain` lists all"),
        });
    }
    Ok(found)
}
