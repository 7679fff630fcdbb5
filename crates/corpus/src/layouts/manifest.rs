//! A plain list of captioned spans, for people's own data: CSV, JSON lines, or a JSON list of the same
//! objects.
//!
//! Columns (or keys) are `path`, `start`, `end` and `text`; times in seconds. Without `start` and
//! `end` a text holds for the whole video. A relative path is meant from the manifest's folder.
//! A video in a tar shard is `PATH.tar/MEMBER`, or the same at an address: `s3://bucket/0.tar/7.mp4`.
//! A text with separators belongs in double quotes; without them it is put together again where it is
//! the last column. Further columns may be there: `video` (the id; the path otherwise), `caption` (the span's
//! number), `subset`, `task` and `duration`. Rows of one video need not stand together.
//!
//! [`ManifestWriter`] writes the same as JSON lines, with `repairs` beside each span and a line
//! `{"dropped": ..}` for what was left out, which reading passes over: so the list that `locvtp
//! corpus check` writes is a manifest, too.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use locvtp_video::whole_file::{PartName, WholeFile};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::bare_nan;
use crate::corpus::{Caption, NarratedVideo, Subset};
use crate::csv_table::CsvTable;
use crate::error::CorpusError;
use crate::glance::Glance;
use crate::intake::{Intake, SourceVideo, VideoSink};
use crate::json_cell::Cell;
use crate::json_stream::JsonStream;
use crate::layouts::layout_reader::LayoutReader;
use crate::repair::Repairs;
use crate::report::{DropReason, DroppedExample};
use crate::row_notes::RowNotes;
use crate::shards;
use crate::source_caption::{SourceCaption, SourceTime};
use crate::table_row::{Evidence, Row};
use crate::text_file;
use crate::video_files::rank;

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader = LayoutReader {
    names_its_files: true,
    ..LayoutReader::new(
        "manifest",
        "Your own list, CSV or JSON lines: path, start, end, text",
        is_recognised,
        read,
    )
};

/// Columns that say of which video a row is: such a table or list is a manifest, whatever its name.
pub(crate) const OF_VIDEO: [&str; 2] = ["path", "video"];

/// What a row says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    path: Cell,
    video: Cell,
    start: Cell,
    end: Cell,
    text: Cell,
    caption: Cell,
    subset: Cell,
    task: Cell,
    duration: Cell,
    dropped: Cell,
}

/// By the columns, or the keys of a list; JSON lines of any kind are believed to be one.
fn is_recognised(path: &Path, glance: &Glance) -> bool {
    match glance {
        Glance::Json(json) => {
            // Else it may be a list of captions, as transcribers write one.
            let names_a_video = || OF_VIDEO.iter().any(|key| glance.has_key(2, key));
            json.is_list() && glance.has_key(2, "text") && names_a_video()
        }
        Glance::JsonLines(_) => !shards::is_index(path),
        Glance::Table(_) => OF_VIDEO.iter().any(|column| glance.has_columns(&["text", column])),
        _ => false,
    }
}

/// Reads a manifest.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let mut videos =
        Videos { folder: path.parent().unwrap_or(Path::new("")), known: BTreeMap::new() };
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    if ending == "jsonl" || ending == "ndjson" {
        read_json("line", &mut videos, intake, |each| text_file::each_line(path, each))?;
    } else if ending == "json" {
        read_json("list entry", &mut videos, intake, |each| each_entry(path, each))?;
    } else {
        read_table(path, &mut videos, intake)?;
    }
    if intake.looks_for_files() {
        shards::find_members(videos.known.values_mut(), intake.shards())?;
    }
    videos.known.into_values().for_each(|video| intake.video(video));
    Ok(())
}

