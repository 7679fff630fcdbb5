//! How patient the ranks are with each other.

use std::error::Error;
use std::time::Duration;

use locvtp_video::causes::with_causes;

/// How a run over several processes is watched.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A rank that shows nothing done for so long ends all; `None`: it is never ended. Half an hour unless it is set,
    /// for the first step of a large model on a slow machine takes long.
    pub watchdog: Option<Duration>,
    /// How an error that ends all ranks is told, with its causes.
    pub in_words: fn(&(dyn Error + 'static)) -> String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { watchdog: Some(Duration::from_secs(30 * 60)), in_words: with_causes }
    }
}
