//! Action choice: of sentences that differ in the action word alone, which one fits an event best.
//!
//! The event's true interval, colour and shape are given; the action alone is asked. One frame
//! cannot tell it, so this number speaks of time where grounding may be done by colour. Frames
//! without their order can tell some of it: of an action and the one that is it played backwards,
//! they choose by lot. For every event there is one similarity for each action; the largest is the choice.
//! Where several are the largest, the accuracy gives each an equal share of the choice, so that
//! equal similarities score exactly chance; the confusion matrix, which counts whole events, takes
//! the first of them.

use serde::{Deserialize, Serialize};

use crate::error::MeasureError;
use crate::metrics::percentage;

/// The similarities of one event to its sentence with each action word in turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionScores {
    /// One similarity for each action, in the order of the vocabulary.
    pub scores: Vec<f32>,
    /// Which action the event shows.
    pub truth: usize,
}

/// How often the right action is chosen, and what is chosen instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionChoice {
    /// How many events were asked about.
    pub events: usize,
    /// Right choices, in percent of the events.
    pub accuracy: f64,
    /// What a choice by lot gives, in percent.
    pub chance: f64,
    /// What always choosing the most frequent action gives, in percent.
    pub most_frequent: f64,
    /// Names of rows and columns of `confusion`.
    pub actions: Vec<String>,
    /// Events by true action (row) and chosen action (column).
    pub confusion: Vec<Vec<u64>>,
}

/// Measures the choice among `actions` over all events.
///
/// # Errors
/// When there are no events or no actions, an event has not one score an action, a score is not
/// finite, or a true action does not exist.
pub fn action_choice(
    actions: &[String],
    events: &[ActionScores],
) -> Result<ActionChoice, MeasureError> {
    if actions.is_empty() || events.is_empty() {
        return Err(MeasureError::Nothing { what: "actions and events to choose them for" });
    }
    let mut confusion = vec![vec![0; actions.len()]; actions.len()];
    let mut right = 0.0;
    for (index, event) in events.iter().enumerate() {
        check(index, event, actions.len())?;
        let greatest = event.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let chosen: Vec<usize> =
            (0..actions.len()).filter(|&action| event.scores[action] == greatest).collect();
        confusion[event.truth][chosen[0]] += 1;
        if chosen.contains(&event.truth) {
            right += 1.0 / chosen.len() as f64;
        }
    }
    let most_frequent = (0..actions.len())
        .map(|action| events.iter().filter(|event| event.truth == action).count())
        .fold(0, usize::max);
    Ok(ActionChoice {
        events: events.len(),
        accuracy: percentage(right, events.len()),
        chance: percentage(1.0, actions.len()),
        most_frequent: percentage(most_frequent as f64, events.len()),
        actions: actions.to_vec(),
        confusion,
    })
}

fn check(index: usize, event: &ActionScores, num_actions: usize) -> Result<(), MeasureError> {
    if event.scores.len() != num_actions {
        return Err(MeasureError::Count {
            what: "similarities of an event, one an action",
            expected: num_actions,
            found: event.scores.len(),
        });
    }
    if let Some(action) = event.scores.iter().position(|score| !score.is_finite()) {
        return Err(MeasureError::Score {
            of: "event",
            row: index,
            column: action,
            found: event.scores[action],
        });
    }
    if event.truth >= num_actions {
        return Err(MeasureError::Index {
            what: "the true action",
            of: "event",
            row: index,
            found: event.truth,
            end: num_actions,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions() -> Vec<String> {
        ["left", "right", "spin"].map(String::from).to_vec()
    }

    fn event(scores: [f32; 3], truth: usize) -> ActionScores {
        ActionScores { scores: scores.to_vec(), truth }
    }

    #[test]
    fn accuracy_and_confusion_follow_the_choices() {
        let events = [
            event([0.9, 0.1, 0.2], 0),
            event([0.3, 0.4, 0.1], 0),
            event([0.3, 0.4, 0.1], 1),
            event([-0.5, -0.3, -0.1], 2),
        ];
        let found = action_choice(&actions(), &events).unwrap();
        // 3 of 4 right; 1 of 3 by lot; action 0 is true for 2 of 4.
        assert_eq!((found.events, found.accuracy, found.most_frequent), (4, 75.0, 50.0));
        assert!((found.chance - 100.0 / 3.0).abs() < 1e-9);
        assert_eq!(found.confusion, [[1, 1, 0], [0, 1, 0], [0, 0, 1]]);
    }

    #[test]
    fn shared_first_places_are_shared_choices() {
        // Half a right choice; the matrix counts the first.
        let found = action_choice(&actions(), &[event([0.4, 0.4, 0.1], 1)]).unwrap();
        assert_eq!(found.accuracy, 50.0);
        assert_eq!(found.confusion[1], [1, 0, 0]);
    }

    #[test]
    fn equal_similarities_score_exactly_chance_however_frequent_an_action_is() {
        let found = action_choice(&actions(), &vec![event([0.2; 3], 0); 5]).unwrap();
        assert!((found.accuracy - found.chance).abs() < 1e-9);
        assert_eq!(found.most_frequent, 100.0);
    }

    #[test]
    fn what_cannot_be_measured_is_an_error() {
        let error = |events: &[ActionScores]| action_choice(&actions(), events).unwrap_err();
        assert!(matches!(error(&[]), MeasureError::Nothing { .. }));
        assert!(matches!(
            error(&[event([0.0, f32::NAN, 0.0], 0)]),
            MeasureError::Score { row: 0, column: 1, .. }
        ));
        assert!(matches!(
            error(&[event([0.0; 3], 0), event([0.0; 3], 3)]),
            MeasureError::Index { row: 1, found: 3, end: 3, .. }
        ));
        let short = ActionScores { scores: vec![0.1], truth: 0 };
        assert!(matches!(error(&[short]), MeasureError::Count { expected: 3, found: 1, .. }));
    }
}
