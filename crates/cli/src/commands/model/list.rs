//! `locvtp model list`: the table.

use clap::Args as ClapArgs;
use serde_json::json;

use crate::known_models::{self, KnownModel, size};
use crate::table::{Column, Table};
use crate::{Outcome, output};

/// `locvtp model list`
#[derive(Debug, ClapArgs)]
pub(crate) struct ListModels {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &ListModels) -> anyhow::Result<Outcome> {
    if args.json {
        output::json(&json!({ "models": known_models::all() }))?;
        return Ok(Outcome::Done);
    }
    let (words, numbers) = (Column::words(0), Column::numbers(0));
    let mut table = Table::new([words, words, numbers, numbers, numbers, words, words, words]);
    table.row(["name", "sees", "size", "GFLOP", "width", "languages", "licence", "good for"]);
    for model in known_models::all() {
        table.row(cells(model));
    }
    let mut lines = table.lines("  ");
    lines.push(String::new());
    lines.push(
        "size: in f32, on the disk; in memory up to twice that; GFLOP: what one picture costs; width: numbers of a vector.\n\
         * the licence restricts use. `locvtp model info NAME` tells more, `locvtp model get NAME` fetches one."
            .to_owned(),
    );
    output::text(&lines.join("\n"))?;
    Ok(Outcome::Done)
}

fn cells(model: &KnownModel) -> [String; 8] {
    let mark = if model.restriction.is_some() { " *" } else { "" };
    [
        model.name.clone(),
        model.sees.name().to_owned(),
        size(model.bytes()),
        model.gflop.map(|gflop| format!("{gflop:.0}")).unwrap_or_default(),
        model.width.to_string(),
        model.languages.clone().unwrap_or_default(),
        format!("{}{mark}", model.licence),
        model.good_for.clone(),
    ]
}
