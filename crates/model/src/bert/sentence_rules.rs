//! How a sentence model makes a vector of a whole sentence, from the files that sentence-transformers
//! writes beside a BERT: `modules.json` (what comes after what), `1_Pooling/config.json`,
//! `sentence_bert_config.json` (longest sentence) and `config_sentence_transformers.json` (prompts).
//!
//! What they say goes before `tokenizer.json`, whose own cut and padding are of no account.

use locvtp_video::PlainName;
use serde_json::Value;

use super::TokenPooling;
use crate::ModelError;
use crate::weights::source::Source;

const MODULES: &str = "modules.json";
const PROMPTS: &str = "config_sentence_transformers.json";
/// Where the longest sentence stands; older models have it under the name of their encoder.
const LONGEST: [&str; 3] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_xlm-roberta_config.json",
];

/// The rules of a sentence model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SentenceRules {
    pub(super) pooling: TokenPooling,
    pub(super) normalize: bool,
    /// Longest sentence in tokens, where a file says it.
    pub(super) max_tokens: Option<usize>,
    pub(super) query_prompt: String,
    pub(super) document_prompt: String,
}

impl SentenceRules {
    /// Those beside a checkpoint; [`None`] where it is no sentence model.
    ///
    /// # Errors
    /// When a file asks for what is not built here; the message names it.
    pub(super) fn read(source: &Source) -> Result<Option<Self>, ModelError> {
        let modules = source.json_beside(MODULES)?;
        let Some(modules) = modules.as_array() else { return Ok(None) };
        let mut pooling = None;
        let mut normalize = false;
        for module in modules {
            let kind = module["type"].as_str().unwrap_or_default();
            match kind.rsplit('.').next().unwrap_or_default() {
                "Transformer" => {}
                "Pooling" => pooling = Some(module["path"].as_str().unwrap_or_default()),
                "Normalize" => normalize = true,
                _ => {
                    let reason = format!(
                        "a sentence goes through {kind:?} there, and only Transformer, Pooling and Normalize \
                         are built here"
                    );
                    return Err(refused(source, MODULES, reason));
                }
            }
        }
        let Some(folder) = pooling else {
            return Err(refused(source, MODULES, "it pools no tokens to a sentence".to_owned()));
        };
        let (query_prompt, document_prompt) = prompts(source)?;
        let has_prompts = !query_prompt.is_empty() || !document_prompt.is_empty();
        let pooling = pooling_of(source, folder, has_prompts)?;
        let max_tokens = longest(source)?;
        Ok(Some(Self { pooling, normalize, max_tokens, query_prompt, document_prompt }))
    }
}

/// Which tokens are pooled, as the older form of the file says (a truth value for each way) or the newer (a name).
fn pooling_of(
    source: &Source,
    folder: &str,
    has_prompts: bool,
) -> Result<TokenPooling, ModelError> {
    if let Err(error) = PlainName::new(folder) {
        return Err(refused(source, MODULES, format!("the place of the pooling: {error}")));
    }
    let file = format!("{folder}/config.json");
    let said = source.json_beside(&file)?;
    if said.is_null() {
        let reason = format!("{MODULES} names it, and it is not there");
        return Err(ModelError::ForeignWeights {
            path: source.folder.join(&file),
            reason,
            way_out: "fetch it from the model's page into that folder".into(),
        });
    }
    if said["include_prompt"] == false && has_prompts {
        let reason = "`include_prompt` is false, and a prompt's tokens are pooled here".to_owned();
        return Err(refused(source, &file, reason));
    }
    let mut ways: Vec<&str> = match &said["pooling_mode"] {
        Value::Null => {
            let fields = said.as_object().into_iter().flatten();
            let ways = fields.filter(|(_, is_taken)| **is_taken == Value::Bool(true));
            ways.filter_map(|(key, _)| key.strip_prefix("pooling_mode_")).collect()
        }
        Value::Array(ways) => ways.iter().map(|way| way.as_str().unwrap_or("?")).collect(),
        way => vec![way.as_str().unwrap_or("?")],
    };
    ways.sort_unstable();
    match ways.as_slice() {
        // What sentence-transformers takes where nothing is said.
        [] | ["mean" | "mean_tokens"] => Ok(TokenPooling::Mean),
        ["cls" | "cls_token"] => Ok(TokenPooling::Class),
        other => {
            let reason = format!(
                "a sentence is made of its tokens by {}, and only their mean or the first is taken here",
                other.join(" and ")
            );
            Err(refused(source, &file, reason))
        }
    }
}

fn longest(source: &Source) -> Result<Option<usize>, ModelError> {
    for file in LONGEST {
        let said = source.json_beside(file)?;
        if !said.is_null() {
            return Ok(said["max_seq_length"].as_u64().map(|longest| longest as usize));
        }
    }
    Ok(None)
}

/// What stands before what is asked, and before a text that is searched in: the names that `encode_query`
/// and `encode_document` look for, else what stands before every text.
fn prompts(source: &Source) -> Result<(String, String), ModelError> {
    let said = source.json_beside(PROMPTS)?;
    let named = |name: &str| said["prompts"][name].as_str();
    let usual = said["default_prompt_name"].as_str().and_then(named);
    let first = |names: &[&str]| {
        let found = names.iter().find_map(|name| named(name)).or(usual);
        found.unwrap_or_default().to_owned()
    };
    Ok((first(&["query"]), first(&["document", "passage", "corpus"])))
}

fn refused(source: &Source, file: &str, reason: String) -> ModelError {
    ModelError::ForeignWeights {
        path: source.folder.join(file),
        reason,
        way_out: format!(
            "take another model; or import from a folder without {MODULES}, where the mean of the tokens is \
             taken for a sentence"
        ),
    }
}
