//! `locvtp model get`: a download and an import in one.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args as ClapArgs;
use locvtp_model::weights::{Origins, Part};

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
    let short = model.map_or_else(|| short_name(&args.name), |model| model.name.clone());
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("models").join(short));
    check_place(&out, model)?;
    let place = model.map_or_else(|| args.name.clone(), |model| format!("hub:{}", model.hub));
    let mut from = vec![place.clone()];
    if let Some(model) = model {
        from.insert(0, model.source_kind().name().to_owned());
    }
    let outcome = import::run(&ImportWeights {
        from,
        out: out.clone(),
        frames: args.frames,
        json: args.json,
        ..ImportWeights::default()
    })?;
    let lacks = Origins::read(&out).and_then(|made| lacking(&made));
    output::notes(&next(lacks, &out.display().to_string()));
    Ok(outcome)
}

/// `NAME` of `hub:OWNER/NAME`.
fn short_name(place: &str) -> String {
    place.rsplit(['/', ':']).next().unwrap_or(place).to_owned()
}

/// What is known before anything is fetched: that nothing in the folder would be replaced, and that words are added to
/// pictures that are there.
fn check_place(out: &Path, model: Option<&KnownModel>) -> anyhow::Result<()> {
    let here = Origins::read(out);
    let is_empty = std::fs::read_dir(out).is_ok_and(|mut all| all.next().is_none());
    if here.is_none() && out.exists() && !is_empty {
        bail!("{}: something else is here; choose another --out", out.display());
    }
    let here = here.unwrap_or_default();
    let fills = |part: Part| match model {
        Some(model) => model.source_kind().parts().any(|filled| filled == part),
        // It is not known yet; a half may be added to a half.
        None => here.video.is_some() && here.text.is_some(),
    };
    if let Some(part) = Part::ALL.into_iter().find(|part| here.of(*part).is_some() && fills(*part))
    {
        bail!(
            "{}: a {} encoder ({}) is here already and is not replaced; choose another --out, or remove the folder first",
            out.display(),
            part.name(),
            here.of(part).map_or("", |report| report.from.as_str())
        );
    }
    if let Some(model) = model.filter(|model| model.sees == Sees::Words && here.video.is_none()) {
        let get = |name: &str| {
            command_line::command(["model", "get", name, "--out", &out.display().to_string()])
        };
        bail!(
            "{}: words alone are no model; fetch an encoder of pictures first, then this one beside it:\n  {}\n  {}",
            model.name,
            get("vit-b16"),
            get(&model.name)
        );
    }
    Ok(())
}

/// What an imported model lacks before it finds anything: an encoder of words, or training, where the two were not
/// trained together.
fn lacking(made: &Origins) -> Option<Lacking> {
    match (&made.video, &made.text) {
        (_, None) => Some(Lacking::Words),
        (Some(video), Some(text)) if video.files != text.files => Some(Lacking::Training),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lacking {
    Words,
    Training,
}

/// What to type now.
fn next(lacks: Option<Lacking>, out: &str) -> String {
    let index = ["index", "add", "my-videos", "--model", out];
    match lacks {
        Some(Lacking::Words) => format!(
            "it sees pictures and has no words: `locvtp extract` writes its features. An encoder of words is added by the \
             same --out, and then the two are trained together, as docs/weights.md shows:\n  {}",
            command_line::command(["model", "get", "distilbert", "--out", out])
        ),
        Some(Lacking::Training) => format!(
            "its two encoders were not trained together, so it finds nothing until they are (docs/weights.md):\n  {}",
            command_line::command([
                "pretrain",
                "configs/start.toml",
                "--set",
                &format!("start.model={out}"),
                "--run",
                "runs/mine"
            ])
        ),
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
        let one = next(None, "models/clip-b32");
        assert!(one.contains("index add my-videos --model models/clip-b32"), "{one}");
        let half = next(Some(Lacking::Words), "models/x");
        assert!(half.contains("model get distilbert --out models/x"), "{half}");
    }
}
