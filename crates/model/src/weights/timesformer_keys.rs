//! The original TimeSformer (`model_state` of facebookresearch/TimeSformer).

use super::key_table::Action::{Drop, Positions, Times, To};
use super::key_table::{KeyRule, KeyTable};

pub(super) const TABLE: KeyTable = KeyTable {
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
