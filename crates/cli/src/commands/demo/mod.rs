//! `locvtp demo`: synthesize, pre-train, measure, index, and show.
//!
//! Every stage is kept in the folder and used again: a corpus that is there is not made twice, a
//! run that was stopped goes on, one that is finished is not repeated. Another seed, length or
//! choice of losses is another run, which needs a folder of its own or `--fresh`.

mod finding;
mod folder;
mod measure;
mod summary;

use std::path::PathBuf;

use anyhow::Context;
use burn::module::Module;
use clap::{Args as ClapArgs, ValueEnum};
use locvtp_corpus::synthetic::MOST_VIDEOS;
use locvtp_corpus::{CorpusError, Order, SynthesisReport, SyntheticConfig, synthesize};
use locvtp_model::Device;
use locvtp_train::{Experiment, LossSelection, RunFolder, pretrain};
use locvtp_transfer::synthetic::StageSeconds;

use crate::command_line;
use crate::commands::ground::open_embedder;
use crate::commands::serve;
use crate::interrupt::Listening;
use crate::numbers::{above_zero, seed, whole};
use crate::pace::duration;
use crate::page::DemoPage;
use crate::progress::{CountProgress, TrainingProgress};
use crate::{Outcome, output};

use folder::DemoFolder;
use summary::DemoSummary;

/// `locvtp demo`
#[derive(Debug, ClapArgs)]
pub(crate) struct Demo {
    /// Folder to write: corpus, run, model, page and summary.json
    #[arg(long, value_name = "DIR", default_value = "demo-run")]
    pub(crate) out: PathBuf,
    /// Time to aim at on two cores: the number of steps grows and shrinks with it
    #[arg(long, value_name = "M", default_value_t = 10.0, value_parser = above_zero(100_000.0))]
    pub(crate) minutes: f64,
    /// Everything random follows from it: videos, weights, order
    #[arg(long, value_name = "S", default_value_t = 0, value_parser = seed)]
    pub(crate) seed: u64,
    /// Steps of pre-training, whatever --minutes says
    #[arg(long, value_name = "N", value_parser = whole(1u64, 1_000_000_000))]
    pub(crate) steps: Option<u64>,
    /// Videos to pre-train on; the held-out splits shrink or grow alike
    #[arg(long, value_name = "N", value_parser = whole(1usize, MOST_VIDEOS))]
    pub(crate) videos: Option<usize>,
    /// Whether the videos' events follow procedures or come in random order
    #[arg(long, value_enum, default_value_t)]
    pub(crate) order: EventOrder,
    /// What to train with
    #[arg(long, value_enum, default_value_t)]
    pub(crate) losses: Losses,
    /// Start over: remove what an earlier demo left in the folder
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Open the page of the held-out videos at the end: search, play, export; Ctrl-C ends it
    #[arg(long)]
    pub(crate) serve: bool,
    /// Print the summary as JSON
    #[arg(long, conflicts_with = "serve")]
    pub(crate) json: bool,
}

/// `--order`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventOrder {
    /// Videos are instances of procedures that recur
    #[default]
    Procedure,
    /// Each video is made up freely
    Random,
}

/// `--losses`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Losses {
    /// L_c alone: whole clips against whole sentences
    Coarse,
    /// L_c and L_f: also clips against words
    #[value(name = "coarse+fine")]
    CoarseFine,
    /// L_c, L_f and L_t: also clips against their neighbours in time
    #[default]
    All,
}

/// The run that takes [`RUN_FILE_MINUTES`] on two cores, everything included.
const RUN_FILE: &str = include_str!("../../../../../configs/demo.toml");
const RUN_FILE_MINUTES: f64 = 10.0;

/// What a demo does; the same plan in the same folder goes on where it was stopped.
struct Plan {
    corpus: SyntheticConfig,
    experiment: Experiment,
    losses: LossSelection,
}

pub(crate) fn run(args: &Demo) -> anyhow::Result<Outcome> {
    let folder = DemoFolder::new(&args.out);
    if args.fresh {
        folder.remove()?;
    }
    let plan = Plan::new(args, &folder)?;
    let earlier_run = folder.earlier_run(&plan.experiment)?;

    let corpus = make_corpus(&plan, &folder)?;
    let Some(run) = train(&plan, &folder, earlier_run)? else {
        output::notes(&format!("stopped and saved; go on with the same command:\n  {}", go_on()));
        return Ok(Outcome::Interrupted);
    };

    let began = std::time::Instant::now();
    output::note("measuring on held-out videos");
    let embedder = open_embedder(&folder.run)?;
    let splits = measure::splits(&embedder, &folder, &plan.experiment)?;
    let parameters = embedder.directory().model.num_params();
    let page =
        DemoPage { run: &run, corpus: &plan.corpus, parameters, splits: &splits }.report()?;
    let written = locvtp_report::write(&page, &folder.report)?;
    let seconds = StageSeconds {
        synthesize: corpus,
        pretrain: run.training_s(),
        evaluate: began.elapsed().as_secs_f64(),
    };
    let summary = DemoSummary::new(&plan, &run, &splits, seconds);
    folder.write_summary(&summary)?;
    finding::index(&folder, &splits, !args.json)?;
    if args.json {
        output::json(&summary)?;
        return Ok(Outcome::Done);
    }
    finding::ask(&folder, &splits)?;
    output::text(&summary.text(&splits, &folder, &written.page))?;
    if args.serve {
        return serve::run(&serve::Serve::of_folder(&folder.videos));
    }
    output::text(&format!("search and watch:\n  {}", finding::serve(&folder)))?;
    Ok(Outcome::Done)
}

