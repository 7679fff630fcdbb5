//! One observer for a fit and for what is measured within it.
//!
//! A fit holds its observer for itself, and a learner that measures whole videos has long things to tell
//! as well: both get a reference to this one.

use std::cell::RefCell;

use crate::observer::TaskObserver;
use crate::observer::{EpochReport, FitStep};

/// An observer that may be told by several, one at a time.
pub struct SharedObserver<'a>(RefCell<&'a mut dyn TaskObserver>);

impl<'a> SharedObserver<'a> {
    /// Passes everything on to `observer`.
    pub fn new(observer: &'a mut dyn TaskObserver) -> Self {
        Self(RefCell::new(observer))
    }
}

impl TaskObserver for &SharedObserver<'_> {
    fn started(&mut self, what: &str) {
        self.0.borrow_mut().started(what);
    }

    fn step(&mut self, step: &FitStep) {
        self.0.borrow_mut().step(step);
    }

    fn epoch(&mut self, epoch: &EpochReport) {
        self.0.borrow_mut().epoch(epoch);
    }

    fn progress(&mut self, what: &str, done: usize, total: usize) {
        self.0.borrow_mut().progress(what, done, total);
    }

    fn warning(&mut self, text: &str) {
        self.0.borrow_mut().warning(text);
    }

    fn should_stop(&self) -> bool {
        self.0.borrow().should_stop()
    }
}
