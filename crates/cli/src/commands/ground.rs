//! `locvtp ground`: when a sentence happens in a video.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args as ClapArgs, ValueEnum};
use locvtp_measure::MomentDecoder;
use locvtp_model::model_directory::CONFIG_FILE;
use locvtp_model::weights::Origins;
use locvtp_model::{Device, ModelDirectory, ProjectionKind};
use locvtp_transfer::{
    ClipScore, EmbedError, Embedder, FileGrounding, Grounder, TransferError, locate_model,
};
use locvtp_video::counted::counted;
use serde_json::json;

use crate::file_reading::FileReading;
use crate::numbers::whole;
use crate::progress::CountProgress;
use crate::score_bars::score_bars;
use crate::table::{Column, Table};
use crate::trained_matches::trained_matches;
use crate::trained_words::TrainedWords;
use crate::{Outcome, command_line, missing, output};

/// `locvtp ground`
#[derive(Debug, ClapArgs)]
pub(crate) struct Ground {
    /// Model directory, or a run or demo folder that holds one
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// The video file
    pub(crate) video: PathBuf,
    /// What should happen, in quotes: "a red square moves left"
    // As many words as come, so that one without quotes is told so.
    #[arg(required = true, value_name = "SENTENCE")]
    pub(crate) sentence: Vec<String>,
    /// Moments to show, at most
    #[arg(long, value_name = "N", default_value = "3", value_parser = whole(1usize, 1_000_000))]
    pub(crate) top: usize,
    /// Compare clips with the whole sentence or with its words
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scores: Scores,
    #[command(flatten)]
    pub(crate) reading: FileReading,
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
    let sentence = sentence(args)?;
    let opener = args.reading.opener()?;
    let embedder = open_embedder(&args.model)?;
    let trained = TrainedWords::read(&args.model)?;
    let unseen = trained.unseen(sentence);
    let nothing_known = unseen.as_ref().is_some_and(|unseen| unseen.nothing_known);
    let score = match args.scores {
        Scores::Sentence => ClipScore::Sentence,
        Scores::Words => ClipScore::Words { num_matches: trained_matches(&args.model) },
    };
    let mut decoder = MomentDecoder::default();
    decoder.top = args.top;
    let grounder = Grounder::new(embedder).with_opener(opener.clone());
    let grounder = grounder.with_score(score).with_decoder(decoder);
    let mut progress = CountProgress::new("clips", "clips");
    let nothing = FileGrounding { clips: Vec::new(), scores: Vec::new(), moments: Vec::new() };
    let said = unseen.as_ref().map_or("", |unseen| unseen.said.as_str());
    let found = if nothing_known {
        output::note(&format!("nothing found: {said}"));
        nothing
    } else {
        let mut show = |done, total| progress.show_if_long(done, total);
        match grounder.find_watched(&args.video, sentence, &mut show) {
            Ok(found) => found,
            Err(error @ TransferError::Embed(EmbedError::NoWords { .. })) => {
                output::note(&format!("nothing found: {error}"));
                nothing
            }
            Err(error) => return Err(error.into()),
        }
    };
    if let Some(note) = opener.open(&args.video.as_path().into())?.info().cut_short_note() {
        output::note(&format!("note: {note}"));
    }
    if !nothing_known && !said.is_empty() {
        output::note(&format!("note: {said}"));
    }
    if let Some(unknown) = trained.unknown() {
        output::notes(&format!("note: {unknown}"));
    }
    if args.json {
        let mut json = as_json(args, sentence, score, &found);
        json["unseen_words"] = json!(unseen.and_then(|unseen| unseen.words));
        output::json(&json)?;
    } else if !found.moments.is_empty() {
        output::text(&text(args, sentence, &found))?;
    }
    Ok(if found.moments.is_empty() { Outcome::NothingFound } else { Outcome::Done })
}

/// The sentence, and that it and the video were not mistaken for something else: the model is not read
/// before.
fn sentence(args: &Ground) -> anyhow::Result<&str> {
    let model = args.model.display().to_string();
    let typed = |video: &str, sentence: &str| {
        command_line::command(["ground", "--model", &model, video, sentence])
    };
    let video = args.video.display().to_string();
    let [sentence] = args.sentence.as_slice() else {
        if let Some(other) = args.sentence.iter().find(|word| Path::new(word).is_file()) {
            bail!(
                "{video} and {other}: `locvtp ground` looks into one video; type it once for each"
            );
        }
        bail!(
            "the sentence is {} to the shell; put it in quotes:\n  {}",
            counted(args.sentence.len(), "word"),
            typed(&video, &args.sentence.join(" "))
        );
    };
    if !args.video.exists() {
        if Path::new(sentence).is_file() {
            bail!("the video stands before the sentence:\n  {}", typed(sentence, &video));
        }
        let is_address = video.contains("://");
        let way_out = if is_address { "download it first" } else { "check the path" };
        bail!(missing::does_not_exist(&args.video, way_out));
    }
    if args.video.is_dir() {
        bail!(
            "{video}: is a folder; `locvtp ground` looks into one video file: type it once for each"
        );
    }
    Ok(sentence)
}

/// The model in `dir`, ready to embed.
pub(crate) fn open_embedder(dir: &Path) -> anyhow::Result<Embedder> {
    let place = locate_model(dir);
    if !place.join(CONFIG_FILE).is_file() {
        bail!(missing::no_model(dir));
    }
    let device = Device::flex();
    let directory =
        ModelDirectory::read(&place, &device).with_context(|| missing::unreadable_model(&place))?;
    let has_heads = directory.config.projection.kind != ProjectionKind::Identity;
    if has_heads && directory.tokenizer.is_some() && Origins::read(&place).is_some() {
        output::note(&format!(
            "{}: its two encoders were imported and not trained together yet, so what it finds means nothing (docs/weights.md)",
            place.display()
        ));
    }
    Ok(Embedder::new(directory, device))
}

fn as_json(
    args: &Ground,
    sentence: &str,
    score: ClipScore,
    found: &FileGrounding,
) -> serde_json::Value {
    json!({
        "video": args.video,
        "sentence": sentence,
        "scores": score.name(),
        "moments": found.moments.iter().zip(found.best_clips()).map(|(moment, score)| json!({
            "start_s": moment.span.start,
            "end_s": moment.span.end,
            "score": f64::from(score),
            "mean_score": moment.score,
        })).collect::<Vec<_>>(),
        "clips": found.clips.iter().zip(&found.scores).map(|(clip, score)| json!({
            "start_s": clip.start,
            "end_s": clip.end,
            "score": score,
        })).collect::<Vec<_>>(),
    })
}

fn text(args: &Ground, sentence: &str, found: &FileGrounding) -> String {
    let mut lines = vec![format!(
        "\"{}\" in {}",
        output::one_line(sentence),
        output::one_line(&args.video.display().to_string())
    )];
    let mut table = Table::new([2, 8, 9, 9].map(Column::numbers));
    table.row(["", "start", "end", "score"]);
    for (rank, (moment, score)) in found.moments.iter().zip(found.best_clips()).enumerate() {
        table.row([
            (rank + 1).to_string(),
            format!("{:.2} s", moment.span.start.0),
            format!("{:.2} s", moment.span.end.0),
            format!("{score:.3}"),
        ]);
    }
    lines.extend(table.lines(" "));
    lines.push(String::new());
    lines.push(
        "score of every clip over time, bars from the least here to the greatest; the lines on the left \
         mark the moments"
            .into(),
    );
    lines.extend(score_bars(&found.clips, &found.scores, &found.moments, output::width()));
    lines.join("\n")
}
