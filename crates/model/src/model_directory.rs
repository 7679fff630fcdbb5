//! A model on disk, in Hugging Face's convention.
//!
//! `config.json` (sizes), `model.safetensors` (the source models' own parameter names, PyTorch
//! orientation), `tokenizer.json` (where there is a text encoder), `preprocessor_config.json` (how pixels and time become clips). A
//! model directory is written to a temporary directory beside its place, synced and renamed: a
//! reader sees the old one or the new one. [`replace_directory`] and [`write_synced`] do the same
//! for any other directory and file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use burn::tensor::Device;
use locvtp_video::whole_file::{PartName, WholeFile, write_and_keep, write_whole};
use locvtp_video::{FolderLockError, WholeFolder, plain_file};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::preprocessing::Preprocessing;
use crate::tokenizer::SentenceTokenizer;
use crate::weights::{
    Parameter, StoredTensor, fill_from_file, open_safetensors, write_parameters, write_safetensors,
};
use crate::{LocVtp, LocVtpConfig, ModelError, weight_count};

/// A model with all that is needed to use it.
#[derive(Debug)]
pub struct ModelDirectory {
    /// Sizes.
    pub config: LocVtpConfig,
    /// How videos become clips.
    pub preprocessing: Preprocessing,
    /// How sentences become tokens; absent where the model has no text encoder.
    pub tokenizer: Option<SentenceTokenizer>,
    /// The parameters.
    pub model: LocVtp,
}

/// What files are called until they are whole; one run at a time writes in a folder.
const PART: PartName = PartName::Same("part");

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
        let (config, preprocessing, tokenizer) = Self::read_settings(dir)?;
        let weights_path = dir.join(WEIGHTS_FILE);
        let weights = open_safetensors(&weights_path)?;
        check_fills(&config, &weights_path, &weights)?;
        let (model, report) = fill_from_file(config.blank(device), weights)?;
        if !report.is_complete() {
            return Err(ModelError::OtherModel { path: weights_path, report: report.to_string() });
        }
        Ok(Self { config, preprocessing, tokenizer, model })
    }

    /// Reads all but the weights.
    ///
    /// # Errors
    /// As [`ModelDirectory::read`].
    pub fn read_settings(
        dir: &Path,
    ) -> Result<(LocVtpConfig, Preprocessing, Option<SentenceTokenizer>), ModelError> {
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
        let preprocessing: Preprocessing =
            read_json(&dir.join(PREPROCESSING_FILE), "preprocessing config")?;
        preprocessing.check()?;
        check_clip(&config, &preprocessing)?;
        let tokenizer = read_tokenizer(dir, &config)?;
        Ok((config, preprocessing, tokenizer))
    }

    /// How sentences become tokens.
    ///
    /// # Errors
    /// When the model has no text encoder.
    pub fn words(&self) -> Result<&SentenceTokenizer, ModelError> {
        self.tokenizer.as_ref().ok_or(ModelError::NoTextEncoder)
    }

    /// Writes the model directory `place`, or puts it in the place of the one that is there.
    ///
    /// # Errors
    /// When the disk is full or read-only; what was there is as it was then.
    pub fn write(&self, place: &Path) -> Result<(), ModelError> {
        replace_directory(place, |dir| self.write_files(dir))
    }

    /// Writes the files into an existing directory, each synced to the disk.
    ///
    /// # Errors
    /// When the disk is full or read-only; the message names the file.
    pub fn write_files(&self, dir: &Path) -> Result<(), ModelError> {
        let config = serde_json::to_value(&self.config).expect("a config is plain data");
        let config = ConfigFile { model_type: "locvtp".into(), config };
        write_synced(&dir.join(CONFIG_FILE), pretty(&config).as_bytes())?;
        write_synced(&dir.join(PREPROCESSING_FILE), pretty(&self.preprocessing).as_bytes())?;
        if let Some(tokenizer) = &self.tokenizer {
            write_synced(&dir.join(TOKENIZER_FILE), tokenizer.to_json()?.as_bytes())?;
        }
        write_synced_by(&dir.join(WEIGHTS_FILE), |path| write_safetensors(&self.model, path))
    }
}

/// That clips are about as large as those that the encoder is made for.
///
/// # Errors
/// When they are many times larger.
fn check_clip(config: &LocVtpConfig, made: &Preprocessing) -> Result<(), ModelError> {
    /// Of a frame-by-frame encoder, which is made for one.
    const FEWEST_FRAMES: usize = 16;
    const TIMES: usize = 4;
    let side = config.video.image_size();
    let pixels = |frames: usize, side: usize| frames.saturating_mul(side).saturating_mul(side);
    let most = pixels(config.video.num_frames().max(FEWEST_FRAMES), side).saturating_mul(TIMES);
    if pixels(made.num_frames, made.image_size) <= most {
        return Ok(());
    }
    Err(ModelError::Contradiction {
        first: "preprocessing.image_size".into(),
        second: "video.image_size".into(),
        reason: format!(
            "clips of {} x {size} x {size} pixels are more than {TIMES} times as large as those that \
             the encoder is made for ({} x {side} x {side}); {PREPROCESSING_FILE} and {CONFIG_FILE} must \
             be of the same model directory",
            made.num_frames,
            config.video.num_frames(),
            size = made.image_size
        ),
    })
}

