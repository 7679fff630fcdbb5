//! What can be wrong with a task file and with the folder of a task.

use std::path::PathBuf;

use locvtp_video::LockHolder;

use super::task_kind::TaskKind;

/// Why a task cannot begin, or cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskFileError {
    /// A task file does not say which task it is of.
    #[error(
        "{path}: says no task; begin it with task = {tasks}",
        path = path.display(),
        tasks = alternatives(&TaskKind::ALL.map(TaskKind::name))
    )]
    NoTask {
        /// The task file.
        path: PathBuf,
    },
    /// The folder of a task holds one already.
    #[error(
        "{path}: a task is in this folder already; go on with --resume, or choose another --run folder",
        path = path.display()
    )]
    TaskExists {
        /// The folder.
        path: PathBuf,
    },
    /// Another program works at the task.
    #[error(
        "{path}: {holder} is at work in this folder; wait until it has ended, or choose another --run folder",
        path = path.display()
    )]
    TaskBusy {
        /// The folder.
        path: PathBuf,
        /// Who it is.
        holder: LockHolder,
    },
    /// There is no task in the folder that should be gone on with.
    #[error(
        "{path}: nothing to resume here: no task was begun in this folder{did_you_mean} To begin one here, \
         leave --resume out",
        path = path.display()
    )]
    NothingToResume {
        /// The folder.
        path: PathBuf,
        /// The tasks beside it, as a question; a full stop where there are none.
        did_you_mean: String,
    },
    /// The folder of a task holds one with other settings.
    #[error(
        "{path}: this folder holds a task with other settings ({difference}); choose another --run folder",
        path = path.display()
    )]
    OtherTask {
        /// Its task file.
        path: PathBuf,
        /// The first difference.
        difference: String,
    },
}

/// Names in quotes, as a choice.
fn alternatives(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}
