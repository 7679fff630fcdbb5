//! Hugging Face's `DistilBertModel`, alone or with the heads it was trained with; its names are
//! ours.

use super::key_table::Action::{Drop, To};
use super::key_table::{KeyRule, KeyTable};

const MASKED_WORDS: &str = "the head that guesses masked words";
const COUNTED: &str = "numbers 0, 1, 2, …, which are counted when they are needed";
const CLASSIFIER: &str = "the head of another task";

pub(super) const TABLE: KeyTable = KeyTable {
    prefix: Some("distilbert."),
    rules: &[
        KeyRule("embeddings.position_ids", Drop(COUNTED)),
        KeyRule("embeddings.{}.{}", To("embeddings.{}.{}")),
        KeyRule("transformer.layer.{}.{}.{}", To("transformer.layer.{}.{}.{}")),
        KeyRule("transformer.layer.{}.{}.{}.{}", To("transformer.layer.{}.{}.{}.{}")),
        KeyRule("vocab_transform.{}", Drop(MASKED_WORDS)),
        KeyRule("vocab_layer_norm.{}", Drop(MASKED_WORDS)),
        KeyRule("vocab_projector.{}", Drop(MASKED_WORDS)),
        KeyRule("pre_classifier.{}", Drop(CLASSIFIER)),
        KeyRule("classifier.{}", Drop(CLASSIFIER)),
        KeyRule("qa_outputs.{}", Drop(CLASSIFIER)),
    ],
    constants: &[],
};
