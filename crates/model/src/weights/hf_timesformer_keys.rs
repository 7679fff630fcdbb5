//! Hugging Face's `TimesformerModel` and `TimesformerForVideoClassification`, whose names are ours.

use super::key_table::Action::{Drop, Positions, Times, To};
use super::key_table::{KeyRule, KeyTable};

pub(super) const TABLE: KeyTable = KeyTable {
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