/// Reads the objects that `walk` hands over with their numbers, from 1; `noun` is what they are.
fn read_json(
    noun: &str,
    videos: &mut Videos<'_>,
    intake: &mut Intake<'_>,
    walk: impl FnOnce(&mut dyn FnMut(usize, &[u8])) -> Result<(), CorpusError>,
) -> Result<(), CorpusError> {
    let (mut notes, mut not_understood) = (RowNotes::default(), None);
    walk(&mut |number, line| {
        let read = json_line(line).and_then(|line| {
            for (column, cell) in [("start", &line.start), ("end", &line.end)] {
                if let Cell::Text(text) = cell
                    && cell.number().is_none()
                {
                    notes.misread(column, text, number);
                }
            }
            if !line.dropped.is_other() {
                return Ok(());
            }
            let lacks =
                if line.text.is_other() { "no text" } else { "no path, or its text is none" };
            let is_taken = videos.add(line, Repairs::default());
            is_taken.then_some(()).ok_or_else(|| format!("it has {lacks}"))
        });
        if let Err(reason) = read {
            intake.drop_line(&format!("a {noun} without path and text"), number);
            not_understood
                .get_or_insert_with(|| format!("{noun} {number} is not understood: {reason}"));
        }
    })?;
    notes.told().into_iter().chain(not_understood).for_each(|note| intake.note(note));
    Ok(())
}

/// Hands over the objects of a JSON list.
fn each_entry(path: &Path, each: &mut dyn FnMut(usize, &[u8])) -> Result<(), CorpusError> {
    const EXPECTED: &str =
        "a list of spans: [{\"path\": .., \"start\": s, \"end\": s, \"text\": ..}, ..]";
    let mut stream = JsonStream::open(path, EXPECTED)?;
    stream.enter_list()?;
    let mut number = 0;
    while stream.next_element()? {
        number += 1;
        each(number, &stream.value()?);
    }
    stream.finish()
}

/// A line of JSON; Python writes `NaN` where a table had nothing.
fn json_line(line: &[u8]) -> Result<Line, String> {
    let read = serde_json::from_slice(line);
    let read = read.or_else(|_| serde_json::from_slice(&bare_nan::as_null(line)));
    read.map_err(|error: serde_json::Error| error.to_string())
}

/// The columns that are read.
const COLUMNS: [&str; 9] =
    ["path", "video", "start", "end", "text", "caption", "subset", "task", "duration"];

fn read_table(
    path: &Path,
    videos: &mut Videos<'_>,
    intake: &mut Intake<'_>,
) -> Result<(), CorpusError> {
    let table = CsvTable::open(path)?.with_text("text", evidence);
    let mut table = table.with_numbers(&["start", "end", "duration"]);
    table.require(&["text"])?;
    if !table.has("video") {
        table.require(&["path"])?;
    }
    table.refuse_doubles(&COLUMNS)?;
    let there: Vec<&str> = COLUMNS.into_iter().filter(|column| table.has(column)).collect();
    while let Some(row) = table.next_row()? {
        let repairs = row.text("text").map_or(row.repairs, |(_, repairs)| repairs);
        if !videos.add(line_of(&row, &there), repairs) {
            intake.drop_line("a row without path and text", row.line);
        }
    }
    intake.end_of_table(&table);
    Ok(())
}

/// Whether a text of JSON lines begins as a manifest.
pub(crate) fn begins(start: &[u8]) -> bool {
    let mut lines =
        whole_lines(start).take(LINES_LOOKED_AT).filter_map(|line| json_line(line).ok());
    lines.any(|line| {
        let names_a_video = !line.path.is_other() || !line.video.is_other();
        names_a_video && !line.text.is_other() || !line.dropped.is_other()
    })
}

/// Lines that tell what a file is.
const LINES_LOOKED_AT: usize = 20;

/// The lines of a text that are not empty; the last one may break off and is left out, if there are
/// others.
fn whole_lines(start: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = memchr::memrchr2(b'\n', b'\r', start).unwrap_or(start.len());
    let lines = start[..end].split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty())
}

/// Whether a text is a list that [`ManifestWriter`] wrote, by the order of its keys and by its paths,
/// which are whole. Who writes such a list by hand has to name the file.
pub(crate) fn is_own_list(start: &[u8]) -> bool {
    let mut lines = whole_lines(start).take(LINES_LOOKED_AT).peekable();
    lines.peek().is_some() && lines.all(is_own_line)
}

