//! Hugging Face's `DistilBertModel`, alone or with the heads it was trained with; its names are
//! ours.

use super::DistilBertConfig;
use crate::ModelError;
use crate::weights::ImportSettings;
use crate::weights::key_table::Action::{Drop, To};
use crate::weights::key_table::{KeyRule, KeyTable};
use crate::weights::known_values::{Values, stated_by};
use crate::weights::source::{EncoderRow, OpenClipFiles, Shapes, SourceRow};
use crate::weights::stated_sizes::{check_setting, check_sizes};
use crate::weights::usual_heads::heads;

/// The row of its kind.
pub(crate) static ROW: SourceRow = SourceRow {
    name: "distilbert",
    video: None,
    text: Some(EncoderRow {
        table: &TABLE,
        config: |shapes, settings, values| Ok(distilbert_config(shapes, settings, values)?.into()),
    }),
    flags: &[],
    open_clip: OpenClipFiles::Unasked,
};

const MASKED_WORDS: &str = "the head that guesses masked words";
const COUNTED: &str = "numbers 0, 1, 2, …, which are counted when they are needed";
const CLASSIFIER: &str = "the head of another task";

const TABLE: KeyTable = KeyTable {
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

/// The sizes of a DistilBERT.
///
/// # Errors
/// When the shapes contradict what `config.json` says, or it asks for what is not built here.
pub(crate) fn distilbert_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<DistilBertConfig, ModelError> {
    let json = shapes.source.json_beside("config.json")?;
    check_setting(shapes.source, "activation", &json["activation"], "gelu")?;
    let dim = shapes.axis("embeddings.word_embeddings.weight", 1)?;
    let vocab_size = shapes.axis("embeddings.word_embeddings.weight", 0)?;
    let n_layers = shapes.layers("transformer.layer.");
    let hidden_dim = shapes.axis("transformer.layer.0.ffn.lin1.weight", 0)?;
    let sizes = [
        ("dim", dim),
        ("n_layers", n_layers),
        ("hidden_dim", hidden_dim),
        ("vocab_size", vocab_size),
    ];
    check_sizes(shapes.source, "config.json", &json, &sizes)?;
    let is_theirs = json["model_type"] == "distilbert";
    let said = json["n_heads"].as_u64().or(is_theirs.then_some(12)).map(|heads| heads as usize);
    let (typed, said) = (("--text-heads", settings.num_text_heads), stated_by("config.json", said));
    let n_heads = heads(shapes, values, dim, typed, said)?;
    Ok(DistilBertConfig {
        vocab_size,
        max_position_embeddings: shapes.axis("embeddings.position_embeddings.weight", 0)?,
        dim,
        n_layers,
        n_heads,
        hidden_dim,
        ..DistilBertConfig::default()
    })
}
