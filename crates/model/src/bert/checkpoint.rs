//! Hugging Face's `BertModel` and `XLMRobertaModel`, alone, with the heads they were trained with, or as
//! the first module of a sentence model; the names are ours.

use serde_json::Value;

use super::sentence_rules::SentenceRules;
use super::{BertConfig, TokenPooling};
use crate::ModelError;
use crate::weights::ImportSettings;
use crate::weights::key_table::Action::{Drop, To};
use crate::weights::key_table::{KeyRule, KeyTable};
use crate::weights::known_values::{Values, stated_by};
use crate::weights::source::{EncoderRow, OpenClipFiles, Shapes, Source, SourceRow};
use crate::weights::stated_sizes::{check_setting, check_sizes};
use crate::weights::usual_heads::heads;

/// BERT, and sentence models of every kind here whose keys have no prefix.
pub(crate) static ROW: SourceRow = SourceRow {
    name: "bert",
    video: None,
    text: Some(EncoderRow {
        table: &TABLE,
        config: |shapes, settings, values| Ok(bert_config(shapes, settings, values)?.into()),
    }),
    flags: &[],
    open_clip: OpenClipFiles::Unasked,
};

/// XLM-RoBERTa.
pub(crate) static XLM_ROBERTA_ROW: SourceRow = SourceRow {
    name: XLM_ROBERTA,
    video: None,
    text: Some(EncoderRow {
        table: &XLM_ROBERTA_TABLE,
        config: |shapes, settings, values| Ok(bert_config(shapes, settings, values)?.into()),
    }),
    flags: &[],
    open_clip: OpenClipFiles::Unasked,
};

const XLM_ROBERTA: &str = "xlm-roberta";
/// The row of its padding in the tables of XLM-RoBERTa, where no file says another.
const XLM_ROBERTA_PADDING: usize = 1;

const MASKED_WORDS: &str = "the head that guesses masked words";
const NEXT_SENTENCE: &str = "the head that tells whether two sentences follow one another";
const COUNTED: &str = "numbers 0, 1, 2, …, which are counted when they are needed";
const CLASSIFIER: &str = "the head of another task";

const TABLE: KeyTable = KeyTable { prefix: Some("bert."), rules: RULES, constants: &[] };
const XLM_ROBERTA_TABLE: KeyTable =
    KeyTable { prefix: Some("roberta."), rules: RULES, constants: &[] };

const RULES: &[KeyRule] = &[
    KeyRule("embeddings.position_ids", Drop(COUNTED)),
    KeyRule("embeddings.token_type_ids", Drop(COUNTED)),
    // As TensorFlow called them, in the oldest files.
    KeyRule("embeddings.LayerNorm.gamma", To("embeddings.LayerNorm.weight")),
    KeyRule("embeddings.LayerNorm.beta", To("embeddings.LayerNorm.bias")),
    KeyRule("embeddings.{}.{}", To("embeddings.{}.{}")),
    KeyRule("encoder.layer.{}.attention.self.{}.{}", To("encoder.layer.{}.attention.self.{}.{}")),
    KeyRule(
        "encoder.layer.{}.attention.output.LayerNorm.gamma",
        To("encoder.layer.{}.attention.output.LayerNorm.weight"),
    ),
    KeyRule(
        "encoder.layer.{}.attention.output.LayerNorm.beta",
        To("encoder.layer.{}.attention.output.LayerNorm.bias"),
    ),
    KeyRule(
        "encoder.layer.{}.attention.output.{}.{}",
        To("encoder.layer.{}.attention.output.{}.{}"),
    ),
    KeyRule("encoder.layer.{}.intermediate.dense.{}", To("encoder.layer.{}.intermediate.dense.{}")),
    KeyRule(
        "encoder.layer.{}.output.LayerNorm.gamma",
        To("encoder.layer.{}.output.LayerNorm.weight"),
    ),
    KeyRule("encoder.layer.{}.output.LayerNorm.beta", To("encoder.layer.{}.output.LayerNorm.bias")),
    KeyRule("encoder.layer.{}.output.{}.{}", To("encoder.layer.{}.output.{}.{}")),
    KeyRule("pooler.dense.{}", Drop(NEXT_SENTENCE)),
    KeyRule("cls.seq_relationship.{}", Drop(NEXT_SENTENCE)),
    KeyRule("cls.predictions.**", Drop(MASKED_WORDS)),
    KeyRule("lm_head.**", Drop(MASKED_WORDS)),
    KeyRule("classifier.**", Drop(CLASSIFIER)),
    KeyRule("qa_outputs.{}", Drop(CLASSIFIER)),
];

