//! `locvtp weights import`: a model directory from checkpoints of other programs.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args as ClapArgs;
use locvtp_model::Device;
use locvtp_model::encoders::Activation;
use locvtp_model::model_directory::begin_directory;
use locvtp_model::weights::{Guess, Import, ImportSettings, PartReport, import};
use locvtp_model::weights::{Part, Source, SourceKind};
use locvtp_video::Interpolation;
use locvtp_video::counted::counted;
use serde_json::json;

use crate::numbers::{number, share, whole};
use crate::{Outcome, hub, output};

/// `locvtp weights import`
#[derive(Debug, Default, ClapArgs)]
#[command(after_help = IMPORT_HELP)]
pub(crate) struct ImportWeights {
    /// What kind of checkpoint it is, and its files or the folder they lie in. Say it twice to
    /// import a video and a text encoder at once
    #[arg(
        long,
        value_names = ["KIND", "FILE"],
        num_args = 1..,
        action = clap::ArgAction::Append,
        required = true
    )]
    pub(crate) from: Vec<String>,
    /// Model directory to write. One that an earlier import wrote keeps the encoder that is not
    /// imported now
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Side of the frames in pixels; position embeddings are resized [default: the checkpoint's]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 4096))]
    pub(crate) image_size: Option<usize>,
    /// Frames of a clip; time embeddings are resized [default: the checkpoint's, else 16; of a CLIP or SigLIP 1, that
    /// is frame by frame. With more it gets attention over time, which must be trained]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 65_536))]
    pub(crate) frames: Option<usize>,
    /// With --frames: let CLIP or SigLIP see every frame alone, without attention over time; a clip is the mean
    #[arg(long)]
    pub(crate) per_frame: bool,
    /// Attention heads of the video encoder, where no file beside the checkpoint says them
    #[arg(long, value_name = "N", value_parser = whole(1usize, 65_536))]
    pub(crate) heads: Option<usize>,
    /// Attention heads of the text encoder, where no file says them
    #[arg(long, value_name = "N", value_parser = whole(1usize, 65_536))]
    pub(crate) text_heads: Option<usize>,
    /// Activation of a CLIP: quick_gelu (OpenAI) or gelu (LAION), where no file says it
    #[arg(long, value_name = "NAME", value_parser = activation)]
    pub(crate) activation: Option<Activation>,
    /// open_clip's name of a CLIP, for example ViT-H-14: says heads and activation
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Added to the variance in the layer norms, where no file says it
    #[arg(long, value_name = "E", value_parser = share)]
    pub(crate) epsilon: Option<f64>,
    /// What is subtracted from red, green and blue from 0 to 1, where no file says it
    #[arg(long, value_name = "R,G,B", value_parser = mean)]
    pub(crate) mean: Option<[f32; 3]>,
    /// What they are divided by then, where no file says it
    #[arg(long, value_name = "R,G,B", value_parser = deviation)]
    pub(crate) std: Option<[f32; 3]>,
    /// How pictures are scaled: bilinear or bicubic, where no file says it
    #[arg(long, value_name = "NAME", value_parser = interpolation)]
    pub(crate) interpolation: Option<Interpolation>,
    /// Pixels that the shorter side is scaled to before the middle is cut out, where no file says it
    #[arg(long, value_name = "N", value_parser = whole(1usize, 65_536))]
    pub(crate) short_side: Option<usize>,
    /// Seconds that a clip of a whole video covers [default: its frames follow one another]
    #[arg(long, value_name = "S", value_parser = number(0.0, 86_400.0))]
    pub(crate) clip_seconds: Option<f64>,
    /// Width of the joint space of clips and words [default: 256]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 65_536))]
    pub(crate) projection_dim: Option<usize>,
    /// The text encoder's tokenizer.json, vocab.txt, vocab.json or spiece.model [default: the one beside the checkpoint]
    #[arg(long, value_name = "FILE")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// What no checkpoint holds is drawn from it
    #[arg(long, value_name = "S", default_value_t = 0, value_parser = crate::numbers::seed)]
    pub(crate) seed: u64,
    /// Read the tensors of a pickle that asks to call what is no plain data; nothing is called
    #[arg(long)]
    pub(crate) skip_calls: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const IMPORT_HELP: &str = "\
Kinds: timm-vit, timesformer, hf-timesformer, c3d, dinov2 (video), distilbert, bert, xlm-roberta (text;
with the files of sentence-transformers beside them too), frozen, clip, hf-clip, siglip (both).
In place of a file, hub:OWNER/NAME downloads from the Hugging Face hub.

A setting that is neither typed nor in a file beside the checkpoint is guessed, and the report lists
it. A CLIP's heads and activation cannot be guessed well, so they are asked for. A flag that
contradicts a file is an error.

  locvtp weights import --from hf-timesformer tsf/ --from distilbert bert/ --out model
  locvtp weights import --from clip open_clip_model.safetensors --preset ViT-H-14 --out model";

