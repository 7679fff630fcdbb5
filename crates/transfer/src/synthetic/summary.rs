//! The results of a run as they stand in `summary.json`.
//!
//! All values are percentages, except counts, seconds and losses. The layout is read by other
//! programs: fields may be added, not renamed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use locvtp_measure::metrics::{GroundingMetrics, RetrievalDirection};
use locvtp_measure::synthetic::{ActionChoice, References};

/// The whole of `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// How long each stage took.
    pub seconds: StageSeconds,
    /// Results on each held-out split.
    pub splits: SplitSummaries,
    /// Losses at the end of training, by name.
    pub losses: BTreeMap<String, f64>,
}

/// Wall-clock seconds of the stages of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageSeconds {
    /// Making the corpus.
    pub synthesize: f64,
    /// Pre-training.
    pub pretrain: f64,
    /// Everything that is measured afterwards.
    pub evaluate: f64,
}

/// Results on the two held-out splits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitSummaries {
    /// New videos of combinations that training shows.
    pub seen: SplitSummary,
    /// Videos of combinations that training never shows.
    pub new: SplitSummary,
}

/// Results on one split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitSummary {
    /// Finding the video of a text.
    pub retrieval: RetrievalSummary,
    /// Finding the moment of a sentence.
    pub grounding: GroundingSummary,
    /// What the grounding is to be compared with.
    pub references: ReferenceSummary,
    /// Choosing the action word.
    pub action_choice: ActionChoiceSummary,
}

/// Text-to-video retrieval; the text is the sentences of a video's true events, not its narration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetrievalSummary {
    /// Among how many videos.
    pub candidates: usize,
    /// R@1.
    pub r1: f64,
    /// R@5.
    pub r5: f64,
    /// R@1 of a random order.
    pub chance_r1: f64,
    /// R@5 of a random order.
    pub chance_r5: f64,
}

/// Grounding by the first moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroundingSummary {
    /// How many sentences were asked.
    pub queries: usize,
    /// R@1,IoU@0.5.
    pub r1_iou50: f64,
    /// R@1,IoU@0.7.
    pub r1_iou70: f64,
    /// Mean IoU.
    pub miou: f64,
}

/// Mean IoU of what the model is compared with, on the same queries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceSummary {
    /// An interval by lot.
    pub random_interval_miou: f64,
    /// The model asked for a sentence of another video.
    pub wrong_query_miou: f64,
    /// An oracle that knows the colour of every clip and nothing else.
    pub colour_oracle_miou: f64,
    /// An oracle that knows colour and shape.
    pub colour_shape_oracle_miou: f64,
    /// An oracle that knows everything: the ceiling of clips and decoder.
    pub all_oracle_miou: f64,
}

/// Choosing the action word that fits an event, its interval, colour and shape being given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionChoiceSummary {
    /// Right choices.
    pub accuracy: f64,
    /// Right choices by lot.
    pub chance: f64,
}

impl From<&RetrievalDirection> for RetrievalSummary {
    fn from(direction: &RetrievalDirection) -> Self {
        Self {
            candidates: direction.measured.num_candidates,
            r1: direction.measured.r1,
            r5: direction.measured.r5,
            chance_r1: direction.chance.r1,
            chance_r5: direction.chance.r5,
        }
    }
}

impl From<&GroundingMetrics> for GroundingSummary {
    fn from(metrics: &GroundingMetrics) -> Self {
        Self {
            queries: metrics.queries,
            r1_iou50: metrics.r1_iou50,
            r1_iou70: metrics.r1_iou70,
            miou: metrics.miou,
        }
    }
}

impl From<&References> for ReferenceSummary {
    fn from(references: &References) -> Self {
        Self {
            random_interval_miou: references.random_interval.miou,
            wrong_query_miou: references.wrong_query.miou,
            colour_oracle_miou: references.colour_oracle.miou,
            colour_shape_oracle_miou: references.colour_shape_oracle.miou,
            all_oracle_miou: references.all_oracle.miou,
        }
    }
}

impl From<&ActionChoice> for ActionChoiceSummary {
    fn from(choice: &ActionChoice) -> Self {
        Self { accuracy: choice.accuracy, chance: choice.chance }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn split() -> SplitSummary {
        SplitSummary {
            retrieval: RetrievalSummary {
                candidates: 150,
                r1: 26.0,
                r5: 80.5,
                chance_r1: 0.75,
                chance_r5: 3.25,
            },
            grounding: GroundingSummary {
                queries: 529,
                r1_iou50: 62.5,
                r1_iou70: 43.5,
                miou: 65.0,
            },
            references: ReferenceSummary {
                random_interval_miou: 20.5,
                wrong_query_miou: 24.0,
                colour_oracle_miou: 57.5,
                colour_shape_oracle_miou: 73.5,
                all_oracle_miou: 92.0,
            },
            action_choice: ActionChoiceSummary { accuracy: 50.5, chance: 16.5 },
        }
    }

    #[test]
    fn the_summary_has_exactly_the_promised_layout_and_reads_back() {
        let summary = RunSummary {
            seconds: StageSeconds { synthesize: 30.5, pretrain: 400.0, evaluate: 12.0 },
            splits: SplitSummaries { seen: split(), new: split() },
            losses: BTreeMap::from([("coarse".into(), 1.5), ("fine".into(), 3.5)]),
        };
        let split = json!({
            "retrieval": {
                "candidates": 150, "r1": 26.0, "r5": 80.5, "chance_r1": 0.75, "chance_r5": 3.25
            },
            "grounding": {"queries": 529, "r1_iou50": 62.5, "r1_iou70": 43.5, "miou": 65.0},
            "references": {
                "random_interval_miou": 20.5, "wrong_query_miou": 24.0,
                "colour_oracle_miou": 57.5, "colour_shape_oracle_miou": 73.5,
                "all_oracle_miou": 92.0
            },
            "action_choice": {"accuracy": 50.5, "chance": 16.5}
        });
        let expected = json!({
            "seconds": {"synthesize": 30.5, "pretrain": 400.0, "evaluate": 12.0},
            "splits": {"seen": split, "new": split},
            "losses": {"coarse": 1.5, "fine": 3.5}
        });
        let written = serde_json::to_value(&summary).unwrap();
        assert_eq!(written, expected);
        assert_eq!(serde_json::from_value::<RunSummary>(written).unwrap(), summary);
    }

    #[test]
    fn parts_of_the_summary_come_from_the_measurements_of_the_same_name() {
        let truths = [locvtp_video::TimeSpan::new(0.0, 4.0)];
        let predictions = [vec![locvtp_video::TimeSpan::new(0.0, 3.0)]];
        let boundary = locvtp_measure::IouBoundary::Strict;
        let metrics = locvtp_measure::metrics::grounding(&predictions, &truths, boundary).unwrap();
        let summary = GroundingSummary::from(&metrics);
        assert_eq!((summary.queries, summary.miou, summary.r1_iou70), (1, 75.0, 100.0));
    }
}
