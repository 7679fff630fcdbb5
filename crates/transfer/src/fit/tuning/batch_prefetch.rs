//! The batches of a fit, made ahead on the loader's threads.
//!
//! An epoch's order is a pure function of seed and epoch, so the loader knows what comes without being
//! told, and a fit that goes on begins where it should.

use std::sync::{Mutex, PoisonError};

use locvtp_train::{HeldBytes, Loader, TrainError};

use crate::error::TransferError;
use crate::fit::FitBatch;

/// How many batches are made ahead, and of what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrefetchSettings {
    /// Steps of the whole fit.
    pub total_steps: u64,
    /// Threads that make batches.
    pub threads: usize,
    /// Batches that may wait or be in the making.
    pub queue: usize,
}

/// Batches on their way; they begin anew where a step does not follow the one before.
pub(crate) struct BatchPrefetch<T>(Mutex<Option<RunningLoader<T>>>);

struct RunningLoader<T> {
    seed: u64,
    /// The step that comes next.
    next: u64,
    loader: Loader<T>,
}

impl<T> Default for BatchPrefetch<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: HeldBytes + Send + 'static> BatchPrefetch<T> {
    /// The batch of a step; `make` gives that of any step of this seed, and is a pure function.
    ///
    /// # Errors
    /// What `make` says.
    pub(crate) fn next(
        &self,
        wanted: &FitBatch<'_>,
        ahead: &PrefetchSettings,
        make: impl Fn(u64) -> Result<T, TrainError> + Send + Sync + 'static,
    ) -> Result<T, TransferError> {
        let mut on_the_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits =
            |batches: &RunningLoader<T>| batches.seed == wanted.seed && batches.next == wanted.step;
        if !on_the_way.as_ref().is_some_and(fits) {
            let PrefetchSettings { total_steps, threads, queue } = *ahead;
            let loader = Loader::start(wanted.step, total_steps, threads, queue, make);
            *on_the_way = Some(RunningLoader { seed: wanted.seed, next: wanted.step, loader });
        }
        let batches = on_the_way.as_mut().expect("started just now");
        batches.next += 1;
        Ok(batches.loader.next_result().expect("a step of the fit")?)
    }
}
