//! What a fit leaves on disk after every epoch: enough to go on with the same bits. At its end the
//! answers to the test part lie beside it ([`predictions`](crate::results::predictions)).
//!
//! ```text
//! seed-0/
//! ├── state/        head.safetensors, optimizer.safetensors, state.json: after the last epoch done
//! ├── best/         head.safetensors of the best epoch by validation
//! ├── log.jsonl     one line an epoch
//! └── tensorboard/  the same numbers
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::Module;
use locvtp_model::Device;
use locvtp_model::model_directory::{replace_directory, write_synced, write_synced_and_keep};
use locvtp_model::weights::{fill_parameters, named_parameters, read_safetensors, to_safetensors};
use locvtp_train::{Adam, EventFile, OptimizerConfig};
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::fit::fit_error::{FitError, StateDamage};
use crate::observer::EpochReport;
use crate::observer::TaskObserver;
use locvtp_measure::PathError;

const HEAD_FILE: &str = "head.safetensors";
const OPTIMIZER_FILE: &str = "optimizer.safetensors";
const STATE_FILE: &str = "state.json";

/// A fit between two epochs.
pub(super) struct FitState<M> {
    /// The weights.
    pub model: M,
    /// Their moments.
    pub optimizer: Adam,
    /// The epochs that are done.
    pub epochs: Vec<EpochReport>,
}

impl<M> FitState<M> {
    /// The epoch to do next, from 0.
    pub(super) fn next_epoch(&self) -> u64 {
        self.epochs.len() as u64
    }

    /// Notes an epoch.
    pub(super) fn epoch_done(&mut self, report: EpochReport) {
        self.epochs.push(report);
    }

    /// The first of the best epochs by the first number of validation, from 1; the last where nothing was
    /// validated.
    pub(super) fn best_epoch(&self) -> u64 {
        let score = |report: &EpochReport| {
            report.validation.as_ref().and_then(|metrics| metrics.iter().next()).map(|(_, s)| s)
        };
        let mut best: Option<(f64, u64)> = None;
        for report in &self.epochs {
            if let Some(score) = score(report)
                && best.is_none_or(|(greatest, _)| score > greatest)
            {
                best = Some((score, report.epoch));
            }
        }
        best.map_or(self.next_epoch(), |(_, epoch)| epoch)
    }
}

/// `state.json`
#[derive(Serialize, Deserialize)]
struct StateFile {
    epochs: Vec<EpochReport>,
    optimizer_steps: BTreeMap<String, u64>,
    /// CRC-32 of the two files beside it.
    checksums: [u32; 2],
}

/// The folder of a fit.
pub(super) struct FitFolder {
    path: PathBuf,
}

