//! The command as a person uses it: the real binary on a tiny corpus that is made once.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

mod bad_input;
mod corpus;
mod demo;
mod extract;
mod grounding;
mod output;
mod resume;
mod stopping;
mod tiny;
mod weights;
