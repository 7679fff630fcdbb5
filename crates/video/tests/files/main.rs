//! Real files, written by real encoders, read back.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod bad_files;
mod cached_tables;
mod cancelled;
mod clips;
mod cut_short;
mod damaged;
mod exact_frames;
mod hdr;
mod left_out;
mod made_files;
mod other_kinds;
mod written_files;
