//! The commands that can be typed; what each of them takes stands in its own file.

use clap::{Parser, Subcommand};

use crate::commands::corpus::command::CorpusCommand;
use crate::commands::demo::Demo;
use crate::commands::embed::Embed;
use crate::commands::evaluate::Evaluate;
use crate::commands::explain::Explain;
use crate::commands::extract::Extract;
use crate::commands::ground::Ground;
use crate::commands::index::command::Index;
use crate::commands::inspect::Inspect;
use crate::commands::model::Model;
use crate::commands::pretrain::Pretrain;
use crate::commands::report::Report;
use crate::commands::results::Results;
use crate::commands::score::Score;
use crate::commands::search::Search;
use crate::commands::serve::Serve;
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
    /// Make videos, train a model on them, measure it, write a page: ten minutes, no download
    Demo(Demo),
    /// Make videos of coloured shapes with captions, to train and measure on
    Synthesize(Synthesize),
    /// Check what of your videos and captions can be used, or pack them into tar files
    Corpus {
        #[command(subcommand)]
        command: CorpusCommand,
    },
    /// Train a model on narrated videos, as a run file (TOML) says
    Pretrain(Pretrain),
    /// Measure a model on held-out videos of a synthetic corpus
    Evaluate(Evaluate),
    /// Run a benchmark of the paper, as a task file (TOML) says: train a head and measure
    Transfer(Transfer),
    /// Put the results of several `transfer` runs side by side
    Results(Results),
    /// Measure the predictions of any program against a data set's annotation files
    #[command(subcommand)]
    Score(Score),
    /// Write features of whole videos to an HDF5 or safetensors file
    Extract(Extract),
    /// Turn sentences and words into vectors
    Embed(Embed),
    /// Find the moment of a video that a sentence describes
    Ground(Ground),
    /// Make and keep an index of folders of videos, to search all of them at once
    Index {
        #[command(subcommand)]
        command: Index,
    },
    /// Find moments in all videos of an index, or learn that there is none
    Search(Search),
    /// Show an index as a page: search, play, export; in the browser, on this machine
    Serve(Serve),
    /// List, look up and fetch models that others have published
    #[command(subcommand)]
    Model(Model),
    /// Import public weights (CLIP and others), or look into a file of weights
    #[command(subcommand)]
    Weights(Weights),
    /// Say what a file or folder is: a video, a model, a run, a corpus, weights, a run file
    Inspect(Inspect),
    /// Explain the keys of run files, task files and synthetic corpora, and their defaults
    Explain(Explain),
    /// Write the page of a run from what is on disk
    Report(Report),
}
