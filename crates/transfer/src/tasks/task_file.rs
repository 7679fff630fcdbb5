//! The task file: one TOML that says which task is measured, on what and how.
//!
//! `task = "grounding"` names the task; the rest is its settings, which mirror a struct as a run
//! file mirrors [`Experiment`](locvtp_train::Experiment). What the file leaves out is filled from
//! the defaults of its task (and of its head and data set, where it names one); the file as resolved
//! is saved with the results.

use std::path::{Path, PathBuf};

use locvtp_model::Device;
use locvtp_model::model_directory::write_synced;
use locvtp_train::{FileKind, did_you_mean, run_file};
use serde::Deserialize;
use toml::Table;

use super::probe::Probe;
use super::retrieval::Retrieval;
use super::segmentation::SegmentationTask;
use super::steps::StepsTask;
use super::task::{Task, TaskKind};
use crate::error::TransferError;
use crate::inputs::origin::INPUTS_FILE;
use crate::made_folder::MadeFolder;
use crate::observer::TaskObserver;
use crate::results::task_result::TaskResult;
use crate::tasks::grounding::task::GroundingTask;

/// The resolved file's name in the folder of a task.
pub const TASK_FILE: &str = "task.toml";

/// `task` of a task file, whatever else it holds.
#[derive(Deserialize)]
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
            return Err(TransferError::NoTask { path: path.to_owned() });
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

    /// Frame tables are kept in this folder, where the file does not say where
    /// ([`Task::keep_frame_tables`]).
    #[must_use]
    pub fn with_frame_tables(self, folder: Option<PathBuf>) -> Self {
        Self { frame_tables: folder, ..self }
    }

    /// Which task it is of.
    pub fn kind(&self) -> TaskKind {
        self.kind
    }

    /// The settings, defaults filled in and checked.
    ///
    /// # Errors
    /// When a key is unknown or a setting cannot be used.
    pub fn settings<T: Task>(&self) -> Result<T, TransferError> {
        let given = run_file::table(&self.text, &self.origin, &self.overrides)?;
        let defaults = T::defaults(&given)?;
        let is_usable = |settings: &T| settings.check().is_ok();
        let settings: T =
            run_file::parse(&self.text, &self.origin, &self.overrides, defaults, is_usable)?;
        settings.check()?;
        Ok(settings)
    }

    /// The settings as a table, whichever task it is; nothing is run.
    ///
    /// # Errors
    /// As [`TaskFile::settings`].
    pub fn resolved(&self) -> Result<Table, TransferError> {
        match self.kind {
            TaskKind::Retrieval => self.table_of::<Retrieval>(),
            TaskKind::Grounding => self.table_of::<GroundingTask>(),
            TaskKind::Steps => self.table_of::<StepsTask>(),
            TaskKind::Segmentation => self.table_of::<SegmentationTask>(),
            TaskKind::OrderProbe | TaskKind::DistanceProbe => self.table_of::<Probe>(),
        }
    }

    fn table_of<T: Task>(&self) -> Result<Table, TransferError> {
        Ok(Table::try_from(self.settings::<T>()?).expect("settings are plain data"))
    }

    /// Runs the task in `folder`; `None` when it was stopped.
    ///
    /// # Errors
    /// When a task is in the folder already and `resume` does not say to go on, or it is one with
    /// other settings; otherwise what the task says.
    pub fn run(
        &self,
        folder: &Path,
        resume: bool,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
        match self.kind {
            TaskKind::Retrieval => self.run_as::<Retrieval>(folder, resume, device, observer),
            TaskKind::Grounding => self.run_as::<GroundingTask>(folder, resume, device, observer),
            TaskKind::Steps => self.run_as::<StepsTask>(folder, resume, device, observer),
            TaskKind::Segmentation => {
                self.run_as::<SegmentationTask>(folder, resume, device, observer)
            }
            TaskKind::OrderProbe | TaskKind::DistanceProbe => {
                self.run_as::<Probe>(folder, resume, device, observer)
            }
        }
    }

    fn run_as<T: Task>(
        &self,
        folder: &Path,
        resume: bool,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<Option<TaskResult>, TransferError> {
        let mut settings: T = self.settings()?;
        if let Some(folder) = &self.frame_tables {
            settings.keep_frame_tables(folder);
        }
        let text = toml::to_string_pretty(&settings).expect("settings are plain data");
        let path = folder.join(TASK_FILE);
        let begun = match std::fs::read_to_string(&path) {
            Ok(_) if !resume => return Err(TransferError::TaskExists { path: folder.to_owned() }),
            Ok(there) => {
                if let Some(difference) = difference(&decisive(&there), &decisive(&text)) {
                    return Err(TransferError::OtherTask { path, difference });
                }
                None
            }
            Err(_) if resume => {
                let has_task = |folder: &Path| folder.join(TASK_FILE).is_file();
                let did_you_mean = did_you_mean(folder, "a task", has_task);
                return Err(TransferError::NothingToResume {
                    path: folder.to_owned(),
                    did_you_mean,
                });
            }
            Err(_) => {
                let made = MadeFolder::make(folder)?;
                write_synced(&path, text.as_bytes())?;
                Some(made)
            }
        };
        match settings.run(folder, device, observer) {
            Ok(Some(result)) => {
                result.write(folder)?;
                Ok(Some(result))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                if let Some(made) = begun.filter(|_| !matches!(error, TransferError::Stopped)) {
                    leave_nothing(folder, &made);
                }
                Err(error)
            }
        }
    }
}

