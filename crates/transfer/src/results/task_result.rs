//! What comes out of a task: numbers by name, for every seed, with what they were measured on.

use std::path::Path;

use locvtp_measure::Metrics;
use locvtp_model::model_directory::write_synced;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::predictions::{Tested, write_all};
use crate::error::TransferError;
use crate::inputs::origin::Inputs;

/// The file's name in the folder of a task.
pub const RESULT_FILE: &str = "result.json";

/// The result of one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedResult {
    /// The seed; none where nothing is drawn.
    pub seed: Option<u64>,
    /// The epoch whose head was measured, from 1; none where nothing is trained.
    pub epoch: Option<u64>,
    /// What it was chosen by; none where it is the last.
    pub validation: Option<Metrics>,
    /// What was measured.
    pub test: Metrics,
    /// Files of the answers that were measured, in the folder of the task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predictions: Vec<String>,
}

impl SeedResult {
    /// The result of a task that draws nothing and trains nothing; its answers are written into the
    /// task's `folder`.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub fn untrained(tested: Tested, folder: &Path) -> Result<Self, TransferError> {
        let predictions = write_all(&tested.predictions, folder, Path::new(""))?;
        let (seed, epoch, validation, test) = (None, None, None, tested.metrics);
        Ok(Self { seed, epoch, validation, test, predictions })
    }
}

/// Mean and spread of a number over the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

/// The whole of `result.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskResult {
    /// Which task, as in its file.
    pub task: String,
    /// The version of the program and, where known, the commit it was built from.
    pub program: String,
    /// Whose features and words they are.
    #[serde(default)]
    pub inputs: Inputs,
    /// How many samples each part has, and how many were left out and why.
    pub counts: Map<String, Value>,
    /// Numbers to read the results beside: chance, controls.
    pub references: Metrics,
    /// One of each seed.
    pub seeds: Vec<SeedResult>,
    /// Mean and spread over the seeds, by name.
    pub summary: Map<String, Value>,
    /// The task file as resolved.
    pub settings: Value,
}

impl TaskResult {
    /// The result of `seeds`; `inputs`, `counts`, `references` and `program` are empty.
    pub fn new(task: &str, settings: &impl Serialize, seeds: Vec<SeedResult>) -> Self {
        let mut summary = Map::new();
        let names = seeds.first().map(|first| first.test.clone()).unwrap_or_default();
        for (name, _) in names.iter() {
            let values: Vec<f64> = seeds.iter().filter_map(|seed| seed.test.get(name)).collect();
            let spread = Spread {
                mean: values.iter().sum::<f64>() / values.len() as f64,
                least: values.iter().copied().fold(f64::INFINITY, f64::min),
                greatest: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            };
            let spread = serde_json::to_value(spread).expect("plain data");
            summary.insert(name.to_owned(), spread);
        }
        Self {
            task: task.to_owned(),
            program: String::new(),
            inputs: Inputs::default(),
            counts: Map::new(),
            references: Metrics::new(),
            seeds,
            summary,
            settings: serde_json::to_value(settings).expect("settings are plain data"),
        }
    }

    /// With one more count.
    #[must_use]
    pub fn counting(mut self, name: &str, count: usize) -> Self {
        self.counts.insert(name.to_owned(), count.into());
        self
    }

    /// Mean and spread of a number.
    pub fn spread(&self, name: &str) -> Option<Spread> {
        serde_json::from_value(self.summary.get(name)?.clone()).ok()
    }

    /// Writes `result.json` into the folder of a task.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub fn write(&self, folder: &Path) -> Result<(), TransferError> {
        let text = serde_json::to_string_pretty(self).expect("plain data") + "\n";
        Ok(write_synced(&folder.join(RESULT_FILE), text.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_has_mean_and_spread_over_the_seeds() {
        let seed = |seed, r1| SeedResult {
            seed: Some(seed),
            epoch: Some(1),
            validation: None,
            test: Metrics::new().with("R@1", r1).with("mIoU", 2.0),
            predictions: Vec::new(),
        };
        let result = TaskResult::new("grounding", &(), vec![seed(0, 10.0), seed(1, 14.0)]);
        let spread = result.spread("R@1").unwrap();
        assert_eq!((spread.mean, spread.least, spread.greatest), (12.0, 10.0, 14.0));
        assert_eq!(result.summary.keys().collect::<Vec<_>>(), ["R@1", "mIoU"]);
    }
}
