//! The original TimeSformer (`model_state` of facebookresearch/TimeSformer).

use locvtp_video::{Interpolation, Scaling};

use super::checkpoint_sizes::timesformer_config;
use crate::Fit;
use crate::clip_patches::PixelNormalisation;
use crate::weights::key_table::Action::{Drop, Positions, Times, To};
use crate::weights::key_table::{KeyRule, KeyTable};
use crate::weights::source::{EncoderRow, OpenClipFiles, SourceRow, VideoRow};
use crate::weights::usual_pictures::UsualPictures;

/// The row of its kind.
pub(crate) static ROW: SourceRow = SourceRow {
    name: "timesformer",
    video: Some(VideoRow {
        encoder: EncoderRow {
            table: &TABLE,
            config: |shapes, settings, values| {
                Ok(timesformer_config(shapes, settings, values)?.into())
            },
        },
        pictures: PICTURES,
    }),
    text: None,
    flags: &["--heads", "--epsilon"],
    open_clip: OpenClipFiles::Unasked,
};

/// Those of TimeSformer's own program.
pub(crate) const PICTURES: UsualPictures = UsualPictures {
    whose: "as in TimeSformer's own program",
    normalisation: PixelNormalisation { mean: [0.45; 3], std: [0.225; 3] },
    short_side: |side| side,
    fit: Fit::ShortSide,
    interpolation: Interpolation::Bilinear,
    scaling: Scaling::Fast,
    clip_seconds: None,
};

const TABLE: KeyTable = KeyTable {
    prefix: None,
    rules: &[
        KeyRule("cls_token", To("embeddings.cls_token")),
        KeyRule("pos_embed", Positions("embeddings.position_embeddings")),
        KeyRule("time_embed", Times("embeddings.time_embeddings")),
        KeyRule("patch_embed.proj.{}", To("embeddings.patch_embeddings.projection.{}")),
        KeyRule("blocks.{}.temporal_norm1.{}", To("encoder.layer.{}.temporal_layernorm.{}")),
        KeyRule(
            "blocks.{}.temporal_attn.qkv.{}",
            To("encoder.layer.{}.temporal_attention.attention.qkv.{}"),
        ),
        KeyRule(
            "blocks.{}.temporal_attn.proj.{}",
            To("encoder.layer.{}.temporal_attention.output.dense.{}"),
        ),
        KeyRule("blocks.{}.temporal_fc.{}", To("encoder.layer.{}.temporal_dense.{}")),
        KeyRule("blocks.{}.norm1.{}", To("encoder.layer.{}.layernorm_before.{}")),
        KeyRule("blocks.{}.attn.qkv.{}", To("encoder.layer.{}.attention.attention.qkv.{}")),
        KeyRule("blocks.{}.attn.proj.{}", To("encoder.layer.{}.attention.output.dense.{}")),
        KeyRule("blocks.{}.norm2.{}", To("encoder.layer.{}.layernorm_after.{}")),
        KeyRule("blocks.{}.mlp.fc1.{}", To("encoder.layer.{}.intermediate.dense.{}")),
        KeyRule("blocks.{}.mlp.fc2.{}", To("encoder.layer.{}.output.dense.{}")),
        KeyRule("norm.{}", To("layernorm.{}")),
        KeyRule("head.**", Drop("the classifier of actions")),
    ],
    constants: &[],
};
