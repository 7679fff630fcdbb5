//! A file with words, read whatever its format.

use std::io::ErrorKind;
use std::iter::repeat_n;
use std::path::Path;

use locvtp_video::plain_file::{self, LARGEST_TEXT};

use super::format::Format;
use super::milliseconds::{Timed, are_milliseconds};
use super::words::Words;
use super::{cues, substation, timed_text, transcript_json};
use crate::csv_table::CsvTable;
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::language::Language;
use crate::layouts::manifest::OF_VIDEO;
use crate::repair::{Repair, Repairs};
use crate::source_caption::{SourceCaption, SourceTime};
use crate::text_file;

/// Reads a file; none where it holds no words with times. `media` is asked how long it is where that
/// decides the unit.
///
/// # Errors
/// When it cannot be read, or is broken; the text says how.
pub(super) fn read(
    path: &Path,
    format: Format,
    media: Option<&Path>,
) -> Result<Option<Words>, String> {
    let told = |error: &dyn std::error::Error| {
        let causes = std::iter::successors(Some(error), |error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    };
    let length_s = || length_s(media?);
    let bytes = plain_file::read(path, LARGEST_TEXT).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => "is larger than any transcript".to_owned(),
        _ => told(&error),
    })?;
    if matches!(format, Format::Csv) {
        return table(path, &bytes, length_s).map_err(|error| told(&error));
    }
    let (text, replaced) = text_file::decoded(&bytes);
    let words = match format {
        Format::Srt | Format::Vtt => Some(of_cues(&text, format)?),
        Format::Ssa => Some(Words {
            captions: substation::captions(&text).ok_or("has no part [Events]")?,
            ..Words::default()
        }),
        Format::TimedText => timed_text::read(&text).map_err(|error| told(&error))?,
        Format::Json => {
            transcript_json::read(text.as_bytes(), length_s).map_err(|error| told(&error))?
        }
        Format::Tsv => tab_separated(&text, length_s),
        Format::Csv => None,
    };
    Ok(words.map(|mut words| {
        if replaced {
            let taken = words.captions.iter_mut().flatten();
            taken.for_each(|caption| caption.repairs.note(Repair::NotUtf8));
        }
        words
    }))
}

/// How long a video is, by its frames.
fn length_s(media: &Path) -> Option<f64> {
    let reader = locvtp_video::VideoReader::open(media).ok()?;
    Some(reader.frame_table().end().0)
}

fn of_cues(text: &str, format: Format) -> Result<Words, String> {
    let captions = cues::captions(text);
    // A silent video's WebVTT holds a header alone.
    if captions.is_empty() && !text.trim().is_empty() && !text.starts_with("WEBVTT") {
        return Err("has no line with times, as 00:00:01,000 --> 00:00:02,500".to_owned());
    }
    // YouTube's WebVTT says `Language: en` in its header.
    let header = text_file::subtitle_lines(text).take_while(|line| !line.contains("-->")).take(20);
    let language = header
        .filter_map(|line| line.strip_prefix("Language:"))
        .find_map(Language::parse)
        .filter(|_| format == Format::Vtt);
    Ok(Words { captions, language, ..Words::default() })
}

/// Columns of a table of captions.
const COLUMNS: [&str; 3] = ["start", "end", "text"];

/// Whisper's table. It knows no quotes; a tab in a text was replaced when it was written.
fn tab_separated(text: &str, length_s: impl FnOnce() -> Option<f64>) -> Option<Words> {
    let mut lines = text_file::subtitle_lines(text);
    let header: Vec<&str> = lines.next()?.trim_end().split('\t').map(str::trim).collect();
    let place = |column: &str| header.iter().position(|name| name.eq_ignore_ascii_case(column));
    let [start, end, words] = COLUMNS.map(place);
    let (start, end, words) = (start?, end?, words?);
    if OF_VIDEO.iter().any(|column| place(column).is_some()) {
        return None;
    }
    let rows = lines.filter(|line| !line.trim().is_empty()).map(|line| {
        let cells: Vec<&str> = line.splitn(header.len(), '\t').collect();
        let time = |place: usize| cells.get(place)?.trim().parse::<f64>().ok();
        let text = cells.get(words).map(|text| (*text).to_owned());
        (time(start), time(end), text.map(|text| (text, Repairs::default())))
    });
    Some(timed(rows.collect(), length_s))
}

