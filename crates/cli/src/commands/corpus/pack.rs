//! `locvtp corpus pack`: any corpus into tar shards.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use locvtp_corpus::{AnnotatedCorpus, PackReport, PackSettings, pack};
use serde_json::json;

use super::CorpusChoice;
use crate::command_line::typed_again;
use crate::grouped_counts::{counted_grouped, grouped};
use crate::interrupt::Listening;
use crate::numbers::whole;
use crate::progress::CountProgress;
use crate::{Outcome, output};

/// `locvtp corpus pack`
#[derive(Debug, ClapArgs)]
pub(crate) struct CorpusPack {
    /// A file or folder: a data set's own annotation files, a manifest, videos with subtitles, shards
    #[arg(value_name = "CORPUS")]
    pub(crate) corpus: PathBuf,
    /// Folder to write; a packing that was stopped goes on there
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// A shard is full with so many MiB; a larger video has a shard of its own
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = whole(1u64, 1 << 30))]
    pub(crate) shard_mib: u64,
    /// A shard is full with so many videos
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = whole(1u32, u32::MAX))]
    pub(crate) shard_samples: u32,
    #[command(flatten)]
    pub(crate) choice: CorpusChoice,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Videos left out that are named; all are in the JSON.
const NAMED: usize = 5;

pub(crate) fn run(args: &CorpusPack) -> anyhow::Result<Outcome> {
    // Captions are packed as they are, so that training chooses what is done about them.
    let settings = args.choice.read_settings();
    let (corpus, read) = AnnotatedCorpus::open(&args.corpus, &settings)?;
    output::note(&format!("corpus: {read}"));
    let full = PackSettings {
        shard_bytes: args.shard_mib << 20,
        shard_videos: args.shard_samples as usize,
    };
    let _listening = Listening::telling(typed_again(None, None))?;
    let progress = std::cell::RefCell::new(CountProgress::new("videos", "videos"));
    let packed =
        pack(&corpus, &args.out, full, &|done, all| progress.borrow_mut().show(done, all))?;
    if args.json {
        output::json(&json!({ "read": read, "packed": packed }))?;
    } else {
        output::text(&told(args, &packed))?;
    }
    Ok(if packed.videos == 0 { Outcome::NothingFound } else { Outcome::Done })
}

fn told(args: &CorpusPack, packed: &PackReport) -> String {
    let out = args.out.display();
    let mut lines = vec![format!(
        "{} in {}, {:.1} MiB, in {out}",
        counted_grouped(packed.videos, "video"),
        counted_grouped(packed.shards, "shard"),
        packed.bytes as f64 / f64::from(1 << 20),
    )];
    if packed.kept_shards > 0 {
        let kept = counted_grouped(packed.kept_shards, "shard");
        let without = match packed.left_out_before {
            0 => String::new(),
            count => format!(", without {} that cannot be used", counted_grouped(count, "video")),
        };
        lines.push(format!("there already: {kept}{without}"));
    }
    if !packed.left_out.is_empty() {
        lines.push(format!("left out: {}", counted_grouped(packed.left_out.len(), "video")));
        let named = packed.left_out.iter().take(NAMED);
        lines.extend(named.map(|left| format!("  {}: {}", left.video, left.reason)));
        if packed.left_out.len() > NAMED {
            let more = grouped(packed.left_out.len() - NAMED);
            lines.push(format!("  {more} more; --json names them all"));
        }
    }
    lines.push(format!("train on them with corpus.dir = \"{out}\", or from a copy on a server"));
    let shown: Vec<String> = lines.iter().map(|line| output::one_line(line)).collect();
    shown.join("\n")
}