/// That weights can fill a model of these sizes, before memory is taken for it.
///
/// # Errors
/// When they have fewer numbers than it needs.
pub(crate) fn check_fills(
    config: &LocVtpConfig,
    path: &Path,
    weights: &BTreeMap<String, StoredTensor>,
) -> Result<(), ModelError> {
    let stored = weights.values().map(|tensor| tensor.num_elements() as u128);
    let (needed, stored) = (config.least_weights(), weight_count::sum(stored));
    if weight_count::may_fill(needed, stored, weights.len()) {
        return Ok(());
    }
    let report = format!("its sizes ask for {needed} numbers, and here are {stored}");
    Err(ModelError::OtherModel { path: path.into(), report })
}

/// The tokenizer of a model directory whose text encoder needs one.
fn read_tokenizer(
    dir: &Path,
    config: &LocVtpConfig,
) -> Result<Option<SentenceTokenizer>, ModelError> {
    if config.text.is_none() {
        return Ok(None);
    }
    let tokenizer = SentenceTokenizer::read(&dir.join(TOKENIZER_FILE), config.text.max_tokens())?;
    let places = config.text.vocab_size();
    let reason = match tokenizer.largest_id() {
        _ if tokenizer.vocab_size() > places => {
            format!("{} tokens have no place in an embedding of {places}", tokenizer.vocab_size())
        }
        Some(id) if id as usize >= places => {
            format!("a token with the id {id} has no place in an embedding of {places}")
        }
        _ => {
            config.text.check_tokenizer(&tokenizer)?;
            return Ok(Some(tokenizer));
        }
    };
    Err(ModelError::Contradiction {
        first: TOKENIZER_FILE.into(),
        second: "text.vocab_size".into(),
        reason: format!(
            "{reason}; {TOKENIZER_FILE} and {CONFIG_FILE} in {} must be of the same model directory",
            dir.display()
        ),
    })
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("plain data") + "\n"
}

fn read_json<T: DeserializeOwned>(path: &Path, what: &'static str) -> Result<T, ModelError> {
    let text =
        plain_file::read_json(path).map_err(ModelError::file(path, "read the model directory"))?;
    serde_json::from_str(&text).map_err(|error| ModelError::Json {
        path: path.into(),
        what,
        reason: error.to_string(),
    })
}

/// Writes a file and waits until the disk has it; a reader sees the old one or the new one, whole.
///
/// # Errors
/// When the disk is full or read-only; what was there is as it was then.
pub fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    write_whole(path, PART, |file| file.write_all(bytes)).map_err(ModelError::file(path, "write"))
}

/// The same of a file that more is added to later; gives it for that.
///
/// # Errors
/// As [`write_synced`].
pub fn write_synced_and_keep(path: &Path, bytes: &[u8]) -> Result<File, ModelError> {
    let written = write_and_keep(path, PART, |file| file.write_all(bytes));
    written.map_err(ModelError::file(path, "write"))
}

/// The same for tensors, one after the other, so that one of them is in memory a second time.
///
/// # Errors
/// When the disk is full or read-only.
pub fn write_tensors_synced(
    path: &Path,
    tensors: BTreeMap<String, Parameter>,
) -> Result<(), ModelError> {
    write_synced_by(path, |path| write_parameters(tensors, path))
}

/// The same for a file that `write` makes at the path it is given.
fn write_synced_by(
    path: &Path,
    write: impl FnOnce(&Path) -> std::io::Result<()>,
) -> Result<(), ModelError> {
    let whole = WholeFile::beside(path, PART);
    let write = || {
        // Made first, so that what `write` opens by its name is this file.
        let file = whole.create()?;
        write(whole.part())?;
        whole.finish(&file)
    };
    write().map_err(ModelError::file(path, "write"))
}

/// Fills a new directory and puts it in the place of `place`.
///
/// # Errors
/// When another program writes it, or the disk is full or read-only; `place` is as it was then, and nothing is left
/// beside it.
pub fn replace_directory(
    place: &Path,
    fill: impl FnOnce(&Path) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    fill_directory(begin_directory(place)?, fill)
}

/// Fills a directory that was begun, and puts it in its place.
///
/// # Errors
/// As [`replace_directory`].
pub fn fill_directory(
    begun: WholeFolder,
    fill: impl FnOnce(&Path) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    fill(begun.part())?;
    let place = begun.place().to_owned();
    begun.finish().map_err(ModelError::file(&place, "write"))
}

/// Has the directory `place` for this program alone, before it is read and replaced.
///
/// # Errors
/// When another program writes it, or the disk is full or read-only.
pub fn begin_directory(place: &Path) -> Result<WholeFolder, ModelError> {
    WholeFolder::begin(place).map_err(|error| match error {
        FolderLockError::Busy { holder } => ModelError::Busy { path: place.into(), holder },
        FolderLockError::Open(source) => ModelError::file(place, "write")(source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("summary.json");
        write_synced(&path, b"old").unwrap();
        // A directory stands where the new file would be prepared.
        std::fs::create_dir(dir.path().join(".summary.json.part")).unwrap();
        let error = write_synced(&path, b"new").unwrap_err();
        assert!(error.to_string().contains("summary.json: cannot write"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        std::fs::remove_dir(dir.path().join(".summary.json.part")).unwrap();
        write_synced(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["summary.json"]);
    }

    #[test]
    fn a_directory_that_cannot_be_replaced_is_put_back() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("model");
        replace_directory(&place, |new| write_synced(&new.join("a"), b"old")).unwrap();
        replace_directory(&place, |new| write_synced(&new.join("no/a"), b"new")).unwrap_err();
        assert_eq!(std::fs::read(place.join("a")).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["model"]);
        replace_directory(&place, |new| write_synced(&new.join("b"), b"new")).unwrap();
        assert_eq!((names(dir.path()), names(&place)), (vec!["model".into()], vec!["b".into()]));
    }
}
