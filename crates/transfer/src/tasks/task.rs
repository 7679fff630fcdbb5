//! What every task is: settings that can be checked and run, watched by an observer.

use std::path::Path;

use locvtp_model::Device;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::error::TransferError;
use crate::observer::TaskObserver;
use crate::results::task_result::TaskResult;

/// Which task a file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
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

/// The settings of one task, and how it is run.
pub trait Task: Serialize + DeserializeOwned {
    /// What the file may leave out, given what it says.
    ///
    /// # Errors
    /// When what it says names no preset.
    fn defaults(given: &Table) -> Result<Table, TransferError>;

    /// # Errors
    /// When a setting cannot be used, or two contradict each other; the message names them.
    fn check(&self) -> Result<(), TransferError>;

    /// Has frame tables kept in this folder, where clips are decoded in every epoch and the file does
    /// not say where.
    fn keep_frame_tables(&mut self, _folder: &Path) {}

    /// Runs the task in `folder`, or goes on there; `None` when it was stopped.
    ///
    /// # Errors
    /// When its files cannot be used, or something cannot be measured.
    fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError>;
}
