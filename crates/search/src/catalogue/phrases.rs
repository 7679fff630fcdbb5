//! What is asked of words that are said: phrases, all of which must stand in a cue.

use std::collections::HashSet;

/// What stands between spaces, or signs that no subtitle holds; its words must follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Phrase<'t> {
    /// Its words, with the signs between them.
    pub(crate) text: &'t str,
    /// Whether its last word may go on: `egg*` finds "eggs".
    pub(crate) goes_on: bool,
}

/// Different phrases that are looked for in one cue, at most: each is looked up in the index of all words.
pub const MOST_PHRASES: usize = 32;

/// How many different phrases a question has.
pub fn num_phrases(text: &str) -> usize {
    phrases(text).count()
}

/// The phrases of a question, each once; what holds no letter and no digit is none.
pub(crate) fn phrases(text: &str) -> impl Iterator<Item = Phrase<'_>> {
    let is_between = |c: char| c.is_whitespace() || c.is_control();
    let pieces = text.split(is_between).map(|piece| {
        let text = piece.trim_end_matches('*');
        let goes_on = text.len() < piece.len() && text.ends_with(char::is_alphanumeric);
        Phrase { text, goes_on }
    });
    let mut seen = HashSet::new();
    let phrases = pieces.filter(|phrase| phrase.text.contains(char::is_alphanumeric));
    phrases.filter(move |phrase| seen.insert(*phrase))
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
        // Each is looked for once.
        assert_eq!((num_phrases(&"m* ".repeat(660)), num_phrases("m m* m")), (1, 2));
        // A database takes a text with a zero for one that breaks off.
        let told: Vec<_> = phrases("a\0b\u{1}c* \0 \n").map(|it| (it.text, it.goes_on)).collect();
        assert_eq!(told, [("a", false), ("b", false), ("c", true)]);
    }
}
