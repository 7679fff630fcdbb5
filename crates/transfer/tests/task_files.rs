//! The task files of the repository as they are resolved.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

use std::path::{Path, PathBuf};

use locvtp_transfer::TransferError;
use locvtp_transfer::tasks::{Task, TaskFile, TaskFileError, task_schemas};
use serde_json::Value;

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

/// The whole numbers of a section that stand in every form of it, with the least that may stand there.
fn whole_numbers(schema: &Value, section: &str, found: &mut Vec<(String, u64)>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let key = format!("{section}{name}");
        if let (Some("integer"), Some(least)) = (inner["type"].as_str(), inner["minimum"].as_u64())
        {
            found.push((key.clone(), least));
        }
        whole_numbers(inner, &format!("{key}."), found);
    }
}

#[test]
fn a_whole_number_that_may_not_be_0_is_said_to_be_1_or_more() {
    let schemas = task_schemas();
    let mut refusals = 0;
    for file in task_files() {
        let kind = TaskFile::read(&file, &[]).unwrap().kind();
        let schema = schemas.iter().find(|task| task.kind == kind).unwrap();
        let mut numbers = Vec::new();
        whole_numbers(&schema.schema, "", &mut numbers);
        for (key, least) in numbers {
            let read = TaskFile::read(&file, &[format!("{key}=0")]).unwrap().task();
            let Err(error) = read else {
                assert_eq!(least, 0, "{key} takes 0 in {}", file.display());
                continue;
            };
            let error = error.to_string();
            if error.contains(&format!("`{key}` is 0")) {
                assert!(least > 0, "{key} is said to take 0: {error}");
                refusals += 1;
            }
        }
    }
    assert!(refusals > 50, "{refusals}");
}

#[test]
fn a_file_that_says_no_task_is_told_all_of_them() {
    let error = TaskFileError::NoTask { path: "task.toml".into() };
    let told = "task.toml: says no task; begin it with task = \"retrieval\", \"grounding\", \
                \"steps\", \"segmentation\", \"order_probe\" or \"distance_probe\"";
    assert_eq!(error.to_string(), told);
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
