//! Words from sentences: WordPiece, trained on a corpus or read from any `tokenizer.json`, CLIP's byte pairs,
//! SigLIP's pieces, or those of XLM-RoBERTa's `tokenizer.json`.
//!
//! "Word" in this project means token, as in the authors' release. What a tokenizer puts before and
//! behind a sentence (`[CLS]` and `[SEP]`; `<|startoftext|>` and `<|endoftext|>`; `<s>` and `</s>`; of SigLIP an end
//! alone) and padding are never words. The longest sentence is the model's; a cut or a padding that a
//! `tokenizer.json` asks for is of no account, as it is often another one than the model was trained and is used with.
//!
//! A sentence that a model is asked for loses the signs that its tokenizer does not know: a full stop behind "a ring" that
//! becomes `[UNK]` is a word that training never showed, and turns the answer into another.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use locvtp_video::plain_file;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::{BertNormalizer, Lowercase, Sequence};
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    AddedToken, Encoding, NormalizedString, Normalizer, OffsetReferential, OffsetType,
    PreTokenizedString, PreTokenizer, Tokenizer,
};

use crate::siglip_text::SiglipTextRules;
use crate::special_tokens::{SpecialTokens, UNKNOWN};
use crate::token_batch::TokenBatch;
use crate::{ModelError, byte_pair_tokenizer, sentence_piece_file, wordpiece_vocabulary};

/// The tokens a BERT tokenizer adds by itself, in the order of their ids.
const SPECIAL: [&str; 5] = ["[PAD]", UNKNOWN, "[CLS]", "[SEP]", "[MASK]"];

/// A sentence as token ids, between the first token, where there is one, and the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentenceTokens {
    /// Ids, at least those of the tokens before and behind the words.
    pub ids: Vec<u32>,
    /// The text of every id.
    pub tokens: Vec<String>,
    /// How many tokens stand before the words: 1, and of SigLIP's sentences 0.
    pub num_before: usize,
}

impl SentenceTokens {
    /// How many tokens are words.
    pub fn num_words(&self) -> usize {
        self.ids.len() - 1 - self.num_before
    }

    /// The text of the words.
    pub fn words(&self) -> &[String] {
        &self.tokens[self.num_before..self.tokens.len() - 1]
    }
}

