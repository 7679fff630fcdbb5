//! Hugging Face's `SiglipModel`, of version 1 and of version 2 at a fixed picture size, whose names are ours; attention
//! over time starts as a copy of attention over space that adds nothing.

use locvtp_video::{Interpolation, Scaling};

use super::checkpoint_sizes::{siglip_text_config, siglip_vision_config};
use crate::Fit;
use crate::clip_patches::PixelNormalisation;
use crate::weights::key_table::Action::{Drop, Elsewhere, Grid, To, ToBoth};
use crate::weights::key_table::{Constant, KeyRule, KeyTable};
use crate::weights::source::{EncoderRow, OpenClipFiles, SourceRow, VideoRow};
use crate::weights::usual_pictures::UsualPictures;

/// The row of its kind.
pub(crate) static ROW: SourceRow = SourceRow {
    name: "siglip",
    video: Some(VideoRow {
        encoder: EncoderRow {
            table: &VIDEO,
            config: |shapes, settings, values| {
                Ok(siglip_vision_config(shapes, settings, values)?.into())
            },
        },
        pictures: UsualPictures {
            whose: "as in SigLIP's program",
            normalisation: PixelNormalisation { mean: [0.5; 3], std: [0.5; 3] },
            short_side: |side| side,
            fit: Fit::Squash,
            interpolation: Interpolation::Bicubic,
            scaling: Scaling::HuggingFace,
            clip_seconds: None,
        },
    }),
    text: Some(EncoderRow {
        table: &TEXT,
        config: |shapes, settings, values| Ok(siglip_text_config(shapes, settings, values)?.into()),
    }),
    flags: &["--heads", "--epsilon"],
    open_clip: OpenClipFiles::Unasked,
};

const NO_TIME: &str = "an image model knows no time; zero adds nothing at first, as the paper does";
const COUNTED: &str = "numbers 0, 1, 2, …, which are counted when they are needed";
const IN_THE_CONFIG: &str = "it stands in config.json, in the section `text`";

const VIDEO: KeyTable = KeyTable {
    prefix: None,
    rules: &[
        KeyRule(
            "vision_model.embeddings.patch_embedding.{}",
            To("vision_model.embeddings.patch_embedding.{}"),
        ),
        KeyRule(
            "vision_model.embeddings.position_embedding.weight",
            Grid("vision_model.embeddings.position_embedding.weight"),
        ),
        KeyRule("vision_model.embeddings.position_ids", Drop(COUNTED)),
        KeyRule(
            "vision_model.encoder.layers.{}.self_attn.{}.{}",
            ToBoth(
                "vision_model.encoder.layers.{}.self_attn.{}.{}",
                "vision_model.encoder.layers.{}.temporal.self_attn.{}.{}",
            ),
        ),
        KeyRule(
            "vision_model.encoder.layers.{}.layer_norm1.{}",
            ToBoth(
                "vision_model.encoder.layers.{}.layer_norm1.{}",
                "vision_model.encoder.layers.{}.temporal.layer_norm.{}",
            ),
        ),
        KeyRule(
            "vision_model.encoder.layers.{}.layer_norm2.{}",
            To("vision_model.encoder.layers.{}.layer_norm2.{}"),
        ),
        KeyRule(
            "vision_model.encoder.layers.{}.mlp.{}.{}",
            To("vision_model.encoder.layers.{}.mlp.{}.{}"),
        ),
        KeyRule("vision_model.post_layernorm.{}", To("vision_model.post_layernorm.{}")),
        KeyRule("vision_model.head.probe", To("vision_model.head.probe")),
        KeyRule("vision_model.head.{}.{}", To("vision_model.head.{}.{}")),
        KeyRule("vision_model.head.{}.{}.{}", To("vision_model.head.{}.{}.{}")),
        KeyRule("logit_scale", Elsewhere),
        KeyRule("logit_bias", Elsewhere),
        KeyRule("text_model.**", Elsewhere),
    ],
    constants: &[
        Constant {
            parameter: "vision_model.embeddings.time_embedding.weight",
            value: 0.0,
            reason: NO_TIME,
        },
        Constant {
            parameter: "vision_model.encoder.layers.{}.temporal.dense.{}",
            value: 0.0,
            reason: NO_TIME,
        },
    ],
};

const TEXT: KeyTable = KeyTable {
    prefix: None,
    rules: &[
        KeyRule("text_model.embeddings.position_ids", Drop(COUNTED)),
        KeyRule("text_model.embeddings.{}.weight", To("text_model.embeddings.{}.weight")),
        KeyRule("text_model.encoder.layers.{}.{}.{}", To("text_model.encoder.layers.{}.{}.{}")),
        KeyRule(
            "text_model.encoder.layers.{}.{}.{}.{}",
            To("text_model.encoder.layers.{}.{}.{}.{}"),
        ),
        KeyRule("text_model.final_layer_norm.{}", To("text_model.final_layer_norm.{}")),
        KeyRule("text_model.head.{}", To("text_model.head.{}")),
        KeyRule("logit_scale", Drop(IN_THE_CONFIG)),
        KeyRule("logit_bias", Drop(IN_THE_CONFIG)),
        KeyRule("vision_model.**", Elsewhere),
    ],
    constants: &[],
};