impl FitFolder {
    /// Nothing is read or written yet.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The state after the last epoch that was done, or the beginning.
    ///
    /// # Errors
    /// When a file is there but damaged, or of another head.
    pub(crate) fn read<M: Module>(
        &self,
        start: M,
        optimizer: &OptimizerConfig,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<FitState<M>, TransferError> {
        let dir = self.path.join("state");
        let path = dir.join(STATE_FILE);
        if !path.exists() {
            let optimizer = Adam::new(optimizer.clone());
            return Ok(FitState { model: start, optimizer, epochs: Vec::new() });
        }
        let text = std::fs::read_to_string(&path).map_err(PathError::io(&path, "read it"))?;
        let state: StateFile = serde_json::from_str(&text)
            .map_err(|error| damaged(&path, StateDamage::Syntax(error)))?;
        for (name, checksum) in [HEAD_FILE, OPTIMIZER_FILE].into_iter().zip(state.checksums) {
            let path = dir.join(name);
            let bytes = std::fs::read(&path).map_err(PathError::io(&path, "read it"))?;
            if crc32fast::hash(&bytes) != checksum {
                return Err(damaged(&path, StateDamage::Checksum));
            }
        }
        let moments = read_safetensors(&dir.join(OPTIMIZER_FILE))?;
        let optimizer =
            Adam::from_named(optimizer.clone(), &state.optimizer_steps, &moments, device);
        let model = fill(start, &dir.join(HEAD_FILE))?;
        observer.started(&format!("goes on after epoch {}", state.epochs.len()));
        Ok(FitState { model, optimizer, epochs: state.epochs })
    }

    /// Writes the state after an epoch, and the head as the best if it is.
    ///
    /// # Errors
    /// When the disk is full or read-only; the state before is intact then.
    pub(crate) fn write<M: Module>(&self, state: &FitState<M>) -> Result<(), TransferError> {
        let head = to_safetensors(&named_parameters(&state.model));
        if state.best_epoch() == state.next_epoch() {
            // First the head: killed in between, the epoch is done again, with the same bits.
            replace_directory(&self.path.join("best"), |dir| {
                write_synced(&dir.join(HEAD_FILE), &head)
            })?;
        }
        let (optimizer_steps, moments) = state.optimizer.to_named();
        let moments = to_safetensors(&moments);
        let checksums = [crc32fast::hash(&head), crc32fast::hash(&moments)];
        let file = StateFile { epochs: state.epochs.clone(), optimizer_steps, checksums };
        let text = serde_json::to_string_pretty(&file).expect("plain data");
        Ok(replace_directory(&self.path.join("state"), |dir| {
            write_synced(&dir.join(HEAD_FILE), &head)?;
            write_synced(&dir.join(OPTIMIZER_FILE), &moments)?;
            write_synced(&dir.join(STATE_FILE), text.as_bytes())
        })?)
    }

    /// The head after epoch `kept`, the best or the last.
    pub(crate) fn read_kept<M: Module>(
        &self,
        blank: M,
        state: &FitState<M>,
        kept: u64,
    ) -> Result<M, TransferError> {
        let folder = if kept == state.next_epoch() { "state" } else { "best" };
        fill(blank, &self.path.join(folder).join(HEAD_FILE))
    }

    /// The log, with the epochs that are done.
    pub(crate) fn open_log(&self, epochs: &[EpochReport]) -> Result<FitLog, TransferError> {
        let folder = self.path.join("tensorboard");
        std::fs::create_dir_all(&folder).map_err(PathError::io(&folder, "write it"))?;
        let path = self.path.join("log.jsonl");
        let lines: String = epochs.iter().map(line).collect();
        let file = write_synced_and_keep(&path, lines.as_bytes())?;
        Ok(FitLog { path, file, events: EventFile::create(&folder)? })
    }
}

/// The log of a fit.
pub(crate) struct FitLog {
    path: PathBuf,
    file: File,
    events: EventFile,
}

impl FitLog {
    /// Adds an epoch.
    pub(crate) fn write(&mut self, report: &EpochReport) -> Result<(), TransferError> {
        self.file
            .write_all(line(report).as_bytes())
            .map_err(PathError::io(&self.path, "write it"))?;
        let mut values = vec![
            ("loss".to_owned(), report.loss),
            ("learning_rate".to_owned(), report.learning_rate),
        ];
        if let Some(validation) = &report.validation {
            let named =
                validation.iter().map(|(name, value)| (format!("validation/{name}"), value));
            values.extend(named);
        }
        let values: Vec<(&str, f64)> =
            values.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        Ok(self.events.scalars(report.epoch, &values)?)
    }
}

fn line(report: &EpochReport) -> String {
    serde_json::to_string(report).expect("plain data") + "\n"
}

fn fill<M: Module>(model: M, path: &Path) -> Result<M, TransferError> {
    let (model, report) = fill_parameters(model, read_safetensors(path)?);
    if report.is_complete() {
        Ok(model)
    } else {
        Err(damaged(path, StateDamage::Parameters(Box::new(report))))
    }
}

fn damaged(path: &Path, damage: StateDamage) -> TransferError {
    FitError::DamagedState { path: path.to_owned(), damage }.into()
}
