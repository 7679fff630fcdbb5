//! `locvtp index`: the index of a folder of videos.

pub(crate) mod add;
pub(crate) mod care;
mod change;
pub(crate) mod command;
pub(crate) mod list;
mod progress;
pub(crate) mod remove;
mod summary;
pub(crate) mod watch;
