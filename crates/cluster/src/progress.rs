//! What the watchdog looks at: whether anything moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Tells the watchdog that the work moves; for any thread, by clones.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    moves: Arc<AtomicU64>,
    rests: Arc<AtomicBool>,
    calculating: Arc<AtomicUsize>,
}

/// While it is there, nothing need be done, whatever is exchanged meanwhile: what is calculated says nothing for as
/// long as it takes, and cannot hang.
#[derive(Debug)]
#[must_use]
pub struct Calculating(Progress);

impl Drop for Calculating {
    fn drop(&mut self) {
        self.0.moved();
        self.0.calculating.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Progress {
    /// Something was done: a batch was loaded, a part of a step was calculated. An exchange says so by itself.
    pub fn moved(&self) {
        self.rests.store(false, Ordering::Relaxed);
        self.moves.fetch_add(1, Ordering::Relaxed);
    }

    /// From now on nothing need be done until something [`moved`](Self::moved): this rank waits for what may take others
    /// any time, or does what does not say how far it is.
    pub fn rest(&self) {
        self.rests.store(true, Ordering::Relaxed);
    }

    /// From now on until what is returned is dropped this rank calculates, with exchanges in between.
    pub fn calculating(&self) -> Calculating {
        self.calculating.fetch_add(1, Ordering::Relaxed);
        Calculating(self.clone())
    }

    /// Whether nothing need be done now.
    #[cfg(feature = "mpi")]
    pub(crate) fn rests(&self) -> bool {
        self.rests.load(Ordering::Relaxed) || self.calculating.load(Ordering::Relaxed) > 0
    }

    /// How often something was done.
    #[cfg(feature = "mpi")]
    pub(crate) fn moves(&self) -> u64 {
        self.moves.load(Ordering::Relaxed)
    }
}
