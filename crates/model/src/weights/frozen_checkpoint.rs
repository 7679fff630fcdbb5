//! Frozen-in-Time's checkpoints (`state_dict` of m-bain/frozen-in-time): a TimeSformer with its own
//! kind of block (§A.3 (b) of our specification) and a DistilBERT.

use super::import_settings::ImportSettings;
use super::key_table::Action::{Drop, Elsewhere, Positions, Times, To};
use super::key_table::{KeyRule, KeyTable};
use super::known_values::Values;
use super::source::{EncoderRow, OpenClipFiles, Shapes, SourceRow, VideoRow};
use super::usual_pictures::UsualPictures;
use crate::ModelError;
use crate::clip_patches::PixelNormalisation;
use crate::distilbert::checkpoint::distilbert_config;
use crate::timesformer::checkpoint_sizes::timesformer_config;
use crate::timesformer::{TimeSformerBlock, TimeSformerConfig, original_checkpoint};

/// The row of its kind.
pub(super) static ROW: SourceRow = SourceRow {
    name: "frozen",
    video: Some(VideoRow {
        encoder: EncoderRow {
            table: &VIDEO,
            config: |shapes, settings, values| Ok(video_config(shapes, settings, values)?.into()),
        },
        pictures: UsualPictures {
            whose: "as in Frozen-in-Time's own program",
            // ImageNet's, which Frozen-in-Time's transforms use.
            normalisation: PixelNormalisation {
                mean: [0.485, 0.456, 0.406],
                std: [0.229, 0.224, 0.225],
            },
            ..original_checkpoint::PICTURES
        },
    }),
    text: Some(EncoderRow {
        table: &TEXT,
        config: |shapes, settings, values| Ok(distilbert_config(shapes, settings, values)?.into()),
    }),
    flags: &["--heads", "--epsilon"],
    open_clip: OpenClipFiles::Unasked,
};

/// The sizes, with its own kind of block.
fn video_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<TimeSformerConfig, ModelError> {
    let config = timesformer_config(shapes, settings, values)?;
    Ok(TimeSformerConfig { block: TimeSformerBlock::Frozen, ..config })
}

const JOINT_SPACE: &str =
    "Frozen's joint space compares a [CLS] behind a ReLU; ours compares words and is trained anew";

const VIDEO: KeyTable = KeyTable {
    prefix: None,
    rules: &[
        KeyRule("video_model.cls_token", To("embeddings.cls_token")),
        KeyRule("video_model.pos_embed", Positions("embeddings.position_embeddings")),
        KeyRule("video_model.temporal_embed", Times("embeddings.time_embeddings")),
        KeyRule("video_model.patch_embed.proj.{}", To("embeddings.patch_embeddings.projection.{}")),
        KeyRule("video_model.blocks.{}.norm1.{}", To("encoder.layer.{}.layernorm_before.{}")),
        KeyRule("video_model.blocks.{}.norm2.{}", To("encoder.layer.{}.layernorm_after.{}")),
        KeyRule("video_model.blocks.{}.norm3.{}", To("encoder.layer.{}.temporal_layernorm.{}")),
        KeyRule(
            "video_model.blocks.{}.attn.qkv.{}",
            To("encoder.layer.{}.attention.attention.qkv.{}"),
        ),
        KeyRule(
            "video_model.blocks.{}.attn.proj.{}",
            To("encoder.layer.{}.attention.output.dense.{}"),
        ),
        KeyRule(
            "video_model.blocks.{}.timeattn.qkv.{}",
            To("encoder.layer.{}.temporal_attention.attention.qkv.{}"),
        ),
        KeyRule(
            "video_model.blocks.{}.timeattn.proj.{}",
            To("encoder.layer.{}.temporal_attention.output.dense.{}"),
        ),
        KeyRule("video_model.blocks.{}.mlp.fc1.{}", To("encoder.layer.{}.intermediate.dense.{}")),
        KeyRule("video_model.blocks.{}.mlp.fc2.{}", To("encoder.layer.{}.output.dense.{}")),
        KeyRule("video_model.norm.{}", To("layernorm.{}")),
        KeyRule("video_model.head.**", Drop("the classifier of image classes")),
        KeyRule("video_model.pre_logits.**", Drop("the classifier of image classes")),
        KeyRule("vid_proj.**", Drop(JOINT_SPACE)),
        KeyRule("text_model.**", Elsewhere),
        KeyRule("txt_proj.**", Elsewhere),
    ],
    constants: &[],
};

const TEXT: KeyTable = KeyTable {
    prefix: None,
    rules: &[
        KeyRule("text_model.embeddings.position_ids", Drop("numbers 0, 1, 2, …")),
        KeyRule("text_model.embeddings.{}.{}", To("embeddings.{}.{}")),
        KeyRule("text_model.transformer.layer.{}.{}.{}", To("transformer.layer.{}.{}.{}")),
        KeyRule("text_model.transformer.layer.{}.{}.{}.{}", To("transformer.layer.{}.{}.{}.{}")),
        KeyRule("txt_proj.**", Drop(JOINT_SPACE)),
        KeyRule("video_model.**", Elsewhere),
        KeyRule("vid_proj.**", Elsewhere),
    ],
    constants: &[],
};
