//! The folder of a task: begun, gone on with, taken back where nothing came of it.

use std::path::{Path, PathBuf};

use locvtp_measure::PathError;
use locvtp_model::model_directory::write_synced;
use locvtp_train::{SettingDifference, did_you_mean};
use locvtp_video::address::without_passwords;
use locvtp_video::{FolderLock, FolderLockError};
use toml::Table;

use super::task::Task;
use crate::error::TransferError;
use crate::inputs::origin::INPUTS_FILE;
use crate::made_folder::MadeFolder;
use crate::tasks::task_file_error::TaskFileError;

/// The resolved file's name in the folder of a task.
pub const TASK_FILE: &str = "task.toml";

/// The folder of a task that was begun or is gone on with.
pub(super) struct TaskFolder {
    path: PathBuf,
    /// Of a task that begins.
    begun: Option<MadeFolder>,
    /// For this task alone, while it runs.
    _lock: FolderLock,
}

impl TaskFolder {
    /// Writes the resolved file of a task that begins, or finds that of one that goes on.
    ///
    /// # Errors
    /// When a task is in the folder already and `resume` does not say to go on, or there is none to go
    /// on with, or it is one with other settings.
    pub(super) fn open(path: &Path, task: &Task, resume: bool) -> Result<Self, TransferError> {
        let file = path.join(TASK_FILE);
        // As it is kept: addresses in it have no passwords.
        let text = toml::to_string_pretty(task).expect("settings are plain data");
        let text = without_passwords(&text);
        if resume && !path.is_dir() {
            return Err(nothing_to_resume(path).into());
        }
        let made = MadeFolder::make(path)?;
        // Before anything is written: another program may begin a task here at the same moment.
        let lock = lock(path)?;
        let begun = match std::fs::read_to_string(&file) {
            Ok(_) if !resume => {
                return Err(TaskFileError::TaskExists { path: path.to_owned() }.into());
            }
            Ok(there) => {
                if let Some(difference) = difference(&there, &as_kept(task, &text)) {
                    return Err(TaskFileError::OtherTask { path: file, difference }.into());
                }
                None
            }
            Err(_) if resume => return Err(nothing_to_resume(path).into()),
            Err(_) => {
                write_synced(&file, text.as_bytes())?;
                Some(made)
            }
        };
        Ok(Self { path: path.to_owned(), begun, _lock: lock })
    }

    /// Takes away the folder of a task that was refused before it had done anything: once the mistake
    /// is mended, the same command begins anew. What cannot be removed stays.
    pub(super) fn take_back(&self) {
        let is_task_file = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.is_ok_and(|entry| {
                [TASK_FILE, INPUTS_FILE].iter().any(|name| entry.file_name() == *name)
            })
        };
        let Some(made) = &self.begun else { return };
        let Ok(mut entries) = std::fs::read_dir(&self.path) else { return };
        if entries.all(is_task_file) {
            let _ = std::fs::remove_file(self.path.join(TASK_FILE));
            let _ = std::fs::remove_file(self.path.join(INPUTS_FILE));
            made.take_back();
        }
    }
}

/// The settings as they were read back from the text that is kept.
fn as_kept(task: &Task, text: &str) -> Table {
    toml::from_str(text).unwrap_or_else(|_| task.table())
}

fn nothing_to_resume(path: &Path) -> TaskFileError {
    let has_task = |folder: &Path| folder.join(TASK_FILE).is_file();
    let did_you_mean = did_you_mean(path, "a task", has_task);
    TaskFileError::NothingToResume { path: path.to_owned(), did_you_mean }
}

/// Has the folder for this task alone.
fn lock(path: &Path) -> Result<FolderLock, TransferError> {
    FolderLock::take(path).map_err(|error| match error {
        FolderLockError::Busy { holder } => {
            TaskFileError::TaskBusy { path: path.into(), holder }.into()
        }
        FolderLockError::Open(source) => {
            PathError::Io { path: path.into(), action: "open the folder", source }.into()
        }
    })
}

/// The first setting that changes the result and is another in the file that is there.
fn difference(there: &str, wanted: &Table) -> Option<String> {
    let Ok(there) = toml::from_str::<Table>(there) else {
        return Some("the one there is no TOML".to_owned());
    };
    let differences = SettingDifference::between(&there, wanted, &changes_no_result);
    // What a person chooses first stands at the top of the file.
    let rank = |SettingDifference { key, .. }: &&SettingDifference| match key.as_str() {
        "task" => 0,
        key if key.contains('.') => 2,
        _ => 1,
    };
    let SettingDifference { key, there, wanted, .. } = differences.iter().min_by_key(rank)?;
    let key = key.rsplit('.').next().unwrap_or(key);
    let said = |value: &str| match value {
        SettingDifference::NOTHING => value.to_owned(),
        value => format!("`{key} = {value}`"),
    };
    Some(format!("{} there, {} now", said(there), said(wanted)))
}

/// Threads and memory of loaders decide about no number, so a task may go on with others.
fn changes_no_result(key: &str) -> bool {
    key.split('.').any(|part| part == "loader")
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
        let differ = |a: &str, b: &str| difference(a, &toml::from_str(b).unwrap());
        assert_eq!(differ(&file(1, 3), &file(8, 3)), None);
        let told = differ(&file(1, 3), &file(8, 4)).unwrap();
        assert_eq!(told, "`epochs = 3` there, `epochs = 4` now");
        assert!(differ("no toml", &file(1, 3)).is_some());
    }

    #[test]
    fn the_task_itself_is_named_before_its_sections_and_a_setting_that_is_gone_is_nothing() {
        let steps = "task = 'steps'\n[data]\nrelease = 'a'\n";
        let probe = "task = 'order_probe'\n[a]\nb = 1\n";
        let told = difference(steps, &toml::from_str(probe).unwrap()).unwrap();
        assert_eq!(told, "`task = \"steps\"` there, `task = \"order_probe\"` now");
        let more = format!("{steps}seed = 3\n");
        let told = difference(&more, &toml::from_str(steps).unwrap()).unwrap();
        assert_eq!(told, "`seed = 3` there, nothing now");
    }
}
