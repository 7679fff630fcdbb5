//! The kinds of checkpoints that are known here, a row each.
//!
//! A new kind is its key table, its name in [`SourceKind`] and its row.

use std::path::{Path, PathBuf};

use locvtp_video::{Interpolation, Scaling};

use super::clip_source::{clip_text_config, clip_vision_config};
use super::key_table::KeyTable;
use super::source::{EncoderRow, OPEN_CLIP_FILES, Part, Source, SourceKind, SourceRow};
use super::source_config::{c3d_config, distilbert_config, timesformer_config};
use super::source_picture::timm_vit_side;
use super::state_dict::StateDict;
use super::usual_pictures::UsualPictures;
use super::{
    c3d_keys, clip_keys, distilbert_keys, frozen_keys, hf_clip_keys, hf_timesformer_keys,
    timesformer_keys, timm_vit_keys,
};
use crate::ModelError;
use crate::clip_patches::PixelNormalisation;
use crate::text_encoder::TextEncoderConfig;
use crate::video_encoder::VideoEncoderConfig;

/// One half each, as most of timm's ViTs.
const HALVES: PixelNormalisation = PixelNormalisation { mean: [0.5; 3], std: [0.5; 3] };

/// TimeSformer's own program.
const TIMESFORMER: UsualPictures = UsualPictures {
    whose: "as in TimeSformer's own program",
    normalisation: PixelNormalisation { mean: [0.45; 3], std: [0.225; 3] },
    short_side: |side| side,
    interpolation: Interpolation::Bilinear,
    scaling: Scaling::Fast,
};

/// OpenAI's program and open_clip.
const CLIP: UsualPictures = UsualPictures {
    whose: "as in OpenAI's and most of open_clip's programs",
    normalisation: PixelNormalisation {
        mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
        std: [0.268_629_54, 0.261_302_6, 0.275_777_1],
    },
    short_side: |side| side,
    interpolation: Interpolation::Bicubic,
    scaling: Scaling::Torchvision,
};

/// The rows, in the order of [`SourceKind`]; of two that know as many keys the first is guessed.
static ROWS: [SourceRow; 8] = [
    SourceRow {
        kind: SourceKind::TimmVit,
        name: "timm-vit",
        video: Some(timesformer(&timm_vit_keys::TABLE)),
        text: None,
        pictures: UsualPictures {
            whose: "as in most of timm's ViTs",
            normalisation: HALVES,
            short_side: timm_vit_side,
            interpolation: Interpolation::Bicubic,
            scaling: Scaling::Torchvision,
        },
    },
    SourceRow {
        kind: SourceKind::TimeSformer,
        name: "timesformer",
        video: Some(timesformer(&timesformer_keys::TABLE)),
        text: None,
        pictures: TIMESFORMER,
    },
    SourceRow {
        kind: SourceKind::HfTimeSformer,
        name: "hf-timesformer",
        video: Some(timesformer(&hf_timesformer_keys::TABLE)),
        text: None,
        pictures: UsualPictures { scaling: Scaling::HuggingFace, ..TIMESFORMER },
    },
    SourceRow {
        kind: SourceKind::Frozen,
        name: "frozen",
        video: Some(timesformer(&frozen_keys::VIDEO)),
        text: Some(distilbert(&frozen_keys::TEXT)),
        pictures: UsualPictures {
            whose: "as in Frozen-in-Time's own program",
            // ImageNet's, which Frozen-in-Time's transforms use.
            normalisation: PixelNormalisation {
                mean: [0.485, 0.456, 0.406],
                std: [0.229, 0.224, 0.225],
            },
            ..TIMESFORMER
        },
    },
    SourceRow {
        kind: SourceKind::DistilBert,
        name: "distilbert",
        video: None,
        text: Some(distilbert(&distilbert_keys::TABLE)),
        pictures: UsualPictures {
            whose: "as in most of timm's ViTs",
            normalisation: HALVES,
            ..TIMESFORMER
        },
    },
    SourceRow {
        kind: SourceKind::Clip,
        name: "clip",
        video: Some(clip_vision(&clip_keys::VIDEO)),
        text: Some(clip_text(&clip_keys::TEXT)),
        pictures: CLIP,
    },
    SourceRow {
        kind: SourceKind::HfClip,
        name: "hf-clip",
        video: Some(clip_vision(&hf_clip_keys::VIDEO)),
        text: Some(clip_text(&hf_clip_keys::TEXT)),
        pictures: UsualPictures { scaling: Scaling::HuggingFace, ..CLIP },
    },
    SourceRow {
        kind: SourceKind::C3d,
        name: "c3d",
        video: Some(EncoderRow {
            table: &c3d_keys::TABLE,
            config: |shapes, settings, _| Ok(c3d_config(shapes, settings)?.into()),
        }),
        text: None,
        pictures: UsualPictures {
            whose: "as in MMAction's",
            // Bytes less the mean of Sports-1M's, as MMAction has it; no division.
            normalisation: PixelNormalisation {
                mean: [104.0 / 255.0, 117.0 / 255.0, 128.0 / 255.0],
                std: [1.0 / 255.0; 3],
            },
            // 112 out of 128.
            short_side: |side| side * 8 / 7,
            interpolation: Interpolation::Bilinear,
            scaling: Scaling::Fast,
        },
    },
];

const fn timesformer(table: &'static KeyTable) -> EncoderRow<VideoEncoderConfig> {
    EncoderRow {
        table,
        config: |shapes, settings, values| Ok(timesformer_config(shapes, settings, values)?.into()),
    }
}

const fn distilbert(table: &'static KeyTable) -> EncoderRow<TextEncoderConfig> {
    EncoderRow {
        table,
        config: |shapes, settings, values| Ok(distilbert_config(shapes, settings, values)?.into()),
    }
}

const fn clip_vision(table: &'static KeyTable) -> EncoderRow<VideoEncoderConfig> {
    EncoderRow {
        table,
        config: |shapes, settings, values| Ok(clip_vision_config(shapes, settings, values)?.into()),
    }
}

const fn clip_text(table: &'static KeyTable) -> EncoderRow<TextEncoderConfig> {
    EncoderRow {
        table,
        config: |shapes, settings, values| Ok(clip_text_config(shapes, settings, values)?.into()),
    }
}

impl SourceKind {
    fn row(self) -> &'static SourceRow {
        &ROWS[self as usize]
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
        likely(state).map(|row| row.kind)
    }
}

/// The row whose table knows most of the keys, if any knows nearly all.
fn likely(state: &StateDict) -> Option<&'static SourceRow> {
    let known = |row: &&SourceRow| {
        row.tables().map(|(_, table)| table.known(state.tensors.keys())).max().unwrap_or(0)
    };
    // The first of equals: a table that is a part of another one stands before it.
    let best = ROWS.iter().rev().max_by_key(known)?;
    (10 * known(&best) >= 9 * state.tensors.len()).then_some(best)
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
        let likely = likely(&state);
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
        Ok(Self { kind: row.kind, state, folder, row, likely })
    }
}

/// The names of all kinds, for messages.
fn kind_names() -> String {
    SourceKind::ALL.map(SourceKind::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_row() {
        for kind in SourceKind::ALL {
            assert_eq!(kind.row().kind, kind);
            assert_eq!(SourceKind::named(kind.name()), Some(kind));
        }
    }
}
