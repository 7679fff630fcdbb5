//! What is asked of words that are said: phrases, all of which must stand in a cue.

/// What stands between spaces, or signs that no subtitle holds; its words must follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phrase<'t> {
    /// Its words, with the signs between them.
    pub(crate) text: &'t str,
    /// Whether its last word may go on: `egg*` finds "eggs".
    pub(crate) goes_on: bool,
}

/// The phrases of a question; what holds no letter and no digit is none.
pub(crate) fn phrases(text: &str) -> impl Iterator<Item = Phrase<'_>> {
    let is_between = |c: char| c.is_whitespace() || c.is_control();
    let pieces = text.split(is_between).map(|piece| {
        let text = piece.trim_end_matches('*');
        let goes_on = text.len() < piece.len() && text.ends_with(char::is_alphanumeric);
        Phrase { text, goes_on }
    });
    pieces.filter(|phrase| phrase.text.contains(char::is_alphanumeric))
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
        // A database takes a text with a zero for one that breaks off.
        let told: Vec<_> = phrases("a\0b\u{1}c* \0 \n").map(|it| (it.text, it.goes_on)).collect();
        assert_eq!(told, [("a", false), ("b", false), ("c", true)]);
    }
}
