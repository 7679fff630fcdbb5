//! The caption file, entry by entry: what is kept, what is dropped and counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::path::PathBuf;

use locvtp_video::{Seconds, TimeSpan};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::report::{DropReason, ReadReport};
use crate::corpus::{Caption, NarratedVideo};

/// Takes entries while the file streams by; only videos with a file are kept in memory.
pub(super) struct CaptionFileReader {
    files: BTreeMap<String, PathBuf>,
    described: BTreeSet<String>,
    videos: Vec<NarratedVideo>,
    report: ReadReport,
}

impl CaptionFileReader {
    pub(super) fn new(files: BTreeMap<String, PathBuf>) -> Self {
        Self {
            files,
            described: BTreeSet::new(),
            videos: Vec::new(),
            report: ReadReport::default(),
        }
    }

    /// Reads the whole file; the videos come sorted by id.
    pub(super) fn read(
        mut self,
        json: impl Read,
    ) -> Result<(Vec<NarratedVideo>, ReadReport), serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_reader(json);
        (&mut self).deserialize(&mut deserializer)?;
        deserializer.end()?;
        for id in self.files.keys().filter(|id| !self.described.contains(*id)) {
            self.report.drop_one(DropReason::VideoWithoutCaptions, id, None);
        }
        self.videos.sort_by(|a, b| a.id.cmp(&b.id));
        self.report.videos = self.videos.len();
        self.report.captions = self.videos.iter().map(|video| video.captions.len()).sum();
        Ok((self.videos, self.report))
    }

    fn take(&mut self, id: String, path: PathBuf, entry: Entry) {
        let Entry { start, end, text } = entry;
        let longest = start.len().max(end.len()).max(text.len());
        let shortest = start.len().min(end.len()).min(text.len());
        for index in shortest..longest {
            self.report.drop_one(DropReason::UnequalLists, &id, Some(index));
        }
        let mut captions = Vec::with_capacity(shortest);
        for (index, ((start, end), text)) in start.into_iter().zip(end).zip(text).enumerate() {
            match caption(start, end, text) {
                Ok(caption) => captions.push(caption),
                Err(reason) => self.report.drop_one(reason, &id, Some(index)),
            }
        }
        if captions.is_empty() {
            self.report.drop_one(DropReason::VideoWithoutCaptions, &id, None);
            return;
        }
        let start = |caption: &Caption| caption.span.start.0;
        if !captions.is_sorted_by(|a, b| start(a) <= start(b)) {
            self.report.sorted_videos += 1;
            captions.sort_by(|a, b| start(a).total_cmp(&start(b)));
        }
        self.videos.push(NarratedVideo { id, path, captions });
    }
}

fn caption(start: Cell, end: Cell, text: Cell) -> Result<Caption, DropReason> {
    let Cell::Text(text) = text else {
        return Err(DropReason::TextIsNoString);
    };
    let (Cell::Number(start), Cell::Number(end)) = (start, end) else {
        return Err(DropReason::TimeIsNoNumber);
    };
    if !start.is_finite() || !end.is_finite() {
        return Err(DropReason::TimeIsNoNumber);
    }
    let start = start.max(0.0);
    if end <= start {
        return Err(DropReason::EndNotAfterStart);
    }
    if text.trim().is_empty() {
        return Err(DropReason::TextIsEmpty);
    }
    Ok(Caption { span: TimeSpan { start: Seconds(start), end: Seconds(end) }, text })
}

impl<'de> DeserializeSeed<'de> for &mut CaptionFileReader {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut CaptionFileReader {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of video ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(id) = map.next_key::<String>()? {
            let Some(path) = self.files.get(&id).cloned() else {
                map.next_value::<IgnoredAny>()?;
                self.report.drop_one(DropReason::VideoFileMissing, &id, None);
                continue;
            };
            if !self.described.insert(id.clone()) {
                map.next_value::<IgnoredAny>()?;
                self.report.drop_one(DropReason::VideoTwice, &id, None);
                continue;
            }
            let entry = map.next_value::<Entry>()?;
            self.take(id, path, entry);
        }
        Ok(())
    }
}

/// The three lists of one video, as they stand in the file.
#[derive(serde::Deserialize)]
struct Entry {
    start: Vec<Cell>,
    end: Vec<Cell>,
    text: Vec<Cell>,
}

/// Whatever stands where a number or a text should.
enum Cell {
    Number(f64),
    Text(String),
    Other,
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell, E> {
        Ok(Cell::Number(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell, E> {
        Ok(Cell::Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell, E> {
        Ok(Cell::Number(value as f64))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cell, E> {
        Ok(Cell::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Cell, E> {
        Ok(Cell::Text(value))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Cell, E> {
        Ok(Cell::Other)
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Cell, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell::Other)
    }
}
