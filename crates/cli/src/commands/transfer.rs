//! `locvtp transfer`: a task file in, the task's numbers out.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use locvtp_measure::Metrics;
use locvtp_model::Device;
use locvtp_transfer::TaskObserver;
use locvtp_transfer::TransferError;
use locvtp_transfer::results::TaskResult;
use locvtp_transfer::tasks::TaskFile;
use locvtp_transfer::{EpochReport, FitStep};
use locvtp_video::counted::counted;

use crate::command_line::typed_again;
use crate::interrupt::{self, Listening};
use crate::pace::{Pace, duration, rate};
use crate::progress::ProgressLine;
use crate::table::{Column, Table};
use crate::time_left::TimeLeft;
use crate::{Outcome, file_reading, output};

/// `locvtp transfer`
#[derive(Debug, ClapArgs)]
pub(crate) struct Transfer {
    /// The task file (TOML); configs/tasks/ has one of each
    pub(crate) task_file: PathBuf,
    /// Folder to write [default: runs/ and the task file's name]
    #[arg(long, value_name = "DIR")]
    pub(crate) run: Option<PathBuf>,
    /// Go on with the task that is in the folder
    #[arg(long)]
    pub(crate) resume: bool,
    /// Override a key, for example training.epochs=3; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Transfer) -> anyhow::Result<Outcome> {
    let file = TaskFile::read(&args.task_file, &args.set)?
        .with_frame_tables(file_reading::default_folder());
    let name = args.task_file.file_stem().unwrap_or_default();
    let folder = args.run.clone().unwrap_or_else(|| PathBuf::from("runs").join(name));
    let _listening = Listening::begin(typed_again(Some("--resume"), None))?;
    let mut progress = Progress::new();
    let result = match file.run(&folder, args.resume, &Device::flex(), &mut progress) {
        Ok(mut result) => {
            result.program = format!("locvtp {} {}", output::VERSION, output::COMMIT);
            result.program.truncate(result.program.trim_end().len());
            result.write(&folder)?;
            result
        }
        Err(TransferError::Stopped) => {
            let go_on = typed_again(Some("--resume"), None);
            output::notes(&format!("stopped; what is done is saved. Go on with:\n  {go_on}"));
            return Ok(Outcome::Interrupted);
        }
        Err(error) => return Err(error.into()),
    };
    if args.json {
        output::json(&result)?;
    } else {
        output::text(&table(&result))?;
        output::note(&format!("all of it is in {}", folder.join("result.json").display()));
        for file in result.seeds.iter().flat_map(|seed| &seed.predictions) {
            output::note(&format!("the answers: {}", folder.join(file).display()));
        }
    }
    Ok(Outcome::Done)
}

/// A row for every number: its mean over the seeds, the spread, and what to read it beside.
fn table(result: &TaskResult) -> String {
    let several = result.seeds.len() > 1;
    let mut table = Table::new([Column::words(12), Column::numbers(8), Column::words(0)]);
    for name in result.summary.keys() {
        let Some(spread) = result.spread(name) else { continue };
        let range = format!(" ({:.2} to {:.2})", spread.least, spread.greatest);
        let range = if several { range } else { String::new() };
        table.row([name.clone(), format!("{:.2}", spread.mean), range]);
    }
    for (name, value) in result.references.iter() {
        table.row([name.to_owned(), format!("{value:.2}")]);
    }
    let mut lines = result.inputs.lines();
    lines.extend(result.counts.iter().map(|(what, count)| format!("{what}: {count}")));
    lines.extend(table.lines(" "));
    if several {
        lines.push(format!(
            "means over {}, with the least and the greatest",
            counted(result.seeds.len(), "seed")
        ));
    }
    lines.join("\n")
}

struct Progress {
    line: ProgressLine,
    /// The seed of the fit, its pace, and how long it still takes.
    fit: Option<(u64, Pace, TimeLeft)>,
}

impl Progress {
    fn new() -> Self {
        Self { line: ProgressLine::new(), fit: None }
    }
}

impl TaskObserver for Progress {
    fn started(&mut self, what: &str) {
        self.line.note(what);
    }

    fn step(&mut self, step: &FitStep) {
        let (_, pace, left) = match &mut self.fit {
            Some(fit) if fit.0 == step.seed => fit,
            fit => fit.insert((step.seed, Pace::new(), TimeLeft::new())),
        };
        let done = step.step + 1;
        let per_s = pace.per_s(done as f64);
        let left = left.seconds(done as f64, step.total_steps as f64);
        self.line.draw(done == step.total_steps, || {
            format!(
                "seed {}  step {done}/{}  loss {:.4}{}{}",
                step.seed,
                step.total_steps,
                step.loss,
                per_s.map_or(String::new(), |per_s| format!("  {}", rate(per_s, "steps"))),
                left.map_or(String::new(), |left| format!("  {} left", duration(left))),
            )
        });
    }

    fn epoch(&mut self, epoch: &EpochReport) {
        let numbers = |metrics: &Metrics| {
            metrics.iter().map(|(name, value)| format!("  {name} {value:.2}")).collect::<String>()
        };
        let validation = epoch.validation.as_ref().map_or(String::new(), numbers);
        self.line.draw(false, || {
            format!(
                "seed {}  epoch {}  loss {:.4}{validation}",
                epoch.seed, epoch.epoch, epoch.loss
            )
        });
    }

    fn progress(&mut self, what: &str, done: usize, total: usize) {
        self.line.draw(done == total, || format!("{what} {done}/{total}"));
    }

    fn warning(&mut self, text: &str) {
        self.line.note(&format!("warning: {text}"));
    }

    fn should_stop(&self) -> bool {
        interrupt::pressed()
    }
}
