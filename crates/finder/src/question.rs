//! What is asked.

use std::path::PathBuf;

use locvtp_model::TrainingWords;
use locvtp_search::catalogue::{
    MOST_OPEN_WORDS_SAID, MOST_WORDS_SAID, num_open_words_said, num_words_said,
};
use locvtp_transfer::ClipScore;
use locvtp_video::{MediaLocation, Seconds};

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
            let is_term = sign.is_some() && begins_term(behind);
            let (word, left) = match opened_quote(behind).filter(|_| is_term) {
                Some((quoted, closing)) => closed_quote(quoted, closing)
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

    /// Without the parts of which the model knows no word that names something, as these would turn it to nowhere. Where it knows none of
    /// what should be there, all of it.
    pub(crate) fn known_by(&self, training: Option<&TrainingWords>) -> Self {
        let may_know = |it: &TrainingWords, part: &str| it.may_know(part) && !names_nothing(part);
        let is_known = |part: &str| training.is_none_or(|training| may_know(training, part));
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

/// Quotes that begin a term of several words, with those that end it: some programs exchange the plain ones as one types.
const QUOTES: [(char, &[char]); 6] = [
    ('"', &['"']),
    ('\'', &['\'']),
    ('\u{201c}', &['\u{201d}']),
    ('\u{201e}', &['\u{201c}', '\u{201d}']),
    ('\u{2018}', &['\u{2019}']),
    ('\u{ab}', &['\u{bb}']),
];

/// Whether what stands behind a `+` or `-` makes a term of it.
fn begins_term(behind: &str) -> bool {
    behind.starts_with(char::is_alphanumeric) || opened_quote(behind).is_some()
}

/// What stands behind an opening quote, and how that may be closed.
fn opened_quote(text: &str) -> Option<(&str, &'static [char])> {
    let (_, closing) = QUOTES.iter().find(|(opening, _)| text.starts_with(*opening))?;
    let behind = text.chars().next()?.len_utf8();
    Some((&text[behind..], closing))
}

/// What stands in a quote, and behind it. Signs that are apostrophes, too, close it at the end of a word alone.
fn closed_quote<'t>(text: &'t str, closing: &[char]) -> Option<(&'t str, &'t str)> {
    let ends_word = |end: usize| text[end..].chars().next().is_none_or(char::is_whitespace);
    let mut found = text.match_indices(|c| closing.contains(&c));
    let (at, sign) = found.find(|(at, sign)| !is_apostrophe(sign) || ends_word(at + sign.len()))?;
    Some((&text[..at], &text[at + sign.len()..]))
}

fn is_apostrophe(sign: &str) -> bool {
    matches!(sign, "'" | "\u{2019}")
}

/// Whether no word of a text, which has some, names something that could be seen, as "a" and "the" do not.
pub fn names_nothing(text: &str) -> bool {
    // Of these, what has read any text knows.
    let of_any_text = TrainingWords { pretrained: true, ..TrainingWords::default() };
    TrainingWords::are_in(text) && of_any_text.unseen(text).0.is_empty()
}

/// Something that is looked for by its looks.
#[derive(Clone, Debug, PartialEq)]
pub enum Alike {
    /// A picture, or a video as a whole.
    Picture(MediaLocation),
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
    /// Moments at most whose ends are looked for; the ends of further ones stay as the clips have them.
    pub most_refined: usize,
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
    /// When it asks for nothing, or its words to be said have no letter, are more than 2,000 letters or
    /// [`MOST_WORDS_SAID`], or hold terms, as sentences do.
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
        let is_term = |piece: &&str| piece.strip_prefix(['+', '-']).is_some_and(begins_term);
        let found = num_words_said(said);
        if found > MOST_WORDS_SAID {
            return Err(QuestionError::TooManyWords { found, most: MOST_WORDS_SAID });
        }
        let found = num_open_words_said(said);
        if found > MOST_OPEN_WORDS_SAID {
            return Err(QuestionError::TooManyOpenWords { found, most: MOST_OPEN_WORDS_SAID });
        }
        match said.split_whitespace().find(is_term) {
            Some(term) => Err(QuestionError::SaidTerm { term: term.to_owned() }),
            None if said.contains('"') => Err(QuestionError::SaidQuote { said: said.clone() }),
            None => Ok(()),
        }
    }

    /// The words that are looked for in what is said: those that should be said, or else those of the sentence, where
    /// they are few enough to stand in one line.
    pub fn words_said(&self) -> Option<String> {
        let of_sentence = || self.sentence.as_ref().map(Sentence::words);
        let few = |words: &String| {
            num_words_said(words) <= MOST_WORDS_SAID
                && num_open_words_said(words) <= MOST_OPEN_WORDS_SAID
        };
        self.said.clone().or_else(|| of_sentence().filter(few))
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
            most_refined: usize::MAX,
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
            ("green +a -the", "green"),
            ("a +square", "+square"),
            ("a +the", "a +the"),
            ("zyxw +wxyz -green", "zyxw +wxyz -green"),
            ("green -😀", "green -😀"),
        ] {
            let sentence = Sentence::read(typed).unwrap();
            assert_eq!(sentence.known_by(Some(&training)).typed(), left, "{typed}");
            assert_eq!(sentence.known_by(None), sentence);
            let earlier = TrainingWords { pretrained: true, ..training.clone() };
            // What has read any text may know all words, but these name nothing all the same.
            let left = if typed.contains("zyxw") { typed } else { left };
            let all = Sentence::read(left).unwrap();
            assert_eq!(sentence.known_by(Some(&earlier)), all, "{typed}");
        }
    }

    #[test]
    fn a_term_stands_in_quotes_of_any_kind() {
        for typed in [
            r#"a ring -"at night" moves"#,
            "a ring -'at night' moves",
            "a ring -\u{201c}at night\u{201d} moves",
            "a ring -\u{201e}at night\u{201c} moves",
            "a ring -\u{2018}at night\u{2019} moves",
            "a ring -\u{ab}at night\u{bb} moves",
        ] {
            let sentence = Sentence::read(typed).unwrap();
            assert_eq!(sentence.text, "a ring moves", "{typed}");
            assert_eq!(sentence.without, ["at night"], "{typed}");
        }
        assert_eq!(Sentence::read("a ring -'green'").unwrap().without, ["green"]);
        // An apostrophe within a word closes nothing, and none is a quote that was not opened.
        assert_eq!(Sentence::read("dog +'the dog's ball'").unwrap().with, ["the dog's ball"]);
        assert_eq!(Sentence::read("the dog's 'ball'").unwrap().text, "the dog's 'ball'");
        let open = Sentence::read("a ring -'green");
        assert!(matches!(open, Err(QuestionError::OpenQuote { .. })), "{open:?}");
    }

    #[test]
    fn more_words_than_stand_in_a_line_are_not_looked_for_in_what_is_said() {
        let words: Vec<String> = (0..=MOST_WORDS_SAID).map(|word| format!("w{word}")).collect();
        let (many, few) = (words.join(" "), words[1..].join(" "));
        let asked = |said: &str| Question { said: Some(said.into()), ..Question::default() };
        let (found, most) = (33, MOST_WORDS_SAID);
        assert_eq!(asked(&many).check(), Err(QuestionError::TooManyWords { found, most }));
        assert_eq!(asked(&few).check(), Ok(()));
        assert_eq!(asked(&"m* ".repeat(600)).check(), Ok(()));
        let (found, most) = (5, MOST_OPEN_WORDS_SAID);
        let open = QuestionError::TooManyOpenWords { found, most };
        assert_eq!(asked("a* b* c* d* e* f").check(), Err(open));
        assert_eq!(asked("a* b* c* d* e f").check(), Ok(()));
        assert_eq!(Question::of("a* b* c* d* e*").words_said(), None);
        let phrase = "m-".repeat(100);
        assert!(matches!(asked(&phrase).check(), Err(QuestionError::TooManyWords { .. })));
        // A sentence is looked for in the pictures all the same.
        assert_eq!(Question::of(&many).check(), Ok(()));
        assert_eq!(Question::of(&many).words_said(), None);
        assert_eq!(Question::of(&few).words_said(), Some(few));
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
