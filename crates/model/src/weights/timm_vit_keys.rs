//! timm's Vision Transformers (`vit_base_patch16_224` and its relatives) into TimeSformer.
//!
//! Attention over time starts as a copy of attention over space and adds nothing at first, because
//! its last map is zero (§A.3 (a) of our specification).

use super::key_table::Action::{Drop, Positions, To, ToBoth};
use super::key_table::{Constant, KeyRule, KeyTable};

const NO_TIME: &str = "an image model knows no time; zero adds nothing at first, as the paper does";
const CLASSIFIER: &str = "the classifier of image classes";

pub(super) const TABLE: KeyTable = KeyTable {
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
