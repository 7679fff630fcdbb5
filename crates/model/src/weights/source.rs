//! A checkpoint of a kind that is known here, and what it says about the sizes of its encoders.

use std::path::{Path, PathBuf};

use super::import_settings::ImportSettings;
use super::key_table::{KeyTable, Plan};
use super::known_values::Values;
use super::state_dict::StateDict;
use super::usual_pictures::UsualPictures;
use crate::ModelError;
use crate::text_encoder::TextEncoderConfig;
use crate::video_encoder::VideoEncoderConfig;

/// Which program's names a checkpoint carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceKind {
    /// timm's Vision Transformers.
    TimmVit,
    /// The original TimeSformer.
    TimeSformer,
    /// Hugging Face's `TimesformerModel`.
    HfTimeSformer,
    /// Frozen-in-Time.
    Frozen,
    /// Hugging Face's `DistilBertModel`.
    DistilBert,
    /// OpenAI's CLIP under its authors' names.
    Clip,
    /// Hugging Face's `CLIPModel`.
    HfClip,
    /// C3D up to its first fully connected layer.
    C3d,
}

impl SourceKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::TimmVit,
        Self::TimeSformer,
        Self::HfTimeSformer,
        Self::Frozen,
        Self::DistilBert,
        Self::Clip,
        Self::HfClip,
        Self::C3d,
    ];
}

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
    /// Which program's names it carries.
    pub kind: SourceKind,
    /// Its tensors.
    pub state: StateDict,
    /// The folder it lies in, where `config.json`, `preprocessor_config.json` and the tokenizer
    /// are looked for.
    pub folder: PathBuf,
    /// What is known of its kind.
    pub(super) row: &'static SourceRow,
    /// The kind that its keys look most like.
    pub(super) likely: Option<&'static SourceRow>,
}

/// A kind of checkpoint: all there is to know of it.
#[derive(Debug)]
pub(super) struct SourceRow {
    pub(super) kind: SourceKind,
    /// What is typed for it.
    pub(super) name: &'static str,
    /// The video encoder that it fills, and the text encoder: its keys say what it looks like.
    pub(super) video: Option<EncoderRow<VideoEncoderConfig>>,
    pub(super) text: Option<EncoderRow<TextEncoderConfig>>,
    pub(super) pictures: UsualPictures,
}

/// An encoder of a kind of checkpoint.
#[derive(Debug)]
pub(super) struct EncoderRow<C> {
    /// What becomes of the keys.
    pub(super) table: &'static KeyTable,
    /// The sizes.
    pub(super) config: fn(&Shapes<'_>, &ImportSettings, &mut Values<'_>) -> Result<C, ModelError>,
}

impl SourceRow {
    /// The encoders that it fills, with the tables of their keys.
    pub(super) fn tables(&self) -> impl Iterator<Item = (Part, &'static KeyTable)> {
        let video = self.video.as_ref().map(|encoder| (Part::Video, encoder.table));
        let text = self.text.as_ref().map(|encoder| (Part::Text, encoder.table));
        video.into_iter().chain(text)
    }
}

impl Source {
    /// What to say where its keys look like those of another kind.
    pub(super) fn looks_like_another(&self) -> Option<String> {
        let other = self.likely.filter(|other| other.kind != self.kind)?;
        Some(format!("its keys look like {0}: say --from {0}", other.name))
    }

    /// The file to name in messages.
    pub(super) fn path(&self) -> &Path {
        self.state.files.first().map(PathBuf::as_path).unwrap_or(&self.folder)
    }

    /// A JSON file beside the checkpoint; `Null` where there is none.
    ///
    /// # Errors
    /// When it is there and no JSON.
    pub(super) fn json_beside(&self, name: &str) -> Result<serde_json::Value, ModelError> {
        let path = self.folder.join(name);
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(serde_json::Value::Null) };
        serde_json::from_str(&text).map_err(|error| ModelError::ForeignWeights {
            path: path.clone(),
            reason: format!("not JSON: {error}"),
            way_out: "take another copy, or import from a folder without it".into(),
        })
    }
}

/// The shapes of the parameters that a plan fills, as the checkpoint holds them.
pub(super) struct Shapes<'a> {
    pub(super) source: &'a Source,
    pub(super) plan: &'a Plan,
}

impl Shapes<'_> {
    /// The shape under a parameter's name.
    ///
    /// # Errors
    /// When no key fills it.
    pub(super) fn of(&self, parameter: &str) -> Result<Vec<usize>, ModelError> {
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
    pub(super) fn axis(&self, parameter: &str, axis: usize) -> Result<usize, ModelError> {
        let shape = self.of(parameter)?;
        shape
            .get(axis)
            .copied()
            .filter(|size| *size > 0)
            .ok_or_else(|| self.refused(format!("the tensor for {parameter} has shape {shape:?}")))
    }

    /// One more than the highest number that stands behind `prefix`.
    pub(super) fn layers(&self, prefix: &str) -> usize {
        let numbers = self.plan.recipes.keys().filter_map(|name| {
            let (number, _) = name.strip_prefix(prefix)?.split_once('.')?;
            number.parse::<usize>().ok()
        });
        numbers.max().map_or(0, |last| last + 1)
    }

    pub(super) fn refused(&self, reason: String) -> ModelError {
        let way_out = self.source.looks_like_another().unwrap_or_else(|| {
            format!("check that it is a checkpoint of kind {}", self.source.row.name)
        });
        ModelError::ForeignWeights { path: self.source.path().into(), reason, way_out }
    }
}
