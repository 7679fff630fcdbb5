//! The command as a person uses it: the real binary on a tiny corpus that is made once.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

mod bad_input;
#[path = "../../../../tests/support/browser.rs"]
mod browser;
mod corpus;
mod demo;
mod explain;
mod extract;
mod file_reading;
mod files_of_before;
mod first_steps;
mod giving_away;
mod grounding;
mod held_folders;
#[path = "../../../../tests/support/http.rs"]
mod http;
mod hub;
mod indexed;
mod indexing;
mod inspect;
mod known_models;
#[path = "../../../../tests/support/not_run.rs"]
mod not_run;
mod order_of_refusals;
mod output;
mod planning;
mod planted_links;
mod predictions;
mod rebuilding;
mod resume;
mod retrieval_and_probes;
mod same_or_changed;
mod sandboxed;
mod score;
mod searching;
mod secrets;
#[path = "../../../corpus/tests/shards/server.rs"]
mod server;
mod serving;
mod serving_bounds;
mod serving_failures;
mod several_processes;
mod shards;
mod siglip;
#[path = "../../../model/tests/siglip_files/mod.rs"]
mod siglip_files;
mod stated_names;
mod stated_sizes;
mod steps_and_segmentation;
mod stopping;
mod terminal_orders;
mod tiny;
mod tuned_segmentation;
mod waiting;
mod weights;
mod whose_features;
#[path = "../../../../tests/support/windows.rs"]
mod windows;
mod words_never_seen;
