//! Checkpoints: everything a run needs to go on with the same bits.
//!
//! `checkpoints/step-00000500/` is a model directory with `optimizer.safetensors` and `trainer_state.json`, which holds a
//! checksum of every file and of itself. It is written beside its place, synced and renamed, so a crash leaves the old
//! ones or the new one. What was cut off or flipped is noticed when it is read: the one before is used, and the damaged
//! one is set aside as `damaged-step-..`, so that it is never taken for one to keep.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use locvtp_model::model_directory::{
    CONFIG_FILE, PREPROCESSING_FILE, TOKENIZER_FILE, WEIGHTS_FILE, replace_directory, write_synced,
    write_tensors_synced,
};
use locvtp_model::weights::read_safetensors;
use locvtp_model::{Device, LocVtp, ModelDirectory, ModelError, TrainingWords};
use locvtp_video::causes::with_causes;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::experiment::{Experiment, TrainMemory};
use crate::optimizer::Adam;
use crate::same_run::differences;

const OPTIMIZER_FILE: &str = "optimizer.safetensors";
/// What marks a folder as a checkpoint.
pub const STATE_FILE: &str = "trainer_state.json";
/// What [`TrainerState::checksums`] must list.
const CHECKED_FILES: [&str; 5] =
    [CONFIG_FILE, PREPROCESSING_FILE, TOKENIZER_FILE, WEIGHTS_FILE, OPTIMIZER_FILE];

/// A second model directory inside of a checkpoint: the moving average of the weights.
const AVERAGE_DIR: &str = "ema";
/// The contents of `trainer_state.json`.
#[derive(Clone, Serialize, Deserialize)]
struct TrainerState {
    /// The step to do next.
    next_step: u64,
    /// Updates the optimiser has made of every parameter.
    optimizer_steps: BTreeMap<String, u64>,
    /// The videos the run trains on, as one number.
    corpus_fingerprint: u32,
    /// The run file.
    experiment: String,
    /// CRC-32 of every other file.
    checksums: BTreeMap<String, u32>,
    /// CRC-32 of this file's other fields.
    own_checksum: u32,
}

impl TrainerState {
    /// What [`TrainerState::own_checksum`] should be.
    fn checksum(&self) -> u32 {
        let others = Self { own_checksum: 0, ..self.clone() };
        crc32fast::hash(&serde_json::to_vec(&others).expect("plain data"))
    }
}

/// A run at a step.
pub(crate) struct Checkpoint {
    /// The step to do next.
    pub(crate) next_step: u64,
    /// The model and its words.
    pub(crate) directory: ModelDirectory,
    /// The optimiser's state.
    pub(crate) optimizer: Adam,
    /// The moving average of the weights, where the run keeps one.
    pub(crate) average: Option<LocVtp>,
    /// Of a run that goes on: its `train.memory` and `train.micro_batch` so far.
    pub(crate) memory_before: Option<(TrainMemory, Option<usize>)>,
}

impl Checkpoint {
    /// The average as a model directory, without a copy of its weights.
    pub(crate) fn average_directory(&self) -> Option<ModelDirectory> {
        let ModelDirectory { config, preprocessing, tokenizer, .. } = &self.directory;
        Some(ModelDirectory {
            config: config.clone(),
            preprocessing: preprocessing.clone(),
            tokenizer: tokenizer.clone(),
            model: self.average.clone()?,
        })
    }
}

/// The files of a checkpoint that are compared with their checksums.
fn checked_files(has_average: bool) -> impl Iterator<Item = String> {
    let average = [CONFIG_FILE, PREPROCESSING_FILE, TOKENIZER_FILE, WEIGHTS_FILE].into_iter();
    let average = average.filter(move |_| has_average).map(|file| format!("{AVERAGE_DIR}/{file}"));
    CHECKED_FILES.into_iter().map(str::to_owned).chain(average)
}

/// A number that changes when the videos of a corpus do.
pub(crate) fn corpus_fingerprint<'a>(ids: impl Iterator<Item = &'a str>) -> u32 {
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

fn name(next_step: u64) -> String {
    format!("step-{next_step:08}")
}

/// All checkpoints of a run folder with the steps in their names, the newest first.
fn numbered(run: &Path) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder(run)) else { return Vec::new() };
    let mut found: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let file_name = path.file_name()?.to_str()?;
            let step = file_name.strip_prefix("step-")?.parse().ok()?;
            (file_name == name(step)).then(|| (step, path.clone()))
        })
        .collect();
    found.sort();
    found.reverse();
    found
}