/// whisper.cpp's table; none where it is another one.
fn table(
    path: &Path,
    bytes: &[u8],
    length_s: impl FnOnce() -> Option<f64>,
) -> Result<Option<Words>, CorpusError> {
    let table = CsvTable::of_bytes(path, bytes)?;
    let mut table = table.with_text("text", |row| row.numbers_in(&["start", "end"]));
    let is_manifest = OF_VIDEO.iter().any(|column| table.has(column));
    if is_manifest || !COLUMNS.iter().all(|column| table.has(column)) {
        return Ok(None);
    }
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        // whisper.cpp begins each text with a space.
        let text = row.text("text").map(|(text, repairs)| (text.trim().to_owned(), repairs));
        rows.push((row.number("start"), row.number("end"), text));
    }
    let mut words = timed(rows, length_s);
    words.captions.extend(repeat_n(Err(DropReason::RowTooLong), table.too_long().len()));
    Ok(Some(words))
}

type TableRow = (Option<f64>, Option<f64>, Option<(String, Repairs)>);

/// Rows whose unit is told by what stands in them.
fn timed(rows: Vec<TableRow>, length_s: impl FnOnce() -> Option<f64>) -> Words {
    let whole = |(start, end, text): &TableRow| {
        Some(Timed::new((*start)?, (*end)?, text.as_ref().map_or("", |(text, _)| text)))
    };
    let known: Vec<Timed> = rows.iter().filter_map(whole).collect();
    let in_milliseconds = are_milliseconds(&known, length_s);
    let time = if in_milliseconds { SourceTime::Milliseconds } else { SourceTime::Seconds };
    let caption = |(start, end, text): TableRow| {
        let (text, repairs) = text.ok_or(DropReason::NotUnderstood)?;
        let (start, end) = start.zip(end).ok_or(DropReason::TimeIsNoNumber)?;
        Ok(SourceCaption { repairs, ..SourceCaption::new(time(start, end), text) })
    };
    let captions = rows.into_iter().map(caption).collect();
    Words { captions, in_milliseconds, ..Words::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(SourceTime, String)> {
        let words = tab_separated(text, || None).unwrap();
        let taken = words.captions.into_iter().map(Result::unwrap);
        taken.map(|caption| (caption.time, caption.text)).collect()
    }

    #[test]
    fn whispers_table_is_in_milliseconds_and_knows_no_quotes() {
        let tsv = "start\tend\ttext\n0\t1500\t\"Whisk,\" she says\n1500\t3000\the \"pours\n";
        let expected = [
            (SourceTime::Milliseconds(0.0, 1500.0), "\"Whisk,\" she says".to_owned()),
            (SourceTime::Milliseconds(1500.0, 3000.0), "he \"pours".to_owned()),
        ];
        assert_eq!(told(tsv), expected);
        assert_eq!(told(&tsv.replace('\n', "\r\n")), expected);
        let seconds = "start\tend\ttext\n0.0\t1.5\tshe whisks\n";
        assert_eq!(told(seconds), [(SourceTime::Seconds(0.0, 1.5), "she whisks".to_owned())]);
        let padded = "start\tend\ttext\t\n0.0\t1.5\tshe\twhisks\t\n";
        assert_eq!(told(padded)[0].1.trim(), "she\twhisks", "the last column has no name");
        assert!(tab_separated("a fox\thttp://x\n", || None).is_none());
        assert!(tab_separated("", || None).is_none());
    }

    #[test]
    fn whisper_cpps_table_is_in_milliseconds_and_quotes_its_text() {
        let csv = b"start,end,text\n0,1500,\" she \"\"whisks\"\"\"\n1500,3000,\" he pours\"\n";
        let words = table(Path::new("v.csv"), csv, || None).unwrap().unwrap();
        assert!(words.in_milliseconds);
        let caption = words.captions[0].as_ref().unwrap();
        assert_eq!(caption.time, SourceTime::Milliseconds(0.0, 1500.0));
        assert_eq!(caption.text, "she \"whisks\"");
        assert!(table(Path::new("v.csv"), b"path,text\na,b\n", || None).unwrap().is_none());
    }

    #[test]
    fn a_row_with_commas_in_its_text_is_joined_and_one_that_cannot_be_told_is_counted() {
        let csv = b"start,end,text\n0.5,1.5,cut, then fry\nso, it,is,lost\n";
        let words = table(Path::new("v.csv"), csv, || None).unwrap().unwrap();
        let first = words.captions[0].as_ref().unwrap();
        assert_eq!(first.text, "cut, then fry");
        assert!(first.repairs.contains(Repair::SeparatorJoined));
        assert_eq!(words.captions[1..], [Err(DropReason::RowTooLong)]);
    }

    #[test]
    fn a_table_that_says_of_which_video_a_row_is_is_no_transcript() {
        for header in ["path,start,end,text", "start,end,Text,Video"] {
            let text = format!("{header}\na.mp4,0,1,a.mp4\n");
            assert!(table(Path::new("v.csv"), text.as_bytes(), || None).unwrap().is_none());
            assert!(tab_separated(&text.replace(',', "\t"), || None).is_none());
        }
    }
}
