//! What every task is: settings that can be checked and run, watched by an observer.

use std::path::Path;

use locvtp_model::Device;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Table;

use crate::error::TransferError;
use crate::fit::observer::TaskObserver;
use crate::results::task_result::TaskResult;

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
