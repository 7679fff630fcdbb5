//! What can be typed.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// Find when something happens in a video, from a sentence.
#[derive(Debug, Parser)]
#[command(name = "locvtp", version, about, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a narrated corpus of real H.264 files in HowTo100M's layout
    Synthesize(Synthesize),
    /// Pre-train a model as a run file says
    Pretrain(Pretrain),
    /// Measure a model on held-out videos
    Evaluate(Evaluate),
}

/// `locvtp synthesize`
#[derive(Debug, ClapArgs)]
pub(crate) struct Synthesize {
    /// Folder to write; a corpus made with the same settings is kept
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Settings of the corpus (TOML); what it leaves out has its default
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Videos to pre-train on
    #[arg(long, value_name = "N")]
    pub(crate) videos: Option<usize>,
    /// Everything random follows from it
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `locvtp pretrain`
#[derive(Debug, ClapArgs)]
pub(crate) struct Pretrain {
    /// The run file (TOML)
    pub(crate) run_file: PathBuf,
    /// Folder of the run [default: runs/ and the run's name]
    #[arg(long, value_name = "DIR")]
    pub(crate) run: Option<PathBuf>,
    /// Go on from the newest whole checkpoint in the folder
    #[arg(long)]
    pub(crate) resume: bool,
    /// Override a key of the run file, for example train.steps=200
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `locvtp evaluate`
#[derive(Debug, ClapArgs)]
pub(crate) struct Evaluate {
    /// Model directory
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// Folder of a held-out split: truth.json and videos/
    #[arg(long, value_name = "DIR")]
    pub(crate) split: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
