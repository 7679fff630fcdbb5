//! `locvtp ground`: when a sentence happens in a video.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args as ClapArgs, ValueEnum};
use locvtp_model::{Device, ModelDirectory};
use locvtp_transfer::embedding::Embedder;
use locvtp_transfer::grounding::in_file::{FileGrounding, ground_in_file};
use locvtp_transfer::model_location::locate_model;
use locvtp_transfer::{ClipScore, MomentDecoder, TransferError};
use serde_json::json;

use crate::score_bars::score_bars;
use crate::trained_matches::trained_matches;
use crate::{Outcome, output};

/// `locvtp ground`
#[derive(Debug, ClapArgs)]
pub(crate) struct Ground {
    /// Model directory, or a run or demo folder that holds one
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// The video file
    pub(crate) video: PathBuf,
    /// What should happen, for example "a red square moves left"
    pub(crate) sentence: String,
    /// Moments to show, at most
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) top: NonZeroUsize,
    /// Compare clips with the whole sentence or with its words
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scores: Scores,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `--scores`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scores {
    /// With the sentence as a whole
    #[default]
    Sentence,
    /// With the words that fit the clip best, as many as its training matched
    Words,
}

pub(crate) fn run(args: &Ground) -> anyhow::Result<Outcome> {
    let embedder = open_embedder(&args.model)?;
    let score = match args.scores {
        Scores::Sentence => ClipScore::Sentence,
        Scores::Words => ClipScore::Words { num_matches: trained_matches(&args.model) },
    };
    let decoder = MomentDecoder { top: args.top.get(), ..MomentDecoder::default() };
    let found = match ground_in_file(&embedder, &args.video, &args.sentence, score, &decoder) {
        Ok(found) => found,
        Err(error @ TransferError::NoWords { .. }) => {
            output::note(&format!("nothing found: {error}"));
            FileGrounding { clips: Vec::new(), scores: Vec::new(), moments: Vec::new() }
        }
        Err(error) => return Err(error.into()),
    };
    if args.json {
        output::json(&as_json(args, score, &found))?;
    } else if !found.moments.is_empty() {
        output::text(&text(args, &found))?;
    }
    Ok(if found.moments.is_empty() { Outcome::NothingFound } else { Outcome::Done })
}

/// The model in `dir`, ready to embed.
pub(crate) fn open_embedder(dir: &std::path::Path) -> anyhow::Result<Embedder> {
    let device = Device::flex();
    let directory = ModelDirectory::read(&locate_model(dir), &device).with_context(|| {
        format!(
            "{}: no model can be read here; give a folder with config.json and model.safetensors, \
             or a run folder whose run is finished",
            dir.display()
        )
    })?;
    Ok(Embedder::new(directory, device))
}

fn as_json(args: &Ground, score: ClipScore, found: &FileGrounding) -> serde_json::Value {
    json!({
        "video": args.video,
        "sentence": args.sentence,
        "scores": score.name(),
        "moments": found.moments.iter().map(|moment| json!({
            "start_s": moment.span.start,
            "end_s": moment.span.end,
            "score": moment.score,
        })).collect::<Vec<_>>(),
        "clips": found.clips.iter().zip(&found.scores).map(|(clip, score)| json!({
            "start_s": clip.start,
            "end_s": clip.end,
            "score": score,
        })).collect::<Vec<_>>(),
    })
}

fn text(args: &Ground, found: &FileGrounding) -> String {
    let mut lines = vec![format!("\"{}\" in {}", args.sentence, args.video.display())];
    lines.push("      start       end   score".into());
    for (rank, moment) in found.moments.iter().enumerate() {
        lines.push(format!(
            "{:2} {:>8} {:>9} {:7.3}",
            rank + 1,
            format!("{:.2} s", moment.span.start.0),
            format!("{:.2} s", moment.span.end.0),
            moment.score
        ));
    }
    lines.push(String::new());
    lines.push("score of every clip over time; the lines on the left mark the moments".into());
    lines.extend(score_bars(&found.clips, &found.scores, &found.moments, output::width()));
    lines.join("\n")
}
