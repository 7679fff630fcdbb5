//! What the settings of every task are: read from a file, filled, checked.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::error::TransferError;

/// Which task a file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TaskKind {
    /// Find the video of a text, and back.
    Retrieval,
    /// Find the moment of a sentence.
    Grounding,
    /// Find the steps of a task, in order.
    Steps,
    /// Name the action of every second.
    Segmentation,
    /// In which order do clips come?
    OrderProbe,
    /// How far apart are two clips?
    DistanceProbe,
}

/// The settings of one task, as a file gives them.
pub trait TaskSettings: Serialize + DeserializeOwned {
    /// What the file may leave out, given what it says.
    fn defaults(given: &Table) -> Table;

    /// # Errors
    /// When a setting cannot be used, or two contradict each other; the message names them.
    fn check(&self) -> Result<(), TransferError>;
}
