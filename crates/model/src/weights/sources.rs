//! The kinds of checkpoints that are known here.
//!
//! A new kind is a file with its row (key table, sizes, pictures) in the folder of its encoder, and
//! its name here.

use std::path::{Path, PathBuf};

use super::frozen_checkpoint;
use super::source::{OPEN_CLIP_FILES, OpenClipFiles, Part, Source, SourceRow};
use super::state_dict::StateDict;
use crate::{ModelError, bert, c3d, clip, dinov2, distilbert, siglip, timesformer};

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
    /// Hugging Face's `SiglipModel`: SigLIP 1, and 2 at a fixed picture size.
    Siglip,
    /// C3D up to its first fully connected layer.
    C3d,
    /// Hugging Face's `BertModel`, and sentence-transformers' models of one.
    Bert,
    /// Hugging Face's `XLMRobertaModel`.
    XlmRoberta,
    /// Hugging Face's `Dinov2Model`.
    Dinov2,
}

impl SourceKind {
    /// All kinds; of two that know as many keys the first is guessed.
    pub const ALL: [Self; 12] = [
        Self::TimmVit,
        Self::TimeSformer,
        Self::HfTimeSformer,
        Self::Frozen,
        Self::DistilBert,
        Self::Clip,
        Self::HfClip,
        Self::Siglip,
        Self::C3d,
        Self::Bert,
        Self::XlmRoberta,
        Self::Dinov2,
    ];

    fn row(self) -> &'static SourceRow {
        match self {
            Self::TimmVit => &timesformer::timm_vit_checkpoint::ROW,
            Self::TimeSformer => &timesformer::original_checkpoint::ROW,
            Self::HfTimeSformer => &timesformer::hugging_face_checkpoint::ROW,
            Self::Frozen => &frozen_checkpoint::ROW,
            Self::DistilBert => &distilbert::checkpoint::ROW,
            Self::Clip => &clip::openai_checkpoint::ROW,
            Self::HfClip => &clip::hugging_face_checkpoint::ROW,
            Self::Siglip => &siglip::checkpoint::ROW,
            Self::C3d => &c3d::checkpoint::ROW,
            Self::Bert => &bert::checkpoint::ROW,
            Self::XlmRoberta => &bert::checkpoint::XLM_ROBERTA_ROW,
            Self::Dinov2 => &dinov2::checkpoint::ROW,
        }
    }

    /// What is typed for it.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Which encoders it fills.
    pub fn parts(self) -> impl Iterator<Item = Part> {
        self.row().tables().map(|(part, _)| part)
    }

    /// The kind whose table knows most of the keys, if any knows nearly all.
    pub fn guess(state: &StateDict) -> Option<Self> {
        let known = |kind: &Self| {
            let tables = kind.row().tables();
            tables.map(|(_, table)| table.known(state.tensors.keys())).max().unwrap_or(0)
        };
        // The first of equals: a table that is a part of another one stands before it.
        let best = Self::ALL.into_iter().rev().max_by_key(known)?;
        (10 * known(&best) >= 9 * state.tensors.len()).then_some(best)
    }

    /// Whether it is open_clip's file that is taken from a folder which holds the same weights under
    /// two programs' names.
    pub fn prefers_open_clip(self) -> bool {
        self.row().open_clip == OpenClipFiles::First
    }
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
            let prefers_theirs = kind.is_some_and(SourceKind::prefers_open_clip);
            let theirs = theirs.iter().find(|file| prefers_theirs && file.is_file());
            state.extend(StateDict::open_wrapped(theirs.unwrap_or(path), skip_calls)?)?;
        }
        let state = state.unwrapped();
        let first = paths.first().map(PathBuf::as_path).unwrap_or(Path::new("."));
        let folder = if first.is_dir() { Some(first) } else { first.parent() };
        let folder = folder.map(Path::to_owned).unwrap_or_default();
        let likely = SourceKind::guess(&state).map(SourceKind::row);
        let row = match kind.map(SourceKind::row).or(likely) {
            Some(row) => row,
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
        Ok(Self { state, folder, row, likely })
    }

    /// Which program's names it carries.
    pub fn kind(&self) -> SourceKind {
        SourceKind::named(self.row.name).expect("its row is a kind's")
    }
}

/// The names of all kinds, for messages.
fn kind_names() -> String {
    SourceKind::ALL.map(SourceKind::name).join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_fills_an_encoder() {
        let names: BTreeSet<&str> = SourceKind::ALL.map(SourceKind::name).into();
        assert_eq!(names.len(), SourceKind::ALL.len());
        for kind in SourceKind::ALL {
            assert_eq!(SourceKind::named(kind.name()), Some(kind));
            assert!(kind.parts().count() > 0, "{kind:?}");
        }
    }
}
