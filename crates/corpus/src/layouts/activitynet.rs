//! ActivityNet Captions: `train.json`, `val_1.json`, `val_2.json`, as its authors and 2D-TAN hand
//! them out.
//!
//! One object, `{"v_<id>": {"duration": s, "timestamps": [[s, e], ..], "sentences": [..]}}`. Some
//! ends lie after the video's, most training sentences have space around them, a few a line break.
//! By 2D-TAN's use `val_2` is the test part. A video's file may be named with or without `v_`.

use std::path::Path;

use crate::corpus::Subset;
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::glance::Glance;
use crate::intake::{Intake, SourceVideo};
use crate::json_cell::{self, Cell};
use crate::json_stream::JsonStream;
use crate::layouts::layout_reader::LayoutReader;
use crate::source_caption::{SourceCaption, SourceTime};

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader = LayoutReader::new(
    "activitynet",
    "ActivityNet Captions: train.json, val_1.json, val_2.json",
    is_recognised,
    read,
)
.measuring("grounding");

const EXPECTED: &str = "an ActivityNet Captions file: \
     {\"v_<id>\": {\"duration\": .., \"timestamps\": [[s, e], ..], \"sentences\": [..]}, ..}";

#[derive(serde::Deserialize)]
struct Entry {
    #[serde(default)]
    duration: Cell,
    timestamps: Vec<(Cell, Cell)>,
    sentences: Vec<Cell>,
}

/// By the keys of a video; TACoS, which has them too, is asked before.
fn is_recognised(_path: &Path, glance: &Glance) -> bool {
    glance.has_key(2, "timestamps") && glance.has_key(2, "sentences")
}

/// Reads one of the files.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let subset = subset(path);
    let mut stream = JsonStream::open(path, EXPECTED)?;
    stream.enter_object()?;
    while let Some(id) = stream.next_key()? {
        let Ok(entry) = json_cell::from_slice::<Entry>(&stream.value()?) else {
            intake.drop_one(DropReason::NotUnderstood, &id, None);
            continue;
        };
        let file_stem =
            id.strip_prefix("v_").filter(|stem| !intake.has_file(&id) && !stem.is_empty());
        intake.video(SourceVideo {
            file_stem: file_stem.map(ToOwned::to_owned),
            duration_s: entry.duration.number(),
            subset,
            captions: captions(entry.timestamps, entry.sentences, SourceTime::Seconds),
            ..SourceVideo::new(id)
        });
    }
    stream.finish()
}

/// Pairs of time and sentence; whichever list is longer loses its tail.
pub(crate) fn captions(
    times: Vec<(Cell, Cell)>,
    sentences: Vec<Cell>,
    time: impl Fn(f64, f64) -> SourceTime,
) -> Vec<Result<SourceCaption, DropReason>> {
    let missing = times.len().abs_diff(sentences.len());
    let pairs = times.into_iter().zip(sentences).map(|((start, end), sentence)| {
        let text = sentence.text().ok_or(DropReason::TextIsNoString)?;
        let number = |cell: &Cell| cell.number().ok_or(DropReason::TimeIsNoNumber);
        Ok(SourceCaption::new(time(number(&start)?, number(&end)?), text))
    });
    let tail = std::iter::repeat_n(Err(DropReason::UnequalLists), missing);
    pairs.chain(tail).collect()
}

fn subset(path: &Path) -> Option<Subset> {
    let stem = path.file_stem()?.to_string_lossy();
    if stem.ends_with("val_2") { Some(Subset::Test) } else { Subset::from_file_name(path) }
}
