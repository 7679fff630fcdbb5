//! An index of real files, made with a small model of random weights, and questions to it.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

mod as_measured;
mod asking;
mod decoded;
mod enough;
mod frames;
mod indexing;
mod made;
mod refinement;
mod same_or_changed;
