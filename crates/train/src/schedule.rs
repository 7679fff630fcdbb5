//! The learning rate of a step.

use serde::{Deserialize, Serialize};

use crate::error::TrainError;

/// How the rate falls after the warm-up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "shape", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Schedule {
    /// Multiplied by `factor` at the start of each epoch listed.
    Steps {
        /// Epochs, from 0, at whose start the rate falls. Paper: 100 and 160 of 200.
        #[schemars(example = [100.0, 160.0])]
        at_epochs: Vec<f64>,
        /// What the rate is multiplied by there. Paper: 0.1.
        #[schemars(example = 0.1)]
        factor: f64,
    },
    /// Half a cosine down to `floor` times the rate at the last step.
    Cosine {
        /// Share of the rate that is left at the end.
        #[schemars(example = 0.0)]
        floor: f64,
    },
    /// With the inverse of the square root of the step, from the end of the warm-up on: a quarter as
    /// many steps have twice the rate. CSMGAN and much of machine translation.
    InverseSqrt,
    /// No change.
    Constant,
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Steps { at_epochs: vec![100.0, 160.0], factor: 0.1 }
    }
}

/// Where in a run a step is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// The step, from 0.
    pub step: u64,
    /// Steps of the whole run.
    pub total_steps: u64,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
}

impl Position {
    /// 0 at the first step, 1 at the last.
    pub fn progress(&self) -> f64 {
        self.step as f64 / self.total_steps.saturating_sub(1).max(1) as f64
    }
}

impl Schedule {
    /// # Errors
    /// When a number is out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        let setting = |key: &str, found: String, expected| {
            Err(TrainError::Setting { key: key.to_owned(), found, expected })
        };
        match self {
            Self::Steps { at_epochs, factor } => {
                if !at_epochs.iter().all(|epoch| *epoch >= 0.0) {
                    let found = format!("{at_epochs:?}");
                    return setting("optimizer.schedule.at_epochs", found, "epochs, 0 or more");
                }
                if !(*factor > 0.0 && factor.is_finite()) {
                    let found = factor.to_string();
                    return setting("optimizer.schedule.factor", found, "a number above 0");
                }
            }
            Self::Cosine { floor } if !(0.0..=1.0).contains(floor) => {
                let found = floor.to_string();
                return setting("optimizer.schedule.floor", found, "a share between 0 and 1");
            }
            Self::Cosine { .. } | Self::InverseSqrt | Self::Constant => {}
        }
        Ok(())
    }

    /// Whether the rate of a step depends on how many there are.
    pub(crate) fn knows_the_end(&self) -> bool {
        matches!(self, Self::Cosine { .. })
    }

    /// What the learning rate is multiplied by: a linear warm-up over `warm_up_steps`, then the shape.
    pub fn factor(&self, position: &Position, warm_up_steps: u64) -> f64 {
        let warm_up = if position.step < warm_up_steps {
            (position.step + 1) as f64 / warm_up_steps as f64
        } else {
            1.0
        };
        let shape = match self {
            Self::Steps { at_epochs, factor } => {
                let epoch = position.step as f64 / position.steps_per_epoch.max(1) as f64;
                let passed = at_epochs.iter().filter(|at| epoch >= **at).count();
                factor.powi(passed as i32)
            }
            Self::Cosine { floor } => {
                let rest = position.total_steps.saturating_sub(warm_up_steps).max(1) as f64;
                let done = position.step.saturating_sub(warm_up_steps) as f64 / rest;
                floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos())
            }
            Self::InverseSqrt => {
                let (steps, warm_up) = (position.step + 1, warm_up_steps.max(1));
                (warm_up as f64 / steps.max(warm_up) as f64).sqrt()
            }
            Self::Constant => 1.0,
        };
        warm_up * shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(step: u64) -> Position {
        Position { step, total_steps: 200, steps_per_epoch: 1 }
    }

    #[test]
    fn the_papers_rate_falls_tenfold_at_epochs_100_and_160() {
        let schedule = Schedule::default();
        let factors: Vec<f64> =
            [0, 99, 100, 159, 160].iter().map(|&s| schedule.factor(&at(s), 0)).collect();
        for (found, expected) in factors.iter().zip([1.0, 1.0, 0.1, 0.1, 0.01]) {
            assert!((found - expected).abs() < 1e-12, "{factors:?}");
        }
    }

    #[test]
    fn the_inverse_square_root_begins_where_the_warm_up_ends() {
        let factor = |step, warm_up| Schedule::InverseSqrt.factor(&at(step), warm_up);
        assert_eq!(factor(0, 25), 0.04);
        assert_eq!(factor(24, 25), 1.0);
        // Four times as many steps, half the rate.
        assert_eq!(factor(99, 25), 0.5);
        assert_eq!((factor(0, 0), factor(3, 0)), (1.0, 0.5), "without warm-up");
    }

    #[test]
    fn warm_up_is_linear_and_the_cosine_ends_at_its_floor() {
        let schedule = Schedule::Cosine { floor: 0.1 };
        assert_eq!(schedule.factor(&at(0), 10), 0.1);
        assert_eq!(schedule.factor(&at(10), 10), 1.0);
        assert!(schedule.factor(&at(199), 10) < 0.11);
    }
}
