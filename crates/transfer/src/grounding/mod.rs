//! Temporal grounding: which moment of an untrimmed video a sentence describes.
//!
//! [`zero_shot`] uses the similarities of the pre-trained model as they are. Heads trained on its
//! features stand beside it: [`csmgan`]. [`in_file`] answers one sentence in one file.

pub mod csmgan;
pub mod in_file;
pub mod zero_shot;
