//! A model directory whose weights learn: all else of it stays as it was read.

use std::path::{Path, PathBuf};

use locvtp_model::model_directory::replace_directory;
use locvtp_model::{Device, LocVtp, ModelDirectory, TrainingWords};

use crate::error::TransferError;

/// The folder of the tuned model in the folder of a fit.
const FOLDER: &str = "model";

/// What a tuned model begins with and what is written with it.
pub(crate) struct TunedModel {
    /// Everything of the model but its weights is taken from here.
    directory: ModelDirectory,
    place: PathBuf,
}

impl TunedModel {
    /// `directory` was read from `place`.
    pub(crate) fn new(directory: ModelDirectory, place: PathBuf) -> Self {
        Self { directory, place }
    }

    /// The model before it was tuned.
    pub(crate) fn directory(&self) -> &ModelDirectory {
        &self.directory
    }

    /// The weights that it begins with, on `device`.
    ///
    /// # Errors
    /// When the directory cannot be read any more.
    pub(crate) fn start(&self, device: &Device) -> Result<LocVtp, TransferError> {
        Ok(ModelDirectory::read(&self.place, device)?.model)
    }

    /// The model with other weights.
    pub(crate) fn with_weights(&self, model: &LocVtp) -> ModelDirectory {
        ModelDirectory {
            config: self.directory.config.clone(),
            preprocessing: self.directory.preprocessing.clone(),
            tokenizer: self.directory.tokenizer.clone(),
            model: model.clone(),
        }
    }

    /// Writes it as a model directory, `model/` in the folder of a fit: every other command reads it.
    /// The words that the model had seen go with it, and that it has seen others since.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub(crate) fn write(&self, model: &LocVtp, folder: &Path) -> Result<(), TransferError> {
        let words = TrainingWords::of_model(&self.place)?.map(|words| words.after(None));
        replace_directory(&folder.join(FOLDER), |dir| {
            self.with_weights(model).write_files(dir)?;
            words.map_or(Ok(()), |words| words.write(dir))
        })?;
        Ok(())
    }
}
