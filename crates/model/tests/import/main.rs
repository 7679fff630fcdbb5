//! Checkpoints of other programs become our models: the same numbers come out.
//!
//! The checkpoints are tiny and random, written by those programs: `reference/foreign_weights.py`.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod checkpoints;
#[path = "../golden/mod.rs"]
mod golden;
mod pictures;
mod refusals;
mod weights;
