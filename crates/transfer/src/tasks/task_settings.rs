//! What the settings of every task are: read from a file, filled, checked.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Table;

use crate::error::TransferError;

/// The settings of one task, as a file gives them.
pub trait TaskSettings: Serialize + DeserializeOwned + JsonSchema {
    /// What the file may leave out, given what it says.
    fn defaults(given: &Table) -> Table;

    /// # Errors
    /// When a setting cannot be used, or two contradict each other; the message names them.
    fn check(&self) -> Result<(), TransferError>;
}
