//! How the two versions of SigLIP have a text before it is cut into pieces, as transformers 5.23 writes it.
//!
//! Neither stands in the files of a tokenizer: `SiglipTokenizer` lower-cases and takes ASCII's punctuation out
//! (`canonicalize_text`), and `Siglip2Tokenizer` puts a lower-casing before what the file says.

/// Stands for a space in pieces, and before the first word.
const SPACE: char = '\u{2581}';

/// Whose rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SiglipTextRules {
    /// Of version 1: pieces of SentencePiece.
    First,
    /// Of version 2: Gemma's byte pairs.
    Second,
}

impl SiglipTextRules {
    /// The rules of a vocabulary that has some special tokens.
    pub(crate) fn of(has: impl Fn(&str) -> bool) -> Option<Self> {
        if has("<bos>") && has("<eos>") {
            return Some(Self::Second);
        }
        // With `<s>` before it is another model's.
        (has("</s>") && !has("<s>")).then_some(Self::First)
    }

    /// What stands behind a sentence.
    pub(crate) fn end(self) -> &'static str {
        match self {
            Self::First => "</s>",
            Self::Second => "<eos>",
        }
    }

    /// What a sentence is padded with: the first version has its end for that.
    pub(crate) fn padding(self) -> &'static str {
        match self {
            Self::First => "</s>",
            Self::Second => "<pad>",
        }
    }

    /// A text as it is cut.
    pub(crate) fn written(self, text: &str) -> String {
        match self {
            Self::First => canonical(text),
            // Letter by letter, as the library of tokenizers does it: a last sigma stays like any other.
            Self::Second => text.chars().flat_map(char::to_lowercase).collect(),
        }
    }
}

/// Lower case, without ASCII's punctuation, single spaces; nothing where no word is left.
fn canonical(text: &str) -> String {
    let text = text.replace(SPACE, " ");
    let mut written = String::from(SPACE);
    let mut is_after_space = false;
    for c in text.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()) {
        if is_space(c) {
            is_after_space = true;
            continue;
        }
        if std::mem::take(&mut is_after_space) {
            written.push(' ');
        }
        written.push(c);
    }
    if written.chars().eq([SPACE]) { String::new() } else { written }
}

/// Python's white space, which has four separators more.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_has_no_upper_case_and_no_punctuation() {
        let written = |text| SiglipTextRules::First.written(text);
        assert_eq!(written("A Dog's  ball,\tred! "), "▁a dogs ball red");
        assert_eq!(written(" (left)"), "▁ left");
        assert_eq!(written("¿Duerme?"), "▁¿duerme");
        assert_eq!((written(""), written(" .,! ")), (String::new(), String::new()));
        assert_eq!(written("a\u{1f}b"), "▁a b");
        assert_eq!(written("ΣΟΦΟΣ"), "▁σοφος");
    }

    #[test]
    fn the_second_version_has_no_upper_case() {
        let written = |text| SiglipTextRules::Second.written(text);
        assert_eq!(written(" A Dog's  ball! "), " a dog's  ball! ");
        assert_eq!(written("ΣΟΦΟΣ"), "σοφοσ");
    }

    #[test]
    fn special_tokens_say_whose_rules() {
        let of = |tokens: &[&str]| SiglipTextRules::of(|token| tokens.contains(&token));
        assert_eq!(of(&["<pad>", "<eos>", "<bos>"]), Some(SiglipTextRules::Second));
        assert_eq!(of(&["<pad>", "</s>", "<unk>"]), Some(SiglipTextRules::First));
        assert_eq!(of(&["<s>", "</s>", "<pad>"]), None);
        assert_eq!(of(&[]), None);
    }
}
