//! Checkpoints: everything a run needs to go on with the same bits.
//!
//! `checkpoints/step-00000500/` is a model directory with `optimizer.safetensors` and `trainer_state.json`, which holds a
//! checksum of every file. It is written beside its place, synced and renamed, so a crash leaves the old ones or the
//! new one; what was cut off or flipped is noticed when it is read, and the one before is used.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use locvtp_model::model_directory::{
    CONFIG_FILE, PREPROCESSING_FILE, TOKENIZER_FILE, WEIGHTS_FILE, write_synced,
};
use locvtp_model::weights::{read_safetensors, to_safetensors};
use locvtp_model::{Device, ModelDirectory};
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::optimizer::Adam;
use crate::usable::with_causes;

const OPTIMIZER_FILE: &str = "optimizer.safetensors";
/// What marks a folder as a checkpoint.
pub const STATE_FILE: &str = "trainer_state.json";

/// The contents of `trainer_state.json`.
#[derive(Serialize, Deserialize)]
struct TrainerState {
    /// The step to do next.
    next_step: u64,
    /// Updates the optimiser has made.
    optimizer_steps: u64,
    /// The videos the run trains on, as one number.
    corpus_fingerprint: u32,
    /// The run file.
    experiment: String,
    /// CRC-32 of every other file.
    checksums: BTreeMap<String, u32>,
}

/// A run at a step.
pub struct Checkpoint {
    /// The step to do next.
    pub next_step: u64,
    /// The model and its words.
    pub directory: ModelDirectory,
    /// The optimiser's state.
    pub optimizer: Adam,
}

/// A number that changes when the videos of a corpus do.
pub fn corpus_fingerprint<'a>(ids: impl Iterator<Item = &'a str>) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for id in ids {
        hasher.update(id.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize()
}

fn folder(run: &Path) -> PathBuf {
    run.join("checkpoints")
}

/// All checkpoints of a run folder, the newest first.
pub fn list(run: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder(run)) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|n| n.starts_with("step-"))
        })
        .collect();
    found.sort();
    found.reverse();
    found
}

/// Writes a checkpoint and removes all but the newest `keep`.
///
/// # Errors
/// When the disk is full or read-only; earlier checkpoints are intact then.
pub fn write(
    run: &Path,
    next_step: u64,
    directory: &ModelDirectory,
    optimizer: &Adam,
    experiment: &Experiment,
    corpus_fingerprint: u32,
    keep: usize,
) -> Result<PathBuf, TrainError> {
    let parent = folder(run);
    let name = format!("step-{next_step:08}");
    let (temporary, place) = (parent.join(format!(".{name}.part")), parent.join(&name));
    let (optimizer_steps, moments) = optimizer.to_named();
    replace_directory(&temporary, &place, |dir| {
        directory.write_files(dir).map_err(TrainError::saving)?;
        write_synced(&dir.join(OPTIMIZER_FILE), &to_safetensors(&moments))
            .map_err(TrainError::saving)?;
        let mut checksums = BTreeMap::new();
        for file in [CONFIG_FILE, PREPROCESSING_FILE, TOKENIZER_FILE, WEIGHTS_FILE, OPTIMIZER_FILE]
        {
            let path = dir.join(file);
            let bytes = std::fs::read(&path).map_err(TrainError::reading(&path))?;
            checksums.insert(file.to_owned(), crc32fast::hash(&bytes));
        }
        let state = TrainerState {
            next_step,
            optimizer_steps,
            corpus_fingerprint,
            experiment: experiment.to_toml(),
            checksums,
        };
        let text = serde_json::to_string_pretty(&state).expect("plain data");
        write_synced(&dir.join(STATE_FILE), text.as_bytes()).map_err(TrainError::saving)
    })?;
    for old in list(run).into_iter().skip(keep) {
        std::fs::remove_dir_all(&old).map_err(TrainError::writing(&old))?;
    }
    Ok(place)
}

/// Fills `temporary`, then puts it in the place of `place`.
///
/// # Errors
/// When the disk is full or read-only; `place` is as it was then, and `temporary` is removed.
pub fn replace_directory(
    temporary: &Path,
    place: &Path,
    fill: impl FnOnce(&Path) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let _ = std::fs::remove_dir_all(temporary);
    std::fs::create_dir_all(temporary).map_err(TrainError::writing(temporary))?;
    let moved = fill(temporary).and_then(|()| {
        let sync = |path: &Path| File::open(path).and_then(|dir| dir.sync_all());
        sync(temporary).map_err(TrainError::writing(temporary))?;
        let old = place.with_extension("old");
        let _ = std::fs::remove_dir_all(&old);
        if place.exists() {
            std::fs::rename(place, &old).map_err(TrainError::writing(place))?;
        }
        std::fs::rename(temporary, place).map_err(TrainError::writing(place))?;
        if let Some(parent) = place.parent() {
            sync(parent).map_err(TrainError::writing(parent))?;
        }
        let _ = std::fs::remove_dir_all(&old);
        Ok(())
    });
    if moved.is_err() {
        let _ = std::fs::remove_dir_all(temporary);
    }
    moved
}