/// All checkpoints of a run folder, the newest first; they may be damaged.
pub fn list(run: &Path) -> Vec<PathBuf> {
    numbered(run).into_iter().map(|(_, path)| path).collect()
}

/// Writes a checkpoint and removes all but the newest `train.keep_checkpoints` up to it.
///
/// `words_seen` are those that training has shown; they are kept beside the model, as in every model
/// directory.
///
/// # Errors
/// When the disk is full or read-only; earlier checkpoints are intact then.
pub(crate) fn write(
    run: &Path,
    checkpoint: &Checkpoint,
    words_seen: &TrainingWords,
    experiment: &Experiment,
    corpus_fingerprint: u32,
) -> Result<PathBuf, TrainError> {
    let Checkpoint { next_step, directory, optimizer, .. } = checkpoint;
    let (next_step, average) = (*next_step, checkpoint.average_directory());
    let place = folder(run).join(name(next_step));
    // What is copied beside the weights and moments is one of them at a time: a checkpoint is no peak of memory.
    let (optimizer_steps, moments) = optimizer.to_parameters();
    replace_directory(&place, |dir| {
        directory.write_files(dir)?;
        words_seen.write(dir)?;
        write_tensors_synced(&dir.join(OPTIMIZER_FILE), moments)?;
        if let Some(average) = &average {
            let inside = dir.join(AVERAGE_DIR);
            std::fs::create_dir(&inside).map_err(|source| ModelError::File {
                path: inside.clone(),
                doing: "create",
                source,
            })?;
            average.write_files(&inside)?;
            words_seen.write(&inside)?;
        }
        let mut checksums = BTreeMap::new();
        for file in checked_files(average.is_some()) {
            let path = dir.join(&file);
            let checksum = file_checksum(&path).map_err(|source| ModelError::File {
                path,
                doing: "read back",
                source,
            })?;
            checksums.insert(file, checksum);
        }
        let mut state = TrainerState {
            next_step,
            optimizer_steps,
            corpus_fingerprint,
            experiment: experiment.to_toml(),
            checksums,
            own_checksum: 0,
        };
        state.own_checksum = state.checksum();
        let text = serde_json::to_string_pretty(&state).expect("plain data");
        write_synced(&dir.join(STATE_FILE), text.as_bytes())
    })
    .map_err(TrainError::saving)?;
    let up_to_it = numbered(run).into_iter().filter(|(step, _)| *step <= next_step);
    for (_, old) in up_to_it.skip(experiment.train.keep_checkpoints.get()) {
        std::fs::remove_dir_all(&old).map_err(TrainError::writing(&old))?;
    }
    Ok(place)
}

/// Reads the newest checkpoint that is whole, and sets damaged newer ones aside.
///
/// `warnings` gets what is wrong with those, and which settings have changed on the way.
///
/// # Errors
/// When there is none, or it belongs to another run; nothing is changed then.
pub(crate) fn read_newest(
    run: &Path,
    experiment: &Experiment,
    corpus_fingerprint: u32,
    device: &Device,
    warnings: &mut Vec<String>,
) -> Result<Checkpoint, TrainError> {
    let mut damaged = Vec::new();
    for (step, path) in numbered(run) {
        let state = match read_state(&path) {
            Ok(state) if state.next_step == step => state,
            Ok(_) => {
                warnings.push(format!("{}: is of another step than its name", path.display()));
                damaged.push(path);
                continue;
            }
            Err(error) => {
                warnings.push(with_causes(&error));
                damaged.push(path);
                continue;
            }
        };
        let checkpoint = read(&path, state, experiment, corpus_fingerprint, device, warnings)?;
        damaged.iter().try_for_each(|path| set_aside(path))?;
        return Ok(checkpoint);
    }
    let reason =
        if warnings.is_empty() { String::new() } else { format!(" ({})", warnings.join("; ")) };
    Err(TrainError::NoCheckpoint { path: run.into(), reason })
}

