//! `locvtp evaluate`: a model measured on held-out videos.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args as ClapArgs;
use locvtp_corpus::synthetic::truth::TRUTH_FILE;
use locvtp_measure::ReferenceSettings;
use locvtp_transfer::synthetic::{EmbeddedSplit, SplitResults};
use locvtp_video::counted::counted;

use crate::Outcome;
use crate::commands::ground::open_embedder;
use crate::progress::CountProgress;
use crate::table::{Column, Table};
use crate::trained_matches::trained_matches;
use crate::{missing, output};

/// `locvtp evaluate`
#[derive(Debug, ClapArgs)]
pub(crate) struct Evaluate {
    /// Model directory, or a run or demo folder that holds one
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// Folder of a held-out split: truth.json and videos/
    #[arg(long, value_name = "DIR")]
    pub(crate) split: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Evaluate) -> anyhow::Result<Outcome> {
    if !args.split.exists() {
        bail!(missing::does_not_exist(&args.split, "check the path"));
    }
    if !args.split.join(TRUTH_FILE).is_file() {
        bail!(
            "{}: holds no {TRUTH_FILE}; give the folder of a split that `locvtp synthesize` made, as \
             demo-run/corpus/new",
            args.split.display()
        );
    }
    let embedder = open_embedder(&args.model)?;
    let mut progress = CountProgress::new("videos", "videos");
    let split = EmbeddedSplit::embed_with_progress(&embedder, &args.split, &mut |done, total| {
        progress.show(done, total);
    })?;
    let num_matches = trained_matches(&args.model);
    let results = split.measure(&embedder, &ReferenceSettings::default(), num_matches)?;
    if args.json {
        output::json(&results)?;
    } else {
        output::text(&table(&results))?;
    }
    Ok(Outcome::Done)
}

/// The results of a split beside what they are to be compared with.
pub(crate) fn table(results: &SplitResults) -> String {
    let (to_video, to_text) = (&results.retrieval.text_to_video, &results.retrieval.video_to_text);
    let mut retrieval = numbers_of(
        format!("retrieval, {}", counted(to_video.measured.num_candidates, "video")),
        ["R@1", "R@5", "R@10", "MdR"],
    );
    for (name, metrics) in [
        ("text to video", &to_video.measured),
        ("video to text", &to_text.measured),
        ("chance", &to_video.chance),
    ] {
        add(&mut retrieval, name, [metrics.r1, metrics.r5, metrics.r10, metrics.median_rank]);
    }
    let mut grounding = numbers_of(
        format!("grounding, {}", counted(results.grounding.queries, "query")),
        ["IoU.3", "IoU.5", "IoU.7", "mIoU"],
    );
    let references = &results.references;
    for (name, metrics) in [
        ("clip-sentence scores", &results.grounding),
        ("clip-word scores", &results.grounding_by_words),
        ("wrong query", &references.wrong_query),
        ("random interval", &references.random_interval),
        ("oracle: colour", &references.colour_oracle),
        ("oracle: shape", &references.shape_oracle),
        ("oracle: action", &references.action_oracle),
        ("oracle: colour + shape", &references.colour_shape_oracle),
        ("oracle: everything", &references.all_oracle),
    ] {
        let values = [metrics.r1_iou30, metrics.r1_iou50, metrics.r1_iou70, metrics.miou];
        add(&mut grounding, name, values);
    }
    let mut lines = retrieval.lines(" ");
    lines.extend(grounding.lines(" "));
    let choice = &results.action_choice;
    lines.push(format!(
        "action choice, {}: {:.1} % (chance {:.1} %; interval, colour and shape are given)",
        counted(choice.events, "event"),
        choice.accuracy,
        choice.chance
    ));
    lines.push("the text of a video is its true events' sentences, not its narration".into());
    if !results.skipped.is_empty() {
        let videos = counted(results.skipped.len(), "video");
        lines.push(format!("left out: {videos} that cannot be read"));
    }
    lines.join("\n")
}

/// A table of four numbers a row, with its head.
fn numbers_of(title: String, head: [&str; 4]) -> Table {
    let columns = std::iter::once(Column::words(26)).chain([Column::numbers(6); 4]);
    let mut table = Table::new(columns);
    table.row(std::iter::once(title.as_str()).chain(head));
    table
}

fn add(table: &mut Table, name: &str, values: [f64; 4]) {
    let values = values.iter().map(|value| format!("{value:.1}"));
    table.row(std::iter::once(format!("  {name}")).chain(values));
}
