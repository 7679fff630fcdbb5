//! CC3M, Conceptual Captions: pictures as one-frame videos.
//!
//! Google's `Train_GCC-training.tsv` and `Validation_GCC-1.1.0-Validation.tsv` have no header, only
//! lines of `caption<TAB>url`, without quotes. The file of a picture is named as Frozen-in-Time's
//! download names it, by the decimal CRC-32 of its address, with or without an ending; that number
//! is the id here. Of two addresses with one number only the first is taken, since the file can be
//! either's. Tables with the columns `caption` and `thumbnailUrl` (or `url`), as Frozen's, are read
//! too.

use std::path::Path;

use crate::corpus::Subset;
use crate::csv_table::CsvTable;
use crate::error::CorpusError;
use crate::file_ending::has_ending;
use crate::glance::Glance;
use crate::intake::{Intake, SourceVideo};
use crate::layouts::layout_reader::LayoutReader;
use crate::repair::{Repair, Repairs};
use crate::source_caption::{SourceCaption, SourceTime};
use crate::table_row::{Evidence, Row};
use crate::text_file;

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader = LayoutReader::new(
    "cc3m",
    "Conceptual Captions: *.tsv; pictures as videos of one frame",
    is_recognised,
    read,
);

/// Columns that hold the address.
const URL_COLUMNS: [&str; 2] = ["thumbnailUrl", "url"];

/// By the columns, or by an address that ends a line of a .tsv.
fn is_recognised(path: &Path, glance: &Glance) -> bool {
    let Glance::Table(table) = glance else { return false };
    let names_addresses = || URL_COLUMNS.iter().any(|column| table.has(column));
    let ends_with_one = || table.header().last().is_some_and(|field| is_address(field));
    table.has("caption") && names_addresses() || has_ending(path, &["tsv"]) && ends_with_one()
}

/// Reads a list of pictures, line by line.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let subset = Subset::from_file_name(path);
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        return read_table(path, subset, intake);
    }
    text_file::each_line(path, |number, bytes| {
        let (line, replaced) = text_file::field(bytes);
        let mut repairs = Repairs::default();
        if replaced {
            repairs.note(Repair::NotUtf8);
        }
        match line.rsplit_once('\t') {
            Some((caption, url)) if is_address(url.trim()) => {
                take(caption, repairs, url.trim(), subset, intake);
            }
            _ => intake.drop_line("a line without caption and address", number),
        }
    })
}

fn read_table(
    path: &Path,
    subset: Option<Subset>,
    intake: &mut Intake<'_>,
) -> Result<(), CorpusError> {
    let mut table = CsvTable::open(path)?.with_text("caption", evidence);
    let url_column = URL_COLUMNS.into_iter().find(|column| table.has(column));
    table.require(&["caption", url_column.unwrap_or(URL_COLUMNS[0])])?;
    while let Some(row) = table.next_row()? {
        let url = url_column.and_then(|column| row.get(column));
        match (row.text("caption"), url.filter(|url| is_address(url))) {
            (Some((caption, repairs)), Some(url)) => {
                take(&caption, repairs, &url, subset, intake);
            }
            _ => intake.drop_line("a row without caption and address", row.line),
        }
    }
    intake.end_of_table(&table);
    Ok(())
}

fn evidence(row: &Row<'_>) -> Evidence {
    let is_row =
        URL_COLUMNS.iter().any(|column| row.get(column).is_some_and(|url| is_address(&url)));
    if is_row { Evidence::For } else { Evidence::Against }
}

/// Whether it is the address of a picture.
fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn take(text: &str, repairs: Repairs, url: &str, subset: Option<Subset>, intake: &mut Intake<'_>) {
    let caption = SourceCaption { repairs, ..SourceCaption::new(SourceTime::Whole, text) };
    let id = crc32fast::hash(url.as_bytes()).to_string();
    intake.video(SourceVideo { subset, captions: vec![Ok(caption)], ..SourceVideo::new(id) });
}
