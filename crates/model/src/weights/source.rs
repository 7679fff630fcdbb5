//! The kinds of checkpoints that are known here, and what a checkpoint of a kind says about the
//! sizes of its encoders.

use std::path::{Path, PathBuf};

use super::key_table::{KeyTable, Plan};
use super::state_dict::StateDict;
use super::{
    c3d_keys, clip_keys, distilbert_keys, frozen_keys, hf_clip_keys, hf_timesformer_keys,
    timesformer_keys, timm_vit_keys,
};
use crate::ModelError;

/// Which program's names a checkpoint carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    /// What is typed for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TimmVit => "timm-vit",
            Self::TimeSformer => "timesformer",
            Self::HfTimeSformer => "hf-timesformer",
            Self::Frozen => "frozen",
            Self::DistilBert => "distilbert",
            Self::Clip => "clip",
            Self::HfClip => "hf-clip",
            Self::C3d => "c3d",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Which encoders it fills, with the table of its keys.
    pub(super) fn tables(self) -> &'static [(Part, &'static KeyTable)] {
        match self {
            Self::TimmVit => &[(Part::Video, &timm_vit_keys::TABLE)],
            Self::TimeSformer => &[(Part::Video, &timesformer_keys::TABLE)],
            Self::HfTimeSformer => &[(Part::Video, &hf_timesformer_keys::TABLE)],
            Self::Frozen => &[(Part::Video, &frozen_keys::VIDEO), (Part::Text, &frozen_keys::TEXT)],
            Self::DistilBert => &[(Part::Text, &distilbert_keys::TABLE)],
            Self::Clip => &[(Part::Video, &clip_keys::VIDEO), (Part::Text, &clip_keys::TEXT)],
            Self::HfClip => {
                &[(Part::Video, &hf_clip_keys::VIDEO), (Part::Text, &hf_clip_keys::TEXT)]
            }
            Self::C3d => &[(Part::Video, &c3d_keys::TABLE)],
        }
    }

    /// Which encoders it fills.
    pub fn parts(self) -> impl Iterator<Item = Part> {
        self.tables().iter().map(|(part, _)| *part)
    }

    /// The kind whose table knows most of the keys, if any knows nearly all.
    pub fn guess(state: &StateDict) -> Option<Self> {
        let known = |kind: &Self| {
            let tables = kind.tables().iter();
            tables.map(|(_, table)| table.known(state.tensors.keys())).max().unwrap_or(0)
        };
        // The first of equals: a table that is a part of another one stands before it.
        let best = Self::ALL.into_iter().rev().max_by_key(known)?;
        (10 * known(&best) >= 9 * state.tensors.len()).then_some(best)
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
}

impl Source {
    /// Opens the files or the folder of one checkpoint.
    ///
    /// # Errors
    /// When a file cannot be used; the message names it.
    pub fn open(
        kind: Option<SourceKind>,
        paths: &[PathBuf],
        skip_calls: bool,
    ) -> Result<Self, ModelError> {
        let mut state = StateDict::default();
        for path in paths {
            // A folder of the hub holds the same CLIP under both programs' names.
            let theirs = OPEN_CLIP_FILES.map(|name| path.join(name));
            let theirs =
                theirs.iter().find(|file| kind == Some(SourceKind::Clip) && file.is_file());
            state.extend(StateDict::open_wrapped(theirs.unwrap_or(path), skip_calls)?)?;
        }
        let state = state.unwrapped();
        let first = paths.first().map(PathBuf::as_path).unwrap_or(Path::new("."));
        let folder = if first.is_dir() { Some(first) } else { first.parent() };
        let folder = folder.map(Path::to_owned).unwrap_or_default();
        let kind = match kind.or_else(|| SourceKind::guess(&state)) {
            Some(kind) => kind,
            None => {
                return Err(ModelError::ForeignWeights {
                    path: first.into(),
                    reason: format!(
                        "its keys ({}, …) are of no kind that is known here",
                        state.tensors.keys().take(3).cloned().collect::<Vec<_>>().join(", ")
                    ),
                    way_out: format!("known are {}", kind_names()),
                });
            }
        };
        Ok(Self { kind, state, folder })
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

/// The names of all kinds, for messages.
pub(super) fn kind_names() -> String {
    SourceKind::ALL.map(SourceKind::name).join(", ")
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
        let kind = self.source.kind;
        let way_out = match SourceKind::guess(&self.source.state) {
            Some(other) if other != kind => {
                format!("its keys look like {0}: say --from {0}", other.name())
            }
            _ => format!("check that it is a checkpoint of kind {}", kind.name()),
        };
        ModelError::ForeignWeights { path: self.source.path().into(), reason, way_out }
    }
}
