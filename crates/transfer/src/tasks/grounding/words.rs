//! The words of sentences as numbers: by the text encoder of a model directory, or GloVe vectors
//! from a file. They are frozen: a head learns on top of them.
//!
//! GloVe follows 2D-TAN: a sentence is split at white space and lower-cased, punctuation stays
//! attached, a word that the file lacks is a vector of zeros. A sentence of such words alone is not
//! known ([`SentenceWords::knows`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use locvtp_model::ModelDirectory;
use serde::{Deserialize, Serialize};

use super::glove::read_word_vectors;
use crate::embedding::Embedder;
use crate::error::TransferError;
use crate::extraction::FeatureSpace;
use crate::inputs::WordOrigin;
use crate::model_fingerprint::ModelIdentity;
use crate::model_location::locate_model;
use crate::setting_error::SettingError;

/// `[words]` of a task file: one of `model` and `glove`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WordSection {
    /// A model directory (or a run or demo folder), whose text encoder is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<PathBuf>,
    /// Which features of its words; `projected` when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space: Option<FeatureSpace>,
    /// A text file of word vectors, like `glove.6B.300d.txt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub glove: Option<PathBuf>,
    /// With `glove`: the full stop that ends a sentence is no part of its last word, as 2D-TAN has it
    /// for Charades-STA.
    pub strip_final_period: bool,
}

impl WordSection {
    /// # Errors
    /// When none or both are given.
    pub fn check(&self) -> Result<(), SettingError> {
        let found = match (&self.model, &self.glove) {
            (None, None) => "nothing",
            (Some(_), Some(_)) => "both",
            (None, Some(_)) if self.space.is_some() => {
                let found = "given beside words.glove".to_owned();
                let expected = "left out: it chooses features of a model";
                return Err(SettingError { key: "words.space", found, expected });
            }
            (Some(_), None) if self.space == Some(FeatureSpace::MeanColour) => {
                let found = FeatureSpace::MeanColour.name().to_owned();
                let expected = "backbone or projected: words have no colour";
                return Err(SettingError { key: "words.space", found, expected });
            }
            _ => return Ok(()),
        };
        let (key, found) = ("words.model or words.glove", found.to_owned());
        let expected = "one of them: a model directory, or a text file of word vectors";
        Err(SettingError { key, found, expected })
    }

    /// Reads where the words of `sentences` come from; no text encoder is run yet.
    ///
    /// # Errors
    /// When the model or the vectors cannot be read.
    pub fn open(&self, sentences: &[&str], device: &Device) -> Result<WordSource, TransferError> {
        match (&self.model, &self.glove) {
            (Some(model), _) => {
                let place = locate_model(model);
                let directory = ModelDirectory::read(&place, device)?;
                directory.words()?;
                let identity = ModelIdentity::of(&place)?;
                let embedder = Box::new(Embedder::new(directory, device.clone()));
                let space = self.space.unwrap_or(FeatureSpace::Projected);
                Ok(WordSource::Model { embedder, identity, space })
            }
            (None, Some(glove)) => {
                let strip = self.strip_final_period;
                let words = SentenceWords::of_glove(glove, strip, sentences)?;
                Ok(WordSource::Vectors { file: glove.clone(), words })
            }
            (None, None) => {
                self.check()?;
                unreachable!("the check refuses a section without words")
            }
        }
    }

    /// The words of `sentences`.
    ///
    /// # Errors
    /// As [`WordSection::open`]; when a word has no vector.
    pub fn read(
        &self,
        sentences: &[&str],
        device: &Device,
    ) -> Result<SentenceWords, TransferError> {
        self.open(sentences, device)?.words(sentences)
    }
}

/// Where words come from.
pub enum WordSource {
    /// A text encoder.
    Model {
        /// The model.
        embedder: Box<Embedder>,
        /// Which model it is.
        identity: ModelIdentity,
        /// Which features of its words.
        space: FeatureSpace,
    },
    /// Vectors from a file.
    Vectors {
        /// The file.
        file: PathBuf,
        /// Those of the sentences that it was opened for.
        words: SentenceWords,
    },
}

