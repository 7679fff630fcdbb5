//! What can go wrong when sentences are embedded.

/// Why a sentence cannot be embedded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// A sentence is empty for the model's tokenizer.
    #[error(
        "the sentence {sentence:?} has no words; write what should happen, like \"a red square moves left\""
    )]
    NoWords {
        /// The sentence.
        sentence: String,
    },

    /// A sentence has no word of the model's vocabulary, nor a piece of one.
    #[error(
        "the model has no word of {sentence:?} in its vocabulary, so it cannot know what to look for"
    )]
    UnknownWords {
        /// The sentence.
        sentence: String,
    },
}