/// Takes away the folder of a task that was refused before it had done anything: once the mistake is
/// mended, the same command begins anew. What cannot be removed stays.
fn leave_nothing(folder: &Path, made: &MadeFolder) {
    let is_task_file = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| {
            [TASK_FILE, INPUTS_FILE].iter().any(|name| entry.file_name() == *name)
        })
    };
    let Ok(mut entries) = std::fs::read_dir(folder) else { return };
    if entries.all(is_task_file) {
        let _ = std::fs::remove_file(folder.join(TASK_FILE));
        let _ = std::fs::remove_file(folder.join(INPUTS_FILE));
        made.take_back();
    }
}

/// What of a resolved file decides about the numbers: threads and memory of loaders do not, so a task
/// may go on with others. A file that is no TOML is as it is.
fn decisive(text: &str) -> String {
    fn forget_loaders(table: &mut Table) {
        table.remove("loader");
        table.iter_mut().filter_map(|(_, value)| value.as_table_mut()).for_each(forget_loaders);
    }
    let Ok(mut table) = toml::from_str::<Table>(text) else { return text.to_owned() };
    forget_loaders(&mut table);
    toml::to_string_pretty(&table).expect("it was TOML")
}

/// The first lines in which two files differ.
fn difference(there: &str, wanted: &str) -> Option<String> {
    let mut lines = there.lines().zip(wanted.lines());
    match lines.find(|(there, wanted)| there != wanted) {
        Some((there, wanted)) => Some(format!("`{there}` there, `{wanted}` now")),
        None => (there != wanted).then(|| "one has more lines".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_and_memory_of_a_loader_make_no_other_task() {
        let file = |threads: u8, epochs: u8| {
            format!(
                "task = \"x\"\n[tune]\nrate = 1.0\n[tune.loader]\nthreads = {threads}\n[training]\nepochs = {epochs}\n"
            )
        };
        let differ = |a: &str, b: &str| difference(&decisive(a), &decisive(b));
        assert_eq!(differ(&file(1, 3), &file(8, 3)), None);
        let told = differ(&file(1, 3), &file(8, 4)).unwrap();
        assert_eq!(told, "`epochs = 3` there, `epochs = 4` now");
        assert!(differ("no toml", &file(1, 3)).is_some());
    }
}
