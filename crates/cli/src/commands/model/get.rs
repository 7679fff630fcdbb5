//! `locvtp model get`: a download and an import in one.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args as ClapArgs;

use super::info::{facts, known};
use crate::commands::weights::import::{self, ImportWeights};
use crate::known_models::{self, KnownModel, Sees};
use crate::{Outcome, command_line, hub, output};

/// `locvtp model get`
#[derive(Debug, ClapArgs)]
pub(crate) struct GetModel {
    /// A name of `locvtp model list`, or hub:OWNER/NAME, whose kind is found out from its files
    pub(crate) name: String,
    /// Model directory to write; one that holds the other encoder gets this one beside it
    /// [default: models/NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Frames of a clip [default: 1 of a tower of pictures, that is frame by frame]
    #[arg(long, value_name = "N", value_parser = crate::numbers::whole(1usize, 65_536))]
    pub(crate) frames: Option<usize>,
    /// Take a model whose licence restricts its use; the licence is shown before
    #[arg(long)]
    pub(crate) accept_licence: bool,
    /// Print JSON: what the import made
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &GetModel) -> anyhow::Result<Outcome> {
    let by_hub = args.name.strip_prefix(hub::PREFIX);
    let model = match by_hub {
        Some(name) => known_models::named(name),
        None => Some(known(&args.name)?),
    };
    if let Some(model) = model {
        output::notes(&facts(model).join("\n"));
        if let (Some(restriction), false) = (&model.restriction, args.accept_licence) {
            bail!(
                "{}: its licence, {}, restricts its use ({restriction}); read {}, and type the command again with \
                 --accept-licence if you keep to it",
                model.name,
                model.licence,
                model.page()
            );
        }
    } else if let Some(name) = by_hub {
        output::note(&format!("its licence stands on its page: https://huggingface.co/{name}"));
    }
    let place = model.map_or_else(|| args.name.clone(), |model| format!("hub:{}", model.hub));
    let mut from = vec![place.clone()];
    if let Some(model) = model {
        from.insert(0, model.source_kind().name().to_owned());
    }
    let short = model.map_or_else(|| short_name(&place), |model| model.name.clone());
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("models").join(short));
    let outcome = import::run(&ImportWeights {
        from,
        out: out.clone(),
        frames: args.frames,
        json: args.json,
        ..ImportWeights::default()
    })?;
    output::notes(&next(model, &out.display().to_string()));
    Ok(outcome)
}

/// `NAME` of `hub:OWNER/NAME`.
fn short_name(place: &str) -> String {
    place.rsplit(['/', ':']).next().unwrap_or(place).to_owned()
}

/// What to type now.
fn next(model: Option<&KnownModel>, out: &str) -> String {
    let index = ["index", "add", "my-videos", "--model", out];
    match model.and_then(|model| model.sees.lacks().map(|lacks| (model.sees, lacks))) {
        Some((sees, lacks)) => {
            let other = if sees == Sees::Words { "vit-b16" } else { "distilbert" };
            let get = command_line::command(["model", "get", other, "--out", out]);
            format!(
                "it has no encoder of {lacks} yet; one is added by the same --out, and then the two are trained together, as \
                 docs/weights.md shows:\n  {get}"
            )
        }
        None => format!("now index your videos with it:\n  {}", command_line::command(index)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_next_is_a_command() {
        assert_eq!(short_name("hub:owner/name"), "name");
        assert_eq!(short_name("hub:name"), "name");
        let one = next(known_models::named("clip-b32"), "models/clip-b32");
        assert!(one.contains("index add my-videos --model models/clip-b32"), "{one}");
        let half = next(known_models::named("vit-b16"), "models/x");
        assert!(half.contains("model get distilbert --out models/x"), "{half}");
    }
}
