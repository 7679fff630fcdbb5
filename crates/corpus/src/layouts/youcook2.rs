//! YouCook2: `youcookii_annotations_trainval.json`, and the clips on which MIL-NCE evaluates.
//!
//! The JSON is `{"database": {"<video>": {"duration", "subset": "training" | "validation",
//! "recipe_type": "113", "annotations": [{"segment": [s, e], "id", "sentence"}], ..}}}`. MIL-NCE's
//! `validation_youcook.csv` has the columns `end,start,task,text,video_id`. A video's recipe is its
//! task.

use std::collections::BTreeMap;
use std::path::Path;

use crate::corpus::Subset;
use crate::csv_table::CsvTable;
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::glance::Glance;
use crate::intake::{Intake, SourceVideo};
use crate::json_cell::Cell;
use crate::layouts::layout_reader::LayoutReader;
use crate::layouts::video_database;
use crate::source_caption::{SourceCaption, SourceTime};

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader = LayoutReader::new(
    "youcook2",
    "YouCook2: youcookii_annotations_trainval.json, or MIL-NCE's validation_youcook.csv",
    is_recognised,
    read,
)
.measuring("retrieval");

const EXPECTED: &str = "a YouCook2 file: {\"database\": {\"<video>\": {\"subset\": .., \
     \"annotations\": [{\"segment\": [s, e], \"id\": .., \"sentence\": ..}, ..]}, ..}}";

#[derive(serde::Deserialize)]
struct Entry {
    #[serde(default)]
    duration: Cell,
    #[serde(default)]
    subset: Cell,
    #[serde(default)]
    recipe_type: Cell,
    #[serde(default)]
    annotations: Vec<Clip>,
}

#[derive(serde::Deserialize)]
struct Clip {
    segment: (Cell, Cell),
    #[serde(default)]
    id: Cell,
    sentence: Cell,
}

/// By the keys of a video, or the columns of the clips.
fn is_recognised(_path: &Path, glance: &Glance) -> bool {
    let has = |key| glance.has_key(3, key);
    let of_json = has("annotations") || has("recipe_type") && !has("annotation");
    glance.has_key(1, "database") && of_json
        || glance.has_columns(&["start", "end", "text", "video_id"])
}

/// Reads the JSON, or MIL-NCE's table.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        return read_table(path, intake);
    }
    video_database::read(path, EXPECTED, intake, |id, entry: Entry| SourceVideo {
        duration_s: entry.duration.number(),
        subset: entry.subset.text().and_then(|word| Subset::from_word(&word)),
        task: entry.recipe_type.word(),
        captions: entry.annotations.into_iter().map(caption).collect(),
        ..SourceVideo::new(id)
    })
}

fn caption(clip: Clip) -> Result<SourceCaption, DropReason> {
    let text = clip.sentence.text().ok_or(DropReason::TextIsNoString)?;
    let number = |cell: &Cell| cell.number().ok_or(DropReason::TimeIsNoNumber);
    let time = SourceTime::Seconds(number(&clip.segment.0)?, number(&clip.segment.1)?);
    Ok(SourceCaption { id: clip.id.count(), ..SourceCaption::new(time, text) })
}

fn read_table(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let table = CsvTable::open(path)?.with_numbers(&["start", "end"]);
    let mut table = table.with_text("text", |row| row.numbers_in(&["start", "end"]));
    table.require(&["start", "end", "text", "video_id"])?;
    let subset = Subset::from_file_name(path);
    let mut videos: BTreeMap<String, SourceVideo> = BTreeMap::new();
    let mut rows = 0;
    while let Some(row) = table.next_row()? {
        let Some(id) = row.get("video_id").filter(|id| !id.is_empty()) else {
            intake.drop_line("a row without video_id", row.line);
            continue;
        };
        let caption = || {
            let number = |column| row.number(column).ok_or(DropReason::TimeIsNoNumber);
            let time = SourceTime::Seconds(number("start")?, number("end")?);
            let (text, repairs) = row.text("text").ok_or(DropReason::TextIsEmpty)?;
            Ok(SourceCaption { id: Some(rows), repairs, ..SourceCaption::new(time, text) })
        };
        let video = videos.entry(id.to_string()).or_insert_with(|| SourceVideo {
            subset,
            task: row.get("task").map(Into::into),
            ..SourceVideo::new(id)
        });
        video.captions.push(caption());
        rows += 1;
    }
    intake.end_of_table(&table);
    videos.into_values().for_each(|video| intake.video(video));
    Ok(())
}
