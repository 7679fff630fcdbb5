//! What an import tells of itself: where each encoder came from and what became of its keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use locvtp_video::plain_file;
use serde::{Deserialize, Serialize};

use super::known_values::Guess;
use super::source::Part;

/// What an import left in a model directory, for the next one and for people.
pub const IMPORT_FILE: &str = "import.json";

/// Where the encoders of a model directory came from: the contents of [`IMPORT_FILE`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Origins {
    /// The video encoder.
    pub video: Option<PartReport>,
    /// The text encoder; a model can be of videos alone.
    pub text: Option<PartReport>,
}

impl Origins {
    /// What is known of a model directory; `None` where it was not imported.
    pub fn read(dir: &Path) -> Option<Self> {
        let text = plain_file::read_json(&dir.join(IMPORT_FILE)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Where a part came from.
    pub fn of(&self, part: Part) -> Option<&PartReport> {
        match part {
            Part::Video => self.video.as_ref(),
            Part::Text => self.text.as_ref(),
        }
    }

    pub(super) fn of_mut(&mut self, part: Part) -> &mut Option<PartReport> {
        match part {
            Part::Video => &mut self.video,
            Part::Text => &mut self.text,
        }
    }
}

/// What became of the keys of a checkpoint and the parameters of one encoder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PartReport {
    /// The kind of checkpoint.
    pub from: String,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// How the files hold their numbers, with how many tensors.
    pub number_types: BTreeMap<String, usize>,
    /// Parameters filled from the checkpoint.
    pub filled: Vec<String>,
    /// Parameters that were interpolated from another shape on the way.
    pub resized: Vec<Resized>,
    /// Parameters set to a number, because no such checkpoint holds them.
    pub set: Vec<Explained>,
    /// Keys that were not needed.
    pub dropped: Vec<Explained>,
    /// Python names in the file whose calls were skipped.
    pub skipped_calls: Vec<String>,
    /// Values that no file says and nobody typed.
    #[serde(default)]
    pub guessed: Vec<Guess>,
}

/// A parameter that was interpolated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Resized {
    /// Its name.
    pub parameter: String,
    /// Its shape in the checkpoint.
    pub from: Vec<usize>,
    /// Its shape in the model.
    pub to: Vec<usize>,
}

/// Names for which the same is true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Explained {
    /// Parameters or keys.
    pub names: Vec<String>,
    /// Why.
    pub reason: String,
}
