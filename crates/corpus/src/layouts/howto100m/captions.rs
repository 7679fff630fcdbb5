//! The caption files: one JSON for all videos, or one CSV a video.

use std::io::Read;
use std::path::{Path, PathBuf};

use locvtp_video::{MediaLocation, plain_file};
use rayon::prelude::*;

use crate::csv_table::CsvTable;
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::intake::{Intake, RepairedVideo, SourceVideo};
use crate::json_cell::Cell;
use crate::json_stream::JsonStream;
use crate::layouts::subtitles::milliseconds::{Timed, are_milliseconds};
use crate::source_caption::{SourceCaption, SourceTime};
use crate::text_file;

const EXPECTED: &str = "a HowTo100M caption file: \
     {\"<video id>\": {\"start\": [..], \"end\": [..], \"text\": [..]}, ..}";

/// Bytes of captions understood side by side; also what is held of a file of gigabytes.
const BATCH_BYTES: usize = 4 << 20;
/// CSV files opened side by side.
const BATCH_FILES: usize = 1024;

/// Videos that wait to be understood.
type Batch = Vec<(String, MediaLocation, Vec<u8>)>;

/// Reads `caption.json` or `raw_caption.json`, which may be larger than memory.
pub(super) fn read_json(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let mut stream = JsonStream::open(path, EXPECTED)?;
    stream.enter_object()?;
    let (mut batch, mut bytes) = (Batch::new(), 0);
    while let Some(id) = stream.next_key()? {
        let Some(file) = intake.admit(&id, &id, None, None) else {
            stream.skip_value()?;
            continue;
        };
        let entry = stream.value()?;
        bytes += entry.len();
        batch.push((id, file, entry));
        if bytes >= BATCH_BYTES {
            take(std::mem::take(&mut batch), intake, entry_captions);
            bytes = 0;
        }
    }
    take(batch, intake, entry_captions);
    stream.finish()
}

/// Reads a folder of `<video id>.csv` with the columns `start,end,text`.
pub(super) fn read_folder(dir: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let unreadable = |source| CorpusError::Read { path: dir.to_owned(), source };
    let entries = std::fs::read_dir(dir).map_err(unreadable)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(unreadable)?;
    paths.sort();
    read_files(paths, intake)
}

/// Reads those of the files that are CSV.
pub(super) fn read_files(paths: Vec<PathBuf>, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let mut batch = Batch::new();
    for path in paths {
        let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        let Some(id) = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| is_csv) else {
            continue;
        };
        let Some(file) = intake.admit(id, id, None, None) else { continue };
        let bytes = text_file::bytes(&path)?;
        batch.push((id.to_owned(), file, bytes));
        if batch.len() == BATCH_FILES {
            take(std::mem::take(&mut batch), intake, csv_captions);
        }
    }
    take(batch, intake, csv_captions);
    Ok(())
}

/// Whether a file is a zip of CSV files.
pub(super) fn is_zip_of_csv(path: &Path) -> bool {
    let archive =
        plain_file::open(path).ok().map(std::io::BufReader::new).map(zip::ZipArchive::new);
    let Some(Ok(archive)) = archive else { return false };
    archive.file_names().take(100).flatten().any(|name| name.ends_with(".csv"))
}

/// Reads `howto100m_captions.zip`, which holds such CSV files.
pub(super) fn read_zip(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    /// No narration of one video is longer; a file that says so is none.
    const LONGEST: u64 = 64 << 20;
    let unreadable = |source| CorpusError::Read { path: path.to_owned(), source };
    let file = plain_file::open(path).map_err(unreadable)?;
    let mut archive = zip::ZipArchive::new(std::io::BufReader::new(file))
        .map_err(|error| unreadable(error.into()))?;
    let (mut batch, mut bytes) = (Batch::new(), 0);
    for place in 0..archive.len() {
        let Ok(entry) = archive.by_index(place) else {
            intake.drop_line("a file in the archive", place + 1);
            continue;
        };
        let name = entry.name().map(std::borrow::Cow::into_owned).unwrap_or_default();
        let id = name.rsplit('/').next().and_then(|name| name.strip_suffix(".csv"));
        let Some(id) = id.filter(|id| !id.is_empty()) else { continue };
        let Some(file) = intake.admit(id, id, None, None) else { continue };
        let mut text = Vec::new();
        let read = entry.take(LONGEST).read_to_end(&mut text);
        if read.is_err() || text.len() as u64 == LONGEST {
            intake.drop_one(DropReason::NotUnderstood, id, None);
            continue;
        }
        bytes += text.len();
        batch.push((id.to_owned(), file, text));
        if bytes >= BATCH_BYTES {
            take(std::mem::take(&mut batch), intake, csv_captions);
            bytes = 0;
        }
    }
    take(batch, intake, csv_captions);
    Ok(())
}

