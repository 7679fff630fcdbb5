//! Who is told how a task goes.

use super::{EpochReport, FitStep};

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
