//! What comes out of a task: its numbers by seed, and the answers they are of.
//!
//! | module | idea |
//! |---|---|
//! | `task_result` | numbers of every seed, mean and spread: `result.json` |
//! | `predictions` | the answers that were measured, as files |

pub(crate) mod predictions;
pub(crate) mod task_result;

pub use predictions::{PREDICTIONS, PredictionFile, TEST_VIDEOS, Tested};
pub use task_result::{RESULT_FILE, SeedResult, Spread, TaskResult};
