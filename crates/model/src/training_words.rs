//! The words that a model was trained with, `training_words.json` in its directory: a word that is not
//! among them has taught it nothing, however sure its answer looks.
//!
//! A word is a run of letters and digits in lower case without accents, as a tokenizer of BERT's kind
//! sees it; ideographs are words each. Directories of earlier
//! versions and imported models have no such file: which words they have seen is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use locvtp_video::plain_file;
use serde::{Deserialize, Serialize};
use tokenizers::normalizers::BertNormalizer;
use tokenizers::{NormalizedString, Normalizer};

use crate::ModelError;
use crate::model_directory::write_synced;

/// The file's name in a model directory, and in the folder of a run.
pub const TRAINING_WORDS_FILE: &str = "training_words.json";

/// Words that are listed, at most; of more, those that were said most often are.
const MOST: usize = 100_000;

/// Words of a sentence that name nothing one could see. The others decide whether a model knows what
/// is asked.
const NAMING_NOTHING: [&str; 40] = [
    "a", "an", "the", "and", "or", "of", "to", "in", "on", "at", "by", "for", "from", "with",
    "into", "onto", "over", "under", "up", "down", "is", "are", "was", "were", "be", "being", "it",
    "its", "he", "she", "his", "her", "they", "their", "this", "that", "there", "some", "then",
    "as",
];

/// How often each word was said in the captions of training.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingWords {
    /// Whether the model had learned from other texts before, of which no list is there: it may know
    /// more words.
    pub pretrained: bool,
    /// A word is listed if it was said so often at least: 1 where all are.
    pub least: u64,
    /// The words, and how often each was said.
    pub words: BTreeMap<String, u64>,
}

impl TrainingWords {
    /// The words of captions.
    pub fn of<'a>(captions: impl Iterator<Item = &'a str>) -> Self {
        let mut words = BTreeMap::new();
        for caption in captions {
            for word in words_of(caption) {
                *words.entry(word).or_insert(0) += 1;
            }
        }
        Self { pretrained: false, least: 1, words }.at_most(MOST)
    }

    /// These and those that the model which training started from had seen; `None` where that is not
    /// known, and it may have read anything.
    #[must_use]
    pub fn after(mut self, earlier: Option<Self>) -> Self {
        let Some(earlier) = earlier else { return Self { pretrained: true, ..self } };
        for (word, count) in earlier.words {
            *self.words.entry(word).or_insert(0) += count;
        }
        self.pretrained |= earlier.pretrained;
        self.least = self.least.max(earlier.least);
        self.at_most(MOST)
    }

    fn at_most(mut self, most: usize) -> Self {
        if self.words.len() > most {
            let mut counts: Vec<u64> = self.words.values().copied().collect();
            counts.sort_unstable_by(|a, b| b.cmp(a));
            // As many as are said more often than the first that has no place.
            self.least = self.least.max(counts[most] + 1);
            self.words.retain(|_, count| *count >= self.least);
        }
        self
    }

    /// The words of `sentence` that training did not show, in their order, each once, and whether
    /// they are all that name something. What has read other texts before knows "a" and "the".
    pub fn unseen(&self, sentence: &str) -> (Vec<String>, bool) {
        let names = |word: &str| !NAMING_NOTHING.contains(&word);
        let (mut unseen, mut known) = (Vec::new(), BTreeSet::new());
        for word in words_of(sentence) {
            if self.words.contains_key(&word) || (self.pretrained && !names(&word)) {
                known.insert(word);
            } else if !unseen.contains(&word) {
                unseen.push(word);
            }
        }
        let all = unseen.iter().any(|word| names(word)) && !known.iter().any(|word| names(word));
        (unseen, all)
    }

    /// Whether a text has words at all: a picture of a smile is none.
    pub fn are_in(text: &str) -> bool {
        !words_of(text).is_empty()
    }

    /// Whether training showed a word of `text` that names something, or other texts before may have: what is not so
    /// tells the model nothing.
    pub fn may_know(&self, text: &str) -> bool {
        self.pretrained || Self::are_in(text) && !self.unseen(text).1
    }

    /// The words of the model (or checkpoint) in `dir`; `None` where it is not known which it has seen.
    ///
    /// A checkpoint of an earlier version has no list of its own: it lies two folders deep in its run,
    /// which has one.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn of_model(dir: &Path) -> Result<Option<Self>, ModelError> {
        if let Some(own) = Self::read(dir)? {
            return Ok(Some(own));
        }
        // As it truly lies, wherever a link or `.` leads.
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let above = dir.parent().filter(|folder| folder.ends_with("checkpoints"));
        above.and_then(Path::parent).map_or(Ok(None), Self::read)
    }

    /// The words in the folder `dir`; `None` where there is no such file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(dir: &Path) -> Result<Option<Self>, ModelError> {
        let path = dir.join(TRAINING_WORDS_FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let text = plain_file::read_text(&path)
            .map_err(ModelError::file(&path, "read the words of training"))?;
        serde_json::from_str(&text).map(Some).map_err(|error| ModelError::Json {
            path,
            what: "list of the words of training",
            reason: error.to_string(),
        })
    }

    /// Writes them into the folder `dir`.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub fn write(&self, dir: &Path) -> Result<(), ModelError> {
        let text = serde_json::to_string(self).expect("plain data") + "\n";
        write_synced(&dir.join(TRAINING_WORDS_FILE), text.as_bytes())
    }
}