/// The command that goes on with this demo.
fn go_on() -> String {
    command_line::typed_again(None, Some("--fresh"))
}

impl Plan {
    fn new(args: &Demo, folder: &DemoFolder) -> anyhow::Result<Self> {
        let order = match args.order {
            EventOrder::Procedure => Order::Procedure,
            EventOrder::Random => Order::Random,
        };
        let losses = match args.losses {
            Losses::Coarse => LossSelection::Coarse,
            Losses::CoarseFine => LossSelection::CoarseFine,
            Losses::All => LossSelection::All,
        };
        let experiment = Experiment::parse(RUN_FILE, "configs/demo.toml", &[])?;
        let share = args.minutes / RUN_FILE_MINUTES;
        let steps = experiment.train.steps.expect("the demo's run file says how many");
        let in_time = (steps as f64 * share).round().max(1.0) as u64;
        let mut experiment =
            experiment.scaled_to(args.steps.unwrap_or(in_time)).with_losses(losses);
        experiment.run.seed = args.seed;
        experiment.corpus.dir = folder.corpus.join("train");
        let mut corpus = SyntheticConfig { seed: args.seed, order, ..SyntheticConfig::default() };
        if let Some(videos) = args.videos {
            let alike = |held_out: usize| (held_out * videos / corpus.train_videos).max(2);
            (corpus.seen_videos, corpus.new_videos) =
                (alike(corpus.seen_videos), alike(corpus.new_videos));
            corpus.train_videos = videos;
            // A batch is of different videos; of few, it is all of them.
            let pairs = &mut experiment.pairs;
            pairs.long_batch = pairs.long_batch.min(videos);
            pairs.short_batch = pairs.short_batch.min(videos);
        }
        experiment.check()?;
        Ok(Self { corpus, experiment, losses })
    }
}

/// Makes the corpus or finds it; returns the seconds it took to make.
fn make_corpus(plan: &Plan, folder: &DemoFolder) -> anyhow::Result<f64> {
    let _listening = Listening::telling(go_on())?;
    let progress = std::sync::Mutex::new(CountProgress::new("making narrated videos", "videos"));
    let made = synthesize(&plan.corpus, &folder.corpus, &|done, total| {
        if let Ok(mut progress) = progress.lock() {
            progress.show(done, total);
        }
    });
    let SynthesisReport { reused, seconds, .. } = match made {
        Err(
            error @ (CorpusError::OtherConfig { .. }
            | CorpusError::Unfinished { .. }
            | CorpusError::Incomplete { .. }),
        ) => {
            return Err(error).context("the demo's corpus does not fit; start over with --fresh");
        }
        other => other?,
    };
    if reused {
        output::note(&format!("the corpus in {} is used again", folder.corpus.display()));
        return Ok(folder.corpus_seconds().unwrap_or(seconds));
    }
    folder.write_corpus_seconds(seconds)?;
    Ok(seconds)
}

/// Trains, goes on training, or finds the run finished; nothing when it was interrupted.
fn train(
    plan: &Plan,
    folder: &DemoFolder,
    earlier: Option<RunFolder>,
) -> anyhow::Result<Option<RunFolder>> {
    let resume = earlier.is_some();
    if let Some(run) = earlier {
        if run.is_finished() {
            output::note(&format!(
                "the run in {} is finished with the same settings and is not repeated",
                folder.run.display()
            ));
            return Ok(Some(run));
        }
        output::note(&format!("the run in {} goes on", folder.run.display()));
    }
    // A run that was killed before its first checkpoint has nothing to resume and starts again.
    let resume = resume && !locvtp_train::checkpoint::list(&folder.run).is_empty();
    if !resume {
        folder.remove_run()?;
    }
    let _listening = Listening::begin(go_on())?;
    let mut progress = TrainingProgress::new();
    let device = Device::flex();
    let end = pretrain(&plan.experiment, &folder.run, resume, &device, &mut progress)?;
    if !end.finished {
        return Ok(None);
    }
    output::note(&format!("pre-trained in {}", duration(end.seconds)));
    Ok(Some(RunFolder::read(&folder.run)?))
}
