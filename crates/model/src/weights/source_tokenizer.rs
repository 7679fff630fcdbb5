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
    let (vocabularies, whose): (&[&str], &str) = match config {
        TextEncoderConfig::Clip(_) => (
            &["vocab.json"],
            " (OpenAI's and nearly all of open_clip's have the one tokenizer: vocab.json and \
             merges.txt of openai/clip-vit-base-patch32)",
        ),
        // `tokenizer.model` is SigLIP 2's, which is told what to do about it.
        TextEncoderConfig::Siglip(_) => (
            &["spiece.model", "tokenizer.model"],
            " (spiece.model of google/siglip-base-patch16-224, or of a SigLIP 2 tokenizer.json of \
             google/siglip2-base-patch16-224)",
        ),
        TextEncoderConfig::Bert(_) => (
            &["vocab.txt"],
            " (sentencepiece.bpe.model of XLM-RoBERTa becomes one where transformers loads the tokenizer \
             and saves it: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER))",
        ),
        _ => (&["vocab.txt"], ""),
    };
    let vocabulary = vocabularies[0];
    let beside = || {
        let names = ["tokenizer.json"].iter().chain(vocabularies);
        names.map(|name| source.folder.join(name)).find(|path| path.is_file())
    };
    let Some(path) = settings.tokenizer.clone().or_else(beside) else {
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
    } else if path.extension().is_some_and(|ending| ending == "model") {
        SentenceTokenizer::read_sentence_pieces(&path, max_tokens)?
    } else {
        SentenceTokenizer::read(&path, max_tokens)?
    };
    if let Err(error) = config.check_tokenizer(&tokenizer) {
        return Err(ModelError::ForeignWeights {
            path,
            reason: error.to_string(),
            way_out: "give the tokenizer of the same model with --tokenizer FILE".into(),
        });
    }
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
    // The two versions have words of the same kind of numbers; a table with places to spare is the other's.
    if matches!(config, TextEncoderConfig::Siglip(_))
        && tokenizer.vocab_size() < config.vocab_size()
    {
        return Err(ModelError::ForeignWeights {
            path,
            reason: format!(
                "it has {} tokens, and the checkpoint's embedding {}: it is another version's",
                tokenizer.vocab_size(),
                config.vocab_size()
            ),
            way_out: "give the tokenizer of the same model with --tokenizer FILE (a SigLIP 1 has 32,000 tokens in \
                      spiece.model, a SigLIP 2 256,000 in tokenizer.json)"
                .into(),
        });
    }
    // What sentence-transformers does before its tokenizer.
    let lower = |file| Ok::<_, ModelError>(source.json_beside(file)?["do_lower_case"] == true);
    Ok(match matches!(config, TextEncoderConfig::Bert(_)) && lower("sentence_bert_config.json")? {
        true => tokenizer.with_lower_case(),
        false => tokenizer,
    })
}
