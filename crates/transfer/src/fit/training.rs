//! How long and how fast a head learns.

use locvtp_train::{OptimizerConfig, Schedule};
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::setting_error::SettingError;

/// `[training]` of a task file; each head has its own defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingSection {
    /// Each trains a head of its own; the result is given for each, with mean and spread.
    pub seeds: Vec<u64>,
    /// Passes over the training samples.
    #[schemars(range(min = 1))]
    pub epochs: u64,
    /// Samples of a step; the last step of an epoch may have fewer.
    #[schemars(range(min = 1))]
    pub batch: usize,
    /// Which epoch's head is measured.
    pub keep: KeptEpoch,
    /// Adam and its rate.
    pub optimizer: OptimizerConfig,
}

/// Which epoch's head is measured. Never one chosen by the test part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeptEpoch {
    /// The best by validation; the last where there is no validation part.
    Best,
    /// The last.
    Last,
}

impl TrainingSection {
    /// Adam at one rate; the best epoch is measured. Most heads learn so, when a file says nothing.
    pub fn constant_rate(learning_rate: f64, epochs: u64, batch: usize, seeds: Vec<u64>) -> Self {
        let optimizer = OptimizerConfig {
            learning_rate,
            schedule: Schedule::Constant,
            ..OptimizerConfig::default()
        };
        Self { seeds, epochs, batch, keep: KeptEpoch::Best, optimizer }
    }

    /// # Errors
    /// When a setting cannot be used; the message names it.
    pub fn check(&self) -> Result<(), TransferError> {
        let setting = |key, expected| Err(SettingError { key, found: "0".into(), expected }.into());
        if self.seeds.is_empty() {
            let (key, found) = ("training.seeds", "[]".into());
            return Err(SettingError { key, found, expected: "one seed or more" }.into());
        }
        if self.epochs == 0 {
            return setting("training.epochs", "1 or more");
        }
        if self.batch == 0 {
            return setting("training.batch", "1 or more");
        }
        let mut seeds = self.seeds.clone();
        seeds.sort_unstable();
        seeds.dedup();
        if seeds.len() != self.seeds.len() {
            let (key, found) = ("training.seeds", format!("{:?}", self.seeds));
            return Err(SettingError { key, found, expected: "each seed once" }.into());
        }
        Ok(self.optimizer.check().map_err(|error| error.in_section("training"))?)
    }
}
