//! Sentences as the text encoders take them.

use std::ops::Range;

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

impl TokenBatch {
    /// The sentences of these places, padded as before.
    pub(crate) fn some(&self, places: Range<usize>) -> Self {
        let n = self.padded_length;
        Self {
            ids: self.ids[places.start * n..places.end * n].to_vec(),
            lengths: self.lengths[places].to_vec(),
            padded_length: n,
        }
    }
}
