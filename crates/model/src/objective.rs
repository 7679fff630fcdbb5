//! How the weights of the three losses change during training.
//!
//! Paper: §A.6, "Training-objective variants" (ablation §B.5 (a)): constant weights won.

use serde::{Deserialize, Serialize};

use crate::loss::LossWeights;

/// A schedule of loss weights; `progress` runs from 0 to 1 over the whole training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "schedule", rename_all = "snake_case", deny_unknown_fields)]
pub enum Objective {
    /// Constant weights.
    Weighted {
        /// `lambda_c`. Paper: 0.5.
        coarse: f64,
        /// `lambda_f`. Paper: 1.
        fine: f64,
        /// `lambda_t`. Paper: 1.
        temporal: f64,
    },
    /// `lambda_c` falls from 1 to 0 as `(exp(-5 p) - exp(-5)) / (1 - exp(-5))`; the others are
    /// constant.
    WarmUp {
        /// `lambda_f`.
        fine: f64,
        /// `lambda_t`.
        temporal: f64,
    },
    /// `L_c` alone, then `L_f` and `L_t` alone.
    MultiStage {
        /// The progress at which the second stage begins, between 0 and 1.
        second_stage_at: f64,
        /// `lambda_f` in the second stage.
        fine: f64,
        /// `lambda_t` in the second stage.
        temporal: f64,
    },
}

impl Default for Objective {
    fn default() -> Self {
        let LossWeights { coarse, fine, temporal } = LossWeights::default();
        Self::Weighted { coarse, fine, temporal }
    }
}

impl Objective {
    /// The weights at `progress`.
    pub fn weights(&self, progress: f64) -> LossWeights {
        match *self {
            Self::Weighted { coarse, fine, temporal } => LossWeights { coarse, fine, temporal },
            Self::WarmUp { fine, temporal } => {
                let end = (-5.0f64).exp();
                let coarse = ((-5.0 * progress).exp() - end) / (1.0 - end);
                LossWeights { coarse, fine, temporal }
            }
            Self::MultiStage { second_stage_at, fine, temporal } => {
                if progress < second_stage_at {
                    LossWeights { coarse: 1.0, fine: 0.0, temporal: 0.0 }
                } else {
                    LossWeights { coarse: 0.0, fine, temporal }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_goes_from_one_to_zero() {
        let objective = Objective::WarmUp { fine: 1.0, temporal: 1.0 };
        assert_eq!(objective.weights(0.0).coarse, 1.0);
        assert!(objective.weights(1.0).coarse.abs() < 1e-12);
        // (e^-2.5 - e^-5) / (1 - e^-5) = (0.0820850 - 0.0067379) / 0.9932621
        assert!((objective.weights(0.5).coarse - 0.075_858_2).abs() < 1e-6);
    }

    #[test]
    fn the_second_stage_has_no_coarse_loss() {
        let objective = Objective::MultiStage { second_stage_at: 0.5, fine: 1.0, temporal: 2.0 };
        let first = LossWeights { coarse: 1.0, fine: 0.0, temporal: 0.0 };
        let second = LossWeights { coarse: 0.0, fine: 1.0, temporal: 2.0 };
        assert_eq!(objective.weights(0.49), first);
        assert_eq!(objective.weights(0.5), second);
    }
}
