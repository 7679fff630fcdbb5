//! The tokens that are no words, of each family of tokenizers that is read.

use crate::byte_pair_tokenizer;
use crate::siglip_text::SiglipTextRules;

/// What a BERT tokenizer says of a piece that its vocabulary does not hold.
pub(crate) const UNKNOWN: &str = "[UNK]";

/// The special tokens of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpecialTokens {
    /// Before a sentence; SigLIP has none.
    pub(crate) first: Option<&'static str>,
    /// Behind a sentence.
    pub(crate) last: &'static str,
    pub(crate) padding: &'static str,
    /// What stands for a piece that the vocabulary does not hold; byte pairs hold all.
    pub(crate) unknown: Option<&'static str>,
    /// How a SigLIP has texts before they are cut.
    pub(crate) siglip: Option<SiglipTextRules>,
}

/// Of WordPiece.
const BERT: SpecialTokens = SpecialTokens {
    first: Some("[CLS]"),
    last: "[SEP]",
    padding: "[PAD]",
    unknown: Some(UNKNOWN),
    siglip: None,
};

impl SpecialTokens {
    /// Of a vocabulary that has some tokens; BERT's where it has those of no family.
    pub(crate) fn of(has: impl Fn(&str) -> bool) -> Self {
        let [clip_first, clip_last] = byte_pair_tokenizer::SPECIAL;
        if has(clip_first) {
            let (first, last) = (Some(clip_first), clip_last);
            return Self { first, last, padding: last, unknown: None, siglip: None };
        }
        if has("[CLS]") {
            return BERT;
        }
        if let Some(rules) = SiglipTextRules::of(&has) {
            let (last, padding) = (rules.end(), rules.padding());
            return Self { first: None, last, padding, unknown: None, siglip: Some(rules) };
        }
        if has("<s>") {
            let (first, unknown) = (Some("<s>"), Some("<unk>"));
            return Self { first, last: "</s>", padding: "<pad>", unknown, siglip: None };
        }
        BERT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_told_by_its_special_tokens() {
        let of = |tokens: &[&str]| SpecialTokens::of(|token| tokens.contains(&token));
        assert_eq!(of(&["<|startoftext|>", "[CLS]"]).last, "<|endoftext|>");
        assert_eq!(of(&["[CLS]", "[SEP]"]), BERT);
        assert_eq!(of(&["<s>", "</s>", "<pad>", "<unk>"]).first, Some("<s>"));
        let siglip = of(&["</s>", "<unk>"]);
        assert_eq!((siglip.first, siglip.last, siglip.padding), (None, "</s>", "</s>"));
        assert_eq!(of(&["<pad>", "<bos>", "<eos>"]).last, "<eos>");
        assert_eq!(of(&["a"]), BERT);
    }
}
