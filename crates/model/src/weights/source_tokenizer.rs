//! The tokenizer that lies beside a checkpoint.

use super::import_settings::ImportSettings;
use super::source::Source;
use crate::ModelError;
use crate::text_encoder::TextEncoderConfig;
use crate::tokenizer::SentenceTokenizer;

/// The tokenizer that belongs to a text encoder.
///
/// # Errors
/// When there is none, or it has more tokens than the encoder.
pub(super) fn tokenizer(
    source: &Source,
    config: &TextEncoderConfig,
    settings: &ImportSettings,
) -> Result<SentenceTokenizer, ModelError> {
    let is_clip = matches!(config, TextEncoderConfig::Clip(_));
    let vocabulary = if is_clip { "vocab.json" } else { "vocab.txt" };
    let beside = || {
        let names = ["tokenizer.json", vocabulary].map(|name| source.folder.join(name));
        names.into_iter().find(|path| path.is_file())
    };
    let is_bert = matches!(config, TextEncoderConfig::Bert(_));
    let Some(path) = settings.tokenizer.clone().or_else(beside) else {
        let whose = match is_clip {
            true => {
                " (OpenAI's and nearly all of open_clip's have the one tokenizer: vocab.json and \
                     merges.txt of openai/clip-vit-base-patch32)"
            }
            false if is_bert => {
                " (sentencepiece.bpe.model of XLM-RoBERTa becomes one where transformers loads the tokenizer \
                 and saves it: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER))"
            }
            false => "",
        };
        return Err(ModelError::ForeignWeights {
            path: source.path().into(),
            reason: format!("no tokenizer.json and no {vocabulary} lie beside it"),
            way_out: format!(
                "put the model's own tokenizer there, or give it with --tokenizer FILE{whose}"
            ),
        });
    };
    let max_tokens = config.max_tokens();
    let tokenizer = if path.extension().is_some_and(|ending| ending == "txt") {
        SentenceTokenizer::read_vocabulary(&path, max_tokens)?
    } else if path.file_name().is_some_and(|name| name == "vocab.json") {
        SentenceTokenizer::read_byte_pairs(&path, &path.with_file_name("merges.txt"), max_tokens)?
    } else {
        SentenceTokenizer::read(&path, max_tokens)?
    };
    if tokenizer.vocab_size() > config.vocab_size() {
        return Err(ModelError::ForeignWeights {
            path,
            reason: format!(
                "{} tokens have no place in the checkpoint's embedding of {}",
                tokenizer.vocab_size(),
                config.vocab_size()
            ),
            way_out: "give the tokenizer of the same model with --tokenizer FILE".into(),
        });
    }
    // What sentence-transformers does before its tokenizer.
    let lower = |file| Ok::<_, ModelError>(source.json_beside(file)?["do_lower_case"] == true);
    Ok(match is_bert && lower("sentence_bert_config.json")? {
        true => tokenizer.with_lower_case(),
        false => tokenizer,
    })
}