fn mean(text: &str) -> Result<[f32; 3], String> {
    three(text, |number| (0.0..=1.0).contains(&number))
        .ok_or_else(|| "expected three numbers from 0 to 1, for example 0.5,0.5,0.5".to_owned())
}

fn deviation(text: &str) -> Result<[f32; 3], String> {
    three(text, |number| number > 0.0 && number <= 1.0).ok_or_else(|| {
        "expected three numbers above 0, up to 1, for example 0.5,0.5,0.5".to_owned()
    })
}

fn three(text: &str, is_usable: impl Fn(f32) -> bool) -> Option<[f32; 3]> {
    let read = |one: &str| one.trim().parse().ok().filter(|number| is_usable(*number));
    let numbers: Option<Vec<f32>> = text.split(',').map(read).collect();
    numbers?.try_into().ok()
}

fn activation(text: &str) -> Result<Activation, String> {
    match text {
        "gelu" => Ok(Activation::Gelu),
        "quick_gelu" | "quick-gelu" => Ok(Activation::QuickGelu),
        _ => Err("expected gelu or quick_gelu".into()),
    }
}

fn interpolation(text: &str) -> Result<Interpolation, String> {
    let all = [Interpolation::Bilinear, Interpolation::Bicubic];
    let found = all.into_iter().find(|one| one.name() == text);
    found.ok_or_else(|| "expected bilinear or bicubic".to_owned())
}

pub(crate) fn run(args: &ImportWeights) -> anyhow::Result<Outcome> {
    let mut sources = Vec::new();
    for checkpoint in checkpoints(&args.from)? {
        let files = checkpoint.files.iter().map(|file| match file.strip_prefix(hub::PREFIX) {
            Some(name) => hub::fetch(name, checkpoint.kind),
            None => Ok(PathBuf::from(file)),
        });
        let files = files.collect::<anyhow::Result<Vec<PathBuf>>>()?;
        sources.push(Source::open(checkpoint.kind, &files, args.skip_calls)?);
    }
    let settings = ImportSettings {
        image_size: args.image_size,
        num_frames: args.frames,
        per_frame: args.per_frame,
        num_heads: args.heads,
        num_text_heads: args.text_heads,
        activation: args.activation,
        preset: args.preset.clone(),
        epsilon: args.epsilon,
        mean: args.mean,
        std: args.std,
        interpolation: args.interpolation,
        short_side: args.short_side,
        clip_seconds: args.clip_seconds,
        projection_dim: args.projection_dim,
        tokenizer: args.tokenizer.clone(),
        seed: args.seed,
    };
    // Another import may be at it, which would lose what this one adds.
    let begun = begin_directory(&args.out)?;
    let is_empty = |dir: &Path| std::fs::read_dir(dir).is_ok_and(|mut all| all.next().is_none());
    let existing = Some(&args.out).filter(|dir| dir.exists() && !is_empty(dir));
    let made = import(&sources, existing.map(PathBuf::as_path), &settings, &Device::flex())?;
    made.write_into(begun)?;
    if args.json {
        output::json(&json!({
            "model": args.out,
            "origins": made.origins,
            "drawn": made.drawn,
            "seed": args.seed,
            "config": made.directory.config,
            "preprocessing": made.directory.preprocessing,
        }))?;
    } else {
        output::text(&text(args, &made))?;
    }
    Ok(Outcome::Done)
}

/// A checkpoint as it was typed.
#[derive(Debug, PartialEq)]
struct Checkpoint {
    /// `None` is told by its keys.
    kind: Option<SourceKind>,
    /// Files, folders, `hub:OWNER/NAME`.
    files: Vec<String>,
}

/// Cuts what was typed behind `--from` into checkpoints: each begins with its kind, or is a
/// `hub:OWNER/NAME` or a file alone.
fn checkpoints(typed: &[String]) -> anyhow::Result<Vec<Checkpoint>> {
    let mut found: Vec<Checkpoint> = Vec::new();
    for word in typed {
        let whole = found.last().is_none_or(|checkpoint| !checkpoint.files.is_empty());
        let is_file = word.starts_with(hub::PREFIX) || Path::new(word).exists();
        match SourceKind::named(word) {
            Some(kind) if whole => found.push(Checkpoint { kind: Some(kind), files: Vec::new() }),
            _ if word.starts_with(hub::PREFIX) && whole => {
                found.push(Checkpoint { kind: None, files: vec![word.clone()] });
            }
            _ => match found.last_mut() {
                Some(last) => last.files.push(word.clone()),
                None if is_file => {
                    found.push(Checkpoint { kind: None, files: vec![word.clone()] });
                }
                None => bail!(
                    "--from {word}: neither a file nor a kind of checkpoint; known are {}, and \
                     hub:OWNER/NAME",
                    SourceKind::ALL.map(SourceKind::name).join(", ")
                ),
            },
        }
    }
    if let Some(Checkpoint { kind: Some(kind), files }) = found.last()
        && files.is_empty()
    {
        bail!("--from {0}: name its file or folder behind it: --from {0} FILE", kind.name());
    }
    Ok(found)
}

