//! `locvtp score`: predictions of any model against annotation files.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use locvtp_corpus::Subset;
use locvtp_measure::metrics::{IouBoundary, Ties};
use locvtp_measure::score::{
    GroundingProtocol, Matrix, RankedBy, RetrievalProtocol, ScoreReport, Suppression, Truth,
    TruthSource, read_columns, read_release, score_grounding, score_matrix, score_rankings,
    score_segmentation, score_steps,
};
use locvtp_measure::{MeasureError, PathError, SameSentence};
use locvtp_train::plain_words;
use locvtp_video::counted::counted;

use crate::commands::corpus::{CorpusFormat, CorpusSubset};
use crate::numbers::{above_zero, share, whole};
use crate::table::{Column, Table};
use crate::{Outcome, missing, output};

/// `locvtp score`
#[derive(Debug, Subcommand)]
pub(crate) enum Score {
    /// Ranked moments of sentences: R@n,IoU@m and mIoU; of QVHighlights also mAP and highlights
    Grounding(ScoreGrounding),
    /// A matrix of scores (.npy, .safetensors, .jsonl) or ranked lists of videos: R@k, MdR, MnR
    Retrieval(ScoreRetrieval),
    /// A second for every step of a task (CrossTask): average recall
    Steps(ScoreSteps),
    /// A label for every second (COIN): frame accuracy
    Segmentation(ScoreSegmentation),
}

/// What all of them are given.
#[derive(Debug, ClapArgs)]
pub(crate) struct Given {
    /// The predictions; docs/score.md says what a line holds
    #[arg(long, value_name = "FILE")]
    predictions: PathBuf,
    /// Take only the videos that this list names (CSV, JSON or text)
    #[arg(long, value_name = "FILE")]
    only: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Given {
    fn truth(
        &self,
        paths: &[PathBuf],
        format: CorpusFormat,
        subset: Option<Subset>,
        same_sentence: SameSentence,
    ) -> anyhow::Result<Truth> {
        let (paths, layout, only) = (paths.to_vec(), format.layout(), self.only.clone());
        let mut source = TruthSource::new(paths);
        (source.layout, source.subset, source.only) = (layout, subset, only);
        source.same_sentence = same_sentence;
        Ok(Truth::read(&source)?)
    }
}

/// `locvtp score grounding`
#[derive(Debug, ClapArgs)]
pub(crate) struct ScoreGrounding {
    #[command(flatten)]
    given: Given,
    /// Annotation files as published (QVHighlights, ActivityNet Captions, Charades-STA, TACoS) or a
    /// manifest
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    truth: Vec<PathBuf>,
    /// How the truth is laid out
    #[arg(long, value_enum, default_value_t)]
    format: CorpusFormat,
    /// Take only this part of the data set
    #[arg(long, value_enum)]
    subset: Option<CorpusSubset>,
    /// How to count a sentence that is annotated several times in one video
    #[arg(long, value_enum, default_value_t)]
    same_sentence: SameSentences,
    /// The n of R@n [default: 1,5; where sentences have several windows, 1]
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = whole(1usize, 1_000_000))]
    top: Option<Vec<usize>>,
    /// The m of IoU@m [default: 0.1,0.3,0.5,0.7; where sentences have several windows, 0.5,0.7]
    #[arg(long, value_name = "M", value_delimiter = ',', value_parser = share)]
    iou: Option<Vec<f64>>,
    /// Whether an IoU of exactly m is a hit [default: strict; where sentences have several windows,
    /// inclusive]
    #[arg(long, value_enum)]
    boundary: Option<Boundary>,
    /// Which moment of a list is the first [default: score; where sentences have several windows,
    /// listed]
    #[arg(long, value_enum)]
    rank: Option<Rank>,
    /// Drop moments whose IoU with a better one is above this [default: drop none]
    #[arg(long, value_name = "IOU", conflicts_with = "nms_below", value_parser = share)]
    nms: Option<f64>,
    /// The same for each IoU@m anew, above m minus this: CSMGAN takes 0.05
    #[arg(long, value_name = "BELOW", value_parser = share)]
    nms_below: Option<f64>,
}

/// `--boundary`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Boundary {
    /// No, as in 2D-TAN's evaluation
    Strict,
    /// Yes, as in CSMGAN's and QVHighlights'
    Inclusive,
}

/// `--rank`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rank {
    /// The one of the best score
    Score,
    /// The one that stands first, as in QVHighlights' evaluation
    Listed,
}

/// `--same-sentence`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SameSentences {
    /// As many queries, each with its own times
    #[default]
    Apart,
    /// One query; its times are windows of which any is an answer
    Joined,
}