fn is_own_line(line: &[u8]) -> bool {
    const OF_SPAN: [&str; 6] = ["path", "video", "start", "end", "text", "caption"];
    const MORE_OF_SPAN: [&str; 4] = ["subset", "task", "duration", "repairs"];
    const OF_DROPPED: [&str; 2] = ["dropped", "video"];
    const MORE_OF_DROPPED: [&str; 2] = ["caption", "line"];
    let Ok(Entries(entries)) = serde_json::from_slice(line) else { return false };
    let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
    let are = |first: &[&str], more: &[&str]| {
        let rest = keys.strip_prefix(first).unwrap_or(&["another"]);
        let places = rest.iter().map(|key| more.iter().position(|known| known == key));
        places.clone().all(|place| place.is_some()) && places.is_sorted()
    };
    let is_whole = |cell: &Cell| match cell {
        Cell::Text(path) => {
            path.is_empty() || Path::new(path).is_absolute() || shards::is_remote(path)
        }
        _ => false,
    };
    are(&OF_DROPPED, &MORE_OF_DROPPED)
        || are(&OF_SPAN, &MORE_OF_SPAN) && entries.first().is_some_and(|(_, path)| is_whole(path))
}

/// An object's keys and values in their order.
struct Entries(Vec<(String, Cell)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

/// A row has numbers for times, where it has times, or else the name of a media file.
fn evidence(row: &Row<'_>) -> Evidence {
    let time = |column| row.get(column).filter(|text| !text.is_empty());
    let times: Vec<_> = ["start", "end"].into_iter().filter_map(time).collect();
    if !times.is_empty() {
        return row.numbers_in(&["start", "end"]);
    }
    let is_media = |text: &str| rank(Path::new(text.trim())).is_some();
    let (path, text) = (row.get("path").unwrap_or_default(), row.get("text").unwrap_or_default());
    let continues_the_path = text.split([',', ';', '\t']).next().is_some_and(is_media);
    match (is_media(&path), continues_the_path) {
        (true, _) => Evidence::For,
        (false, true) => Evidence::Against,
        (false, false) => Evidence::Nothing,
    }
}

/// What a row says; `there` are the columns of its table.
fn line_of(row: &Row<'_>, there: &[&str]) -> Line {
    let cell = |column| match there.contains(&column).then(|| row.text(column)).flatten() {
        Some((text, _)) if !text.trim().is_empty() => Cell::Text(text.into_owned()),
        _ => Cell::Other,
    };
    Line {
        path: cell("path"),
        video: cell("video"),
        start: cell("start"),
        end: cell("end"),
        text: cell("text"),
        caption: cell("caption"),
        subset: cell("subset"),
        task: cell("task"),
        duration: cell("duration"),
        dropped: Cell::Other,
    }
}

/// The videos so far, by id.
struct Videos<'a> {
    folder: &'a Path,
    known: BTreeMap<String, SourceVideo>,
}

impl Videos<'_> {
    /// Takes a line; false when it names no video or has no text.
    fn add(&mut self, line: Line, repairs: Repairs) -> bool {
        let path = line.path.text().filter(|path| !path.trim().is_empty());
        let id = line.video.word().or_else(|| path.clone()).filter(|id| !id.trim().is_empty());
        let (Some(id), Some(text)) = (id, line.text.text()) else { return false };
        let folder = self.folder;
        let video = self.known.entry(id.trim().to_owned()).or_insert_with_key(|id| SourceVideo {
            media: path.map(|path| match path.trim() {
                address if shards::is_remote(address) => address.into(),
                path => folder.join(path).into(),
            }),
            subset: line.subset.text().and_then(|word| Subset::from_word(&word)),
            task: line.task.word(),
            duration_s: line.duration.number(),
            ..SourceVideo::new(id.as_str())
        });
        let number = line.caption.count();
        video.captions.push(time(&line.start, &line.end).map(|time| SourceCaption {
            id: number,
            repairs,
            ..SourceCaption::new(time, text)
        }));
        true
    }
}

