//! The labels that were given to the seconds of videos, as `locvtp score segmentation` reads them.

use serde::Serialize;

use crate::results::predictions::PREDICTIONS;
use crate::results::predictions::{PredictionFile, Tested};
use locvtp_measure::Metrics;

/// A video and the label of each of its seconds: a line of the file.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Line {
    video: String,
    labels: Vec<u32>,
}

/// The labels of videos, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SecondLabels(Vec<Line>);

impl SecondLabels {
    /// Adds a video.
    pub(super) fn push(&mut self, video: &str, labels: Vec<u32>) {
        self.0.push(Line { video: video.to_owned(), labels });
    }

    /// The numbers that they gave, with them.
    pub(super) fn tested(&self, metrics: Metrics) -> Tested {
        Tested { metrics, predictions: vec![PredictionFile::json_lines(PREDICTIONS, &self.0)] }
    }
}
