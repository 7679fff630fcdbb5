//! Which model a directory holds, told by its contents: the same model elsewhere is the same.
//!
//! The fingerprint is a CRC-32 of `config.json` and `model.safetensors`, byte for byte. It keeps apart
//! what people mix up by mistake. It is taken anew every time: 700 MB take 0.2 CPU-seconds once the
//! file is in memory. `tokenizer.json` has a fingerprint of its own: features of videos are the same
//! whatever it is, words are not.

use std::path::{Path, PathBuf};

use locvtp_features::Provenance;
use locvtp_model::ModelError;
use locvtp_model::model_directory::{
    CONFIG_FILE, PREPROCESSING_FILE, TOKENIZER_FILE, WEIGHTS_FILE,
};
use locvtp_video::plain_file;
use serde::{Deserialize, Serialize};

/// A model directory and the fingerprint of what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelIdentity {
    /// The model directory, as it was named.
    pub model: PathBuf,
    /// The fingerprint of its sizes and parameters.
    pub weights: String,
    /// The fingerprint of its tokenizer; none of a model without words, and where an earlier version
    /// noted the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<String>,
}

impl ModelIdentity {
    /// The model in a directory.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn of(dir: &Path) -> Result<Self, ModelError> {
        let (weights, tokenizer) = (weights_fingerprint(dir)?, tokenizer_fingerprint(dir)?);
        Ok(Self { model: dir.to_owned(), weights, tokenizer })
    }

    /// Whether this model made the features that say so.
    ///
    /// # Errors
    /// When the model's files cannot be read.
    pub fn made(&self, features: &Provenance) -> Result<bool, ModelError> {
        if features.is_of_before() {
            return Ok(fingerprint_of_before(&self.model)? == features.weights);
        }
        Ok(self.weights == features.weights)
    }
}

impl std::fmt::Display for ModelIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (weights {})", self.model.display(), self.weights)
    }
}

/// The fingerprint of a model's sizes and parameters.
///
/// # Errors
/// When the files cannot be read.
pub(crate) fn weights_fingerprint(dir: &Path) -> Result<String, ModelError> {
    checksum(&[dir.join(CONFIG_FILE), dir.join(WEIGHTS_FILE)])
}

/// The fingerprint of a model's `tokenizer.json`; none where there is no such file.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn tokenizer_fingerprint(dir: &Path) -> Result<Option<String>, ModelError> {
    let file = Some(dir.join(TOKENIZER_FILE)).filter(|file| file.is_file());
    file.map(|file| checksum(&[file])).transpose()
}

/// The fingerprint that feature files of earlier versions hold: of the preprocessing as well, and of
/// every other safetensors file in the directory.
///
/// # Errors
/// When the files cannot be read.
pub(crate) fn fingerprint_of_before(dir: &Path) -> Result<String, ModelError> {
    let entries = std::fs::read_dir(dir).map_err(|error| unreadable(dir, error))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| {
        let is_weights = path.extension().is_some_and(|ending| ending == "safetensors");
        is_weights || [CONFIG_FILE, PREPROCESSING_FILE].iter().any(|name| path.ends_with(name))
    });
    files.sort_unstable();
    checksum(&files)
}

fn checksum(files: &[PathBuf]) -> Result<String, ModelError> {
    let mut hasher = crc32fast::Hasher::new();
    let mut piece = vec![0; 1 << 20];
    for path in files {
        let mut file = plain_file::open(path).map_err(|error| unreadable(path, error))?;
        loop {
            let count = std::io::Read::read(&mut file, &mut piece);
            match count.map_err(|error| unreadable(path, error))? {
                0 => break,
                count => hasher.update(&piece[..count]),
            }
        }
    }
    Ok(format!("{:08x}", hasher.finalize()))
}

fn unreadable(path: &Path, source: std::io::Error) -> ModelError {
    ModelError::File { path: path.to_owned(), doing: "read the model's files", source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_the_same_model_and_another_byte_another() {
        let folder = tempfile::tempdir().unwrap();
        let write = |dir: &str, weights: &str, more: &[(&str, &str)]| {
            let dir = folder.path().join(dir);
            std::fs::create_dir(&dir).unwrap();
            std::fs::write(dir.join(CONFIG_FILE), "{}").unwrap();
            std::fs::write(dir.join(WEIGHTS_FILE), weights).unwrap();
            more.iter().for_each(|(name, text)| std::fs::write(dir.join(name), text).unwrap());
            ModelIdentity::of(&dir).unwrap()
        };
        let model = write("a", "weights", &[(PREPROCESSING_FILE, "{}")]);
        // A checkpoint holds its optimizer, too.
        let copy = write("b", "weights", &[("optimizer.safetensors", "moments")]);
        let other = write("c", "weightz", &[]);
        assert_eq!(model.weights, copy.weights);
        assert_ne!(model.weights, other.weights);
        // Words by another tokenizer, of the same model: the features of videos do not differ.
        let words = write("d", "weights", &[(TOKENIZER_FILE, "{}")]);
        let other_words = write("e", "weights", &[(TOKENIZER_FILE, "[]")]);
        assert_eq!((&words.weights, &model.tokenizer), (&model.weights, &None));
        assert!(words.tokenizer.is_some() && words.tokenizer != other_words.tokenizer);
        let features = Provenance {
            weights: model.weights.clone(),
            preprocessing: "{}".into(),
            ..Provenance::default()
        };
        assert!(copy.made(&features).unwrap() && !other.made(&features).unwrap());
        // An earlier version's: the CRC-32 of `{}weights{}`.
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(b"{}weights{}");
        let weights = format!("{:08x}", hasher.finalize());
        let of_before = Provenance { weights, ..Provenance::default() };
        assert!(model.made(&of_before).unwrap() && !other.made(&of_before).unwrap());
    }
}
