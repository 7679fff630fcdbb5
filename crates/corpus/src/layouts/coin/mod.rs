//! COIN: `COIN.json`, steps of instruction videos, and its taxonomy.
//!
//! `{"database": {"<video>": {"duration", "class", "subset": "training" | "testing", "start", "end",
//! "annotation": [{"id": "212", "segment": [s, e], "label": ".."}], ..}}}`. The README of the data
//! set calls the second subset "validation", the file itself "testing"; both are read. A caption's
//! number is its step, 1 to 778, and a video's class is its task. The span `start` to `end` of a
//! video is ignored, as evaluations do: the whole video counts.

mod taxonomy;

use std::path::Path;

use crate::corpus::Subset;
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::glance::Glance;
use crate::intake::{Intake, SourceVideo};
use crate::json_cell::Cell;
use crate::layouts::layout_reader::LayoutReader;
use crate::layouts::video_database;
use crate::source_caption::{SourceCaption, SourceTime};

pub use taxonomy::Taxonomy;

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader =
    LayoutReader::new("coin", "COIN: COIN.json", is_recognised, read).measuring("segmentation");

const EXPECTED: &str = "a COIN file: {\"database\": {\"<video>\": {\"class\": .., \"subset\": .., \
     \"annotation\": [{\"id\": .., \"segment\": [s, e], \"label\": ..}, ..]}, ..}}";

#[derive(serde::Deserialize)]
struct Entry {
    #[serde(default)]
    duration: Cell,
    #[serde(default, rename = "class")]
    task: Cell,
    #[serde(default)]
    subset: Cell,
    #[serde(default)]
    annotation: Vec<Step>,
}

#[derive(serde::Deserialize)]
struct Step {
    #[serde(default)]
    id: Cell,
    segment: (Cell, Cell),
    label: Cell,
}

/// By the keys of a video.
fn is_recognised(_path: &Path, glance: &Glance) -> bool {
    glance.has_key(1, "database") && glance.has_key(3, "annotation")
}

/// Reads the JSON.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    video_database::read(path, EXPECTED, intake, |id, entry: Entry| SourceVideo {
        duration_s: entry.duration.number(),
        // The file has two parts; a word for a third is the README's for the second.
        subset: entry.subset.text().and_then(|word| match Subset::from_word(&word)? {
            Subset::Validation => Some(Subset::Test),
            subset => Some(subset),
        }),
        task: entry.task.word(),
        captions: entry.annotation.into_iter().map(caption).collect(),
        ..SourceVideo::new(id)
    })
}

fn caption(step: Step) -> Result<SourceCaption, DropReason> {
    let text = step.label.text().ok_or(DropReason::TextIsNoString)?;
    let number = |cell: &Cell| cell.number().ok_or(DropReason::TimeIsNoNumber);
    let time = SourceTime::Seconds(number(&step.segment.0)?, number(&step.segment.1)?);
    Ok(SourceCaption { id: step.id.count(), ..SourceCaption::new(time, text) })
}
