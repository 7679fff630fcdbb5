//! Variants of a run that are compared with it: other lengths, and fewer losses.

use serde::{Deserialize, Serialize};

use crate::experiment::Experiment;
use crate::schedule::Schedule;
use locvtp_model::loss::Term;

/// Which losses a run trains with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LossSelection {
    /// `L_c` alone.
    Coarse,
    /// `L_c` and `L_f`.
    CoarseFine,
    /// All of them.
    All,
}

impl LossSelection {
    fn keeps(self, term: Term) -> bool {
        match self {
            Self::Coarse => term == Term::Coarse,
            Self::CoarseFine => term == Term::Coarse || term == Term::Fine,
            Self::All => true,
        }
    }
}

impl Experiment {
    /// The same run over `steps` steps: the warm-up, the steps of the schedule and the change of the
    /// share of short spans keep their places in the whole. How often is logged and saved stays.
    ///
    /// A run whose length is told in epochs has no steps before its corpus is read: it gets `steps`,
    /// and nothing is scaled.
    #[must_use]
    pub fn scaled_to(mut self, steps: u64) -> Self {
        let Some(before) = self.train.steps.replace(steps).filter(|before| *before != steps) else {
            return self;
        };
        let share = steps as f64 / before as f64;
        let scaled = |steps: u64| (steps as f64 * share).round() as u64;
        let until = &mut self.pairs.short_share_start_until_step;
        *until = scaled(*until);
        let warm_up = &mut self.optimizer.warm_up_steps;
        *warm_up = scaled(*warm_up);
        if let Schedule::Steps { at_epochs, .. } = &mut self.optimizer.schedule {
            at_epochs.iter_mut().for_each(|epoch| *epoch *= share);
        }
        self
    }

    /// The same run without the losses that `selection` leaves out.
    #[must_use]
    pub fn with_losses(mut self, selection: LossSelection) -> Self {
        self.objective = self.objective.with_terms(|term| selection.keeps(term));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_run_keeps_the_proportions_of_its_schedule() {
        let mut experiment = Experiment::default();
        experiment.train.steps = Some(3000);
        experiment.pairs.short_share_start_until_step = 1000;
        experiment.optimizer.warm_up_steps = 90;
        let short = experiment.clone().scaled_to(600);
        assert_eq!(short.train.steps, Some(600));
        assert_eq!(short.pairs.short_share_start_until_step, 200);
        assert_eq!(short.optimizer.warm_up_steps, 18);
        assert_eq!(experiment.clone().scaled_to(3000), experiment);
    }

    #[test]
    fn losses_that_are_left_out_weigh_nothing() {
        let weights = |selection| {
            let experiment = Experiment::default().with_losses(selection);
            let weights = experiment.objective.weights(0.5);
            (weights[Term::Coarse], weights[Term::Fine], weights[Term::Temporal])
        };
        assert_eq!(weights(LossSelection::Coarse), (0.5, 0.0, 0.0));
        assert_eq!(weights(LossSelection::CoarseFine), (0.5, 1.0, 0.0));
        assert_eq!(weights(LossSelection::All), (0.5, 1.0, 1.0));
    }
}
