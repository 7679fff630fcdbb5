//! How patient the ranks are with each other.

use std::time::Duration;

/// How a run over several processes is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// A rank that shows nothing done for so long ends all; `None`: it is never ended. Half an hour unless it is set,
    /// for the first step of a large model on a slow machine takes long.
    pub watchdog: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { watchdog: Some(Duration::from_secs(30 * 60)) }
    }
}