/// The sizes of a BERT or an XLM-RoBERTa, and the rules of the sentence model it may be.
///
/// # Errors
/// When the shapes contradict what `config.json` says, or a file asks for what is not built here.
fn bert_config(
    shapes: &Shapes<'_>,
    settings: &ImportSettings,
    values: &mut Values<'_>,
) -> Result<BertConfig, ModelError> {
    let source = shapes.source;
    let json = source.json_beside("config.json")?;
    check_setting(source, "hidden_act", &json["hidden_act"], "gelu")?;
    check_setting(source, "position_embedding_type", &json["position_embedding_type"], "absolute")?;
    let first_position = first_position(shapes, &json)?;
    let words = "embeddings.word_embeddings.weight";
    let (vocab_size, hidden_size) = (shapes.axis(words, 0)?, shapes.axis(words, 1)?);
    let max_position_embeddings = shapes.axis("embeddings.position_embeddings.weight", 0)?;
    let type_vocab_size = shapes.axis("embeddings.token_type_embeddings.weight", 0)?;
    let num_hidden_layers = shapes.layers("encoder.layer.");
    let intermediate_size = shapes.axis("encoder.layer.0.intermediate.dense.weight", 0)?;
    let sizes = [
        ("hidden_size", hidden_size),
        ("num_hidden_layers", num_hidden_layers),
        ("intermediate_size", intermediate_size),
        ("vocab_size", vocab_size),
        ("max_position_embeddings", max_position_embeddings),
        ("type_vocab_size", type_vocab_size),
    ];
    check_sizes(source, "config.json", &json, &sizes)?;
    let said = json["num_attention_heads"].as_u64().or(json.is_object().then_some(12));
    let said = stated_by("config.json", said.map(|heads| heads as usize));
    let typed = ("--text-heads", settings.num_text_heads);
    let num_attention_heads = heads(shapes, values, hidden_size, typed, said)?;
    // The default of both configs, which a file may leave out.
    let layer_norm_eps = json["layer_norm_eps"].as_f64().unwrap_or(1e-12);
    if !json.is_object() {
        values.only("epsilon of the layer norms", "1e-12", "no config.json lies beside it");
    }
    let rules = SentenceRules::read(source)?;
    if rules.is_none() {
        let reason = "no modules.json of a sentence model lies beside it";
        values.only("vector of a sentence", "the mean of its tokens", reason);
    }
    let places = max_position_embeddings.saturating_sub(first_position);
    let max_tokens = match rules.as_ref().and_then(|rules| rules.max_tokens) {
        Some(said) => said.min(places),
        None => tokenizer_length(source)?.min(places),
    };
    let usual = BertConfig::default();
    let rules = rules.unwrap_or(SentenceRules {
        pooling: TokenPooling::Mean,
        normalize: usual.normalize,
        max_tokens: None,
        query_prompt: String::new(),
        document_prompt: String::new(),
    });
    Ok(BertConfig {
        vocab_size,
        max_position_embeddings,
        first_position,
        max_tokens,
        hidden_size,
        num_hidden_layers,
        num_attention_heads,
        intermediate_size,
        type_vocab_size,
        layer_norm_eps,
        initializer_range: usual.initializer_range,
        pooling: rules.pooling,
        normalize: rules.normalize,
        query_prompt: rules.query_prompt,
        document_prompt: rules.document_prompt,
    })
}

/// Row of the first token's place, which no tensor shows: XLM-RoBERTa counts from behind its padding.
fn first_position(shapes: &Shapes<'_>, json: &Value) -> Result<usize, ModelError> {
    let source = shapes.source;
    let behind_padding = match json["model_type"].as_str() {
        Some("bert") => false,
        Some(XLM_ROBERTA | "roberta" | "camembert") => true,
        None => source.row.name == XLM_ROBERTA,
        Some(other) => {
            return Err(ModelError::ForeignWeights {
                path: source.folder.join("config.json"),
                reason: format!(
                    "`model_type` is {other:?}, and only bert, xlm-roberta, roberta and camembert are read \
                     as {}",
                    source.row.name
                ),
                way_out: "take a model of one of these types".into(),
            });
        }
    };
    let padding = json["pad_token_id"].as_u64().map_or(XLM_ROBERTA_PADDING, |id| id as usize);
    Ok(if behind_padding { padding.saturating_add(1) } else { 0 })
}

/// The longest sentence that the tokenizer's own file allows, as many as there may be where it says none.
fn tokenizer_length(source: &Source) -> Result<usize, ModelError> {
    let said = source.json_beside("tokenizer_config.json")?;
    // Often a number of 30 digits, which stands for none.
    Ok(said["model_max_length"].as_f64().map_or(usize::MAX, |longest| longest as usize))
}
