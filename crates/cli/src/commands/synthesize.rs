//! `locvtp synthesize`: a narrated corpus of real H.264 files.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use locvtp_corpus::synthetic::{MOST_VIDEOS, SyntheticConfig, synthesize};
use locvtp_train::{FileKind, run_file};
use locvtp_video::counted::counted;

use crate::Outcome;
use crate::command_line::typed_again;
use crate::interrupt::Listening;
use crate::numbers::{seed, whole};
use crate::output;
use crate::pace::duration;
use crate::progress::CountProgress;
use crate::table::{Column, Table};

/// `locvtp synthesize`
#[derive(Debug, ClapArgs)]
pub(crate) struct Synthesize {
    /// Folder to write; a corpus of the same settings is kept, and one that was stopped is gone on with
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Settings of the corpus (TOML); what it leaves out has its default
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Videos to pre-train on
    #[arg(long, value_name = "N", value_parser = whole(1usize, MOST_VIDEOS))]
    pub(crate) videos: Option<usize>,
    /// Everything random follows from it
    #[arg(long, value_name = "S", value_parser = seed)]
    pub(crate) seed: Option<u64>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Synthesize) -> anyhow::Result<Outcome> {
    let mut config = match &args.config {
        Some(path) => {
            let (text, origin) = (run_file::read_text(path)?, path.display().to_string());
            let table = run_file::table(&text, &origin, &[])?;
            run_file::expect_kind(&table, FileKind::Corpus, &origin)?;
            let is_usable = |config: &SyntheticConfig| config.check().is_ok();
            run_file::parse(&text, &origin, &[], toml::Table::new(), is_usable)?
        }
        None => SyntheticConfig::default(),
    };
    config.train_videos = args.videos.unwrap_or(config.train_videos);
    config.seed = args.seed.unwrap_or(config.seed);
    let _listening = Listening::telling(typed_again(None, None))?;
    let progress = std::sync::Mutex::new(CountProgress::new("videos", "videos"));
    let report = synthesize(&config, &args.out, &|done, total| {
        if let Ok(mut progress) = progress.lock() {
            progress.show(done, total);
        }
    })?;
    if args.json {
        output::json(&report)?;
    } else {
        let counts = [11, 14, 12].map(Column::numbers);
        let columns = std::iter::once(Column::words(5)).chain(counts);
        let mut table = Table::new(columns.chain([Column::words(0)]));
        for split in &report.splits {
            table.row([
                split.split.name().to_owned(),
                counted(split.videos, "video"),
                counted(split.captions, "caption"),
                counted(split.events, "event"),
                format!(" {}", split.dir.display()),
            ]);
        }
        output::text(&table.lines(" ").join("\n"))?;
        output::text(&if report.reused {
            "the same corpus was here already and is kept".to_owned()
        } else {
            let kept = match report.kept {
                0 => String::new(),
                kept => format!("; there already: {}", counted(kept, "video")),
            };
            format!("made in {}{kept}", duration(report.seconds))
        })?;
    }
    Ok(Outcome::Done)
}