/// Reads the newest checkpoint that is whole; `damaged` gets what is wrong with newer ones.
///
/// # Errors
/// When there is none, or it belongs to another run.
pub fn read_newest(
    run: &Path,
    experiment: &Experiment,
    corpus_fingerprint: u32,
    device: &Device,
    damaged: &mut Vec<String>,
) -> Result<Checkpoint, TrainError> {
    for path in list(run) {
        match read_state(&path) {
            Ok(state) => return read(&path, state, experiment, corpus_fingerprint, device),
            Err(error) => damaged.push(with_causes(&error)),
        }
    }
    let reason =
        if damaged.is_empty() { String::new() } else { format!(" ({})", damaged.join("; ")) };
    Err(TrainError::NoCheckpoint { path: run.into(), reason })
}

/// The step to do next of the checkpoint at `path`, when all its files are as they were written.
///
/// # Errors
/// When a file is missing or damaged.
pub fn verify(path: &Path) -> Result<u64, TrainError> {
    Ok(read_state(path)?.next_step)
}

/// The state of a checkpoint whose files are all as they were written.
fn read_state(path: &Path) -> Result<TrainerState, TrainError> {
    let damaged = |reason: String| TrainError::Damaged { path: path.into(), reason };
    let state_path = path.join(STATE_FILE);
    let text = std::fs::read_to_string(&state_path).map_err(TrainError::reading(&state_path))?;
    let state: TrainerState = serde_json::from_str(&text)
        .map_err(|error| damaged(format!("{STATE_FILE} does not parse: {error}")))?;
    for (file, checksum) in &state.checksums {
        let file_path = path.join(file);
        let bytes = std::fs::read(&file_path).map_err(TrainError::reading(&file_path))?;
        if crc32fast::hash(&bytes) != *checksum {
            return Err(damaged(format!("{file} is not what was written")));
        }
    }
    Ok(state)
}

fn read(
    path: &Path,
    state: TrainerState,
    experiment: &Experiment,
    corpus_fingerprint: u32,
    device: &Device,
) -> Result<Checkpoint, TrainError> {
    same_run(path, &state, experiment, corpus_fingerprint)?;
    let directory = ModelDirectory::read(path, device)?;
    let moments = read_safetensors(&path.join(OPTIMIZER_FILE))?;
    let optimizer =
        Adam::from_named(experiment.optimizer.clone(), state.optimizer_steps, moments, device);
    Ok(Checkpoint { next_step: state.next_step, directory, optimizer })
}

/// What decides the result must be as it was; what does not (threads, logging, the length of the run) may change.
fn same_run(
    path: &Path,
    state: &TrainerState,
    experiment: &Experiment,
    corpus_fingerprint: u32,
) -> Result<(), TrainError> {
    let other = |section: &str, found: String, expected: String| {
        Err(TrainError::OtherRun { path: path.into(), section: section.into(), found, expected })
    };
    let free = ["loader", "train", "corpus", "run"];
    let table = |text: &str| toml::from_str::<toml::Table>(text).unwrap_or_default();
    let (was, is) = (table(&state.experiment), table(&experiment.to_toml()));
    for (section, value) in &is {
        if !free.contains(&section.as_str()) && was.get(section) != Some(value) {
            let (found, expected) = differing(was.get(section), value);
            return other(section, found, expected);
        }
    }
    let seed = |table: &toml::Table| {
        table.get("run").and_then(|run| run.get("seed")).and_then(toml::Value::as_integer)
    };
    if seed(&was) != seed(&is) {
        return other("run.seed", format!("{:?}", seed(&was)), format!("{:?}", seed(&is)));
    }
    if state.corpus_fingerprint != corpus_fingerprint {
        return other(
            "corpus",
            format!("videos {:08x}", state.corpus_fingerprint),
            format!("videos {corpus_fingerprint:08x}"),
        );
    }
    Ok(())
}

/// The first key whose value differs, in both versions.
fn differing(was: Option<&toml::Value>, is: &toml::Value) -> (String, String) {
    if let (Some(toml::Value::Table(was)), toml::Value::Table(is)) = (was, is) {
        for (key, value) in is {
            if was.get(key) != Some(value) {
                let (found, expected) = differing(was.get(key), value);
                return (format!("{key} = {found}"), format!("{key} = {expected}"));
            }
        }
    }
    (was.map_or("nothing".into(), ToString::to_string), is.to_string())
}
