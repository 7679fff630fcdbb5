//! The task file: one TOML that says which task is measured, on what and how.
//!
//! `task = "grounding"` names the task; the rest is its settings, which mirror a struct as a run
//! file mirrors [`Experiment`](locvtp_train::Experiment). What the file leaves out is filled from
//! the defaults of its task (and of its head and data set, where it names one); the file as resolved
//! is saved with the results.
//!
//! `task` is read first and the settings of that task after it. Serde's own tag for enums would read
//! the settings from a buffer that has forgotten where a value stood, and no message could say on
//! which line, or by which flag, a wrong one was given.

use std::path::{Path, PathBuf};

use locvtp_model::Device;
use locvtp_train::{FileKind, run_file};
use serde::Deserialize;
use toml::Table;

use super::task::Task;
use super::task_folder::TaskFolder;
use super::task_kind::TaskKind;
use super::task_settings::TaskSettings;
use crate::error::TransferError;
use crate::observer::TaskObserver;
use crate::results::task_result::TaskResult;
use crate::tasks::task_file_error::TaskFileError;

/// `task` of a task file, whatever else it holds.
#[derive(Deserialize, schemars::JsonSchema)]
struct Header {
    task: TaskKind,
}

/// A task file, read.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskFile {
    kind: TaskKind,
    text: String,
    origin: String,
    overrides: Vec<String>,
    frame_tables: Option<PathBuf>,
}

impl TaskFile {
    /// Reads a task file; `overrides` are `section.key=value`.
    ///
    /// # Errors
    /// When it cannot be read, does not parse, or names no task.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self, TransferError> {
        let (text, origin) = (run_file::read_text(path)?, path.display().to_string());
        let given = run_file::table(&text, &origin, overrides)?;
        run_file::expect_kind(&given, FileKind::Task, &origin)?;
        if !given.contains_key("task") {
            return Err(TaskFileError::NoTask { path: path.to_owned() }.into());
        }
        let header: Header = run_file::parse(&text, &origin, overrides, Table::new(), |_| true)?;
        Ok(Self {
            kind: header.task,
            text,
            origin,
            overrides: overrides.to_vec(),
            frame_tables: None,
        })
    }

    /// Frame tables are kept in this folder, where clips are decoded in every epoch and the file does
    /// not say where.
    #[must_use]
    pub fn with_frame_tables(self, folder: Option<PathBuf>) -> Self {
        Self { frame_tables: folder, ..self }
    }

    /// Which task it is of.
    pub fn kind(&self) -> TaskKind {
        self.kind
    }

    /// The task, defaults filled in and checked; nothing is run.
    ///
    /// # Errors
    /// When a key is unknown or a setting cannot be used.
    pub fn task(&self) -> Result<Task, TransferError> {
        Ok(match self.kind {
            TaskKind::Retrieval => Task::Retrieval(Box::new(self.settings()?)),
            TaskKind::Grounding => Task::Grounding(Box::new(self.settings()?)),
            TaskKind::Steps => Task::Steps(Box::new(self.settings()?)),
            TaskKind::Segmentation => Task::Segmentation(Box::new(self.settings()?)),
            TaskKind::OrderProbe | TaskKind::DistanceProbe => {
                Task::Probe(Box::new(self.settings()?))
            }
        })
    }

    fn settings<T: TaskSettings>(&self) -> Result<T, TransferError> {
        let given = run_file::table(&self.text, &self.origin, &self.overrides)?;
        let is_usable = |settings: &T| settings.check().is_ok();
        let settings: T = run_file::parse(
            &self.text,
            &self.origin,
            &self.overrides,
            T::defaults(&given),
            is_usable,
        )?;
        settings.check()?;
        Ok(settings)
    }

    /// Runs the task in `folder`.
    ///
    /// # Errors
    /// When a task is in the folder already and `resume` does not say to go on, or it is one with
    /// other settings; [`TransferError::Stopped`] when `observer` stops it; otherwise what the task
    /// says.
    pub fn run(
        &self,
        folder: &Path,
        resume: bool,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<TaskResult, TransferError> {
        let mut task = self.task()?;
        if let Some(folder) = &self.frame_tables {
            task.keep_frame_tables(folder);
        }
        let task_folder = TaskFolder::open(folder, &task, resume)?;
        let result = task.run(folder, device, observer);
        match &result {
            Ok(result) => result.write(folder)?,
            Err(TransferError::Stopped) => {}
            Err(_) => task_folder.take_back(),
        }
        result
    }
}
