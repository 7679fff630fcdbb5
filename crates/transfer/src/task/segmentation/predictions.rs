//! The labels that were given to the test videos, as `locvtp score segmentation` reads them.

use std::path::Path;

use locvtp_model::model_directory::write_synced;
use serde::Serialize;

use crate::error::TransferError;

/// The file's name in the folder of a seed, or of a task without any.
pub const PREDICTIONS_FILE: &str = "predictions.jsonl";

/// A line of the file: a video and the label of each of its seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Line {
    video: String,
    labels: Vec<u32>,
}

/// The labels of videos, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions(Vec<Line>);

impl Predictions {
    /// Adds a video.
    pub fn push(&mut self, video: &str, labels: Vec<u32>) {
        self.0.push(Line { video: video.to_owned(), labels });
    }

    /// Writes them into `folder`, or in the place of those that are there.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub fn write(&self, folder: &Path) -> Result<(), TransferError> {
        let line = |line| serde_json::to_string(line).expect("plain data") + "\n";
        let text: String = self.0.iter().map(line).collect();
        Ok(write_synced(&folder.join(PREDICTIONS_FILE), text.as_bytes())?)
    }
}
