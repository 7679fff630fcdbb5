//! What the loader makes of real files: shared out, changed at random, of pictures, of files that
//! hang, and with frame tables kept.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

mod augmented;
mod files_that_changed;
mod frame_tables;
mod hanging_file;
#[path = "../../../../tests/support/not_run.rs"]
mod not_run;
mod pictures;
mod plan;
mod remote;
mod several_ranks;
mod slow_and_still;
mod small_corpus;
mod spread;
