//! Charades-STA: `charades_sta_{train,test}.txt`, lines of `VID start end##sentence.`
//!
//! How long the videos are stands in Charades' own `Charades_v1_{train,test}.csv` (columns `id` and
//! `length`), which is looked for in the same folder: a seventh of the ends lie after it. Without
//! that table the ends stay, and a note says so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::corpus::Subset;
use crate::csv_table::CsvTable;
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::glance::Glance;
use crate::intake::{Intake, SourceVideo};
use crate::layouts::layout_reader::LayoutReader;
use crate::repair::Repair;
use crate::source_caption::{SourceCaption, SourceTime};
use crate::text_file;
use locvtp_video::counted::counted;

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader = LayoutReader::new(
    "charades-sta",
    "Charades-STA: charades_sta_*.txt, with Charades_v1_*.csv beside",
    is_recognised,
    read,
)
.measuring("grounding");

/// By its lines.
fn is_recognised(_path: &Path, glance: &Glance) -> bool {
    matches!(glance, Glance::Text(text) if text_file::lines(text).take(5).any(is_line))
}

/// Reads one of the files.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let subset = Subset::from_file_name(path);
    let lengths = match lengths_beside(path, subset) {
        Some(table) => lengths(&table, intake)?,
        None => {
            intake.note(format!(
                "{}: Charades_v1_{}.csv is not beside it, so ends are not clipped to the videos",
                path.display(),
                subset.map_or("*", Subset::name)
            ));
            BTreeMap::new()
        }
    };
    let (text, replaced) = text_file::read(path)?;
    let mut videos: BTreeMap<&str, SourceVideo> = BTreeMap::new();
    for (place, line) in
        text_file::lines(&text).enumerate().filter(|(_, line)| !line.trim().is_empty())
    {
        let Some((id, caption)) = parsed(line) else {
            intake.drop_line("a line that is not `VID start end##sentence`", place + 1);
            continue;
        };
        let video = videos.entry(id).or_insert_with(|| SourceVideo {
            subset,
            duration_s: lengths.get(id).copied(),
            ..SourceVideo::new(id)
        });
        video.captions.push(caption.map(|mut caption| {
            caption.id = u32::try_from(place).ok();
            if replaced {
                caption.repairs.note(Repair::NotUtf8);
            }
            caption
        }));
    }
    videos.into_values().for_each(|video| intake.video(video));
    Ok(())
}

/// Whether a line is one of such a file.
fn is_line(line: &str) -> bool {
    parsed(line).is_some_and(|(_, caption)| caption.is_ok())
}

/// A line's video and caption; none when it is no such line.
fn parsed(line: &str) -> Option<(&str, Result<SourceCaption, DropReason>)> {
    let (head, sentence) = line.split_once("##")?;
    let mut words = head.split_whitespace();
    let (id, start, end) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    let caption = match (start.parse(), end.parse()) {
        (Ok(start), Ok(end)) => Ok(SourceCaption::new(SourceTime::Seconds(start, end), sentence)),
        _ => Err(DropReason::TimeIsNoNumber),
    };
    Some((id, caption))
}

/// The table of Charades beside the file, of the same subset.
fn lengths_beside(path: &Path, subset: Option<Subset>) -> Option<PathBuf> {
    let mut tables: Vec<PathBuf> = std::fs::read_dir(path.parent()?)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_table = name.contains("Charades_v1") && name.ends_with(".csv");
            is_table && (subset.is_none() || Subset::from_file_name(path) == subset)
        })
        .collect();
    tables.sort();
    tables.into_iter().next()
}

fn lengths(path: &Path, intake: &mut Intake<'_>) -> Result<BTreeMap<String, f64>, CorpusError> {
    let mut table = CsvTable::open(path)?;
    table.require(&["id", "length"])?;
    let (mut lengths, mut unknown) = (BTreeMap::new(), 0);
    while let Some(row) = table.next_row()? {
        match (row.get("id"), row.number("length")) {
            (Some(id), Some(length)) => drop(lengths.insert(id.into_owned(), length)),
            _ => unknown += 1,
        }
    }
    let file = path.file_name().unwrap_or_default().display();
    table.notes().into_iter().for_each(|note| intake.note(format!("{file}: {note}")));
    if unknown > 0 {
        intake.note(format!("{file}: {} without a length", counted(unknown, "row")));
    }
    Ok(lengths)
}