/// `locvtp score retrieval`
#[derive(Debug, ClapArgs)]
pub(crate) struct ScoreRetrieval {
    #[command(flatten)]
    given: Given,
    /// Of ranked lists: annotation files (MSR-VTT, YouCook2, a manifest). Of a matrix: a file with
    /// the column of every row's video, one a line [default of a matrix: by place]
    #[arg(long, value_name = "FILE", num_args = 1..)]
    truth: Vec<PathBuf>,
    /// How annotation files are laid out
    #[arg(long, value_enum, default_value_t)]
    format: CorpusFormat,
    /// Where wrong candidates stand that have the same score as the right one
    #[arg(long, value_enum, default_value_t)]
    ties: TieRule,
    /// Report the numbers with dual softmax as well, apart
    #[arg(
        long,
        value_name = "TEMPERATURE",
        num_args = 0..=1,
        default_missing_value = "100",
        value_parser = above_zero(1_000_000.0)
    )]
    dual_softmax: Option<f64>,
}

/// `--ties`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TieRule {
    /// Behind it, as in most published numbers
    #[default]
    Optimistic,
    /// In the middle: all orders among them are equally likely
    Averaged,
    /// Ahead of it
    Pessimistic,
    /// As Frozen in Time: optimistic for text-to-video, the mean place for video-to-text
    Frozen,
}

/// `locvtp score steps`
#[derive(Debug, ClapArgs)]
pub(crate) struct ScoreSteps {
    #[command(flatten)]
    given: Given,
    /// The folder of CrossTask's release
    #[arg(long, value_name = "DIR", required = true)]
    truth: PathBuf,
}

/// `locvtp score segmentation`
#[derive(Debug, ClapArgs)]
pub(crate) struct ScoreSegmentation {
    #[command(flatten)]
    given: Given,
    /// COIN.json
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    truth: Vec<PathBuf>,
    /// How the truth is laid out
    #[arg(long, value_enum, default_value_t)]
    format: CorpusFormat,
    /// Take only this part of the data set
    #[arg(long, value_enum, default_value = "test")]
    subset: CorpusSubset,
}

pub(crate) fn run(args: &Score) -> anyhow::Result<Outcome> {
    let given = match args {
        Score::Grounding(args) => &args.given,
        Score::Retrieval(args) => &args.given,
        Score::Steps(args) => &args.given,
        Score::Segmentation(args) => &args.given,
    };
    // Before the truth is read, which may take long.
    PathError::expect_file(&given.predictions)?;
    if let Some(only) = &given.only {
        PathError::expect_file(only)?;
    }
    let report = match args {
        Score::Grounding(args) => grounding(args)?,
        Score::Retrieval(args) => retrieval(args)?,
        Score::Steps(args) => steps(args)?,
        Score::Segmentation(args) => segmentation(args)?,
    };
    if given.json {
        output::json(&report)?;
    } else {
        report.notes.iter().for_each(|note| output::note(&format!("note: {note}")));
        output::text(&table(&report))?;
    }
    Ok(Outcome::Done)
}

fn grounding(args: &ScoreGrounding) -> anyhow::Result<ScoreReport> {
    let same_sentence = match args.same_sentence {
        SameSentences::Apart => SameSentence::Apart,
        SameSentences::Joined => SameSentence::Joined,
    };
    let subset = args.subset.map(Into::into);
    let truth = args.given.truth(&args.truth, args.format, subset, same_sentence)?;
    let mut protocol = GroundingProtocol::usual(&truth);
    if let Some(top) = &args.top {
        protocol.top.clone_from(top);
    }
    if let Some(iou) = &args.iou {
        protocol.iou.clone_from(iou);
    }
    match args.boundary {
        Some(Boundary::Strict) => protocol.boundary = IouBoundary::Strict,
        Some(Boundary::Inclusive) => protocol.boundary = IouBoundary::Inclusive,
        None => {}
    }
    match args.rank {
        Some(Rank::Score) => protocol.rank = RankedBy::Score,
        Some(Rank::Listed) => protocol.rank = RankedBy::Listed,
        None => {}
    }
    protocol.suppression = match (args.nms, args.nms_below) {
        (Some(iou), _) => Suppression::Above(iou),
        (None, Some(below)) => Suppression::BelowEach(below),
        (None, None) => Suppression::Off,
    };
    let report = against(score_grounding(&args.given.predictions, &truth, &protocol), &truth)?;
    let repeats = truth.told_repeats();
    let mut report = with_notes(report, truth);
    report.notes.extend(repeats);
    Ok(report)
}

