//! Encoders and losses.
pub mod ops;
