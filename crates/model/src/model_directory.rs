//! A model on disk, in Hugging Face's convention.
//!
//! `config.json` (sizes), `model.safetensors` (the source models' own parameter names, PyTorch
//! orientation), `tokenizer.json`, `preprocessor_config.json` (how pixels and time become clips). A
//! model directory is written to a temporary directory beside its place, synced and renamed: a
//! reader sees the old one or the new one.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use burn::tensor::Device;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::preprocessing::Preprocessing;
use crate::tokenizer::SentenceTokenizer;
use crate::weights::{fill_parameters, named_parameters, read_safetensors, to_safetensors};
use crate::{LocVtp, LocVtpConfig, ModelError};

/// A model with all that is needed to use it.
#[derive(Debug)]
pub struct ModelDirectory {
    /// Sizes.
    pub config: LocVtpConfig,
    /// How videos become clips.
    pub preprocessing: Preprocessing,
    /// How sentences become tokens.
    pub tokenizer: SentenceTokenizer,
    /// The parameters.
    pub model: LocVtp,
}

/// The files of a model directory.
pub const CONFIG_FILE: &str = "config.json";
/// The parameters.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// The words.
pub const TOKENIZER_FILE: &str = "tokenizer.json";
/// How videos become clips.
pub const PREPROCESSING_FILE: &str = "preprocessor_config.json";

/// `config.json`: the sizes under the name of the model type.
#[derive(Serialize, Deserialize)]
struct ConfigFile {
    model_type: String,
    #[serde(flatten)]
    config: serde_json::Value,
}

impl ModelDirectory {
    /// Reads a model directory.
    ///
    /// # Errors
    /// When a file is missing or damaged, or the weights are another model's; the message names the
    /// file.
    pub fn read(dir: &Path, device: &Device) -> Result<Self, ModelError> {
        let config_path = dir.join(CONFIG_FILE);
        let file: ConfigFile = read_json(&config_path, "model config")?;
        let bad_config = |reason: String| ModelError::Json {
            path: config_path.clone(),
            what: "LocVTP model config",
            reason,
        };
        if file.model_type != "locvtp" {
            return Err(bad_config(format!(
                "model_type is {:?}, expected \"locvtp\"",
                file.model_type
            )));
        }
        let config: LocVtpConfig =
            serde_json::from_value(file.config).map_err(|error| bad_config(error.to_string()))?;
        config.check()?;
        let preprocessing = read_json(&dir.join(PREPROCESSING_FILE), "preprocessing config")?;
        let max_tokens = config.text.max_position_embeddings;
        let tokenizer = SentenceTokenizer::read(&dir.join(TOKENIZER_FILE), max_tokens)?;
        if tokenizer.vocab_size() > config.text.vocab_size {
            return Err(ModelError::Contradiction {
                first: TOKENIZER_FILE.into(),
                second: "text.vocab_size".into(),
                reason: format!(
                    "{} tokens have no place in an embedding of {}; \
                     {TOKENIZER_FILE} and {CONFIG_FILE} in {} must be of the same model directory",
                    tokenizer.vocab_size(),
                    config.text.vocab_size,
                    dir.display()
                ),
            });
        }
        let weights_path = dir.join(WEIGHTS_FILE);
        let weights = read_safetensors(&weights_path)?;
        let (model, report) = fill_parameters(config.init(0, device), weights);
        if !report.is_complete() {
            return Err(ModelError::OtherModel { path: weights_path, report: report.to_string() });
        }
        Ok(Self { config, preprocessing, tokenizer, model })
    }

    /// Writes the four files into an existing directory, each synced to the disk.
    ///
    /// # Errors
    /// When the disk is full or read-only; the message names the file.
    pub fn write_files(&self, dir: &Path) -> Result<(), ModelError> {
        let config = serde_json::to_value(&self.config).expect("a config is plain data");
        let config = ConfigFile { model_type: "locvtp".into(), config };
        write_synced(&dir.join(CONFIG_FILE), pretty(&config).as_bytes())?;
        write_synced(&dir.join(PREPROCESSING_FILE), pretty(&self.preprocessing).as_bytes())?;
        write_synced(&dir.join(TOKENIZER_FILE), self.tokenizer.to_json()?.as_bytes())?;
        write_synced(&dir.join(WEIGHTS_FILE), &to_safetensors(&named_parameters(&self.model)))
    }
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("plain data") + "\n"
}

fn read_json<T: DeserializeOwned>(path: &Path, what: &'static str) -> Result<T, ModelError> {
    let text = std::fs::read_to_string(path)
        .map_err(ModelError::file(path, "read the model directory"))?;
    serde_json::from_str(&text).map_err(|error| ModelError::Json {
        path: path.into(),
        what,
        reason: error.to_string(),
    })
}

/// Writes a file and waits until the disk has it.
///
/// # Errors
/// When the disk is full or read-only; the message names the file.
pub fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(ModelError::file(path, "write"))
}
