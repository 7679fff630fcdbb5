//! `locvtp weights`: checkpoints of other programs.

pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod random;

use clap::Subcommand;

use self::import::ImportWeights;
use self::inspect::InspectWeights;
use self::random::RandomWeights;

/// `locvtp weights`
#[derive(Debug, Subcommand)]
pub(crate) enum Weights {
    /// Make a model directory from checkpoints of other programs
    Import(Box<ImportWeights>),
    /// Say what a file of weights holds
    Inspect(InspectWeights),
    /// Write a model like another with all weights drawn anew: what training is to be compared with
    Random(RandomWeights),
}
