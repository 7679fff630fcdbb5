//! The task files of the repository as they are resolved.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

use std::path::{Path, PathBuf};

use locvtp_transfer::TransferError;
use locvtp_transfer::tasks::{Task, TaskFile, TaskFileError};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn task_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository().join("configs/tasks")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort_unstable();
    files
}

/// A folder of a task that was begun with an earlier version holds such a file, and is compared with it
/// when the task goes on. These were written by the version before tasks were one type.
#[test]
fn a_task_file_is_resolved_to_the_bytes_that_earlier_versions_wrote() {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/task_files");
    let mut compared = 0;
    for golden in std::fs::read_dir(goldens).unwrap() {
        let golden = golden.unwrap().path();
        let file = repository().join("configs/tasks").join(golden.file_name().unwrap());
        let task = TaskFile::read(&file, &[]).unwrap().task().unwrap();
        let resolved = toml::to_string_pretty(&task).unwrap();
        assert_eq!(resolved, std::fs::read_to_string(&golden).unwrap(), "{}", golden.display());
        compared += 1;
    }
    assert_eq!(compared, 11);
}

#[test]
fn a_resolved_task_file_resolves_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("task.toml");
    for file in task_files() {
        let task = TaskFile::read(&file, &[]).unwrap().task().unwrap();
        std::fs::write(&path, toml::to_string_pretty(&task).unwrap()).unwrap();
        let again = TaskFile::read(&path, &[]).unwrap().task().unwrap();
        assert_eq!(again, task, "{}", file.display());
    }
}

#[test]
fn a_wrong_value_is_told_with_its_line_whichever_task_it_is_of() {
    let folder = tempfile::tempdir().unwrap();
    for file in task_files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let path = folder.path().join(file.file_name().unwrap());
        // Behind all sections, in the last of them or one of its own.
        std::fs::write(&path, format!("{text}\n[no_such_section]\nx = 1\n")).unwrap();
        let line = text.lines().count() + 2;
        let error = TaskFile::read(&path, &[]).unwrap().task().unwrap_err().to_string();
        assert!(error.contains(&format!(", line {line}: `no_such_section`")), "{error}");
    }
}

#[test]
fn a_file_that_names_no_task_says_which_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("task.toml");
    std::fs::write(&path, "[features]\nfile = 'f.h5'\n").unwrap();
    let error = TaskFile::read(&path, &[]).unwrap_err();
    assert!(matches!(error, TransferError::TaskFile(TaskFileError::NoTask { .. })), "{error}");
    std::fs::write(&path, "task = 'retrival'\n").unwrap();
    let error = TaskFile::read(&path, &[]).unwrap_err().to_string();
    for task in ["grounding", "retrieval", "steps", "segmentation", "order_probe"] {
        assert!(error.contains(task), "{error}");
    }
}

#[test]
fn both_probes_are_one_type_that_knows_which_it_is() {
    let read = |name: &str| {
        let path = repository().join("configs/tasks").join(name);
        TaskFile::read(&path, &[]).unwrap().task().unwrap()
    };
    let (Task::Probe(order), Task::Probe(distance)) =
        (read("order_probe.toml"), read("distance_probe.toml"))
    else {
        panic!("a probe is read as another task")
    };
    assert_eq!((order.num_clips, order.signed), (Some(3), None));
    assert_eq!((distance.num_clips, distance.signed), (None, Some(false)));
}
