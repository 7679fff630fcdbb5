//! What is asked of words that are said: phrases, all of which must stand in a cue.

use std::collections::HashSet;

/// What stands between spaces, or signs that no subtitle holds; its words must follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phrase<'t> {
    /// Its words, with the signs between them.
    pub(crate) text: &'t str,
    /// Whether its last word may go on: `egg*` finds "eggs".
    pub(crate) goes_on: bool,
}

/// Words that are looked for at once, at most: every one costs a look at all the places where it stands. No subtitle
/// has as many in a line.
pub const MOST_WORDS_SAID: usize = 32;

/// Words with a `*` behind them that are looked for at once, at most: every one stands for all that begin so, and to put
/// together where those stand is the dearest part of a question.
pub const MOST_OPEN_WORDS_SAID: usize = 4;

/// Seconds that a catalogue looks for words. Common ones take milliseconds.
pub(crate) const MOST_S: u64 = 5;

/// How many words of a text have a `*` behind them.
pub fn num_open_words_said(text: &str) -> usize {
    phrases(text).filter(|phrase| phrase.goes_on).count()
}

/// How many words of a text would be looked for, each phrase once.
pub fn num_words_said(text: &str) -> usize {
    let words = |phrase: Phrase<'_>| {
        phrase.text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count()
    };
    phrases(text).map(words).sum()
}

/// The phrases of a question, each once; what holds no letter and no digit is none.
pub(crate) fn phrases(text: &str) -> impl Iterator<Item = Phrase<'_>> {
    let is_between = |c: char| c.is_whitespace() || c.is_control();
    let pieces = text.split(is_between).map(|piece| {
        let text = piece.trim_end_matches('*');
        let goes_on = text.len() < piece.len() && text.ends_with(char::is_alphanumeric);
        Phrase { text, goes_on }
    });
    let mut known = HashSet::new();
    pieces
        .filter(|phrase| phrase.text.contains(char::is_alphanumeric))
        .filter(move |phrase| known.insert((phrase.text.to_lowercase(), phrase.goes_on)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_behind_a_word_lets_it_go_on_and_signs_alone_are_no_phrase() {
        let told: Vec<_> =
            phrases("crack  egg* don't** * -* a.* *b").map(|it| (it.text, it.goes_on)).collect();
        let wanted =
            [("crack", false), ("egg", true), ("don't", true), ("a.", false), ("*b", false)];
        assert_eq!(told, wanted);
        // What is asked for twice is asked for once.
        let told: Vec<_> = phrases("m* M* m m*").map(|it| (it.text, it.goes_on)).collect();
        assert_eq!(told, [("m", true), ("m", false)]);
        assert_eq!(num_open_words_said("m* M* m n*"), 2);
        assert_eq!(num_words_said("crack egg* don't CRACK"), 4);
        assert_eq!(num_words_said(&"m-".repeat(900)), 900);
        // A database takes a text with a zero for one that breaks off.
        let told: Vec<_> = phrases("a\0b\u{1}c* \0 \n").map(|it| (it.text, it.goes_on)).collect();
        assert_eq!(told, [("a", false), ("b", false), ("c", true)]);
    }
}
