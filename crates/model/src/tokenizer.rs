//! Words from sentences: WordPiece, trained on a corpus or read from any `tokenizer.json`, or CLIP's
//! byte pairs.
//!
//! "Word" in this project means token, as in the authors' release. What a tokenizer puts before and
//! behind a sentence (`[CLS]` and `[SEP]`; `<|startoftext|>` and `<|endoftext|>`) and padding are
//! never words.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use locvtp_video::plain_file;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    AddedToken, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString,
    PreTokenizer, Tokenizer,
};

use crate::token_batch::TokenBatch;
use crate::{ModelError, byte_pair_tokenizer, wordpiece_vocabulary};

/// The tokens a BERT tokenizer adds by itself, in the order of their ids.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// A sentence as token ids, between the first and the last token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentenceTokens {
    /// Ids, at least the first and the last token's.
    pub ids: Vec<u32>,
    /// The text of every id.
    pub tokens: Vec<String>,
}

impl SentenceTokens {
    /// How many tokens are words.
    pub fn num_words(&self) -> usize {
        self.ids.len() - 2
    }

    /// The text of the words.
    pub fn words(&self) -> &[String] {
        &self.tokens[1..self.tokens.len() - 1]
    }
}

/// Turns sentences into tokens.
#[derive(Clone, Debug)]
pub struct SentenceTokenizer {
    inner: Tokenizer,
    max_tokens: usize,
    first: Special,
    last: Special,
    padding: u32,
}

/// A token that is no word.
#[derive(Clone, Debug)]
struct Special {
    text: &'static str,
    id: u32,
}

fn reason(error: impl std::fmt::Display) -> ModelError {
    ModelError::Tokenizer { reason: error.to_string() }
}

/// A BERT tokenizer with the given tokens, in the order of their ids.
fn wordpiece(vocabulary: Vec<String>, lowercase: bool) -> tokenizers::Result<Tokenizer> {
    let vocabulary: HashMap<String, u32> = vocabulary.into_iter().zip(0..).collect();
    // As JSON text, because the builder asks for a hash map of another crate.
    let model = serde_json::json!({
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": vocabulary,
    });
    let model: WordPiece = serde_json::from_str(&model.to_string())?;
    let mut tokenizer = Tokenizer::new(model);
    let normalizer = BertNormalizer::new(true, true, None, lowercase);
    tokenizer.with_normalizer(Some(normalizer));
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.add_special_tokens(&SPECIAL.map(|token| AddedToken::from(token, true)));
    Ok(tokenizer)
}

