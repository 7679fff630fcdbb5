//! Hugging Face's `TimesformerModel` and `TimesformerForVideoClassification`, whose names are ours.

use locvtp_video::Scaling;

use super::checkpoint_sizes::timesformer_config;
use super::original_checkpoint;
use crate::weights::key_table::Action::{Drop, Positions, Times, To};
use crate::weights::key_table::{KeyRule, KeyTable};
use crate::weights::source::{EncoderRow, OpenClipFiles, SourceRow, VideoRow};
use crate::weights::usual_pictures::UsualPictures;

/// The row of its kind.
pub(crate) static ROW: SourceRow = SourceRow {
    name: "hf-timesformer",
    video: Some(VideoRow {
        encoder: EncoderRow {
            table: &TABLE,
            config: |shapes, settings, values| {
                Ok(timesformer_config(shapes, settings, values)?.into())
            },
        },
        pictures: UsualPictures { scaling: Scaling::HuggingFace, ..original_checkpoint::PICTURES },
    }),
    text: None,
    flags: &["--heads", "--epsilon"],
    open_clip: OpenClipFiles::Unasked,
};

const TABLE: KeyTable = KeyTable {
    prefix: Some("timesformer."),
    rules: &[
        KeyRule("embeddings.cls_token", To("embeddings.cls_token")),
        KeyRule("embeddings.position_embeddings", Positions("embeddings.position_embeddings")),
        KeyRule("embeddings.time_embeddings", Times("embeddings.time_embeddings")),
        KeyRule(
            "embeddings.patch_embeddings.projection.{}",
            To("embeddings.patch_embeddings.projection.{}"),
        ),
        KeyRule("encoder.layer.{}.{}.{}", To("encoder.layer.{}.{}.{}")),
        KeyRule("encoder.layer.{}.{}.dense.{}", To("encoder.layer.{}.{}.dense.{}")),
        KeyRule("encoder.layer.{}.{}.attention.qkv.{}", To("encoder.layer.{}.{}.attention.qkv.{}")),
        KeyRule("encoder.layer.{}.{}.output.dense.{}", To("encoder.layer.{}.{}.output.dense.{}")),
        KeyRule("layernorm.{}", To("layernorm.{}")),
        KeyRule("classifier.{}", Drop("the classifier of actions")),
    ],
    constants: &[],
};
