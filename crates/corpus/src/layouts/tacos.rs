//! TACoS as 2D-TAN hands it out: `train.json`, `val.json`, `test.json`, times in frames.
//!
//! One object, `{"s17-d69.avi": {"timestamps": [[first, last], ..], "sentences": [..], "fps": ..,
//! "num_frames": ..}}`. Frames are divided by the frame rate, and a video lasts as long as its
//! frames; a few ends lie after that.

use std::path::Path;

use crate::corpus::Subset;
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::glance::Glance;
use crate::intake::{Intake, SourceVideo};
use crate::json_cell::{self, Cell};
use crate::json_stream::JsonStream;
use crate::layouts::activitynet::captions;
use crate::layouts::layout_reader::LayoutReader;
use crate::source_caption::SourceTime;

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader =
    LayoutReader::new("tacos", "TACoS: 2D-TAN's JSON", is_recognised, read).measuring("grounding");

const EXPECTED: &str = "a TACoS file: {\"<video>\": {\"timestamps\": [[first, last], ..], \
     \"sentences\": [..], \"fps\": .., \"num_frames\": ..}, ..}";

#[derive(serde::Deserialize)]
struct Entry {
    timestamps: Vec<(Cell, Cell)>,
    sentences: Vec<Cell>,
    fps: Cell,
    num_frames: Cell,
}

/// By the keys of a video.
fn is_recognised(_path: &Path, glance: &Glance) -> bool {
    ["timestamps", "sentences", "fps"].iter().all(|key| glance.has_key(2, key))
}

/// Reads one of the files.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let subset = Subset::from_file_name(path);
    let mut stream = JsonStream::open(path, EXPECTED)?;
    stream.enter_object()?;
    while let Some(id) = stream.next_key()? {
        let Ok(entry) = json_cell::from_slice::<Entry>(&stream.value()?) else {
            intake.drop_one(DropReason::NotUnderstood, &id, None);
            continue;
        };
        // Without a frame rate no frame has a time: the captions are dropped for that.
        let frame_rate_hz = entry.fps.number().unwrap_or(f64::NAN);
        let time = |first, last| SourceTime::Frames(first, last, frame_rate_hz);
        intake.video(SourceVideo {
            duration_s: entry.num_frames.number().map(|frames| frames / frame_rate_hz),
            subset,
            captions: captions(entry.timestamps, entry.sentences, time),
            ..SourceVideo::new(id)
        });
    }
    stream.finish()
}
