//! `locvtp pretrain`: a run file in, a model directory out.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args as ClapArgs;
use locvtp_cluster::Communicator;
use locvtp_model::Device;
use locvtp_train::{Experiment, Observer, RunEnd, RunStart, StepReport, pretrain_together};
use locvtp_video::PlainName;
use locvtp_video::counted::counted;
use serde_json::json;

use crate::Outcome;
use crate::command_line;
use crate::file_reading;
use crate::interrupt::{self, Listening};
use crate::output;
use crate::pace::duration;
use crate::progress::TrainingProgress;
use crate::ranks::{self, is_first};
use crate::sandboxed::Sandboxed;

/// `locvtp pretrain`
#[derive(Debug, ClapArgs)]
pub(crate) struct Pretrain {
    /// The run file (TOML); configs/ has some to begin with
    pub(crate) run_file: PathBuf,
    /// Folder of the run [default: runs/ and the run's name]
    #[arg(long, value_name = "DIR")]
    pub(crate) run: Option<PathBuf>,
    /// Go on from the newest whole checkpoint in the folder
    #[arg(long)]
    pub(crate) resume: bool,
    /// Override a key of the run file, for example train.steps=200; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Train nothing and write nothing: say how large the run is, whether it fits, and how long it takes
    #[arg(long, conflicts_with = "resume")]
    pub(crate) plan: bool,
    #[command(flatten)]
    pub(crate) sandboxed: Sandboxed,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Pretrain) -> anyhow::Result<Outcome> {
    let mut experiment = Experiment::read(&args.run_file, &args.set)?;
    args.sandboxed.enter(&experiment.limits)?;
    let tables = &mut experiment.loader.frame_tables;
    *tables = tables.take().or_else(file_reading::default_folder);
    if args.plan {
        return super::plan::run(&experiment, args.json);
    }
    let folder = match &args.run {
        Some(folder) => folder.clone(),
        None => default_folder(&experiment.run.name)?,
    };
    match ranks::together(|ranks| trained(args, &experiment, &folder, ranks))? {
        Some(end) => report(args, &folder, &end),
        None => Ok(Outcome::Done),
    }
}

/// The folder of a run without `--run`: its name is one folder in `runs/`, and never a way out of it.
fn default_folder(name: &str) -> anyhow::Result<PathBuf> {
    let name = PlainName::new(name);
    let name =
        name.context("run.name is the folder of the run in runs/; change it, or say --run DIR")?;
    Ok(name.inside(Path::new("runs")))
}

/// How the run ended; rank 0 says so for all.
fn trained(
    args: &Pretrain,
    experiment: &Experiment,
    folder: &Path,
    ranks: &dyn Communicator,
) -> anyhow::Result<Option<RunEnd>> {
    let _listening = Listening::begin(go_on())?;
    let mut progress: Box<dyn Observer> = match is_first(ranks) {
        true => Box::new(TrainingProgress::new()),
        false => Box::new(Quiet),
    };
    let device = Device::flex();
    let end =
        pretrain_together(ranks, experiment, folder, args.resume, &device, progress.as_mut())?;
    Ok(is_first(ranks).then_some(end))
}

/// What another process than rank 0 says: nothing.
struct Quiet;

impl Observer for Quiet {
    fn started(&mut self, _start: &RunStart) {}
    fn step(&mut self, _report: &StepReport, _total_steps: u64) {}
    fn checkpoint(&mut self, _path: &Path) {}
    fn warning(&mut self, _text: &str) {}

    fn should_stop(&self) -> bool {
        interrupt::pressed()
    }
}

/// The command that goes on with this run.
fn go_on() -> String {
    command_line::typed_again(Some("--resume"), None)
}

fn report(args: &Pretrain, folder: &Path, end: &RunEnd) -> anyhow::Result<Outcome> {
    if args.json {
        output::json(&json!({
            "finished": end.finished,
            "next_step": end.next_step,
            "seconds": end.seconds,
            "bad_videos": end.bad_videos,
            "model": end.finished.then_some(&end.model),
        }))?;
    } else {
        if !end.bad_videos.is_empty() {
            output::text(&format!(
                "{} could not be used; {} names them",
                counted(end.bad_videos.len(), "video"),
                folder.join("bad_videos.json").display()
            ))?;
        }
        output::text(&if end.finished {
            let run = folder.display().to_string();
            format!(
                "done in {}; the model is in {}{}\nfind a moment with it:\n  {}",
                duration(end.seconds),
                end.model.display(),
                average_told(&folder.join("model-ema")),
                command_line::command([
                    "ground",
                    "--model",
                    &run,
                    "VIDEO.mp4",
                    "what should happen"
                ])
            )
        } else {
            let done = counted(end.next_step, "step");
            format!("stopped and saved; done so far: {done}. Go on with:\n  {}", go_on())
        })?;
    }
    Ok(if end.finished { Outcome::Done } else { Outcome::Interrupted })
}

/// Where the moving average of the weights is, if the run has kept one.
fn average_told(dir: &Path) -> String {
    if !dir.is_dir() {
        return String::new();
    }
    format!(", the moving average of its weights in {}", dir.display())
}
