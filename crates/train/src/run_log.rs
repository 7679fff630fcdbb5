//! The log of a run: one JSON object a line, and the same numbers for TensorBoard.
//!
//! After a resume, lines of steps that are done again are removed first, so that every step stands in the file once.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use locvtp_corpus::SpanKind;
use locvtp_model::loss::{PerTerm, Term};
use locvtp_model::model_directory::write_synced_and_keep;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::event_file::EventFile;

/// The log's name in a run folder.
pub const LOG_FILE: &str = "log.jsonl";

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepReport {
    /// The step, from 0.
    pub step: u64,
    /// Long or short spans, or pictures.
    pub kind: SpanKind,
    /// The weighted sum of the losses.
    pub total: f64,
    /// The terms, each under its name, if it was computed.
    #[serde(flatten)]
    pub terms: PerTerm<Option<f64>>,
    /// Length of the gradient before clipping.
    pub gradient_norm: f64,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Pairs of the step.
    #[serde(rename = "pairs")]
    pub num_pairs: usize,
    /// Seconds spent on the run so far, over all resumes, steps that were done again included.
    pub elapsed_s: f64,
    /// Seconds of that spent waiting for the loader.
    pub waited_s: f64,
    /// What the loader's waiting batches hold after the step, MiB; 0 in older logs.
    #[serde(default)]
    pub queued_mib: f64,
    /// What the loader's remembered videos hold after the step, MiB; 0 in older logs.
    #[serde(default)]
    pub cached_mib: f64,
}

impl StepReport {
    /// Share of the run's time spent waiting for the loader, 0 to 1.
    pub fn waited_share(&self) -> f64 {
        if self.elapsed_s > 0.0 { self.waited_s / self.elapsed_s } else { 0.0 }
    }
}

/// Writes the log.
pub(crate) struct RunLog {
    path: PathBuf,
    file: File,
    events: EventFile,
    spent_s: (f64, f64),
}

impl RunLog {
    /// Opens the log of a run folder that goes on at `first_step`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn open(run: &Path, first_step: u64) -> Result<Self, TrainError> {
        let path = run.join(LOG_FILE);
        let earlier = if first_step > 0 && path.exists() { read_log(run)? } else { Vec::new() };
        let spent_s = earlier.last().map_or((0.0, 0.0), |last| (last.elapsed_s, last.waited_s));
        let mut text = String::new();
        for report in earlier.iter().filter(|report| report.step < first_step) {
            text += &(serde_json::to_string(report).expect("plain data") + "\n");
        }
        let file = write_synced_and_keep(&path, text.as_bytes()).map_err(TrainError::saving)?;
        let folder = run.join("tensorboard");
        std::fs::create_dir_all(&folder).map_err(TrainError::writing(&folder))?;
        Ok(Self { path, file, events: EventFile::create(&folder)?, spent_s })
    }

    /// `elapsed_s` and `waited_s` of the run before it was opened, undone steps included.
    pub(crate) fn spent_s(&self) -> (f64, f64) {
        self.spent_s
    }

    /// Adds a step.
    ///
    /// # Errors
    /// When the disk is full.
    pub(crate) fn write(&mut self, report: &StepReport) -> Result<(), TrainError> {
        let line = serde_json::to_string(report).expect("plain data") + "\n";
        self.file.write_all(line.as_bytes()).map_err(TrainError::writing(&self.path))?;
        let mut values = vec![
            ("loss/total", report.total),
            ("optimizer/learning_rate", report.learning_rate),
            ("optimizer/gradient_norm", report.gradient_norm),
            ("loader/waited_share", report.waited_share()),
            ("loader/held_mib", report.queued_mib + report.cached_mib),
        ];
        let tags = Term::ALL.map(|term| format!("loss/{}", term.name()));
        for (tag, (_, loss)) in tags.iter().zip(report.terms.iter()) {
            values.extend(loss.map(|loss| (tag.as_str(), loss)));
        }
        self.events.scalars(report.step, &values)
    }
}

/// All steps in the log of a run folder; a last line that was cut off by a crash is left out.
///
/// # Errors
/// When the log cannot be read.
pub fn read_log(run: &Path) -> Result<Vec<StepReport>, TrainError> {
    let path = run.join(LOG_FILE);
    let file = File::open(&path).map_err(TrainError::reading(&path))?;
    let mut reports = Vec::new();
    for line in BufReader::new(file).lines() {
        let line = line.map_err(TrainError::reading(&path))?;
        reports.extend(serde_json::from_str::<StepReport>(&line).ok());
    }
    Ok(reports)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: u64) -> StepReport {
        StepReport {
            step,
            kind: SpanKind::Long,
            total: 1.0,
            terms: PerTerm::from_fn(|_| None),
            gradient_norm: 1.0,
            learning_rate: 1e-3,
            num_pairs: 4,
            elapsed_s: step as f64 + 1.0,
            waited_s: 0.5,
            queued_mib: 0.0,
            cached_mib: 0.0,
        }
    }

    #[test]
    fn a_line_is_that_of_earlier_versions() {
        let mut report = report(7);
        report.terms[Term::Coarse] = Some(0.25);
        report.terms[Term::Fine] = Some(3.0);
        let line =
            r#"{"step":7,"kind":"long","total":1.0,"coarse":0.25,"fine":3.0,"temporal":null,"#
                .to_owned()
                + r#""gradient_norm":1.0,"learning_rate":0.001,"pairs":4,"elapsed_s":8.0,"#
                + r#""waited_s":0.5,"queued_mib":0.0,"cached_mib":0.0}"#;
        assert_eq!(serde_json::to_string(&report).unwrap(), line);
        assert_eq!(serde_json::from_str::<StepReport>(&line).unwrap(), report);
        // A version that knew fewer terms.
        let older = line.replace(r#""temporal":null,"#, "");
        assert_eq!(serde_json::from_str::<StepReport>(&older).unwrap(), report);
    }

    #[test]
    fn tensorboard_gets_the_terms_that_were_computed() {
        let run = tempfile::tempdir().unwrap();
        let mut log = RunLog::open(run.path(), 0).unwrap();
        let mut report = report(0);
        report.terms[Term::Temporal] = Some(1.0);
        log.write(&report).unwrap();
        let events = std::fs::read_dir(run.path().join("tensorboard")).unwrap().next().unwrap();
        let bytes = std::fs::read(events.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("loss/total") && text.contains("loss/temporal"), "{text}");
        assert!(!text.contains("loss/coarse"), "{text}");
    }

    #[test]
    fn a_resumed_log_has_every_step_once_and_knows_the_time_of_undone_steps() {
        let run = tempfile::tempdir().unwrap();
        let mut log = RunLog::open(run.path(), 0).unwrap();
        assert_eq!(log.spent_s(), (0.0, 0.0));
        (0..7).for_each(|step| log.write(&report(step)).unwrap());
        drop(log);
        // Killed after step 6, resumed at step 4: seven seconds are spent.
        let log = RunLog::open(run.path(), 4).unwrap();
        assert_eq!(log.spent_s(), (7.0, 0.5));
        let steps: Vec<u64> = read_log(run.path()).unwrap().iter().map(|line| line.step).collect();
        assert_eq!(steps, [0, 1, 2, 3]);
        drop(log);
        // A run that starts over owes nothing to what was there.
        assert_eq!(RunLog::open(run.path(), 0).unwrap().spent_s(), (0.0, 0.0));
        assert!(read_log(run.path()).unwrap().is_empty());
    }
}
