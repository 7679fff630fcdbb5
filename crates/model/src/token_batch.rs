//! Sentences as the text encoders take them.

/// Token ids of a batch, padded on the right to one length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenBatch {
    /// `b * n` ids, sentence by sentence.
    pub ids: Vec<u32>,
    /// How many of a sentence's `n` ids are tokens, at least 1 each.
    pub lengths: Vec<usize>,
    /// `n`.
    pub padded_length: usize,
}
