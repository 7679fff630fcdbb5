//! The paper's downstream tasks, each from one task file to its published metric.
//!
//! A task file names what is measured, the features, the annotations and the head. A task that
//! learns is a [`Learner`](crate::fit::Learner); every task ends in a [`TaskResult`](crate::results::TaskResult).
//!
//! | module | idea |
//! |---|---|
//! | `task_file`, `defaults` | the file: which task, its settings, what it may leave out |
//! | `task`, `task_settings` | the tasks as one type; what the settings of each are |
//! | `task_schema` | what may stand in a file, for editors and `locvtp explain` |
//! | `task_folder` | the folder of a task, begun or gone on with |
//! | [`grounding`] | the moment of a sentence in an untrimmed video |
//! | `retrieval` | find the video of a text, and back; the whole model tuned for it |
//! | [`steps`] | when each step of a task is done |
//! | `segmentation` | which step every second shows |
//! | `probe` | do frozen clips know their order, and how far apart they are? |

mod defaults;
pub mod grounding;
mod probe;
mod retrieval;
mod segmentation;
pub mod steps;
mod task;
mod task_file;
pub(crate) mod task_file_error;
mod task_folder;
mod task_kind;
mod task_schema;
mod task_settings;

pub use probe::Probe;
pub use retrieval::Retrieval;
pub use segmentation::SegmentationTask;
pub use task::Task;
pub use task_file::TaskFile;
pub use task_file_error::TaskFileError;
pub use task_folder::TASK_FILE;
pub use task_kind::TaskKind;
pub use task_schema::{TaskPreset, TaskSchema, task_schemas};
pub use task_settings::TaskSettings;
