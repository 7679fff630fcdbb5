//! What the watchdog looks at: whether anything moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells the watchdog that the work moves; for any thread, by clones.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    moves: Arc<AtomicU64>,
}

impl Progress {
    /// Something was done: a batch was loaded, a part of a step was calculated. An exchange says so by itself.
    pub fn moved(&self) {
        self.moves.fetch_add(1, Ordering::Relaxed);
    }

    /// How often something was done.
    #[cfg(feature = "mpi")]
    pub(crate) fn moves(&self) -> u64 {
        self.moves.load(Ordering::Relaxed)
    }
}
