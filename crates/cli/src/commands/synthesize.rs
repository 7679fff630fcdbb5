//! `locvtp synthesize`: a narrated corpus of real H.264 files.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args as ClapArgs;
use locvtp_corpus::synthetic::{SyntheticConfig, synthesize};

use crate::Outcome;
use crate::output;
use crate::progress::CountProgress;

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

pub(crate) fn run(args: &Synthesize) -> anyhow::Result<Outcome> {
    let mut config = match &args.config {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{}: cannot read the corpus settings", path.display()))?;
            toml::from_str(&text)
                .with_context(|| format!("{}: not corpus settings", path.display()))?
        }
        None => SyntheticConfig::default(),
    };
    config.train_videos = args.videos.unwrap_or(config.train_videos);
    config.seed = args.seed.unwrap_or(config.seed);
    let progress = std::sync::Mutex::new(CountProgress::new("videos"));
    let report = synthesize(&config, &args.out, &|done, total| {
        if let Ok(mut progress) = progress.lock() {
            progress.show(done, total);
        }
    })?;
    if args.json {
        output::json(&report)?;
    } else {
        for split in &report.splits {
            output::text(&format!(
                "{:5} {:4} videos {:5} captions {:5} events  {}",
                split.split.name(),
                split.videos,
                split.captions,
                split.events,
                split.dir.display()
            ))?;
        }
        output::text(&if report.reused {
            "the same corpus was here already and is kept".to_owned()
        } else {
            format!("made in {:.1} s", report.seconds)
        })?;
    }
    Ok(Outcome::Done)
}
