//! The index on a real disk and a real server: segments, scans, catalogues, files that move, writers that
//! are killed.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod both;
mod catalogue;
mod changed_segments;
mod crash;
mod damage;
mod every_column;
mod files;
mod home;
mod identities;
mod kept_vectors;
mod lost_database;
mod lost_records;
mod made;
#[path = "../../../../tests/support/not_run.rs"]
mod not_run;
mod on_server;
mod recognition;
mod same_answers;
mod scanning;
mod segments;
mod server;