type Captions = Vec<Result<SourceCaption, DropReason>>;
/// With what a person should know of how they were read.
type Understood = (Captions, Vec<String>);

/// Understands a batch on all threads and takes it in the order of the file.
fn take(batch: Batch, intake: &mut Intake<'_>, understand: fn(&[u8]) -> Option<Understood>) {
    let care = intake.care();
    let one = |(id, file, bytes): (String, MediaLocation, Vec<u8>)| {
        let (captions, notes) = understand(&bytes).ok_or_else(|| id.clone())?;
        let notes: Vec<_> = notes.into_iter().map(|note| (id.clone(), note)).collect();
        Ok((SourceVideo { captions, ..SourceVideo::new(id) }.repaired(care), file, notes))
    };
    type Read = (RepairedVideo, MediaLocation, Vec<(String, String)>);
    let understood: Vec<Result<Read, String>> = batch.into_par_iter().map(one).collect();
    for video in understood {
        match video {
            Ok((video, file, notes)) => {
                notes.iter().for_each(|(id, note)| intake.note_of_video(id, note));
                intake.push(video, file);
            }
            Err(id) => intake.drop_one(DropReason::NotUnderstood, &id, None),
        }
    }
}

/// The three lists of one video, as they stand in the file.
#[derive(serde::Deserialize)]
struct Entry {
    start: Vec<Cell>,
    end: Vec<Cell>,
    text: Vec<Cell>,
}

fn entry_captions(bytes: &[u8]) -> Option<Understood> {
    let Entry { start, end, text } = serde_json::from_slice(bytes).ok()?;
    let longest = start.len().max(end.len()).max(text.len());
    let shortest = start.len().min(end.len()).min(text.len());
    let cells = start.into_iter().zip(end).zip(text);
    let captions = cells.map(|((start, end), text)| caption(&start, &end, text));
    let tail = std::iter::repeat_n(Err(DropReason::UnequalLists), longest - shortest);
    Some((captions.chain(tail).collect(), Vec::new()))
}

fn caption(start: &Cell, end: &Cell, text: Cell) -> Result<SourceCaption, DropReason> {
    let text = text.text().ok_or(DropReason::TextIsNoString)?;
    let (Cell::Number(start), Cell::Number(end)) = (start, end) else {
        return Err(DropReason::TimeIsNoNumber);
    };
    Ok(SourceCaption::new(SourceTime::Seconds(*start, *end), text))
}

fn csv_captions(bytes: &[u8]) -> Option<Understood> {
    let table = CsvTable::of_bytes(Path::new("a video's captions"), bytes).ok()?;
    let table = table.with_text("text", |row| row.numbers_in(&["start", "end"]));
    let mut table = table.with_numbers(&["start", "end"]);
    table.require(&["start", "end", "text"]).ok()?;
    let (mut captions, mut timed) = (Captions::new(), Vec::new());
    while let Some(row) = table.next_row().ok()? {
        let mut caption = || {
            let (text, repairs) = row.text("text").ok_or(DropReason::NotUnderstood)?;
            // How pandas writes a missing text, and how MIL-NCE reads it.
            if text.trim().eq_ignore_ascii_case("nan") {
                return Err(DropReason::TextIsNoString);
            }
            let time = |column| row.number(column).ok_or(DropReason::TimeIsNoNumber);
            let (start, end) = (time("start")?, time("end")?);
            timed.push(Timed::new(start, end, &text));
            let time = SourceTime::Seconds(start, end);
            Ok(SourceCaption { repairs, ..SourceCaption::new(time, text) })
        };
        captions.push(caption());
    }
    captions.extend(std::iter::repeat_n(Err(DropReason::RowTooLong), table.too_long().len()));
    // whisper.cpp writes the same table in milliseconds.
    if are_milliseconds(&timed, || None) {
        for caption in captions.iter_mut().flatten() {
            if let SourceTime::Seconds(start, end) = caption.time {
                caption.time = SourceTime::Milliseconds(start, end);
            }
        }
    }
    Some((captions, table.notes()))
}