/// Turns sentences into tokens.
#[derive(Clone, Debug)]
pub struct SentenceTokenizer {
    inner: Tokenizer,
    max_tokens: usize,
    /// What stands before the words; nothing in SigLIP's sentences.
    first: Option<Special>,
    last: Special,
    padding: u32,
    /// How a SigLIP has texts before they are cut; its sentences are all padded to one length, too.
    siglip: Option<SiglipTextRules>,
    /// What stands for a piece that the vocabulary does not hold.
    unknown: Option<u32>,
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
        "unk_token": UNKNOWN,
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

/// Whether a character is neither of a word nor between words; accents are of their letter.
fn is_sign(c: char) -> bool {
    if c.is_alphanumeric() || c.is_whitespace() {
        return false;
    }
    let mut alone = NormalizedString::from(c.to_string());
    let without_accents = BertNormalizer::new(true, true, Some(true), true);
    without_accents.normalize(&mut alone).is_err() || !alone.get().is_empty()
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
    /// When the file is missing or is no tokenizer of BERT's, CLIP's, SigLIP's or XLM-RoBERTa's kind.
    pub fn read(path: &Path, max_tokens: usize) -> Result<Self, ModelError> {
        let text =
            plain_file::read_json(path).map_err(ModelError::file(path, "read the tokenizer"))?;
        let invalid = |reason: String| ModelError::Json {
            path: path.into(),
            what: "tokenizer of BERT, CLIP, SigLIP or XLM-RoBERTa",
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

    /// Reads SigLIP 1's `spiece.model`.
    ///
    /// # Errors
    /// When it is missing or damaged, or of a kind that is not read; the message names it and the way out.
    pub fn read_sentence_pieces(path: &Path, max_tokens: usize) -> Result<Self, ModelError> {
        let tokenizer = sentence_piece_file::read(path)?;
        Self::new(tokenizer, max_tokens).map_err(|reason| ModelError::Json {
            path: path.into(),
            what: "SentencePiece model of SigLIP",
            reason,
        })
    }

    /// # Errors
    /// When a special token is missing; the reason as text.
    fn new(mut inner: Tokenizer, max_tokens: usize) -> Result<Self, String> {
        // A special token that stands in a sentence is text, and never what it looks like.
        inner.set_encode_special_tokens(true);
        // Sentences are padded in batches, and padding is no word. A file may ask for any length of it.
        inner.with_padding(None);
        if let Some(truncation) = inner.get_truncation()
            && truncation.stride >= truncation.max_length
        {
            let (stride, length) = (truncation.stride, truncation.max_length);
            return Err(format!("its truncation goes back by {stride} of {length} tokens"));
        }
        // Sentences are cut to the model's length, and no sooner.
        inner.with_truncation(None).map_err(|error| error.to_string())?;
        let family = SpecialTokens::of(|token| inner.token_to_id(token).is_some());
        let special = |text: &'static str| {
            let missing = || {
                format!(
                    "no {text}; LocVTP reads tokenizers of BERT (WordPiece), CLIP (byte pairs), SigLIP \
                     (SentencePiece, or Gemma's byte pairs) and XLM-RoBERTa (Unigram)"
                )
            };
            Ok::<_, String>(Special { text, id: inner.token_to_id(text).ok_or_else(missing)? })
        };
        let (first, last) = (family.first.map(special).transpose()?, special(family.last)?);
        let padding = special(family.padding)?.id;
        let unknown = family.unknown.and_then(|unknown| inner.token_to_id(unknown));
        let siglip = family.siglip;
        Ok(Self { inner, max_tokens, first, last, padding, siglip, unknown })
    }

    /// Whether a token stands before the words of a sentence; of SigLIP's none does.
    pub fn has_first_token(&self) -> bool {
        self.first.is_some()
    }

    /// Tokens of the sentences of a batch whose longest has so many, with their padding.
    pub fn padded_length(&self, longest: usize) -> usize {
        if self.siglip.is_some() { self.max_tokens } else { longest }
    }

    /// The same for texts in lower case, whatever the tokenizer itself does.
    pub(crate) fn with_lower_case(mut self) -> Self {
        let own = self.inner.get_normalizer().cloned();
        let all = std::iter::once(Lowercase.into()).chain(own).collect();
        self.inner.with_normalizer(Some(Sequence::new(all)));
        self
    }

    /// The contents of `tokenizer.json`.
    ///
    /// # Errors
    /// When the tokenizer library refuses.
    pub fn to_json(&self) -> Result<String, ModelError> {
        self.inner.to_string(true).map_err(reason)
    }

    /// The largest id of a token; the embedding has a row for each up to it.
    pub fn largest_id(&self) -> Option<u32> {
        self.inner.get_vocab(true).into_values().max()
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
        let written = match self.siglip {
            Some(siglip) => Cow::Owned(siglip.written(sentence)),
            None => Cow::Borrowed(sentence),
        };
        Ok(self.tokens(&self.inner.encode(&*written, false).map_err(reason)?))
    }

    /// The same for a sentence that a trained model is asked for: signs that the vocabulary does not hold, as a full stop
    /// where the narration has none, are left out. Unknown words stay: they say that something else is meant. Nothing
    /// is left of a sentence of unknown signs alone.
    ///
    /// # Errors
    /// As [`SentenceTokenizer::encode`].
    pub fn encode_without_unknown_signs(
        &self,
        sentence: &str,
    ) -> Result<SentenceTokens, ModelError> {
        if self.unknown.is_none() {
            return self.encode(sentence);
        }
        let encoding = self.inner.encode(sentence, false).map_err(reason)?;
        let pieces = encoding.get_ids().iter().zip(encoding.get_offsets());
        let unknown = pieces.filter(|(id, _)| Some(**id) == self.unknown);
        let mut known = sentence.to_owned();
        for (_, (start, end)) in unknown {
            // Of as many bytes, so that the places of the others stay.
            let spaced = |sign: char| " ".repeat(sign.len_utf8());
            let Some(piece) = sentence.get(*start..*end) else { continue };
            let piece = piece.chars().map(|c| if is_sign(c) { spaced(c) } else { c.to_string() });
            known.replace_range(*start..*end, &piece.collect::<String>());
        }
        match known == sentence {
            true => Ok(self.tokens(&encoding)),
            false => self.encode(&known),
        }
    }

    fn tokens(&self, encoding: &Encoding) -> SentenceTokens {
        let num_before = usize::from(self.has_first_token());
        let keep = encoding.len().min(self.max_tokens.saturating_sub(1 + num_before));
        let mut ids: Vec<u32> = self.first.iter().map(|first| first.id).collect();
        ids.extend(&encoding.get_ids()[..keep]);
        ids.push(self.last.id);
        let mut tokens: Vec<String> = self.first.iter().map(|it| it.text.to_owned()).collect();
        tokens.extend_from_slice(&encoding.get_tokens()[..keep]);
        tokens.push(self.last.text.to_owned());
        SentenceTokens { ids, tokens, num_before }
    }

    /// Pads sentences on the right to the longest among them; those of a SigLIP to the one length that all have.
    pub fn batch(&self, sentences: &[SentenceTokens]) -> TokenBatch {
        let longest = sentences.iter().map(|s| s.ids.len()).max().unwrap_or(0);
        let padded_length = self.padded_length(longest);
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
    fn unknown_signs_are_left_out_of_what_is_asked_and_unknown_words_are_not() {
        let trained = SentenceTokenizer::train(TEXTS.iter().copied(), 120, 16).unwrap();
        let asked = |sentence: &str| trained.encode_without_unknown_signs(sentence).unwrap().tokens;
        let plain = asked("a red square");
        assert_eq!(plain, trained.encode("a red square").unwrap().tokens);
        for signs in [
            "A red square.",
            "a red square!?",
            "\u{201c}a red square\u{201d} \u{2026}",
            "a red, square",
            "a red-square",
            "a red square\u{2192}",
            "\u{1f7e5}a red square \u{1f436}",
            "(a re\u{301}d square)",
        ] {
            assert_eq!(asked(signs), plain, "{signs}");
        }
        assert_ne!(trained.encode("a red square.").unwrap().tokens, plain);
        // A letter that no text has; its accent is no sign beside it.
        let unknown = ["[CLS]", "a", "[UNK]", "[SEP]"];
        assert_eq!(asked("a z\u{301}z."), unknown);
        assert_eq!(asked("a \u{72ac}\u{3002}"), unknown);
        assert_eq!(trained.encode_without_unknown_signs(". \u{1f436} ?!").unwrap().num_words(), 0);
        // What was in the texts is a word like others.
        let texts = ["a red square.", "at 20\u{b0}"];
        let with_signs = SentenceTokenizer::train(texts.into_iter(), 120, 16).unwrap();
        for text in texts {
            let asked = with_signs.encode_without_unknown_signs(text).unwrap();
            assert_eq!(asked, with_signs.encode(text).unwrap(), "{text}");
            assert!(!asked.tokens.iter().any(|token| token == UNKNOWN), "{asked:?}");
        }
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