fn text(args: &ImportWeights, made: &Import) -> String {
    let preprocessing = &made.directory.preprocessing;
    let mut lines = vec![format!("{}: model directory written", args.out.display())];
    let mut fact = |name: &str, value: String| lines.push(format!("  {name:14} {value}"));
    for part in Part::ALL {
        match made.origins.of(part) {
            Some(report) => {
                let mut rows = report_rows(report).into_iter();
                fact(part.name(), rows.next().unwrap_or_default());
                rows.for_each(|row| fact("", row));
            }
            None => fact(part.name(), "none; a second import can add it".into()),
        }
    }
    if made.origins.video.is_some() {
        let side = preprocessing.image_size;
        let normalisation = preprocessing.normalisation;
        fact(
            "a clip",
            format!(
                "{} of {side} x {side} pixels, {} {}, {}, scaled as {} does, mean {:?}, std {:?}",
                counted(preprocessing.num_frames, "frame"),
                preprocessing.fit.words(),
                preprocessing.short_side,
                preprocessing.interpolation.name(),
                preprocessing.scaling.words(),
                normalisation.mean,
                normalisation.std
            ),
        );
    }
    let mut heads: Vec<&str> =
        made.drawn.iter().filter_map(|name| name.split('.').next()).collect();
    heads.dedup();
    if !heads.is_empty() {
        fact(
            "drawn anew",
            format!("{} (seed {}); they mean nothing until trained", heads.join(", "), args.seed),
        );
    }
    lines.join("\n")
}

/// A report in lines; the first says what it is.
pub(crate) fn report_rows(report: &PartReport) -> Vec<String> {
    let types: Vec<&str> = report.number_types.keys().map(String::as_str).collect();
    let files = match &report.files[..] {
        [only] => only.display().to_string(),
        [first, rest @ ..] => format!("{} and {} more", first.display(), rest.len()),
        [] => String::new(),
    };
    let mut rows = vec![format!(
        "{}, {} filled from {files} ({})",
        report.from,
        counted(report.filled.len(), "parameter"),
        types.join(", ")
    )];
    for resized in &report.resized {
        rows.push(format!("resized: {} {:?} to {:?}", resized.parameter, resized.from, resized.to));
    }
    for set in &report.set {
        rows.push(format!(
            "set to zero: {}; {}",
            counted(set.names.len(), "parameter"),
            set.reason
        ));
    }
    for dropped in &report.dropped {
        let more = if dropped.names.len() > 1 { ", …" } else { "" };
        let (keys, first) = (counted(dropped.names.len(), "key"), &dropped.names[0]);
        rows.push(format!("not needed: {keys} ({first}{more}); {}", dropped.reason));
    }
    rows.extend(guess_rows(report));
    if !report.skipped_calls.is_empty() {
        rows.push(format!("not called: {}", report.skipped_calls.join(", ")));
    }
    rows
}

/// What was guessed, a line each with the flag that sets it.
pub(crate) fn guess_rows(report: &PartReport) -> Vec<String> {
    let rows = report.guessed.iter().map(|guess| {
        let Guess { setting, value, reason, flag } = guess;
        let flag = match flag {
            Some(flag) => format!("{flag} sets it"),
            None => "nothing else is built here".into(),
        };
        format!("guessed: {setting} {value}, {reason}; {flag}")
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(typed: &str) -> Vec<(Option<&'static str>, Vec<String>)> {
        let typed: Vec<String> = typed.split(' ').map(str::to_owned).collect();
        let found = checkpoints(&typed).unwrap().into_iter();
        found.map(|found| (found.kind.map(SourceKind::name), found.files)).collect()
    }

    fn files(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_stands_behind_from_is_cut_into_checkpoints() {
        let two = cut("hf-timesformer a b distilbert c");
        let expected =
            [(Some("hf-timesformer"), files(&["a", "b"])), (Some("distilbert"), files(&["c"]))];
        assert_eq!(two, expected);
        // A folder may be called as its kind.
        let folders = cut("timesformer timesformer distilbert distilbert");
        let expected = [
            (Some("timesformer"), files(&["timesformer"])),
            (Some("distilbert"), files(&["distilbert"])),
        ];
        assert_eq!(folders, expected);
        let hub = cut("hub:a/b timm-vit hub:c/d hub:e/f");
        let expected = [
            (None, files(&["hub:a/b"])),
            (Some("timm-vit"), files(&["hub:c/d"])),
            (None, files(&["hub:e/f"])),
        ];
        assert_eq!(hub, expected);
    }

    #[test]
    fn a_kind_without_a_file_and_a_mistyped_kind_are_refused() {
        let message = |typed: &[&str]| checkpoints(&files(typed)).unwrap_err().to_string();
        assert!(message(&["distilbert"]).contains("--from distilbert FILE"));
        assert!(message(&["distilbird", "a"]).contains("timm-vit, timesformer, hf-timesformer"));
    }
}
