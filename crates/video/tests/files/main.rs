//! Real files, written by real encoders, read back.

mod bad_files;
mod clips;
mod exact_frames;
mod made_files;
mod other_kinds;
mod written_files;
