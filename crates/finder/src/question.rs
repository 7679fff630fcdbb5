//! What is asked.

use std::path::PathBuf;

use locvtp_model::TrainingWords;
use locvtp_search::catalogue::{MOST_PHRASES, num_phrases};
use locvtp_transfer::ClipScore;
use locvtp_video::Seconds;

use crate::file_filter::FileFilter;
use crate::question_error::QuestionError;

/// Letters of a sentence at most, with its terms.
const MOST_LETTERS: usize = 2000;

/// What should be seen: a sentence, and terms that are added and taken away.
///
/// # Example
/// ```
/// use locvtp_finder::Sentence;
///
/// let sentence = Sentence::read(r#"a dog runs +beach -"at night""#)?;
/// assert_eq!(sentence.text, "a dog runs");
/// assert_eq!((sentence.with, sentence.without), (vec!["beach".into()], vec!["at night".into()]));
/// # Ok::<(), locvtp_finder::QuestionError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// The sentence itself; may be empty where a term is added.
    pub text: String,
    /// Terms that should be there as well.
    pub with: Vec<String>,
    /// Terms that should not be there.
    pub without: Vec<String>,
}

impl Sentence {
    /// Reads what a person types: words, `+word` and `-word`; several words of a term stand in quotes.
    ///
    /// # Errors
    /// When nothing is left to look for, a quote is not closed, or it is longer than 2,000 letters.
    pub fn read(typed: &str) -> Result<Self, QuestionError> {
        let found = typed.chars().count();
        if found > MOST_LETTERS {
            return Err(QuestionError::TooLong { found, most: MOST_LETTERS });
        }
        let (mut sentence, mut words) = (Self::default(), Vec::new());
        let mut rest = typed.trim();
        while !rest.is_empty() {
            let sign = rest.chars().next().filter(|sign| "+-".contains(*sign));
            let behind = sign.map_or(rest, |_| &rest[1..]);
            let is_term =
                sign.is_some() && behind.starts_with(|c: char| c.is_alphanumeric() || c == '"');
            let (word, left) = match behind.strip_prefix('"').filter(|_| is_term) {
                Some(quoted) => quoted
                    .split_once('"')
                    .ok_or_else(|| QuestionError::OpenQuote { sentence: typed.to_owned() })?,
                None => {
                    let whole = if is_term { behind } else { rest };
                    whole.split_once(char::is_whitespace).unwrap_or((whole, ""))
                }
            };
            match sign.filter(|_| is_term) {
                Some('+') => sentence.with.push(word.to_owned()),
                Some(_) => sentence.without.push(word.to_owned()),
                None => words.push(word),
            }
            rest = left.trim_start();
        }
        sentence.text = words.join(" ");
        // Signs alone say nothing; other letters than ours, and pictures as letters, may.
        let says =
            |text: &str| text.contains(|c: char| !c.is_ascii_punctuation() && !c.is_whitespace());
        let has_any = says(&sentence.text) || sentence.with.iter().any(|term| says(term));
        match (has_any, sentence.without.is_empty()) {
            (true, _) => Ok(sentence),
            (false, true) => Err(QuestionError::Empty),
            (false, false) => Err(QuestionError::OnlyWithout { sentence: typed.to_owned() }),
        }
    }

    /// Without the parts of which the model knows no word, as these would turn it to nowhere. Where it knows none of
    /// what should be there, all of it.
    pub(crate) fn known_by(&self, training: Option<&TrainingWords>) -> Self {
        let is_known = |part: &str| training.is_none_or(|training| training.may_know(part));
        let keep = |terms: &[String]| terms.iter().filter(|it| is_known(it)).cloned().collect();
        let text = Some(self.text.clone()).filter(|text| is_known(text)).unwrap_or_default();
        let known = Self { text, with: keep(&self.with), without: keep(&self.without) };
        if known.text.is_empty() && known.with.is_empty() { self.clone() } else { known }
    }

    /// As it was typed, but for spaces and quotes.
    pub fn typed(&self) -> String {
        let text = Some(self.text.clone()).filter(|text| !text.is_empty());
        let with = self.with.iter().map(|term| format!("+{term}"));
        let without = self.without.iter().map(|term| format!("-{term}"));
        text.into_iter().chain(with).chain(without).collect::<Vec<_>>().join(" ")
    }

    /// The sentence and the terms that should be there, as words to be found in what is said.
    pub fn words(&self) -> String {
        let parts = std::iter::once(&self.text).chain(&self.with).map(String::as_str);
        parts.collect::<Vec<_>>().join(" ").trim().to_owned()
    }
}

/// Something that is looked for by its looks.
#[derive(Clone, Debug, PartialEq)]
pub enum Alike {
    /// A picture, or a video as a whole.
    Picture(PathBuf),
    /// What is seen in an indexed file at a moment.
    Moment {
        /// The file.
        path: PathBuf,
        /// The moment.
        at: Seconds,
    },
}

/// A question to an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What should be seen; what is said is searched for its words as well.
    pub sentence: Option<Sentence>,
    /// What should look like this; taken together with the sentence where both are there.
    pub alike: Option<Alike>,
    /// Words that should be said; `egg*` is any word that begins so. What is seen then counts only where a sentence is there, too.
    pub said: Option<String>,
    /// The files that are meant.
    pub files: FileFilter,
    /// Moments at most.
    pub top: usize,
    /// Moments of one file at most.
    pub per_file: usize,
    /// How clips of the best files are compared with the sentence.
    pub score: ClipScore,
    /// Whether the ends of what is seen are looked for to the frame, in the files themselves.
    pub refine: bool,
    /// Also what was measured not to be there.
    pub show_all: bool,
    /// Whether the files of the moments are read for something afterwards: of those that were touched it is then looked whether
    /// they were changed, however large they are.
    pub reads_files: bool,
}

