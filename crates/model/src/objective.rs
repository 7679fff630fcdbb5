//! How the weights of the losses change during training.
//!
//! Paper: §A.6, "Training-objective variants" (ablation §B.5 (a)): constant weights won.

use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::loss::{LossWeights, Term};
use crate::objective_file::{AllWeights, ObjectiveFile, OtherWeights, TwoStages};

/// A schedule of loss weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "ObjectiveFile", into = "ObjectiveFile")]
pub struct Objective {
    schedule: WeightSchedule,
    /// That of `L_c` is 0 where the schedule knows it.
    weights: LossWeights,
}

/// How the weights change.
#[derive(schemars::JsonSchema)]
#[schemars(tag = "schedule", rename_all = "snake_case", deny_unknown_fields)]
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum WeightSchedule {
    /// `schedule = "weighted"`: constant weights.
    Weighted,
    /// `schedule = "warm_up"`: `lambda_c` falls from 1 to 0 as
    /// `(exp(-5 p) - exp(-5)) / (1 - exp(-5))`; the others are constant.
    WarmUp,
    /// `schedule = "multi_stage"`: `L_c` alone, then all others.
    MultiStage {
        /// The progress at which the second stage begins, between 0 and 1.
        second_stage_at: f64,
    },
}

impl Default for Objective {
    fn default() -> Self {
        Self::new(WeightSchedule::Weighted, LossWeights::default())
    }
}

impl Objective {
    /// A schedule with these weights; that of `L_c` is not asked where the schedule knows it.
    pub fn new(schedule: WeightSchedule, mut weights: LossWeights) -> Self {
        if schedule != WeightSchedule::Weighted {
            weights[Term::Coarse] = 0.0;
        }
        Self { schedule, weights }
    }

    /// Constant weights for the named terms, and none of the others.
    pub fn of_terms<const N: usize>(weights: [(Term, f64); N]) -> Self {
        Self::new(WeightSchedule::Weighted, LossWeights::only(weights))
    }

    /// The same without the terms that `keeps` does not name. A schedule that begins with `L_c` still
    /// does.
    #[must_use]
    pub fn with_terms(mut self, keeps: impl Fn(Term) -> bool) -> Self {
        let left_out = Term::ALL.into_iter().filter(|term| !keeps(*term));
        left_out.for_each(|term| self.weights[term] = 0.0);
        self
    }

