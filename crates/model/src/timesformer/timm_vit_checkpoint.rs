//! timm's Vision Transformers (`vit_base_patch16_224` and its relatives) into TimeSformer.
//!
//! Attention over time starts as a copy of attention over space and adds nothing at first, because
//! its last map is zero (§A.3 (a) of our specification).

use locvtp_video::{Interpolation, Scaling};

use super::TimeSformerConfig;
use super::checkpoint_sizes::timesformer_config;
use crate::Fit;
use crate::ModelError;
use crate::clip_patches::PixelNormalisation;
use crate::weights::ImportSettings;
use crate::weights::key_table::Action::{Drop, Positions, To, ToBoth};
use crate::weights::key_table::{Constant, KeyRule, KeyTable};
use crate::weights::known_values::Values;
use crate::weights::source::{EncoderRow, OpenClipFiles, Shapes, SourceRow, VideoRow};
use crate::weights::source_picture::timm_side;
use crate::weights::usual_pictures::UsualPictures;

/// The row of its kind.
pub(crate) static ROW: SourceRow = SourceRow {
    name: "timm-vit",
    video: Some(VideoRow {
        encoder: EncoderRow {
            table: &TABLE,
            config: |shapes, settings, values| Ok(timm_vit_config(shapes, settings, values)?.into()),
        },
        pictures: UsualPictures {
            whose: "as in most of timm's ViTs",
            // One half each.
            normalisation: PixelNormalisation { mean: [0.5; 3], std: [0.5; 3] },
            short_side: |side| timm_side(side, CROP_PCT),
            fit: Fit::ShortSide,
            interpolation: Interpolation::Bicubic,
            scaling: Scaling::Torchvision,
            clip_seconds: None,
        },
    }),
    text: None,
    flags: &["--heads", "--epsilon"],
    open_clip: OpenClipFiles::Unasked,
};

/// The share of the scaled side that timm keeps of its ViTs' pictures.
const CROP_PCT: f64 = 0.9;

/// The sizes, and which token is the feature of a picture where no file says it.
fn timm_vit_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<TimeSformerConfig, ModelError> {
    let config = timesformer_config(shapes, settings, values)?;
    let json = shapes.source.json_beside("config.json")?;
    if json["global_pool"].is_null() && json["model_args"]["global_pool"].is_null() {
        let reason = "as in all of timm's ViTs with such a token but few";
        values.only("feature of a picture", "the class token's", reason);
    }
    Ok(config)
}

const NO_TIME: &str = "an image model knows no time; zero adds nothing at first, as the paper does";
const CLASSIFIER: &str = "the classifier of image classes";

const TABLE: KeyTable = KeyTable {
    prefix: None,
    rules: &[
        KeyRule("cls_token", To("embeddings.cls_token")),
        KeyRule("pos_embed", Positions("embeddings.position_embeddings")),
        KeyRule("patch_embed.proj.{}", To("embeddings.patch_embeddings.projection.{}")),
        KeyRule(
            "blocks.{}.norm1.{}",
            ToBoth(
                "encoder.layer.{}.layernorm_before.{}",
                "encoder.layer.{}.temporal_layernorm.{}",
            ),
        ),
        KeyRule(
            "blocks.{}.attn.qkv.{}",
            ToBoth(
                "encoder.layer.{}.attention.attention.qkv.{}",
                "encoder.layer.{}.temporal_attention.attention.qkv.{}",
            ),
        ),
        KeyRule(
            "blocks.{}.attn.proj.{}",
            ToBoth(
                "encoder.layer.{}.attention.output.dense.{}",
                "encoder.layer.{}.temporal_attention.output.dense.{}",
            ),
        ),
        KeyRule("blocks.{}.norm2.{}", To("encoder.layer.{}.layernorm_after.{}")),
        KeyRule("blocks.{}.mlp.fc1.{}", To("encoder.layer.{}.intermediate.dense.{}")),
        KeyRule("blocks.{}.mlp.fc2.{}", To("encoder.layer.{}.output.dense.{}")),
        KeyRule("norm.{}", To("layernorm.{}")),
        KeyRule("head.**", Drop(CLASSIFIER)),
        KeyRule("pre_logits.**", Drop(CLASSIFIER)),
    ],
    constants: &[
        Constant { parameter: "embeddings.time_embeddings", value: 0.0, reason: NO_TIME },
        Constant { parameter: "encoder.layer.{}.temporal_dense.{}", value: 0.0, reason: NO_TIME },
    ],
};
