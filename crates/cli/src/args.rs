//! The commands that can be typed; what each of them takes stands in its own file.

use clap::{Parser, Subcommand};

use crate::commands::corpus::CorpusCommand;
use crate::commands::demo::Demo;
use crate::commands::embed::Embed;
use crate::commands::evaluate::Evaluate;
use crate::commands::extract::Extract;
use crate::commands::ground::Ground;
use crate::commands::inspect::Inspect;
use crate::commands::pretrain::Pretrain;
use crate::commands::report::Report;
use crate::commands::results::Results;
use crate::commands::score::Score;
use crate::commands::synthesize::Synthesize;
use crate::commands::transfer::Transfer;
use crate::commands::weights::Weights;

/// Find when something happens in a video, from a sentence.
#[derive(Debug, Parser)]
#[command(name = "locvtp", version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole story on this machine: make videos, pre-train, measure, and write a page
    Demo(Demo),
    /// Make a narrated corpus of real H.264 files in HowTo100M's layout
    Synthesize(Synthesize),
    /// Say what of a corpus can be used and why the rest cannot, or pack it into shards
    Corpus {
        #[command(subcommand)]
        command: CorpusCommand,
    },
    /// Pre-train a model as a run file says
    Pretrain(Pretrain),
    /// Measure a model on held-out videos
    Evaluate(Evaluate),
    /// Run a task of the paper as its task file says: train a head, or none, and measure
    Transfer(Transfer),
    /// Put the results of tasks side by side: a row a model, a column a task
    Results(Results),
    /// Measure predictions of any model, from files, against a data set's own annotation files
    #[command(subcommand)]
    Score(Score),
    /// Write clip features of whole videos to an HDF5 or safetensors file
    Extract(Extract),
    /// Embed sentences and words
    Embed(Embed),
    /// Find the moment that a sentence describes in a video
    Ground(Ground),
    /// Start from public weights: import foreign checkpoints, or look into them
    #[command(subcommand)]
    Weights(Weights),
    /// Say what a video, model, run, checkpoint, corpus, weights or run file is
    Inspect(Inspect),
    /// Write the page of a run again from what is on disk
    Report(Report),
}
