//! The commands of `locvtp index`.

use clap::Subcommand;

use super::add::Add;
use super::care::{Compact, Rebuild, Verify};
use super::list::List;
use super::remove::Remove;
use super::watch::Watch;
use super::{add, care, list, remove, watch};
use crate::Outcome;

/// `locvtp index`
#[derive(Debug, Subcommand)]
pub(crate) enum Index {
    /// Index the videos of a folder, or bring its index up to date: only new files are decoded
    Add(Add),
    /// Keep an index up to date as files come and go, until Ctrl-C
    Watch(Watch),
    /// List the files of an index, and what is wrong with some
    List(List),
    /// Take files or folders out of an index; the files themselves stay
    Remove(Remove),
    /// Read a whole index and say what is damaged
    Verify(Verify),
    /// Free the space of what was removed
    Compact(Compact),
    /// Encode again what is damaged
    Rebuild(Rebuild),
}

pub(crate) fn run(index: &Index) -> anyhow::Result<Outcome> {
    match index {
        Index::Add(args) => add::run(args),
        Index::Watch(args) => watch::run(args),
        Index::List(args) => list::run(args),
        Index::Remove(args) => remove::run(args),
        Index::Verify(args) => care::verify(args),
        Index::Compact(args) => care::compact(args),
        Index::Rebuild(args) => care::rebuild(args),
    }
}
