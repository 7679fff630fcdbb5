//! Temporal grounding: which moment of an untrimmed video a sentence describes.
//!
//! [`zero_shot`] uses the similarities of the pre-trained model as they are. Heads trained on its
//! features stand beside it.

pub mod zero_shot;
