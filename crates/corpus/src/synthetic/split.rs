//! The parts of the corpus: one to train on, two to evaluate on.

use serde::{Deserialize, Serialize};

use super::config::SyntheticConfig;

/// A part of the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// To pre-train on.
    Train,
    /// New videos of the combinations of training.
    Seen,
    /// Videos of held-out combinations only.
    New,
}

impl Split {
    /// All splits.
    pub const ALL: [Self; 3] = [Self::Train, Self::Seen, Self::New];

    /// The folder's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Seen => "seen",
            Self::New => "new",
        }
    }

    /// Videos it has under `config`.
    pub(super) fn num_videos(self, config: &SyntheticConfig) -> usize {
        match self {
            Self::Train => config.train_videos,
            Self::Seen => config.seen_videos,
            Self::New => config.new_videos,
        }
    }
}