    /// # Errors
    /// When a weight or a moment is out of its range, or a part of the training has no loss at all.
    pub fn check(&self) -> Result<(), ModelError> {
        let setting = |key: &str, found: String, expected| {
            Err(ModelError::Setting { key: format!("objective.{key}"), found, expected })
        };
        for (term, weight) in self.weights.iter() {
            if !(*weight >= 0.0 && weight.is_finite()) {
                return setting(term.name(), weight.to_string(), "a weight, 0 or more");
            }
        }
        if let WeightSchedule::MultiStage { second_stage_at } = self.schedule
            && !(0.0..=1.0).contains(&second_stage_at)
        {
            let found = second_stage_at.to_string();
            return setting("second_stage_at", found, "a share of the training, 0 to 1");
        }
        if self.weights.iter().all(|(_, weight)| *weight == 0.0) {
            return Err(ModelError::Contradiction {
                first: "objective.fine".into(),
                second: "objective.temporal".into(),
                reason: match self.schedule {
                    WeightSchedule::Weighted => "all weights are 0; raise one of them",
                    WeightSchedule::WarmUp => {
                        "all but L_c are 0, and L_c falls to 0; raise one, or take schedule = \"weighted\""
                    }
                    WeightSchedule::MultiStage { .. } => {
                        "all but L_c are 0, so the second stage has no loss; raise one of them"
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
        last.iter().all(|(term, weight)| term == Term::Temporal || *weight == 0.0)
    }

    /// Whether the weights change on the way.
    pub fn changes(&self) -> bool {
        self.schedule != WeightSchedule::Weighted
    }

    /// The weights at `progress`, which runs from 0 to 1 over the whole training.
    pub fn weights(&self, progress: f64) -> LossWeights {
        let mut weights = self.weights;
        match self.schedule {
            WeightSchedule::Weighted => weights,
            WeightSchedule::WarmUp => {
                let end = (-5.0f64).exp();
                weights[Term::Coarse] = ((-5.0 * progress).exp() - end) / (1.0 - end);
                weights
            }
            WeightSchedule::MultiStage { second_stage_at } if progress < second_stage_at => {
                LossWeights::only([(Term::Coarse, 1.0)])
            }
            WeightSchedule::MultiStage { .. } => weights,
        }
    }
}

impl From<ObjectiveFile> for Objective {
    fn from(file: ObjectiveFile) -> Self {
        match file {
            ObjectiveFile::Weighted(AllWeights(weights)) => {
                Self::new(WeightSchedule::Weighted, weights)
            }
            ObjectiveFile::WarmUp(OtherWeights(weights)) => {
                Self::new(WeightSchedule::WarmUp, weights)
            }
            ObjectiveFile::MultiStage(TwoStages { second_stage_at, weights }) => {
                Self::new(WeightSchedule::MultiStage { second_stage_at }, weights)
            }
        }
    }
}

impl From<Objective> for ObjectiveFile {
    fn from(Objective { schedule, weights }: Objective) -> Self {
        match schedule {
            WeightSchedule::Weighted => Self::Weighted(AllWeights(weights)),
            WeightSchedule::WarmUp => Self::WarmUp(OtherWeights(weights)),
            WeightSchedule::MultiStage { second_stage_at } => {
                Self::MultiStage(TwoStages { second_stage_at, weights })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(coarse: f64, fine: f64, temporal: f64) -> LossWeights {
        LossWeights::only([(Term::Coarse, coarse), (Term::Fine, fine), (Term::Temporal, temporal)])
    }

    #[test]
    fn warm_up_goes_from_one_to_zero() {
        let objective = Objective::new(WeightSchedule::WarmUp, weights(0.0, 1.0, 1.0));
        let coarse = |progress| objective.weights(progress)[Term::Coarse];
        assert_eq!(coarse(0.0), 1.0);
        assert!(coarse(1.0).abs() < 1e-12);
        // (e^-2.5 - e^-5) / (1 - e^-5) = (0.0820850 - 0.0067379) / 0.9932621
        assert!((coarse(0.5) - 0.075_858_2).abs() < 1e-6);
    }

    #[test]
    fn weights_that_leave_nothing_to_train_on_are_refused() {
        let weighted = |coarse, fine, temporal| {
            Objective::new(WeightSchedule::Weighted, weights(coarse, fine, temporal)).check()
        };
        Objective::default().check().unwrap();
        weighted(0.0, 0.0, 1.0).unwrap();
        assert!(weighted(0.0, 0.0, 0.0).unwrap_err().to_string().contains("all weights are 0"));
        assert!(weighted(-0.5, 1.0, 1.0).unwrap_err().to_string().contains("objective.coarse"));
        assert!(weighted(0.5, f64::NAN, 1.0).unwrap_err().to_string().contains("objective.fine"));
        // At the end of a warm-up L_c has no weight left.
        let error = Objective::new(WeightSchedule::WarmUp, weights(1.0, 0.0, 0.0)).check();
        let error = error.unwrap_err();
        assert!(error.to_string().contains("L_c falls to 0"), "{error}");
        let stages = |second_stage_at, fine| {
            let schedule = WeightSchedule::MultiStage { second_stage_at };
            Objective::new(schedule, weights(0.0, fine, 0.0)).check()
        };
        stages(0.5, 1.0).unwrap();
        assert!(stages(0.5, 0.0).unwrap_err().to_string().contains("second stage"));
        assert!(stages(1.5, 1.0).unwrap_err().to_string().contains("second_stage_at"));
    }

    #[test]
    fn the_second_stage_has_no_coarse_loss() {
        let schedule = WeightSchedule::MultiStage { second_stage_at: 0.5 };
        let objective = Objective::new(schedule, weights(0.0, 1.0, 2.0));
        assert_eq!(objective.weights(0.49), weights(1.0, 0.0, 0.0));
        assert_eq!(objective.weights(0.5), weights(0.0, 1.0, 2.0));
    }

    #[test]
    fn the_file_form_is_that_of_earlier_versions() {
        let stages = WeightSchedule::MultiStage { second_stage_at: 0.25 };
        for (objective, json) in [
            (
                Objective::default(),
                r#"{"schedule":"weighted","coarse":0.5,"fine":1.0,"temporal":1.0}"#,
            ),
            (
                Objective::new(WeightSchedule::WarmUp, weights(0.0, 2.0, 3.0)),
                r#"{"schedule":"warm_up","fine":2.0,"temporal":3.0}"#,
            ),
            (
                Objective::new(stages, weights(0.0, 2.0, 0.0)),
                r#"{"schedule":"multi_stage","second_stage_at":0.25,"fine":2.0,"temporal":0.0}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&objective).unwrap(), json);
            assert_eq!(serde_json::from_str::<Objective>(json).unwrap(), objective);
        }
    }

    #[test]
    fn a_term_that_a_file_does_not_name_has_its_default() {
        let read = |json: &str| serde_json::from_str::<Objective>(json).unwrap();
        assert_eq!(read(r#"{"schedule":"weighted"}"#), Objective::default());
        let warm_up = read(r#"{"fine": 2, "schedule": "warm_up"}"#);
        assert_eq!(warm_up, Objective::new(WeightSchedule::WarmUp, weights(0.0, 2.0, 1.0)));
    }

    #[test]
    fn a_key_that_a_schedule_has_not_is_refused_with_those_it_has() {
        for (json, told) in [
            (
                r#"{"schedule":"weighted","coars":1}"#,
                "unknown field `coars`, expected one of `coarse`, `fine`, `temporal`",
            ),
            (
                r#"{"schedule":"warm_up","coarse":1}"#,
                "unknown field `coarse`, expected `fine` or `temporal`",
            ),
            (
                r#"{"schedule":"multi_stage","coarse":1}"#,
                "unknown field `coarse`, expected one of `second_stage_at`, `fine`, `temporal`",
            ),
            (r#"{"schedule":"multi_stage","fine":1}"#, "missing field `second_stage_at`"),
            (r#"{"coarse":1}"#, "missing field `schedule`"),
            (r#"{"schedule":"weighted","fine":"much"}"#, "invalid type: string \"much\""),
            ("3", "invalid type: integer `3`, expected internally tagged enum Objective"),
        ] {
            let message = serde_json::from_str::<Objective>(json).unwrap_err().to_string();
            assert!(message.starts_with(told), "{json}: {message}");
        }
    }
}
