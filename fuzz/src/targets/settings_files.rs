//! Run files and task files: the keys that there are, with values that nobody means.

use std::path::Path;
use std::sync::OnceLock;

use locvtp_train::Experiment;
use locvtp_transfer::tasks::TaskFile;
use serde_json::Value;

use crate::choices::Choices;
use crate::mutation;

const CONFIGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs");

/// Makes a run file and reads it.
pub(crate) fn runs(choices: &mut Choices, folder: &Path) {
    static OURS: OnceLock<Vec<Value>> = OnceLock::new();
    let text = changed(choices, OURS.get_or_init(|| all_in("")));
    let path = folder.join("run.toml");
    std::fs::write(&path, &text).unwrap();
    let over = format!("{}={}", choices.name(), mutation::small(choices, 1));
    let overrides = if choices.once_in(4) { vec![over] } else { Vec::new() };
    if let Ok(experiment) = Experiment::read(&path, &overrides) {
        let _ = experiment.check();
    }
}

/// Makes a task file and reads it, and the task in it.
pub(crate) fn tasks(choices: &mut Choices, folder: &Path) {
    static OURS: OnceLock<Vec<Value>> = OnceLock::new();
    let text = changed(choices, OURS.get_or_init(|| all_in("tasks")));
    let path = folder.join("task.toml");
    std::fs::write(&path, &text).unwrap();
    if let Ok(file) = TaskFile::read(&path, &[]) {
        let _ = file.task();
    }
}

/// The files of a folder of `configs/`, as JSON.
fn all_in(folder: &str) -> Vec<Value> {
    let entries = std::fs::read_dir(Path::new(CONFIGS).join(folder)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    let read = |path| {
        let table: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        serde_json::to_value(table).unwrap()
    };
    paths.into_iter().map(read).collect()
}

fn changed(choices: &mut Choices, files: &[Value]) -> String {
    let file = choices.pick(files).clone();
    let changed = mutation::json(choices, &file);
    // TOML has no null and no table that is a number; such a file is text that is a little wrong.
    match toml::to_string(&changed) {
        Ok(text) => text,
        Err(_) => mutation::table(choices, &toml::to_string(&file).unwrap()),
    }
}