impl WordSource {
    /// Numbers of a word.
    pub fn width(&self) -> usize {
        match self {
            Self::Model { embedder, space, .. } => {
                let config = &embedder.directory().config;
                match space {
                    FeatureSpace::Projected => config.embedding_width(),
                    _ => config.text.width(),
                }
            }
            Self::Vectors { words, .. } => words.width(),
        }
    }

    /// The model, where the words are of one.
    pub fn model(&self) -> Option<&ModelIdentity> {
        match self {
            Self::Model { identity, .. } => Some(identity),
            Self::Vectors { .. } => None,
        }
    }

    /// Whose words they are, for the result of a task.
    pub fn origin(&self) -> WordOrigin {
        match self {
            Self::Model { identity, space, .. } => {
                WordOrigin::Model { model: identity.clone(), space: space.name().to_owned() }
            }
            Self::Vectors { file, .. } => WordOrigin::Vectors { glove: file.clone() },
        }
    }

    /// The words of `sentences`; of vectors, those of all sentences that they were read for.
    ///
    /// # Errors
    /// When the text encoder cannot read one.
    pub fn words(self, sentences: &[&str]) -> Result<SentenceWords, TransferError> {
        match self {
            Self::Model { embedder, space, .. } => {
                SentenceWords::of_model(&embedder, space, sentences)
            }
            Self::Vectors { words, .. } => Ok(words),
        }
    }
}

/// The words of many sentences. A sentence that is not among those read has none.
#[derive(Clone, Debug, PartialEq)]
pub struct SentenceWords {
    width: usize,
    /// `[rows, width]`; row 0 holds zeros.
    rows: Vec<f32>,
    /// Rows of each sentence's words.
    sentences: HashMap<String, Vec<u32>>,
}

impl SentenceWords {
    fn new(width: usize) -> Self {
        Self { width, rows: vec![0.0; width], sentences: HashMap::new() }
    }

    fn push_row(&mut self, row: &[f32]) -> u32 {
        self.rows.extend_from_slice(row);
        u32::try_from(self.rows.len() / self.width - 1).expect("fewer than 2^32 words")
    }

    fn of_model(
        embedder: &Embedder,
        space: FeatureSpace,
        sentences: &[&str],
    ) -> Result<Self, TransferError> {
        let mut words = Self::new(0);
        let tokenizer = embedder.directory().words()?;
        let mut known = Vec::with_capacity(sentences.len());
        for sentence in sentences {
            if tokenizer.encode_without_unknown_signs(sentence)?.num_words() > 0 {
                known.push(*sentence);
            }
        }
        for (sentence, rows) in known.iter().zip(embedder.word_features(&known, space)?) {
            if words.width == 0 {
                words = Self::new(rows[0].len());
            }
            let rows = rows.iter().map(|row| words.push_row(row)).collect();
            words.sentences.insert((*sentence).to_owned(), rows);
        }
        Ok(words)
    }

    fn of_glove(
        path: &Path,
        strip_final_period: bool,
        sentences: &[&str],
    ) -> Result<Self, TransferError> {
        let split = |sentence: &str| -> Vec<String> {
            let bare = if strip_final_period { sentence.trim_end_matches('.') } else { sentence };
            bare.split_whitespace().map(str::to_lowercase).collect()
        };
        let wanted: BTreeSet<String> = sentences.iter().flat_map(|text| split(text)).collect();
        let found = read_word_vectors(path, &wanted)?;
        let mut words = Self::new(found.width);
        let rows: BTreeMap<&String, u32> =
            found.vectors.iter().map(|(word, vector)| (word, words.push_row(vector))).collect();
        for sentence in sentences {
            let places: Vec<u32> = split(sentence)
                .iter()
                .map(|word| rows.get(word).copied().unwrap_or_default())
                .collect();
            if places.iter().any(|row| *row != 0) {
                words.sentences.insert((*sentence).to_owned(), places);
            }
        }
        Ok(words)
    }

    /// Numbers of a word.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether a sentence has a word that is known.
    pub fn knows(&self, sentence: &str) -> bool {
        self.sentences.get(sentence).is_some_and(|rows| !rows.is_empty())
    }

