//! The paper's downstream tasks, each from one task file to its published metric.
//!
//! A task file names what is measured, the features, the annotations and the head. A task that
//! learns is a [`Learner`](crate::fit::Learner); every task ends in a [`TaskResult`](crate::results::TaskResult).
//!
//! | module | idea |
//! |---|---|
//! | [`task_file`] | the file: which task, its settings, their defaults |
//! | `task_schema` | what may stand in a file, for editors and `locvtp explain` |
//! | [`task`] | what every task is |
//! | [`grounding`] | the moment of a sentence in an untrimmed video |
//! | [`retrieval`] | find the video of a text, and back; the whole model tuned for it |
//! | [`steps`] | when each step of a task is done |
//! | [`segmentation`] | which step every second shows |
//! | [`probe`] | do frozen clips know their order, and how far apart they are? |

pub mod grounding;
pub mod probe;
pub mod retrieval;
pub mod segmentation;
pub mod steps;
pub mod task;
pub mod task_file;
mod task_schema;

pub use task_schema::{TaskPreset, TaskSchema, task_schemas};