fn time(start: &Cell, end: &Cell) -> Result<SourceTime, DropReason> {
    match (start, end) {
        (Cell::Other, Cell::Other) => Ok(SourceTime::Whole),
        // What the list of a check says of a whole video of unknown length.
        (start, Cell::Other) if start.number() == Some(0.0) => Ok(SourceTime::Whole),
        (start, end) => {
            let number = |cell: &Cell| cell.number().ok_or(DropReason::TimeIsNoNumber);
            Ok(SourceTime::Seconds(number(start)?, number(end)?))
        }
    }
}

/// A span in the list.
#[derive(Serialize)]
struct SpanLine<'a> {
    path: &'a Path,
    video: &'a str,
    start: f64,
    /// Null when the length of the video is unknown.
    end: f64,
    text: &'a str,
    caption: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    subset: Option<Subset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
    #[serde(skip_serializing_if = "Repairs::is_empty")]
    repairs: Repairs,
}

/// What was left out, in the list.
#[derive(Serialize)]
struct DroppedLine<'a> {
    dropped: &'a str,
    video: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

/// Writes spans as they come, and puts the file in its place when it is whole; one that is dropped
/// before leaves nothing.
pub struct ManifestWriter {
    path: PathBuf,
    whole: WholeFile,
    out: BufWriter<File>,
    failed: Option<std::io::Error>,
}

impl ManifestWriter {
    /// Begins the list `path`; its folder is made where there is none.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path) -> Result<Self, CorpusError> {
        // The same name each time, so that one that was killed leaves nothing behind for long.
        let whole = WholeFile::beside(path, PartName::Same("partial"));
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let made = folder.map_or(Ok(()), std::fs::create_dir_all);
        let file = made
            .and_then(|()| whole.create())
            .map_err(|source| CorpusError::Write { path: path.to_owned(), source })?;
        let out = BufWriter::with_capacity(1 << 18, file);
        Ok(Self { path: path.to_owned(), whole, out, failed: None })
    }

    fn line(&mut self, line: &impl Serialize) {
        if self.failed.is_some() {
            return;
        }
        let written = serde_json::to_writer(&mut self.out, line).map_err(Into::into);
        if let Err(error) = written.and_then(|()| self.out.write_all(b"\n")) {
            self.failed = Some(error);
        }
    }

    /// Notes a video that was left out after reading, and why.
    pub fn left_out(&mut self, video: &str, reason: &str) {
        self.line(&DroppedLine { dropped: reason, video, caption: None, line: None });
    }

    /// Writes what is left, syncs, and renames the file to its name.
    ///
    /// # Errors
    /// When anything could not be written; the file is not there then.
    pub fn finish(self) -> Result<(), CorpusError> {
        let Self { path, whole, mut out, failed } = self;
        let result = match failed {
            Some(error) => Err(error),
            None => out.flush().and_then(|()| whole.finish(out.get_ref())),
        };
        result.map_err(|source| CorpusError::Write { path, source })
    }
}

impl VideoSink for ManifestWriter {
    fn video(&mut self, video: NarratedVideo) {
        // The list may lie anywhere, and a relative path is meant from where it lies.
        let path = video.media.path();
        let is_here = !path.as_os_str().is_empty() && !shards::is_remote(&path.to_string_lossy());
        let absolute = is_here.then(|| std::path::absolute(path).ok()).flatten();
        let path = absolute.as_deref().unwrap_or(path);
        for Caption { span, text, id, repairs } in &video.captions {
            self.line(&SpanLine {
                path,
                video: &video.id,
                start: span.start.0,
                end: span.end.0,
                text,
                caption: *id,
                subset: video.subset,
                task: video.task.as_deref(),
                duration: video.duration.map(|duration| duration.0),
                repairs: *repairs,
            });
        }
    }

    fn dropped(&mut self, dropped: &DroppedExample) {
        let reason = dropped.reason.to_string();
        let DroppedExample { video, caption, line, .. } = dropped;
        self.line(&DroppedLine { dropped: &reason, video, caption: *caption, line: *line });
    }
}
