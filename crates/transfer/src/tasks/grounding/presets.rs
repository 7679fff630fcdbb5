//! What a grounding task file may leave out, by its data set and head.

use locvtp_train::{OptimizerConfig, Schedule};
use serde::{Deserialize, Serialize};

use super::csmgan::CsmganConfig;
use super::measure::MetricSection;
use super::tan::{Proposals, TanConfig};
use crate::fit::training::KeptEpoch;
use crate::fit::training::TrainingSection;
use locvtp_measure::metrics::IouBoundary;

/// Whose settings are taken where a task file says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DataSet {
    /// ActivityNet Captions.
    Activitynet,
    /// Charades-STA.
    Charades,
    /// TACoS.
    Tacos,
    /// QVHighlights, with sizes as for ActivityNet Captions: a frame of 64 is 2.3 s of its 150.
    #[serde(rename = "qvhighlights")]
    QvHighlights,
    /// The synthetic corpus, and small sizes for a laptop.
    Synthetic,
}

impl DataSet {
    /// What is measured.
    pub fn metrics(self) -> MetricSection {
        let ious = match self {
            Self::Activitynet | Self::Synthetic => vec![0.3, 0.5, 0.7],
            Self::Charades | Self::QvHighlights => vec![0.5, 0.7],
            Self::Tacos => vec![0.1, 0.3, 0.5, 0.7],
        };
        let is_retrieval = self == Self::QvHighlights;
        let boundary = if is_retrieval { IouBoundary::Inclusive } else { IouBoundary::Strict };
        MetricSection { ranks: vec![1, 5], ious, boundary, mean_ap: is_retrieval }
    }

    /// Whether 2D-TAN takes the full stop at a sentence's end away.
    pub fn strips_final_period(self) -> bool {
        self == Self::Charades
    }

    /// The sizes of a 2D-TAN.
    pub fn tan(self, proposals: Proposals) -> TanConfig {
        match self {
            Self::Activitynet | Self::QvHighlights => TanConfig::activitynet(proposals),
            Self::Charades => TanConfig::charades(proposals),
            Self::Tacos => TanConfig::tacos(proposals),
            Self::Synthetic => TanConfig::synthetic(proposals),
        }
    }

    /// How a 2D-TAN is trained: Adam at 1e-4, batches of 32, clipped at 10, at most 100 epochs. The
    /// release's schedule waits for a validation loss that it is given with the wrong sign, and so
    /// never acts as meant; the rate stays as it is here.
    pub fn tan_training(self) -> TrainingSection {
        let optimizer = OptimizerConfig {
            schedule: Schedule::Constant,
            gradient_clip: 10.0,
            ..OptimizerConfig::default()
        };
        let (seeds, keep) = (vec![0], KeptEpoch::Best);
        match self {
            Self::Synthetic => {
                let optimizer = OptimizerConfig { learning_rate: 1e-3, ..optimizer };
                TrainingSection { seeds, epochs: 20, batch: 16, keep, optimizer }
            }
            _ => TrainingSection { seeds, epochs: 100, batch: 32, keep, optimizer },
        }
    }

    /// The sizes of a CSMGAN; the release has none for Charades-STA and QVHighlights, which take
    /// ActivityNet Captions'.
    pub fn csmgan(self) -> CsmganConfig {
        match self {
            Self::Activitynet | Self::Charades | Self::QvHighlights => CsmganConfig::activitynet(),
            Self::Tacos => CsmganConfig::tacos(),
            Self::Synthetic => CsmganConfig::synthetic(),
        }
    }

    /// How a CSMGAN is trained: Adam whose rate rises over 300 updates and falls with their root.
    pub fn csmgan_training(self) -> TrainingSection {
        let (epochs, batch, learning_rate, weight_decay) = match self {
            Self::Activitynet | Self::Charades | Self::QvHighlights => (20, 128, 8e-4, 1e-7),
            Self::Tacos => (40, 64, 4e-4, 1e-8),
            Self::Synthetic => (20, 16, 8e-4, 1e-7),
        };
        let optimizer = OptimizerConfig {
            learning_rate,
            weight_decay,
            warm_up_steps: 300,
            schedule: Schedule::InverseSqrt,
            ..OptimizerConfig::default()
        };
        TrainingSection { seeds: vec![0], epochs, batch, keep: KeptEpoch::Best, optimizer }
    }
}
