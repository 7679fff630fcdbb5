//! Who is told how a task goes.

use locvtp_measure::Metrics;
use serde::{Deserialize, Serialize};

/// A step that was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitStep {
    /// The seed of the fit.
    pub seed: u64,
    /// The step of the whole fit, from 0.
    pub step: u64,
    /// Steps of the whole fit.
    pub total_steps: u64,
    /// Its loss.
    pub loss: f64,
}

/// An epoch that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// The seed of the fit.
    pub seed: u64,
    /// The epoch, from 1.
    pub epoch: u64,
    /// Mean loss of its steps.
    pub loss: f64,
    /// Learning rate of its last step.
    pub learning_rate: f64,
    /// Where there is a validation part.
    pub validation: Option<Metrics>,
    /// Seconds it took, validation included.
    pub seconds: f64,
}

/// Is told how a task goes, and may stop it.
pub trait TaskObserver {
    /// One line on what the task begins with.
    fn started(&mut self, _what: &str) {}
    /// A step of training was done.
    fn step(&mut self, _step: &FitStep) {}
    /// An epoch of training was done and validated.
    fn epoch(&mut self, _epoch: &EpochReport) {}
    /// So many of so many videos, queries or whatever `what` names are done.
    fn progress(&mut self, _what: &str, _done: usize, _total: usize) {}
    /// Something was left out or repaired.
    fn warning(&mut self, _text: &str) {}
    /// Asked after every step: whether to save and stop.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Nobody is told.
impl TaskObserver for () {}
