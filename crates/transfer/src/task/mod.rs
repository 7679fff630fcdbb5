//! The paper's downstream tasks, each from one task file to its published metric.
//!
//! A task file names what is measured, the features, the annotations and the head. A task that
//! learns is a [`Learner`]; [`fit`](mod@fit) trains it, keeps the best state by validation, and goes
//! on after a kill; every task ends in a [`TaskResult`].
//!
//! | module | idea |
//! |---|---|
//! | [`task_file`] | the file: which task, its settings, their defaults |
//! | [`feature_section`] | the clip features that a task is given |
//! | [`feature_maker`] | the model that makes those that are not there |
//! | [`feature_names`] | what videos are called in a feature file |
//! | [`short_features`] | videos whose features are cut off |
//! | [`inputs`] | whose features and words they are |
//! | [`training`] | how long and how fast a head learns |
//! | [`fit`](mod@fit), [`fit_state`] | the loop, and what it leaves on disk |
//! | [`task_result`] | what comes out |
//! | [`predictions`] | the answers that were measured, as files |
//! | [`retrieval`] | find the video of a text, and back; the whole model tuned for it |
//! | [`probe`] | do frozen clips know their order, and how far apart they are? |
//! | [`steps`] | when each step of a task is done |
//! | [`segmentation`] | which step every second shows |
//! | [`per_second`] | one feature for every second |
//! | [`label_texts`] | texts of labels in the joint space |
//! | [`tuning`] | what the tasks share that tune a whole model |
//! | [`shared_observer`] | one observer for a fit and what is measured within it |
//! | [`draws`] | random numbers as pure functions of a seed |

pub mod draws;
pub mod feature_maker;
pub mod feature_names;
pub mod feature_section;
pub mod fit;
pub mod fit_state;
pub mod inputs;
pub mod label_texts;
mod made_folder;
pub mod per_second;
pub mod predictions;
pub mod probe;
pub mod retrieval;
pub mod segmentation;
pub mod shared_observer;
pub mod short_features;
pub mod steps;
pub mod task_file;
pub mod task_result;
pub mod training;
pub mod tuning;

pub use feature_section::FeatureSection;
pub use fit::{FitBatch, Learner, fit};
pub use inputs::{FeatureOrigin, Inputs, Origin, WordOrigin};
pub use predictions::{PredictionFile, Tested};
pub use task_file::{Task, TaskFile};
pub use task_result::{Metrics, SeedResult, TaskResult};
pub use training::TrainingSection;

/// Is told how a task goes, and may stop it.
pub trait TaskObserver {
    /// One line on what the task begins with.
    fn started(&mut self, _what: &str) {}
    /// A step of training was done.
    fn step(&mut self, _step: &fit::FitStep) {}
    /// An epoch of training was done and validated.
    fn epoch(&mut self, _epoch: &fit::EpochReport) {}
    /// So many of so many videos, queries or whatever `what` names are done.
    fn progress(&mut self, _what: &str, _done: usize, _total: usize) {}
    /// Something was left out or repaired.
    fn warning(&mut self, _text: &str) {}
    /// Asked after every step: whether to save and stop.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Nobody is told.
impl TaskObserver for () {}
