//! The index on a real disk: segments, scans, catalogues, files that move, writers that are killed.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod catalogue;
mod crash;
mod files;
mod made;
#[path = "../../../../tests/support/not_run.rs"]
mod not_run;
mod scanning;
mod segments;
