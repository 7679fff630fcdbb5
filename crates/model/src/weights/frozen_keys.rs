//! Frozen-in-Time's checkpoints (`state_dict` of m-bain/frozen-in-time): a TimeSformer with its own
//! kind of block (§A.3 (b) of our specification) and a DistilBERT.

use super::key_table::Action::{Drop, Elsewhere, Positions, Times, To};
use super::key_table::{KeyRule, KeyTable};

const JOINT_SPACE: &str =
    "Frozen's joint space compares a [CLS] behind a ReLU; ours compares words and is trained anew";

pub(super) const VIDEO: KeyTable = KeyTable {
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

pub(super) const TEXT: KeyTable = KeyTable {
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
