//! One line on standard error that says how far, how fast and how long still.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use locvtp_train::{Observer, RunStart, StepReport};
use locvtp_video::counted::counted;

use crate::interrupt;
use crate::pace::{Pace, duration, rate, rate_and_rest};
use crate::time_left::TimeLeft;

/// Between two redraws on a terminal; in a file a line is written [`FILE_EVERY`] apart.
const TERMINAL_EVERY: Duration = Duration::from_millis(200);
const FILE_EVERY: Duration = Duration::from_secs(15);

/// A line that is drawn over itself on a terminal, and repeated now and then in a file.
pub(crate) struct ProgressLine {
    terminal: bool,
    drawn: Option<Instant>,
    width: usize,
}

impl ProgressLine {
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), drawn: None, width: 0 }
    }

    /// Draws `text` if it is time, or if it is the last.
    pub(crate) fn draw(&mut self, last: bool, text: impl FnOnce() -> String) {
        let every = if self.terminal { TERMINAL_EVERY } else { FILE_EVERY };
        if !last && self.drawn.is_some_and(|drawn| drawn.elapsed() < every) {
            return;
        }
        self.drawn = Some(Instant::now());
        let text = crate::output::one_line(&text());
        if self.terminal {
            let padding = self.width.saturating_sub(text.chars().count());
            eprint!("\r{text}{:padding$}", "");
            self.width = text.chars().count();
            if last {
                eprintln!();
                self.width = 0;
            }
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{text}");
        }
    }

    /// A line of its own that leaves the progress line alone.
    pub(crate) fn note(&mut self, text: &str) {
        if self.terminal && self.width > 0 {
            eprint!("\r{:1$}\r", "", self.width);
            self.width = 0;
        }
        crate::output::note(text);
    }
}

/// Shows a training run.
pub(crate) struct TrainingProgress {
    line: ProgressLine,
    left: TimeLeft,
    pairs: Pace,
    num_pairs: usize,
}

impl TrainingProgress {
    pub(crate) fn new() -> Self {
        Self { line: ProgressLine::new(), left: TimeLeft::new(), pairs: Pace::new(), num_pairs: 0 }
    }
}

impl Observer for TrainingProgress {
    fn started(&mut self, start: &RunStart) {
        self.pairs = Pace::begun_at(0.0);
        self.line.note(&format!(
            "corpus: {}; {} of the videos can be used",
            start.corpus, start.num_videos
        ));
        if start.num_unopened > 0 {
            self.line.note(&format!(
                "on servers, and taken as listed until a step wants them: {}",
                counted(start.num_unopened, "video")
            ));
        }
        let steps = if start.first_step >= start.total_steps {
            format!("done already: {}, which is all", counted(start.total_steps, "step"))
        } else if start.first_step > 0 {
            format!("done already: {} of {}", start.first_step, counted(start.total_steps, "step"))
        } else {
            format!("{} to do", counted(start.total_steps, "step"))
        };
        self.line.note(&format!(
            "model: {:.2} million parameters, a vocabulary of {}; {steps}",
            start.num_parameters as f64 / 1e6,
            counted(start.vocab_size, "token"),
        ));
        if let Some(chosen) = &start.chosen_memory {
            let way = serde_json::to_value(chosen.memory).unwrap_or_default();
            let parts = chosen
                .micro_batch
                .map_or_else(String::new, |pairs| format!(" with train.micro_batch = {pairs}"));
            self.line.note(&format!(
                "memory: for {} GiB, train.memory = {way}{parts} was chosen; about {:.2} GiB at the peak",
                chosen.gib,
                chosen.peak_bytes / f64::from(1 << 30),
            ));
        }
        self.line
            .note(&format!("loader: up to {} MiB of decoded video in memory", start.loader_mib));
    }

    fn step(&mut self, report: &StepReport, total_steps: u64) {
        self.num_pairs += report.num_pairs;
        let done = report.step + 1;
        let left = self.left.seconds(done as f64, total_steps as f64);
        let pairs = self.pairs.per_s(self.num_pairs as f64);
        self.line.draw(done == total_steps, || {
            let terms: String = report
                .terms
                .iter()
                .filter_map(|(term, loss)| Some(format!("  {} {:.3}", term.symbol(), (*loss)?)))
                .collect();
            let left =
                left.map_or(String::new(), |seconds| format!("  {} left", duration(seconds)));
            format!(
                "step {done}/{total_steps}  loss {:.3}{terms}{}  loader {:.0} MiB, waited {:.0}%{left}",
                report.total,
                pairs.map_or(String::new(), |pairs| format!("  {}", rate(pairs, "pairs"))),
                report.queued_mib + report.cached_mib,
                100.0 * report.waited_share(),
            )
        });
    }

    fn checkpoint(&mut self, _path: &Path) {}

    fn warning(&mut self, text: &str) {
        self.line.note(&format!("warning: {text}"));
    }

    fn should_stop(&self) -> bool {
        interrupt::pressed()
    }
}

/// What is over sooner needs no line in a file.
const SHORT: Duration = Duration::from_secs(2);

/// Shows how many of how many things are done.
pub(crate) struct CountProgress {
    line: ProgressLine,
    began: Instant,
    what: String,
    unit: &'static str,
    pace: Pace,
}

impl CountProgress {
    /// `what` is done, as in "making videos", of things of the kind `unit`.
    pub(crate) fn new(what: impl Into<String>, unit: &'static str) -> Self {
        let (line, began) = (ProgressLine::new(), Instant::now());
        Self { line, began, what: what.into(), unit, pace: Pace::new() }
    }

    /// The same, but in a file nothing of what is over soon.
    pub(crate) fn show_if_long(&mut self, done: usize, total: usize) {
        if self.line.terminal || self.began.elapsed() >= SHORT {
            self.show(done, total);
        }
    }

    pub(crate) fn show(&mut self, done: usize, total: usize) {
        let Self { line, what, unit, pace, .. } = self;
        let per_s = pace.per_s(done as f64);
        line.draw(done == total, || {
            let rest = total.saturating_sub(done) as f64;
            format!("{what} {done}/{total}{}", rate_and_rest(per_s, unit, rest))
        });
    }
}
