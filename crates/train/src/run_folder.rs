//! A run folder as it lies on disk: what it was asked to do, how far it came, and what it left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use locvtp_model::loss::Term;

use crate::bad_videos;
use crate::checkpoint;
use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::run_log::{LOG_FILE, StepReport, read_log};
use crate::same_run::{SettingDifference, differences};
use crate::usable::BadVideo;

/// The resolved run file's name in a run folder.
pub const RUN_FILE: &str = "run.toml";

/// A run, read back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunFolder {
    /// The folder.
    pub path: PathBuf,
    /// The run file as resolved.
    pub experiment: Experiment,
    /// The log, in order of steps; empty before the first line.
    pub log: Vec<StepReport>,
    /// Checkpoints, the newest first; they may be damaged.
    pub checkpoints: Vec<PathBuf>,
    /// Videos that were left out.
    pub bad_videos: Vec<BadVideo>,
    /// The model directory, if the run got that far.
    pub model: Option<PathBuf>,
}

impl RunFolder {
    /// Whether a run was ever begun in this folder.
    pub fn is_at(path: &Path) -> bool {
        path.join(RUN_FILE).is_file()
            && (path.join(LOG_FILE).is_file() || path.join("checkpoints").is_dir())
    }

    /// Whether anything of a run lies in this folder: even one that ended before its first step has
    /// left its run file.
    pub fn was_begun(path: &Path) -> bool {
        path.join(RUN_FILE).is_file()
            || path.join("model").is_dir()
            || !checkpoint::list(path).is_empty()
    }

    /// Reads a run folder.
    ///
    /// # Errors
    /// When its run file or log cannot be read.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let experiment = Experiment::read_saved(&path.join(RUN_FILE))?;
        let log = if path.join(LOG_FILE).is_file() { read_log(path)? } else { Vec::new() };
        let model = path.join("model");
        Ok(Self {
            path: path.into(),
            experiment,
            log,
            checkpoints: checkpoint::list(path),
            bad_videos: bad_videos::read(path),
            model: model.is_dir().then_some(model),
        })
    }

    /// Steps done, as far as the log tells.
    pub fn steps_done(&self) -> u64 {
        self.log.last().map_or(0, |report| report.step + 1)
    }

    /// Whether the last step was done and the model written.
    ///
    /// A run whose length is given in epochs counts as finished when there is a model.
    pub fn is_finished(&self) -> bool {
        let all_done = |steps| self.steps_done() >= steps;
        self.model.is_some() && self.experiment.train.steps.is_none_or(all_done)
    }

    /// Seconds spent on the run so far, over all resumes, up to the last line of the log.
    ///
    /// Where the numbers fall, a resume did not know what was spent before (as in logs of the first
    /// versions); then this is the sum of the last values of each stretch.
    pub fn training_s(&self) -> f64 {
        let ends = self
            .log
            .iter()
            .zip(self.log.iter().skip(1).map(Some).chain([None]))
            .filter(|(report, next)| next.is_none_or(|next| next.elapsed_s < report.elapsed_s));
        ends.map(|(report, _)| report.elapsed_s).sum()
    }

    /// Mean of every loss over the log's last tenth.
    pub fn final_losses(&self) -> BTreeMap<String, f64> {
        let first = self.log.len() - self.log.len().div_ceil(10);
        let last = &self.log[first..];
        let mut means = BTreeMap::new();
        let mut add = |name: &str, loss: &dyn Fn(&StepReport) -> Option<f64>| {
            let values: Vec<f64> = last.iter().filter_map(loss).collect();
            if !values.is_empty() {
                means.insert(name.to_owned(), values.iter().sum::<f64>() / values.len() as f64);
            }
        };
        add("total", &|report| Some(report.total));
        for term in Term::ALL {
            add(term.name(), &|report| report.terms[term]);
        }
        means
    }

    /// The first setting of this run that `experiment` gives another value; none when the two runs
    /// end in the same model.
    pub fn difference(&self, experiment: &Experiment) -> Option<SettingDifference> {
        differences(&self.experiment, experiment).into_iter().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locvtp_corpus::SpanKind;
    use locvtp_model::loss::PerTerm;

    fn report(step: u64, elapsed_s: f64, total: f64) -> StepReport {
        StepReport {
            step,
            kind: SpanKind::Long,
            total,
            terms: PerTerm::from_fn(|term| (term == Term::Coarse).then_some(total)),
            gradient_norm: 1.0,
            learning_rate: 1e-3,
            num_pairs: 4,
            elapsed_s,
            waited_s: 0.0,
            queued_mib: 0.0,
            cached_mib: 0.0,
        }
    }

    fn run(log: Vec<StepReport>) -> RunFolder {
        RunFolder {
            path: "run".into(),
            experiment: Experiment::default(),
            log,
            checkpoints: Vec::new(),
            bad_videos: Vec::new(),
            model: None,
        }
    }

    #[test]
    fn training_time_is_summed_over_resumes() {
        let log = vec![report(0, 1.0, 2.0), report(1, 3.0, 2.0), report(2, 0.5, 2.0)];
        assert_eq!(run(log).training_s(), 3.5);
        let log = vec![report(0, 1.0, 2.0), report(1, 3.0, 2.0), report(2, 4.5, 2.0)];
        assert_eq!(run(log).training_s(), 4.5);
        assert_eq!(run(Vec::new()).training_s(), 0.0);
    }

    #[test]
    fn final_losses_are_means_over_the_last_tenth() {
        // 20 lines: the last two have 18 and 19.
        let losses = run((0..20).map(|step| report(step, step as f64, step as f64)).collect())
            .final_losses();
        assert_eq!(losses.get("total"), Some(&18.5));
        assert_eq!(losses.get("coarse"), Some(&18.5));
        assert_eq!(losses.get("fine"), None);
        assert!(run(Vec::new()).final_losses().is_empty());
    }
}