/// The words of a text, in their order, in lower case without accents: runs of letters and digits. Signs are no words.
pub fn words_of(text: &str) -> Vec<String> {
    let normalised = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        let mut normalised = NormalizedString::from(text);
        // It only ever changes characters; a text that it could not change would be as it is.
        let _ = BertNormalizer::default().normalize(&mut normalised);
        normalised.get().to_lowercase()
    };
    let words = normalised.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> TrainingWords {
        TrainingWords::of(["So a red square moves left.", "the red disc's café"].into_iter())
    }

    #[test]
    fn a_word_is_seen_in_any_case_with_any_sign_beside_it_and_without_accents() {
        assert_eq!(words().words["red"], 2);
        for seen in ["Red SQUARE!", "\"left\"", "cafe", "CAFÉ", "disc", "", "?!"] {
            assert_eq!(words().unseen(seen), (vec![], false), "{seen}");
        }
    }

    #[test]
    fn unseen_words_are_told_and_whether_nothing_else_names_anything() {
        let unseen = |sentence: &str| {
            let (unseen, all) = words().unseen(sentence);
            (unseen.join(" "), all)
        };
        assert_eq!(unseen("a dog on a skateboard"), ("dog on skateboard".into(), true));
        assert_eq!(unseen("the dog moves"), ("dog".into(), false));
        assert_eq!(unseen("dog dog"), ("dog".into(), true));
        // Little words alone name nothing: nobody can say that the model does not know them.
        assert_eq!(unseen("of the"), ("of".into(), false));
        // Ideographs are words each.
        assert_eq!(unseen("犬走"), ("犬 走".into(), true));
        for (text, may_know) in [("a dog", false), ("red dog", true), ("a", true), ("😀", false)]
        {
            assert_eq!(words().may_know(text), may_know, "{text}");
            assert!(TrainingWords { pretrained: true, ..words() }.may_know(text), "{text}");
        }
    }

    #[test]
    fn of_too_many_words_the_rare_ones_are_left_out_and_it_says_how_rare() {
        let text = "a a a b b c d";
        let words = TrainingWords::of(std::iter::once(text));
        assert_eq!((words.least, words.words.len()), (1, 4));
        let few = words.at_most(2);
        assert_eq!(few.least, 2);
        assert_eq!(few.words.keys().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn what_was_seen_before_counts_and_a_past_nobody_knows_is_noted() {
        let both = words().after(Some(TrainingWords::of(std::iter::once("a dog"))));
        assert_eq!(both.unseen("red dog"), (vec![], false));
        let after = both.clone().after(None);
        assert!(!both.pretrained && after.pretrained);
        assert_eq!(after.unseen("an owl on a dog"), (vec!["owl".to_owned()], false));
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(TrainingWords::read(dir.path()).unwrap(), None);
        both.write(dir.path()).unwrap();
        assert_eq!(TrainingWords::read(dir.path()).unwrap(), Some(both));
    }

    #[test]
    fn a_checkpoint_without_a_list_has_the_words_of_its_run() {
        let run = tempfile::tempdir().unwrap();
        let checkpoint = run.path().join("checkpoints/step-00000009");
        std::fs::create_dir_all(&checkpoint).unwrap();
        assert_eq!(TrainingWords::of_model(&checkpoint).unwrap(), None);
        words().write(run.path()).unwrap();
        assert_eq!(TrainingWords::of_model(&checkpoint).unwrap(), Some(words()));
        assert_eq!(TrainingWords::of_model(&run.path().join("elsewhere")).unwrap(), None);
        let own = TrainingWords::of(std::iter::once("a dog"));
        own.write(&checkpoint).unwrap();
        assert_eq!(TrainingWords::of_model(&checkpoint).unwrap(), Some(own));
    }
}
