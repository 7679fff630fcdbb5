//! How the weights of the three losses change during training.
//!
//! Paper: §A.6, "Training-objective variants" (ablation §B.5 (a)): constant weights won.

use serde::{Deserialize, Serialize};

use crate::ModelError;
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
    /// # Errors
    /// When a weight or a moment is out of its range, or a part of the training has no loss at all.
    pub fn check(&self) -> Result<(), ModelError> {
        let setting = |key: &str, found: String, expected| {
            Err(ModelError::Setting { key: format!("objective.{key}"), found, expected })
        };
        let (coarse, fine, temporal) = match *self {
            Self::Weighted { coarse, fine, temporal } => (coarse, fine, temporal),
            Self::WarmUp { fine, temporal } | Self::MultiStage { fine, temporal, .. } => {
                (0.0, fine, temporal)
            }
        };
        for (key, weight) in [("coarse", coarse), ("fine", fine), ("temporal", temporal)] {
            if !(weight >= 0.0 && weight.is_finite()) {
                return setting(key, weight.to_string(), "a weight, 0 or more");
            }
        }
        if let Self::MultiStage { second_stage_at, .. } = *self
            && !(0.0..=1.0).contains(&second_stage_at)
        {
            let found = second_stage_at.to_string();
            return setting("second_stage_at", found, "a share of the training, 0 to 1");
        }
        if coarse + fine + temporal == 0.0 {
            return Err(ModelError::Contradiction {
                first: "objective.fine".into(),
                second: "objective.temporal".into(),
                reason: match self {
                    Self::Weighted { .. } => "all three weights are 0; raise one of them",
                    Self::WarmUp { .. } => {
                        "both are 0, and L_c falls to 0; raise one, or take schedule = \"weighted\""
                    }
                    Self::MultiStage { .. } => {
                        "both are 0, so the second stage has no loss; raise one of them"
                    }
                }
                .into(),
            });
        }
        Ok(())
    }

    /// Whether there comes a time when `L_t` is the only loss.
    pub fn ends_with_temporal_alone(&self) -> bool {
        let last = self.weights(1.0);
        last.coarse == 0.0 && last.fine == 0.0
    }

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
    fn weights_that_leave_nothing_to_train_on_are_refused() {
        let weighted =
            |coarse, fine, temporal| Objective::Weighted { coarse, fine, temporal }.check();
        Objective::default().check().unwrap();
        weighted(0.0, 0.0, 1.0).unwrap();
        assert!(weighted(0.0, 0.0, 0.0).unwrap_err().to_string().contains("all three"));
        assert!(weighted(-0.5, 1.0, 1.0).unwrap_err().to_string().contains("objective.coarse"));
        assert!(weighted(0.5, f64::NAN, 1.0).unwrap_err().to_string().contains("objective.fine"));
        // At the end of a warm-up L_c has no weight left.
        let error = Objective::WarmUp { fine: 0.0, temporal: 0.0 }.check().unwrap_err();
        assert!(error.to_string().contains("L_c falls to 0"), "{error}");
        let stages = |second_stage_at, fine| {
            Objective::MultiStage { second_stage_at, fine, temporal: 0.0 }.check()
        };
        stages(0.5, 1.0).unwrap();
        assert!(stages(0.5, 0.0).unwrap_err().to_string().contains("second stage"));
        assert!(stages(1.5, 1.0).unwrap_err().to_string().contains("second_stage_at"));
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