/// The fingerprint of the corpus that the newest checkpoint was made with; [`None`] where there is none that can be read.
pub(crate) fn newest_corpus_fingerprint(run: &Path) -> Option<u32> {
    let states = numbered(run).into_iter().filter_map(|(_, path)| {
        let text = std::fs::read_to_string(path.join(STATE_FILE)).ok()?;
        serde_json::from_str::<TrainerState>(&text).ok()
    });
    states.map(|state| state.corpus_fingerprint).next()
}

/// Gives a damaged checkpoint a name that [`list`] does not take for one.
fn set_aside(path: &Path) -> Result<(), TrainError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!("damaged-{name}"));
    let _ = std::fs::remove_dir_all(&aside);
    std::fs::rename(path, &aside).map_err(TrainError::writing(path))
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
    if state.own_checksum != state.checksum() {
        return Err(damaged(format!("{STATE_FILE} is not what was written")));
    }
    let has_average = state.checksums.keys().any(|file| file.starts_with(AVERAGE_DIR));
    for file in checked_files(has_average) {
        let checksum = state.checksums.get(&file);
        let file_path = path.join(&file);
        let found = file_checksum(&file_path).map_err(TrainError::reading(&file_path))?;
        if Some(&found) != checksum {
            return Err(damaged(format!("{file} is not what was written")));
        }
    }
    Ok(state)
}

/// CRC-32 of a file, which is not read into memory as a whole.
fn file_checksum(path: &Path) -> std::io::Result<u32> {
    let mut file = File::open(path)?;
    let (mut hasher, mut bytes) = (crc32fast::Hasher::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(hasher.finalize()),
            count => hasher.update(&bytes[..count]),
        }
    }
}

fn read(
    path: &Path,
    state: TrainerState,
    experiment: &Experiment,
    corpus_fingerprint: u32,
    device: &Device,
    warnings: &mut Vec<String>,
) -> Result<Checkpoint, TrainError> {
    let was = same_run(path, &state, experiment, corpus_fingerprint, warnings)?.train;
    let directory = ModelDirectory::read(path, device)?;
    let moments = read_safetensors(&path.join(OPTIMIZER_FILE))?;
    let optimizer =
        Adam::from_named(experiment.optimizer.clone(), &state.optimizer_steps, &moments, device);
    let average = match experiment.train.ema {
        Some(_) => Some(ModelDirectory::read(&path.join(AVERAGE_DIR), device)?.model),
        None => None,
    };
    let memory_before = Some((was.memory, was.micro_batch));
    Ok(Checkpoint { next_step: state.next_step, directory, optimizer, average, memory_before })
}

/// Whether a setting says how long a run is, and no more.
fn is_length(key: &str) -> bool {
    ["train.steps", "train.epochs"].contains(&key)
}

/// Whether a step of the run depends on how many there are.
fn knows_the_end(experiment: &Experiment) -> bool {
    experiment.optimizer.schedule.knows_the_end() || experiment.objective.changes()
}

/// What decides the result must be as it was, but for what may change on the way, with a warning. Gives the settings of
/// before.
fn same_run(
    path: &Path,
    state: &TrainerState,
    experiment: &Experiment,
    corpus_fingerprint: u32,
    warnings: &mut Vec<String>,
) -> Result<Experiment, TrainError> {
    let other = |section: String, found, expected| {
        Err(TrainError::OtherRun { path: path.into(), section, found, expected })
    };
    let origin = path.join(STATE_FILE).display().to_string();
    let was = Experiment::parse_saved(&state.experiment, &origin)?;
    for difference in differences(&was, experiment) {
        if !difference.may_change_on_the_way() {
            return other(difference.key, difference.there, difference.wanted);
        }
        if is_length(&difference.key) && !knows_the_end(experiment) {
            continue;
        }
        warnings.push(format!(
            "`{}` was {} and is {} from step {} on; an uninterrupted run would end otherwise",
            difference.key, difference.there, difference.wanted, state.next_step
        ));
    }
    if state.corpus_fingerprint != corpus_fingerprint {
        return Err(TrainError::OtherVideos { path: path.into() });
    }
    Ok(was)
}
