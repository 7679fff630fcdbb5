//! Metrics alone: predictions of any model, from files, against a data set's own annotation files.
//!
//! What comes in is what people have who measure a model that is not ours: JSON lines (or a matrix of
//! scores), and the annotation files as published. What goes out is a [`ScoreReport`]. Nothing is
//! passed over in silence: what was predicted for unknown videos, or twice, is counted and left out;
//! what was not predicted is counted and is a miss; a score that is not a number is an error that
//! names its line. The formats: `docs/score.md`.
//!
//! | name | idea |
//! |---|---|
//! | [`score_grounding`] | ranked moments of sentences: R@n,IoU@m and mIoU; of several windows also mAP and highlights |
//! | [`GroundingProtocol`] | which moments count, and in which order |
//! | [`score_matrix`], [`score_rankings`] | a matrix of scores, or ranked lists: R@k, MdR, MnR |
//! | [`score_steps`] | a second for every step of a task: average recall |
//! | [`score_segmentation`] | a label for every second: frame accuracy |
//! | [`grounding`](fn@grounding) | predictions against annotations, each a file, with what is usual |
//! | [`Truth`] | annotation files, read without their videos |
//! | [`read_lines`], [`Matrix`] | the prediction files |

mod grounding;
mod grounding_protocol;
mod json_lines;
mod matrix_file;
mod moment_answers;
mod moment_retrieval;
mod retrieval;
mod segmentation;
mod steps;
mod truth;
mod usual;

pub use grounding::score_grounding;
pub use grounding_protocol::{GroundingProtocol, RankedBy, Suppression};
pub use json_lines::{number_list, read_lines};
pub use matrix_file::Matrix;
pub use retrieval::{RetrievalProtocol, read_columns, score_matrix, score_rankings};
pub use segmentation::score_segmentation;
pub use steps::{read_release, score_steps};
pub use truth::{Truth, TruthFile, TruthSource};
pub use usual::grounding;

use locvtp_video::counted::counted_as;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::metrics::Metrics;

/// What a prediction file is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ScoreReport {
    /// `grounding`, `retrieval`, `steps` or `segmentation`.
    pub task: &'static str,
    /// The numbers; percentages but for ranks.
    pub metrics: Metrics,
    /// Numbers to read them beside: chance, what saying nothing reaches.
    pub references: Metrics,
    /// How much was measured, and how much was left out and why.
    pub counts: Map<String, Value>,
    /// The protocol: which ties, which boundary, which suppression.
    pub protocol: Map<String, Value>,
    /// The numbers once more under the names, and with the rounding, of the evaluation that the data set
    /// is published with; none where that is not followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard: Option<Value>,
    /// The annotation files that it was measured against; none where a matrix needs none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub truth: Vec<truth::TruthFile>,
    /// What a person should know: of everything that was left out, the first.
    pub notes: Vec<String>,
}

impl ScoreReport {
    fn new(task: &'static str) -> Self {
        Self {
            task,
            metrics: Metrics::new(),
            references: Metrics::new(),
            counts: Map::new(),
            protocol: Map::new(),
            standard: None,
            truth: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn count(&mut self, name: &str, count: usize) {
        self.counts.insert(name.to_owned(), count.into());
    }

    /// A count that is worth a note when it is not 0: `one` or `more` says behind the number what it
    /// is of and what comes of it.
    fn fault(&mut self, name: &str, faults: &Faults, one: &str, more: &str) {
        self.count(name, faults.count);
        if let Some(first) = &faults.first {
            let told = counted_as(faults.count, one, more);
            self.notes.push(format!("{told} (first: {first})"));
        }
    }

    fn says(&mut self, name: &str, value: impl Into<Value>) {
        self.protocol.insert(name.to_owned(), value.into());
    }
}

/// How often something was wrong, and where first.
#[derive(Clone, Debug, Default)]
struct Faults {
    count: usize,
    first: Option<String>,
}

impl Faults {
    const NONE: Self = Self { count: 0, first: None };

    fn note(&mut self, what: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some(what());
        }
    }
}