fn retrieval(args: &ScoreRetrieval) -> anyhow::Result<ScoreReport> {
    let mut protocol = RetrievalProtocol::default();
    protocol.ties = match args.ties {
        TieRule::Optimistic => [Ties::Optimistic; 2],
        TieRule::Averaged => [Ties::Averaged; 2],
        TieRule::Pessimistic => [Ties::Pessimistic; 2],
        TieRule::Frozen => [Ties::Optimistic, Ties::MeanPlace],
    };
    protocol.dual_softmax = args.dual_softmax;
    let predictions = &args.given.predictions;
    if !holds_objects(predictions)? {
        let columns = match &args.truth[..] {
            [] => None,
            [columns] => Some(read_columns(columns)?),
            _ => anyhow::bail!("--truth: a matrix has one file of columns, not several"),
        };
        let matrix = Matrix::read_scores(predictions)?;
        if protocol.dual_softmax.is_some() && matrix.values.contains(&f32::NEG_INFINITY) {
            anyhow::bail!(
                "{}: holds scores of -inf, and --dual-softmax needs all scores: give finite ones, or \
                 leave --dual-softmax out",
                predictions.display()
            );
        }
        let measured = score_matrix(matrix, columns, protocol);
        return measured.with_context(|| format!("{}: cannot be measured", predictions.display()));
    }
    if args.truth.is_empty() {
        anyhow::bail!("--truth is missing: ranked lists are measured against annotation files");
    }
    if protocol.dual_softmax.is_some() {
        anyhow::bail!("--dual-softmax needs all scores: give a matrix, not ranked lists");
    }
    let truth = args.given.truth(&args.truth, args.format, None, SameSentence::Apart)?;
    let report = against(score_rankings(predictions, &truth, protocol), &truth)?;
    Ok(with_notes(report, truth))
}

/// Whether a file begins as JSON lines of objects.
fn holds_objects(path: &Path) -> anyhow::Result<bool> {
    let mut start = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(4096).read_to_end(&mut start))
        .map_err(missing::reading(path))?;
    Ok(start.trim_ascii_start().starts_with(b"{"))
}

fn steps(args: &ScoreSteps) -> anyhow::Result<ScoreReport> {
    PathError::expect_there(&args.truth)?;
    let (truth, num_steps) = read_release(&args.truth, args.given.only.as_deref())?;
    let report = against(score_steps(&args.given.predictions, &truth, &num_steps), &truth)?;
    Ok(with_notes(report, truth))
}

fn segmentation(args: &ScoreSegmentation) -> anyhow::Result<ScoreReport> {
    let subset = Some(args.subset.into());
    let truth = args.given.truth(&args.truth, args.format, subset, SameSentence::Apart)?;
    let report = against(score_segmentation(&args.given.predictions, &truth), &truth)?;
    Ok(with_notes(report, truth))
}

/// What was measured; what was not names the truth as well, behind the reason.
fn against(
    measured: Result<ScoreReport, MeasureError>,
    truth: &Truth,
) -> anyhow::Result<ScoreReport> {
    measured.map_err(|error| match error {
        named @ MeasureError::NothingMatches { .. } => named.into(),
        other => {
            let error = anyhow::Error::from(other);
            let causes: Vec<String> =
                error.chain().map(|cause| plain_words(&cause.to_string())).collect();
            anyhow::anyhow!("{} (the truth is {})", causes.join(": "), truth.described())
        }
    })
}

fn with_notes(mut report: ScoreReport, truth: Truth) -> ScoreReport {
    report.notes.splice(0..0, truth.notes);
    report
}

/// The numbers, one a line, then what was measured.
fn table(report: &ScoreReport) -> String {
    let rows: Vec<(&str, f64)> = report.metrics.iter().chain(report.references.iter()).collect();
    let mut table = Table::new([Column::words(0), Column::numbers(8)]);
    rows.into_iter().for_each(|(name, value)| table.row([name, &format!("{value:.2}")]));
    let mut lines = table.lines(" ");
    let is_worth_it = |count: &serde_json::Value| count.as_u64() != Some(0);
    lines.extend(
        report
            .counts
            .iter()
            .filter(|(_, count)| is_worth_it(count))
            .map(|(name, count)| format!("{name}: {count}")),
    );
    for file in &report.truth {
        let (path, layout) = (file.path.display(), file.layout);
        lines.push(format!("truth: {path} ({layout}, {})", counted(file.videos, "video")));
    }
    let protocol: Vec<String> =
        report.protocol.iter().map(|(name, value)| format!("{name} {}", word(value))).collect();
    if !protocol.is_empty() {
        lines.push(protocol.join(", "));
    }
    lines.join("\n")
}

/// A setting without the quotes of JSON.
fn word(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(both) => both.iter().map(word).collect::<Vec<_>>().join(" and "),
        other => other.to_string(),
    }
}
