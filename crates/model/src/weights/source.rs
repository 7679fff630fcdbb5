//! A checkpoint of a kind that is known here, and what it says about the sizes of its encoders.

use std::path::{Path, PathBuf};

use locvtp_video::plain_file;

use super::import_settings::ImportSettings;
use super::key_table::{KeyTable, Plan};
use super::known_values::Values;
use super::state_dict::StateDict;
use super::usual_pictures::UsualPictures;
use crate::ModelError;
use crate::text_encoder::TextEncoderConfig;
use crate::video_encoder::VideoEncoderConfig;

/// One of the two encoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The video encoder.
    Video,
    /// The text encoder.
    Text,
}

impl Part {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Video, Self::Text];

    /// As a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Video => "video encoder",
            Self::Text => "text encoder",
        }
    }
}

/// The names of open_clip's files in a folder, the best first.
pub const OPEN_CLIP_FILES: [&str; 2] =
    ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"];

/// A checkpoint to import.
#[derive(Debug)]
pub struct Source {
    /// Its tensors.
    pub state: StateDict,
    /// The folder it lies in, where `config.json`, `preprocessor_config.json` and the tokenizer
    /// are looked for.
    pub folder: PathBuf,
    /// What is known of its kind.
    pub(crate) row: &'static SourceRow,
    /// The kind that its keys look most like.
    pub(crate) likely: Option<&'static SourceRow>,
}

/// A kind of checkpoint: all there is to know of it.
#[derive(Debug)]
pub(crate) struct SourceRow {
    /// What is typed for it.
    pub(crate) name: &'static str,
    /// The video encoder that it fills, and the text encoder: its keys say what it looks like.
    pub(crate) video: Option<VideoRow>,
    pub(crate) text: Option<EncoderRow<TextEncoderConfig>>,
    /// The flags of an import that say what its tensors do not show, beside those of every encoder.
    pub(crate) flags: &'static [&'static str],
    pub(crate) open_clip: OpenClipFiles,
}

/// The video encoder of a kind of checkpoint.
#[derive(Debug)]
pub(crate) struct VideoRow {
    pub(crate) encoder: EncoderRow<VideoEncoderConfig>,
    /// How its programs make its pictures and clips.
    pub(crate) pictures: UsualPictures,
}

/// An encoder of a kind of checkpoint.
#[derive(Debug)]
pub(crate) struct EncoderRow<C> {
    /// What becomes of the keys.
    pub(crate) table: &'static KeyTable,
    /// The sizes.
    pub(crate) config: fn(&Shapes<'_>, &ImportSettings, &mut Values<'_>) -> Result<C, ModelError>,
}

/// Whether files of open_clip beside a checkpoint speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenClipFiles {
    /// They are not asked.
    Unasked,
    /// They are asked where Hugging Face's are not there.
    Second,
    /// They are asked before Hugging Face's.
    First,
}

impl SourceRow {
    /// The encoders that it fills, with the tables of their keys.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (Part, &'static KeyTable)> {
        let video = self.video.as_ref().map(|video| (Part::Video, video.encoder.table));
        let text = self.text.as_ref().map(|encoder| (Part::Text, encoder.table));
        video.into_iter().chain(text)
    }
}

impl Source {
    /// What to say where its keys look like those of another kind.
    pub(crate) fn looks_like_another(&self) -> Option<String> {
        let other = self.likely.filter(|other| other.name != self.row.name)?;
        Some(format!("its keys look like {0}: say --from {0}", other.name))
    }

    /// The file to name in messages.
    pub(crate) fn path(&self) -> &Path {
        self.state.files.first().map(PathBuf::as_path).unwrap_or(&self.folder)
    }

    /// A JSON file beside the checkpoint; `Null` where there is none.
    ///
    /// # Errors
    /// When it is there and no JSON.
    pub(crate) fn json_beside(&self, name: &str) -> Result<serde_json::Value, ModelError> {
        let path = self.folder.join(name);
        let refused = |reason: String| ModelError::ForeignWeights {
            path: path.clone(),
            reason,
            way_out: "take another copy, or import from a folder without it".into(),
        };
        match plain_file::read_json(&path) {
            Ok(text) => {
                let json = serde_json::from_str(&text);
                json.map_err(|error| refused(format!("not JSON: {error}")))
            }
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                Err(refused(error.to_string()))
            }
            Err(_) => Ok(serde_json::Value::Null),
        }
    }
}

/// The shapes of the parameters that a plan fills, as the checkpoint holds them.
pub(crate) struct Shapes<'a> {
    pub(crate) source: &'a Source,
    pub(crate) plan: &'a Plan,
}

impl Shapes<'_> {
    /// The shape under a parameter's name.
    ///
    /// # Errors
    /// When no key fills it.
    pub(crate) fn of(&self, parameter: &str) -> Result<Vec<usize>, ModelError> {
        let shape = self.plan.recipes.get(parameter).and_then(|recipe| {
            let key = recipe.keys.iter().find(|key| !key.is_empty())?;
            Some(recipe.turned(&self.source.state.tensors.get(key)?.shape))
        });
        shape.ok_or_else(|| {
            self.refused(format!("no key fills {parameter}, so its sizes cannot be told"))
        })
    }

    /// The length of one axis of it.
    ///
    /// # Errors
    /// When there is no such axis.
    pub(crate) fn axis(&self, parameter: &str, axis: usize) -> Result<usize, ModelError> {
        let shape = self.of(parameter)?;
        shape
            .get(axis)
            .copied()
            .filter(|size| *size > 0)
            .ok_or_else(|| self.refused(format!("the tensor for {parameter} has shape {shape:?}")))
    }

    /// One more than the highest number that stands behind `prefix`.
    pub(crate) fn layers(&self, prefix: &str) -> usize {
        let numbers = self.plan.recipes.keys().filter_map(|name| {
            let (number, _) = name.strip_prefix(prefix)?.split_once('.')?;
            number.parse::<usize>().ok()
        });
        numbers.max().map_or(0, |last| last + 1)
    }

    pub(crate) fn refused(&self, reason: String) -> ModelError {
        let way_out = self.source.looks_like_another().unwrap_or_else(|| {
            format!("check that it is a checkpoint of kind {}", self.source.row.name)
        });
        ModelError::ForeignWeights { path: self.source.path().into(), reason, way_out }
    }
}