impl SentenceTokenizer {
    /// Trains a lower-case WordPiece vocabulary of at most `vocab_size` tokens on `texts`.
    ///
    /// Where the characters of the texts alone are more, it is as large as they need. The same texts
    /// in any order give the same vocabulary.
    ///
    /// # Errors
    /// When the tokenizer library refuses.
    pub fn train<'a>(
        texts: impl Iterator<Item = &'a str>,
        vocab_size: usize,
        max_tokens: usize,
    ) -> Result<Self, ModelError> {
        let mut words = BTreeMap::new();
        for text in texts {
            let mut text = NormalizedString::from(text);
            BertNormalizer::default().normalize(&mut text).map_err(reason)?;
            let mut text = PreTokenizedString::from(text);
            BertPreTokenizer.pre_tokenize(&mut text).map_err(reason)?;
            for (word, ..) in text.get_splits(OffsetReferential::Original, OffsetType::Byte) {
                *words.entry(word.to_owned()).or_insert(0) += 1;
            }
        }
        let vocabulary = wordpiece_vocabulary::learn(&SPECIAL, &words, vocab_size);
        Self::new(wordpiece(vocabulary, true).map_err(reason)?, max_tokens).map_err(reason)
    }

    /// Reads BERT's `vocab.txt`: a token a line, the first has id 0.
    ///
    /// Texts become lower case when the vocabulary has no upper case.
    ///
    /// # Errors
    /// When the file is missing or holds no `[CLS]`, `[SEP]` and `[PAD]`.
    pub fn read_vocabulary(path: &Path, max_tokens: usize) -> Result<Self, ModelError> {
        let text =
            plain_file::read_text(path).map_err(ModelError::file(path, "read the vocabulary"))?;
        let invalid = |reason: String| ModelError::Json {
            path: path.into(),
            what: "BERT vocabulary",
            reason,
        };
        let vocabulary: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        let is_special = |token: &str| token.starts_with('[') && token.ends_with(']');
        let is_upper = |token: &str| token.chars().any(|c| c.is_ascii_uppercase());
        let lowercase = !vocabulary.iter().any(|token| !is_special(token) && is_upper(token));
        let tokenizer =
            wordpiece(vocabulary, lowercase).map_err(|error| invalid(error.to_string()))?;
        Self::new(tokenizer, max_tokens).map_err(invalid)
    }

    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// When the file is missing or is no tokenizer of BERT's or CLIP's kind.
    pub fn read(path: &Path, max_tokens: usize) -> Result<Self, ModelError> {
        let text =
            plain_file::read_text(path).map_err(ModelError::file(path, "read the tokenizer"))?;
        let invalid = |reason: String| ModelError::Json {
            path: path.into(),
            what: "tokenizer of BERT or CLIP",
            reason,
        };
        let tokenizer = text.parse().map_err(|error| invalid(format!("{error}")))?;
        Self::new(tokenizer, max_tokens).map_err(invalid)
    }

    /// Reads CLIP's `vocab.json` and `merges.txt`.
    ///
    /// # Errors
    /// When one is missing or is not what its name says; the message names it.
    pub fn read_byte_pairs(
        vocabulary: &Path,
        merges: &Path,
        max_tokens: usize,
    ) -> Result<Self, ModelError> {
        Self::new(byte_pair_tokenizer::read(vocabulary, merges)?, max_tokens).map_err(reason)
    }

    /// # Errors
    /// When a special token is missing; the reason as text.
    fn new(mut inner: Tokenizer, max_tokens: usize) -> Result<Self, String> {
        // A special token that stands in a sentence is text, and never what it looks like.
        inner.set_encode_special_tokens(true);
        let is_clip = inner.token_to_id(byte_pair_tokenizer::SPECIAL[0]).is_some();
        let [first, last, padding] = match (is_clip, byte_pair_tokenizer::SPECIAL) {
            (true, [first, last]) => [first, last, last],
            (false, _) => ["[CLS]", "[SEP]", "[PAD]"],
        };
        let special = |text: &'static str| {
            let missing = || {
                format!(
                    "no {text}; LocVTP reads tokenizers of BERT (WordPiece) and CLIP (byte pairs)"
                )
            };
            Ok::<_, String>(Special { text, id: inner.token_to_id(text).ok_or_else(missing)? })
        };
        let (first, last, padding) = (special(first)?, special(last)?, special(padding)?.id);
        Ok(Self { inner, max_tokens, first, last, padding })
    }

    /// The contents of `tokenizer.json`.
    ///
    /// # Errors
    /// When the tokenizer library refuses.
    pub fn to_json(&self) -> Result<String, ModelError> {
        self.inner.to_string(true).map_err(reason)
    }

    /// Tokens the vocabulary holds.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The tokens of a sentence, cut to the longest sentence the model takes.
    ///
    /// # Errors
    /// When the tokenizer library refuses.
    pub fn encode(&self, sentence: &str) -> Result<SentenceTokens, ModelError> {
        let encoding = self.inner.encode(sentence, false).map_err(reason)?;
        let keep = encoding.len().min(self.max_tokens.saturating_sub(2));
        let mut ids = vec![self.first.id];
        ids.extend(&encoding.get_ids()[..keep]);
        ids.push(self.last.id);
        let mut tokens = vec![self.first.text.to_owned()];
        tokens.extend_from_slice(&encoding.get_tokens()[..keep]);
        tokens.push(self.last.text.to_owned());
        Ok(SentenceTokens { ids, tokens })
    }

    /// Pads sentences on the right to the longest among them.
    pub fn batch(&self, sentences: &[SentenceTokens]) -> TokenBatch {
        let padded_length = sentences.iter().map(|s| s.ids.len()).max().unwrap_or(0);
        let mut ids = Vec::with_capacity(sentences.len() * padded_length);
        for sentence in sentences {
            ids.extend(&sentence.ids);
            ids.resize(ids.len() + padded_length - sentence.ids.len(), self.padding);
        }
        TokenBatch { ids, lengths: sentences.iter().map(|s| s.ids.len()).collect(), padded_length }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 4] = [
        "so a red square moves left",
        "and then the red disc moves right",
        "a blue square grows um okay",
        "the blue disc shrinks and then blinks",
    ];

    #[test]
    fn training_twice_on_the_same_texts_gives_the_same_file() {
        let train = |texts: &mut dyn Iterator<Item = &'static str>| {
            SentenceTokenizer::train(texts, 60, 16).unwrap().to_json().unwrap()
        };
        let first = train(&mut TEXTS.into_iter());
        assert_eq!(first, train(&mut TEXTS.into_iter()));
        assert_eq!(first, train(&mut TEXTS.into_iter().rev()));
    }

    #[test]
    fn a_written_tokenizer_is_read_back_and_special_tokens_are_no_words() {
        let trained = SentenceTokenizer::train(TEXTS.iter().copied(), 120, 16).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokenizer.json");
        std::fs::write(&path, trained.to_json().unwrap()).unwrap();
        let read = SentenceTokenizer::read(&path, 16).unwrap();
        let sentence = trained.encode("A red  square, moves left").unwrap();
        assert_eq!(sentence, read.encode("A red  square, moves left").unwrap());
        assert_eq!(sentence.words().first().map(String::as_str), Some("a"));
        assert_eq!(sentence.num_words(), sentence.words().len());
        assert_eq!(sentence.tokens.last().map(String::as_str), Some("[SEP]"));
    }

    #[test]
    fn a_long_sentence_is_cut_and_keeps_its_last_token() {
        let trained = SentenceTokenizer::train(TEXTS.iter().copied(), 120, 6).unwrap();
        let long = trained.encode(&TEXTS.join(" ")).unwrap();
        assert_eq!(long.ids.len(), 6);
        assert_eq!(long.tokens[5], "[SEP]");
    }

    #[test]
    fn a_special_token_in_a_sentence_is_text() {
        let trained = SentenceTokenizer::train(TEXTS.iter().copied(), 120, 16).unwrap();
        let sentence = trained.encode("red [SEP] square [PAD]").unwrap();
        assert_eq!(sentence.ids.iter().filter(|id| **id == trained.last.id).count(), 1);
        assert!(!sentence.words().iter().any(|word| word == "[PAD]"), "{sentence:?}");
    }

    #[test]
    fn a_batch_is_padded_on_the_right() {
        let trained = SentenceTokenizer::train(TEXTS.iter().copied(), 120, 16).unwrap();
        let sentences = [trained.encode("red").unwrap(), trained.encode("a red square").unwrap()];
        let batch = trained.batch(&sentences);
        assert_eq!(batch.padded_length, sentences[1].ids.len());
        assert_eq!(batch.lengths[0], 3);
        assert!(batch.ids[3..batch.padded_length].iter().all(|id| *id == 0));
    }
}
