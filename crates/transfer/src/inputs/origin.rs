//! Whose numbers a task was given: which model made the features, which one reads the words. It stands
//! in `result.json`, and a task that goes on is held to what it began with.

use std::path::{Path, PathBuf};

use locvtp_features::Provenance;
use locvtp_model::model_directory::write_synced;
use locvtp_video::counted::counted_as;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::TransferError;
use crate::inputs::input_error::InputError;
use crate::model_fingerprint::ModelIdentity;

/// The file in the folder of a task that says what it began with.
pub(crate) const INPUTS_FILE: &str = "inputs.json";

/// Its key for the tokenizer of the words.
const TOKENIZER: &str = "tokenizer";

/// What a task was given; what it has no need of is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// The clip features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<FeatureOrigin>,
    /// The features that a probe is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<FeatureOrigin>,
    /// The words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<WordOrigin>,
    /// The model that decodes and encodes videos itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelIdentity>,
}

/// Where clip features come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureOrigin {
    /// The file or folder.
    pub file: PathBuf,
    /// Who made them.
    pub origin: Origin,
    /// What the file says of it; none in files of other people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<Provenance>,
    /// Videos whose features were there.
    pub reused: usize,
    /// Videos whose features were made now.
    pub made: usize,
}

/// Who made a feature file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// This program: the file says which model.
    Locvtp,
    /// Other people: the file does not say which model.
    Unknown,
}

/// Where the words of sentences come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WordOrigin {
    /// A text encoder.
    Model {
        /// The model.
        #[serde(flatten)]
        model: ModelIdentity,
        /// Which features of its words.
        space: String,
    },
    /// Vectors from a file.
    Vectors {
        /// The file.
        glove: PathBuf,
    },
}

impl FeatureOrigin {
    /// A line for people; `name` is what the features are for.
    pub fn line(&self, name: &str) -> String {
        let (file, reused, made) = (self.file.display(), self.reused, self.made);
        match &self.made_by {
            Some(provenance) => format!(
                "{name}: {} reused from {file}, {made} made; {}",
                counted_as(reused, "video", "videos"),
                provenance.summary()
            ),
            None => format!(
                "{name}: {} of {file}, of unknown origin: it does not say which model made it",
                counted_as(reused, "video", "videos")
            ),
        }
    }
}

impl std::fmt::Display for WordOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Model { model, space } => write!(f, "of {model}, {space}"),
            Self::Vectors { glove } => write!(f, "vectors of {}", glove.display()),
        }
    }
}

impl Inputs {
    /// A line for each, for people.
    pub fn lines(&self) -> Vec<String> {
        let features = self.features.iter().map(|origin| origin.line("features"));
        let baseline = self.baseline.iter().map(|origin| origin.line("baseline"));
        let words = self.words.iter().map(|words| format!("words: {words}"));
        let model = self.model.iter().map(|model| format!("model: {model}"));
        features.chain(baseline).chain(words).chain(model).collect()
    }

    /// Notes in the folder of a task what it begins with; a task that goes on there must have the same.
    ///
    /// # Errors
    /// When it began with other inputs, or the folder cannot be written.
    pub fn begin(&self, folder: &Path) -> Result<(), TransferError> {
        let path = folder.join(INPUTS_FILE);
        let here = self.identity();
        let Ok(text) = std::fs::read(&path) else {
            let text = serde_json::to_string_pretty(&here).expect("plain data") + "\n";
            return Ok(write_synced(&path, text.as_bytes())?);
        };
        let there: Value = serde_json::from_slice(&text)
            .map_err(|reason| InputError::DamagedNote { path: path.clone(), reason })?;
        let keys = ["features", "baseline", "words", "model", TOKENIZER];
        // Earlier versions did not note the tokenizer.
        let is_noted = |key: &str| key != TOKENIZER || there.get(key).is_some();
        match keys.into_iter().find(|key| is_noted(key) && there[*key] != here[*key]) {
            Some(what) => {
                let (there, here) = (there[what].to_string(), here[what].to_string());
                Err(InputError::OtherInputs { path, what, there, here }.into())
            }
            None => Ok(()),
        }
    }

    /// What decides about the numbers: not where a model lies, nor how many videos were there.
    fn identity(&self) -> Value {
        let features = |origin: &FeatureOrigin| match &origin.made_by {
            Some(provenance) => {
                let attributes = provenance.attributes().into_iter().skip(1);
                attributes.map(|(name, value)| (name.to_owned(), json!(value))).collect::<Value>()
            }
            None => json!({ "file": origin.file }),
        };
        let words = |words: &WordOrigin| match words {
            WordOrigin::Model { model, space } => {
                json!({ "weights": model.weights, "space": space })
            }
            WordOrigin::Vectors { glove } => json!({ "glove": glove }),
        };
        json!({
            "features": self.features.as_ref().map(features),
            "baseline": self.baseline.as_ref().map(features),
            "words": self.words.as_ref().map(words),
            "model": self.model.as_ref().map(|model| &model.weights),
            TOKENIZER: self.tokenizer(),
        })
    }

    /// The fingerprint of what cuts sentences into the words of a model.
    fn tokenizer(&self) -> Option<&String> {
        let words = self.words.as_ref().and_then(|words| match words {
            WordOrigin::Model { model, .. } => Some(model),
            WordOrigin::Vectors { .. } => None,
        });
        words.or(self.model.as_ref())?.tokenizer.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_goes_on_with_what_it_began_with_alone() {
        let folder = tempfile::tempdir().unwrap();
        let model = |place: &str, weights: &str| ModelIdentity {
            model: place.into(),
            weights: weights.to_owned(),
            tokenizer: Some("55".to_owned()),
        };
        let inputs = |model, reused, stride: &str| Inputs {
            features: Some(FeatureOrigin {
                file: "f.h5".into(),
                origin: Origin::Locvtp,
                made_by: Some(Provenance { stride: stride.into(), ..Provenance::default() }),
                reused,
                made: 0,
            }),
            words: Some(WordOrigin::Model { model, space: "projected".into() }),
            ..Inputs::default()
        };
        inputs(model("a", "77"), 3, "1 s").begin(folder.path()).unwrap();
        // The model may have moved, and more features may be there.
        inputs(model("b", "77"), 5, "1 s").begin(folder.path()).unwrap();
        let words_of = |tokenizer: &str| {
            let tokenizer = Some(tokenizer.to_owned());
            inputs(ModelIdentity { tokenizer, ..model("a", "77") }, 3, "1 s")
        };
        for (other, what) in [
            (words_of("56"), "tokenizer"),
            (inputs(model("a", "78"), 3, "1 s"), "words"),
            (inputs(model("a", "77"), 3, "2 s"), "features"),
            (Inputs { words: None, ..inputs(model("a", "77"), 3, "1 s") }, "words"),
        ] {
            let error = other.begin(folder.path()).unwrap_err().to_string();
            assert!(error.contains(what) && error.contains("--run"), "{error}");
        }
        // An earlier version did not note the tokenizer.
        let path = folder.path().join(INPUTS_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut noted: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(noted.as_object_mut().unwrap().remove(TOKENIZER), Some(json!("55")));
        std::fs::write(&path, noted.to_string()).unwrap();
        words_of("56").begin(folder.path()).unwrap();
    }
}