impl Question {
    /// A sentence, about all files: ten moments at most, three of a file.
    pub fn of(sentence: &str) -> Self {
        let text = sentence.to_owned();
        Self { sentence: Some(Sentence { text, ..Sentence::default() }), ..Self::default() }
    }
}

impl Question {
    /// Whether it asks for something.
    ///
    /// # Errors
    /// When it asks for nothing, or its words to be said have no letter, are more than 2,000 letters, or hold terms, as
    /// sentences do.
    pub(crate) fn check(&self) -> Result<(), QuestionError> {
        if self.sentence.is_none() && self.alike.is_none() && self.said.is_none() {
            return Err(QuestionError::Empty);
        }
        let Some(said) = &self.said else { return Ok(()) };
        let found = said.chars().count();
        if found > MOST_LETTERS {
            return Err(QuestionError::TooLong { found, most: MOST_LETTERS });
        }
        if !said.contains(char::is_alphanumeric) {
            return Err(QuestionError::NoWords { said: said.clone() });
        }
        let found = num_phrases(said);
        if found > MOST_PHRASES {
            return Err(QuestionError::TooManyWords { found, most: MOST_PHRASES });
        }
        let is_term = |piece: &&str| {
            piece
                .strip_prefix(['+', '-'])
                .is_some_and(|behind| behind.starts_with(|c: char| c.is_alphanumeric() || c == '"'))
        };
        match said.split_whitespace().find(is_term) {
            Some(term) => Err(QuestionError::SaidTerm { term: term.to_owned() }),
            None if said.contains('"') => Err(QuestionError::SaidQuote { said: said.clone() }),
            None => Ok(()),
        }
    }

    /// Whether a sentence alone is looked for in the pictures, without terms and without what looks like something:
    /// how sure that is was measured.
    pub fn is_plain(&self) -> bool {
        let has_terms = |it: &Sentence| !it.with.is_empty() || !it.without.is_empty();
        self.alike.is_none() && !self.sentence.as_ref().is_some_and(has_terms)
    }
}

impl Default for Question {
    fn default() -> Self {
        Self {
            sentence: None,
            alike: None,
            said: None,
            files: FileFilter::default(),
            top: 10,
            per_file: 3,
            score: ClipScore::Sentence,
            refine: false,
            show_all: false,
            reads_files: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_which_no_word_is_known_are_left_out() {
        let training = TrainingWords::of(["a green square moves"].into_iter());
        for (typed, left) in [
            ("green +zyxw -zyxw", "green"),
            ("green +square -moves", "green +square -moves"),
            (r#"green +"a zyxw" -"zyxw moves""#, "green -zyxw moves"),
            ("zyxw +square", "+square"),
            ("green +a", "green +a"),
            ("zyxw +wxyz -green", "zyxw +wxyz -green"),
            ("green -😀", "green -😀"),
        ] {
            let sentence = Sentence::read(typed).unwrap();
            assert_eq!(sentence.known_by(Some(&training)).typed(), left, "{typed}");
            assert_eq!(sentence.known_by(None), sentence);
            let earlier = TrainingWords { pretrained: true, ..training.clone() };
            assert_eq!(sentence.known_by(Some(&earlier)), sentence);
        }
    }

    #[test]
    fn hyphens_and_signs_within_words_are_no_terms() {
        let read = |typed: &str| Sentence::read(typed).unwrap();
        assert_eq!(read("a T-shirt - or c++").text, "a T-shirt - or c++");
        let terms = read("-rain +\"red car\" two dogs +-");
        assert_eq!(
            (terms.text.as_str(), terms.words().as_str()),
            ("two dogs +-", "two dogs +- red car")
        );
        assert_eq!((terms.with, terms.without), (vec!["red car".into()], vec!["rain".into()]));
        assert_eq!(read("+beach").text, "");
    }

    #[test]
    fn as_many_words_to_be_said_are_refused_as_stand_in_no_line() {
        let said = |said: String| Question { said: Some(said), ..Question::default() }.check();
        let words = |num: usize| (0..num).map(|word| format!("w{word}* ")).collect::<String>();
        assert_eq!(said(words(32)), Ok(()));
        assert_eq!(said(words(33)), Err(QuestionError::TooManyWords { found: 33, most: 32 }));
        assert_eq!(said("m* ".repeat(600)), Ok(()), "one word");
    }

    #[test]
    fn what_asks_for_nothing_is_refused() {
        for nothing in ["  ", "+", "\"\"", "- +", "?!", "+\"\""] {
            assert_eq!(Sentence::read(nothing), Err(QuestionError::Empty), "{nothing}");
        }
        assert_eq!(Sentence::read("\u{1f436}").unwrap().text, "\u{1f436}");
        assert!(matches!(Sentence::read("-rain"), Err(QuestionError::OnlyWithout { .. })));
        assert!(matches!(Sentence::read("a +\"red"), Err(QuestionError::OpenQuote { .. })));
        let long = "a ".repeat(1001);
        assert_eq!(
            Sentence::read(&long),
            Err(QuestionError::TooLong { found: 2002, most: MOST_LETTERS })
        );
    }
}
