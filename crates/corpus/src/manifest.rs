//! A plain list of captioned spans, for people's own data: CSV or JSON lines.
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
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::corpus::{Caption, NarratedVideo, Subset};
use crate::csv_table::{CsvTable, Evidence, Row};
use crate::error::CorpusError;
use crate::intake::{Intake, SourceVideo, VideoSink};
use crate::json_cell::Cell;
use crate::repair::{Repairs, SourceCaption, SourceTime};
use crate::report::{DropReason, DroppedExample};
use crate::shards;
use crate::text_file;
use crate::video_files::rank;

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

/// Reads a manifest.
pub(crate) fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let mut videos =
        Videos { folder: path.parent().unwrap_or(Path::new("")), known: BTreeMap::new() };
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    if ending == "jsonl" || ending == "ndjson" {
        read_lines(path, &mut videos, intake)?;
    } else {
        read_table(path, &mut videos, intake)?;
    }
    if intake.looks_for_files() {
        shards::find_members(videos.known.values_mut(), intake.shards())?;
    }
    videos.known.into_values().for_each(|video| intake.video(video));
    Ok(())
}

fn read_lines(
    path: &Path,
    videos: &mut Videos<'_>,
    intake: &mut Intake<'_>,
) -> Result<(), CorpusError> {
    let unreadable = |source| CorpusError::Read { path: path.to_owned(), source };
    let mut lines = BufReader::with_capacity(1 << 18, File::open(path).map_err(unreadable)?);
    let (mut bytes, mut number) = (Vec::new(), 0);
    while text_file::read_line(&mut lines, &mut bytes).map_err(unreadable)? {
        number += 1;
        let line = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii();
        if !line.is_empty() {
            let understood = serde_json::from_slice::<Line>(line).is_ok_and(|line| {
                line.dropped != Cell::Other || videos.add(line, Repairs::default())
            });
            if !understood {
                intake.drop_line("a line without path and text", number);
            }
        }
        bytes.clear();
    }
    Ok(())
}

fn read_table(
    path: &Path,
    videos: &mut Videos<'_>,
    intake: &mut Intake<'_>,
) -> Result<(), CorpusError> {
    let mut table = CsvTable::open(path)?.with_text("text", evidence);
    table.require(&["text"])?;
    if !table.has("video") {
        table.require(&["path"])?;
    }
    while let Some(row) = table.next_row()? {
        let repairs = row.text("text").map_or(row.repairs, |(_, repairs)| repairs);
        if !videos.add(line_of(&row), repairs) {
            intake.drop_line("a row without path and text", row.line);
        }
    }
    table.finish(intake);
    Ok(())
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

fn line_of(row: &Row<'_>) -> Line {
    let cell = |column| match row.text(column) {
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
    partial: PathBuf,
    out: BufWriter<File>,
    failed: Option<std::io::Error>,
}

impl ManifestWriter {
    /// Begins the list `path`; its folder is made where there is none.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path) -> Result<Self, CorpusError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // The same name each time, so that one that was killed leaves nothing behind for long.
        let partial = path.with_file_name(format!(".{name}.partial"));
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let made = folder.map_or(Ok(()), std::fs::create_dir_all);
        let file = made
            .and_then(|()| File::create(&partial))
            .map_err(|source| CorpusError::Write { path: path.to_owned(), source })?;
        let out = BufWriter::with_capacity(1 << 18, file);
        Ok(Self { path: path.to_owned(), partial, out, failed: None })
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
    pub fn finish(mut self) -> Result<(), CorpusError> {
        let result = match self.failed.take() {
            Some(error) => Err(error),
            None => self
                .out
                .flush()
                .and_then(|()| self.out.get_ref().sync_all())
                .and_then(|()| std::fs::rename(&self.partial, &self.path)),
        };
        result.map_err(|source| CorpusError::Write { path: self.path.clone(), source })
    }
}

impl Drop for ManifestWriter {
    fn drop(&mut self) {
        // After the rename there is nothing left to remove, and a failure here has nobody to tell.
        let _ = std::fs::remove_file(&self.partial);
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
