//! `locvtp model info`: one row of the table.

use anyhow::bail;
use clap::Args as ClapArgs;
use locvtp_video::counted::counted;
use serde_json::json;

use crate::known_models::{self, KnownModel, size};
use crate::{Outcome, hub, output};

/// `locvtp model info`
#[derive(Debug, ClapArgs)]
pub(crate) struct ModelInfo {
    /// A name of `locvtp model list`, or OWNER/NAME of a model that stands there
    pub(crate) name: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &ModelInfo) -> anyhow::Result<Outcome> {
    let model = known(&args.name)?;
    let files = hub::downloaded(&model.hub)?;
    if args.json {
        let model = serde_json::to_value(model)?;
        output::json(&json!({ "model": model, "num_files_here": files.len() }))?;
        return Ok(Outcome::Done);
    }
    let mut lines = facts(model);
    lines.push(match files.first().and_then(|file| file.parent()) {
        Some(folder) => {
            format!("  {:12} {} in {}", "here", counted(files.len(), "file"), folder.display())
        }
        None => format!("  {:12} nothing of it is downloaded", "here"),
    });
    lines.push(format!("fetch it: locvtp model get {}", model.name));
    output::text(&lines.join("\n"))?;
    Ok(Outcome::Done)
}

/// The row that was named, or what to type instead.
///
/// # Errors
/// When there is none.
pub(crate) fn known(name: &str) -> anyhow::Result<&'static KnownModel> {
    let name = name.strip_prefix(hub::PREFIX).unwrap_or(name);
    if let Some(model) = known_models::named(name) {
        return Ok(model);
    }
    let names = known_models::all().iter().map(|model| model.name.as_str());
    let close = names.map(|known| (strsim::jaro_winkler(name, known), known));
    let close = close.filter(|(likeness, _)| *likeness > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
    let meant = close.map(|(_, known)| format!("; did you mean {known}?")).unwrap_or_default();
    let meant = if meant.is_empty() { ";".to_owned() } else { meant };
    bail!(
        "{name}: no model of this name is known{meant} `locvtp model list` lists them, and hub:OWNER/NAME is any on the hub"
    );
}

/// What is known of it, a line each.
pub(crate) fn facts(model: &KnownModel) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", model.name, model.good_for)];
    let mut fact = |name: &str, value: String| lines.push(format!("  {name:12} {value}"));
    fact("page", model.page());
    let side = model.side.map(|side| format!(" of {side} x {side}")).unwrap_or_default();
    fact("sees", format!("{}{side}", model.sees.name()));
    if let Some(languages) = &model.languages {
        fact("languages", languages.clone());
    }
    fact("a vector", format!("{} numbers", model.width));
    fact("size", format!("{} in f32, {:.0} million numbers", size(model.bytes()), model.millions));
    if let Some(gflop) = model.gflop {
        fact("a picture", format!("{gflop:.1} GFLOP"));
    }
    let restriction = model.restriction.as_ref().map(|words| format!(": {words}"));
    fact("licence", format!("{}{}", model.licence, restriction.unwrap_or_default()));
    lines
}