    /// How many words a sentence has, known or not.
    pub fn num_words(&self, sentence: &str) -> usize {
        self.sentences.get(sentence).map_or(0, Vec::len)
    }

    /// The words of a sentence, one after the other; none when it is not known.
    pub fn of(&self, sentence: &str) -> Vec<Vec<f32>> {
        let rows = self.sentences.get(sentence).map_or(&[][..], Vec::as_slice);
        let row = |row: &u32| self.rows[*row as usize * self.width..][..self.width].to_vec();
        rows.iter().map(row).collect()
    }

    /// The words of some sentences, padded with zeros to the longest of them; of a sentence of more
    /// than `most` words, the first.
    ///
    /// # Panics
    /// When a sentence is not known.
    pub fn batch(&self, sentences: &[&str], most: Option<usize>) -> WordBatch {
        let rows: Vec<&[u32]> = sentences
            .iter()
            .map(|sentence| {
                let rows = self.sentences.get(*sentence);
                let rows = rows.unwrap_or_else(|| panic!("{sentence:?} is not among the words"));
                &rows[..rows.len().min(most.unwrap_or(usize::MAX))]
            })
            .collect();
        let lengths: Vec<usize> = rows.iter().map(|rows| rows.len()).collect();
        let padded_length = lengths.iter().copied().max().unwrap_or(0);
        let mut values = vec![0.0; sentences.len() * padded_length * self.width];
        for (sentence, rows) in rows.iter().enumerate() {
            for (place, row) in rows.iter().enumerate() {
                let (from, to) = (*row as usize * self.width, sentence * padded_length + place);
                values[to * self.width..][..self.width]
                    .copy_from_slice(&self.rows[from..from + self.width]);
            }
        }
        WordBatch { values, lengths, padded_length, width: self.width }
    }
}

/// The words of some sentences, padded on the right.
#[derive(Clone, Debug, PartialEq)]
pub struct WordBatch {
    /// `[b, n, width]`, zeros behind a sentence's words.
    pub values: Vec<f32>,
    /// Words of each sentence.
    pub lengths: Vec<usize>,
    /// Words of the longest, `n`.
    pub padded_length: usize,
    /// Numbers of a word.
    pub width: usize,
}

impl WordBatch {
    /// `[b, n, width]`.
    pub fn tensor(&self, device: &Device) -> Tensor<3> {
        let shape = [self.lengths.len(), self.padded_length, self.width];
        Tensor::from_data(TensorData::new(self.values.clone(), shape), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glove(strip_final_period: bool) -> SentenceWords {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("glove.txt");
        std::fs::write(&path, "red 1 2\nsquare 3 4\nmoves. 5 6\nmoves 7 8\n").unwrap();
        let sentences = ["A Red  square\tmoves.", "square", "what is it"];
        SentenceWords::of_glove(&path, strip_final_period, &sentences).unwrap()
    }

    #[test]
    fn words_are_split_at_white_space_and_lower_cased_with_punctuation_attached() {
        let batch = glove(false).batch(&["A Red  square\tmoves.", "square"], None);
        assert_eq!(batch.lengths, [4, 1]);
        // "a" is not in the file; the second sentence is padded.
        assert_eq!(batch.values[..8], [0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(batch.values[8..], [3.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let stripped = glove(true).batch(&["A Red  square\tmoves."], Some(4));
        assert_eq!(stripped.values[6..], [7.0, 8.0]);
        assert_eq!(glove(false).batch(&["A Red  square\tmoves."], Some(2)).lengths, [2]);
    }

    #[test]
    fn a_sentence_of_unknown_words_is_not_known() {
        let words = glove(false);
        assert!(words.knows("square") && !words.knows("what is it") && !words.knows("never read"));
    }

    #[test]
    fn words_come_from_one_place() {
        let both = WordSection {
            model: Some("model".into()),
            glove: Some("glove.txt".into()),
            ..WordSection::default()
        };
        for section in [both, WordSection::default()] {
            let error = section.check().unwrap_err().to_string();
            assert!(error.contains("words.model") && error.contains("words.glove"), "{error}");
        }
    }
}
