//! One line on standard error that says how far, how fast and how long still.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use locvtp_train::{Observer, RunStart, StepReport};

use crate::interrupt;

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
        let text = text();
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
        eprintln!("{text}");
    }
}

/// Seconds as people say them.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// Shows a training run.
pub(crate) struct TrainingProgress {
    line: ProgressLine,
    first_step: u64,
    began: Instant,
    pairs: usize,
}

impl TrainingProgress {
    pub(crate) fn new() -> Self {
        Self { line: ProgressLine::new(), first_step: 0, began: Instant::now(), pairs: 0 }
    }
}

impl Observer for TrainingProgress {
    fn started(&mut self, start: &RunStart) {
        self.first_step = start.first_step;
        self.began = Instant::now();
        self.line
            .note(&format!("corpus: {}; {} of the videos can be used", start.corpus, start.videos));
        if start.unopened > 0 {
            self.line.note(&format!(
                "{} of them are on servers and taken as listed until a step wants them",
                start.unopened
            ));
        }
        self.line.note(&format!(
            "model: {:.2} million parameters, {} words; steps {} to {}",
            start.parameters as f64 / 1e6,
            start.vocabulary,
            start.first_step,
            start.total_steps
        ));
        self.line.note(&format!("loader: holds {} MiB at most", start.loader_mib));
    }

    fn step(&mut self, report: &StepReport, total_steps: u64) {
        self.pairs += report.pairs;
        let done = report.step + 1;
        let seconds = self.began.elapsed().as_secs_f64();
        let left = seconds / (done - self.first_step) as f64 * (total_steps - done) as f64;
        let rate = self.pairs as f64 / seconds;
        self.line.draw(done == total_steps, || {
            let loss = |name: &str, value: Option<f64>| {
                value.map_or(String::new(), |value| format!("  {name} {value:.3}"))
            };
            format!(
                "step {done}/{total_steps}  loss {:.3}{}{}{}  {rate:.0} pairs/s  loader {:.0} MiB, \
                 waited {:.0}%  {} left",
                report.total,
                loss("L_c", report.coarse),
                loss("L_f", report.fine),
                loss("L_t", report.temporal),
                report.queued_mib + report.cached_mib,
                100.0 * report.waited_share(),
                duration(left)
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

/// Shows how many of how many things are done.
pub(crate) struct CountProgress {
    line: ProgressLine,
    what: String,
    began: Instant,
}

impl CountProgress {
    /// `what` is counted, as in "videos".
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { line: ProgressLine::new(), what: what.into(), began: Instant::now() }
    }

    pub(crate) fn show(&mut self, done: usize, total: usize) {
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = done as f64 / seconds.max(1e-9);
        let left = (total - done) as f64 / rate.max(1e-9);
        let what = &self.what;
        self.line.draw(done == total, || {
            format!("{what} {done}/{total}  {rate:.0}/s  {} left", duration(left))
        });
    }
}
