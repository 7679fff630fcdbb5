//! Hugging Face's `CLIPModel`, whose names are ours; attention over time starts as a copy of
//! attention over space that adds nothing.

use locvtp_video::{Interpolation, Scaling};

use super::checkpoint_sizes::{clip_text_config, clip_vision_config};
use crate::Fit;
use crate::clip_patches::PixelNormalisation;
use crate::weights::key_table::Action::{Drop, Elsewhere, Positions, To, ToBoth};
use crate::weights::key_table::{Constant, KeyRule, KeyTable};
use crate::weights::source::{EncoderRow, OpenClipFiles, SourceRow, VideoRow};
use crate::weights::usual_pictures::UsualPictures;

/// The row of its kind.
pub(crate) static ROW: SourceRow = SourceRow {
    name: "hf-clip",
    video: Some(VideoRow {
        encoder: EncoderRow {
            table: &VIDEO,
            config: |shapes, settings, values| {
                Ok(clip_vision_config(shapes, settings, values)?.into())
            },
        },
        pictures: PICTURES,
    }),
    text: Some(EncoderRow {
        table: &TEXT,
        config: |shapes, settings, values| Ok(clip_text_config(shapes, settings, values)?.into()),
    }),
    flags: &["--heads", "--epsilon", "--activation", "--preset"],
    open_clip: OpenClipFiles::Second,
};

/// Those of OpenAI's program and open_clip, scaled by Hugging Face's.
pub(super) const PICTURES: UsualPictures = UsualPictures {
    whose: "as in OpenAI's and most of open_clip's programs",
    normalisation: PixelNormalisation {
        mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
        std: [0.268_629_54, 0.261_302_6, 0.275_777_1],
    },
    short_side: |side| side,
    fit: Fit::ShortSide,
    interpolation: Interpolation::Bicubic,
    scaling: Scaling::HuggingFace,
    clip_seconds: None,
};

pub(super) const NO_TIME: &str =
    "an image model knows no time; zero adds nothing at first, as the paper does";
const COUNTED: &str = "numbers 0, 1, 2, …, which are counted when they are needed";
pub(super) const TEMPERATURE: &str =
    "the temperature it was trained with; ours is `loss.temperature`";

const VIDEO: KeyTable = KeyTable {
    prefix: None,
    rules: &[
        KeyRule(
            "vision_model.embeddings.class_embedding",
            To("vision_model.embeddings.class_embedding"),
        ),
        KeyRule(
            "vision_model.embeddings.patch_embedding.weight",
            To("vision_model.embeddings.patch_embedding.weight"),
        ),
        KeyRule(
            "vision_model.embeddings.position_embedding.weight",
            Positions("vision_model.embeddings.position_embedding.weight"),
        ),
        KeyRule("vision_model.embeddings.position_ids", Drop(COUNTED)),
        KeyRule("vision_model.pre_layrnorm.{}", To("vision_model.pre_layrnorm.{}")),
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
        KeyRule("visual_projection.weight", To("visual_projection.weight")),
        KeyRule("logit_scale", Drop(TEMPERATURE)),
        KeyRule("text_model.**", Elsewhere),
        KeyRule("text_projection.**", Elsewhere),
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
        KeyRule("text_projection.weight", To("text_projection.weight")),
        KeyRule("logit_scale", Elsewhere),
        KeyRule("vision_model.**", Elsewhere),
        KeyRule("visual_projection.**", Elsewhere),
    ],
    constants: &[],
};
