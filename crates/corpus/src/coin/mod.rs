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
use crate::error::CorpusError;
use crate::intake::{Intake, SourceVideo};
use crate::json_cell::{self, Cell};
use crate::json_stream::JsonStream;
use crate::repair::{SourceCaption, SourceTime};
use crate::report::DropReason;

pub use taxonomy::{CoinStep, Taxonomy};

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

/// Reads the JSON.
pub(crate) fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let mut stream = JsonStream::open(path, EXPECTED)?;
    stream.enter_object()?;
    while let Some(key) = stream.next_key()? {
        if key == "database" {
            read_database(&mut stream, intake)?;
        } else {
            stream.skip_value()?;
        }
    }
    stream.finish()
}

fn read_database<R: std::io::BufRead>(
    stream: &mut JsonStream<R>,
    intake: &mut Intake<'_>,
) -> Result<(), CorpusError> {
    stream.enter_object()?;
    while let Some(id) = stream.next_key()? {
        let Ok(entry) = json_cell::from_slice::<Entry>(&stream.value()?) else {
            intake.drop_one(DropReason::NotUnderstood, &id, None);
            continue;
        };
        intake.video(SourceVideo {
            duration_s: entry.duration.number(),
            // The file has two parts; a word for a third is the README's for the second.
            subset: entry.subset.text().and_then(|word| match Subset::from_word(&word)? {
                Subset::Validation => Some(Subset::Test),
                subset => Some(subset),
            }),
            task: entry.task.word(),
            captions: entry.annotation.into_iter().map(caption).collect(),
            ..SourceVideo::new(id)
        });
    }
    Ok(())
}

fn caption(step: Step) -> Result<SourceCaption, DropReason> {
    let text = step.label.text().ok_or(DropReason::TextIsNoString)?;
    let number = |cell: &Cell| cell.number().ok_or(DropReason::TimeIsNoNumber);
    let time = SourceTime::Seconds(number(&step.segment.0)?, number(&step.segment.1)?);
    Ok(SourceCaption { id: step.id.count(), ..SourceCaption::new(time, text) })
}
