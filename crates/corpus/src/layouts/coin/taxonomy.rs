//! COIN's taxonomy: which steps there are, and which task each belongs to.
//!
//! `taxonomy.xlsx` has two sheets; `target_action_mapping` is the one with the steps: columns
//! `Target Id` (0 to 179), `Target Label`, `Action Id` (1 to 778), `Action Label`. The same table
//! saved as CSV is read too. 25 texts belong to more than one number, so a step is its number.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::path::Path;

use locvtp_video::plain_file;

use crate::csv_table::CsvTable;
use crate::error::CorpusError;

const SHEET: &str = "target_action_mapping";
const COLUMNS: [&str; 4] = ["Target Id", "Target Label", "Action Id", "Action Label"];
const EXPECTED: &str = "COIN's taxonomy, with a sheet `target_action_mapping` of the columns \
     `Target Id`, `Target Label`, `Action Id`, `Action Label`";
/// The unzipped parts of the genuine workbook have less than a hundredth of this.
const LARGEST_PART: u64 = 16 << 20;

/// A step of COIN.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CoinStep {
    /// The task's number, from 0.
    pub task: u32,
    /// The task's name, the `class` of a video.
    pub task_label: String,
    /// What is done.
    pub label: String,
}

/// All steps by number, from 1; 0 is background and no step.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Taxonomy {
    /// The steps.
    pub steps: BTreeMap<u32, CoinStep>,
}

impl Taxonomy {
    /// Reads `taxonomy.xlsx`, or the sheet with the steps saved as CSV.
    ///
    /// # Errors
    /// When it cannot be read, or is no such table.
    pub fn read(path: &Path) -> Result<Self, CorpusError> {
        let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        let rows = if is_csv { csv_rows(path)? } else { workbook_rows(path)? };
        let step = |[task, task_label, number, label]: [String; 4]| {
            let step = CoinStep { task: number_of(&task)?, task_label, label };
            Some((number_of(&number)?, step))
        };
        let steps: BTreeMap<_, _> = rows.into_iter().filter_map(step).collect();
        if steps.is_empty() {
            return Err(broken(path, "it lists no step"));
        }
        Ok(Self { steps })
    }

    /// How many tasks there are.
    pub fn num_tasks(&self) -> usize {
        let tasks: std::collections::BTreeSet<_> = self.steps.values().map(|s| s.task).collect();
        tasks.len()
    }
}

/// Spreadsheets write whole numbers with a point.
fn number_of(text: &str) -> Option<u32> {
    text.trim().trim_end_matches(".0").parse().ok()
}

fn broken(path: &Path, reason: impl Into<String>) -> CorpusError {
    CorpusError::Workbook { path: path.to_owned(), expected: EXPECTED, reason: reason.into() }
}

fn csv_rows(path: &Path) -> Result<Vec<[String; 4]>, CorpusError> {
    let table = CsvTable::open(path)?;
    let mut table = table.with_text(COLUMNS[3], |row| row.numbers_in(&[COLUMNS[0], COLUMNS[2]]));
    table.require(&COLUMNS)?;
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        rows.push(COLUMNS.map(|column| row.get(column).unwrap_or_default().into_owned()));
    }
    table.refuse_long_rows()?;
    Ok(rows)
}

/// The four columns of the sheet, below its header.
fn workbook_rows(path: &Path) -> Result<Vec<[String; 4]>, CorpusError> {
    let file = plain_file::open(path)
        .map_err(|source| CorpusError::Read { path: path.to_owned(), source })?;
    let mut workbook = zip::ZipArchive::new(BufReader::new(file))
        .map_err(|error| broken(path, error.to_string()))?;
    let mut part = |name: &str| -> Result<String, CorpusError> {
        let part =
            workbook.by_name(name).map_err(|error| broken(path, format!("{name}: {error}")))?;
        let mut text = String::new();
        let length = part.take(LARGEST_PART).read_to_string(&mut text);
        match length {
            Ok(length) if (length as u64) < LARGEST_PART => Ok(text),
            Ok(_) => Err(broken(path, format!("{name} is too large"))),
            Err(error) => Err(broken(path, format!("{name}: {error}"))),
        }
    };
    let sheet = sheet_part(path, &part("xl/workbook.xml")?, &part("xl/_rels/workbook.xml.rels")?)?;
    // A workbook whose texts stand in the cells has no table of them.
    let shared = part("xl/sharedStrings.xml").unwrap_or_else(|_| "<sst/>".to_owned());
    let shared = shared_texts(path, &shared)?;
    let mut rows = sheet_rows(path, &part(&sheet)?, &shared)?.into_iter();
    let header = rows.next().unwrap_or_default();
    let place = |column: &str| {
        let found = header.iter().find(|(_, text)| text.trim() == column);
        found.map(|(place, _)| *place).ok_or_else(|| broken(path, format!("no column `{column}`")))
    };
    let places = [place(COLUMNS[0])?, place(COLUMNS[1])?, place(COLUMNS[2])?, place(COLUMNS[3])?];
    let pick = |row: BTreeMap<usize, String>| {
        places.map(|place| row.get(&place).map(|text| text.trim().to_owned()).unwrap_or_default())
    };
    Ok(rows.map(pick).collect())
}

fn parsed<'a>(path: &Path, xml: &'a str) -> Result<roxmltree::Document<'a>, CorpusError> {
    roxmltree::Document::parse(xml).map_err(|error| broken(path, error.to_string()))
}

/// The name of the part that holds the sheet.
fn sheet_part(path: &Path, workbook: &str, relations: &str) -> Result<String, CorpusError> {
    let (workbook, relations) = (parsed(path, workbook)?, parsed(path, relations)?);
    let sheets = workbook.descendants().filter(|node| node.has_tag_name_local("sheet"));
    let sheet = sheets
        .filter(|node| node.attribute("name") == Some(SHEET))
        .find_map(|node| node.attributes().find(|a| a.name() == "id" && a.namespace().is_some()))
        .ok_or_else(|| broken(path, format!("it has no sheet `{SHEET}`")))?;
    let target = relations
        .descendants()
        .find(|node| node.attribute("Id") == Some(sheet.value()))
        .and_then(|node| node.attribute("Target"))
        .ok_or_else(|| broken(path, "the sheet leads nowhere"))?;
    Ok(match target.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("xl/{target}"),
    })
}

/// Tags by their name alone: what wrote the file chose the namespace.
trait LocalName {
    fn has_tag_name_local(&self, name: &str) -> bool;
}

impl LocalName for roxmltree::Node<'_, '_> {
    fn has_tag_name_local(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn text_inside(node: roxmltree::Node<'_, '_>) -> String {
    let texts = node.descendants().filter(|node| node.has_tag_name_local("t"));
    texts.filter_map(|node| node.text()).collect()
}

fn shared_texts(path: &Path, xml: &str) -> Result<Vec<String>, CorpusError> {
    let document = parsed(path, xml)?;
    let items = document.descendants().filter(|node| node.has_tag_name_local("si"));
    Ok(items.map(text_inside).collect())
}

/// The cells of every row, by the number of their column.
fn sheet_rows(
    path: &Path,
    xml: &str,
    shared: &[String],
) -> Result<Vec<BTreeMap<usize, String>>, CorpusError> {
    let document = parsed(path, xml)?;
    let cell = |(place, cell): (usize, roxmltree::Node<'_, '_>)| {
        let value = || {
            let value = cell.children().find(|node| node.has_tag_name_local("v"))?;
            value.text()
        };
        let text = match cell.attribute("t") {
            Some("s") => shared.get(value()?.trim().parse::<usize>().ok()?)?.clone(),
            Some("inlineStr") => text_inside(cell),
            _ => value()?.to_owned(),
        };
        Some((cell.attribute("r").and_then(column_of).unwrap_or(place), text))
    };
    let rows = document.descendants().filter(|node| node.has_tag_name_local("row"));
    let cells = |row: roxmltree::Node<'_, '_>| {
        let cells = row.children().filter(|node| node.has_tag_name_local("c"));
        cells.enumerate().filter_map(cell).collect()
    };
    Ok(rows.map(cells).collect())
}

/// The column of `B12`: 1.
fn column_of(reference: &str) -> Option<usize> {
    let letters = reference.bytes().take_while(u8::is_ascii_uppercase);
    let number =
        letters.take(4).fold(0, |number, letter| number * 26 + usize::from(letter - b'A') + 1);
    number.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        assert_eq!(
            ["A1", "D778", "Z1", "AA3"].map(column_of),
            [Some(0), Some(3), Some(25), Some(26)]
        );
        assert_eq!(column_of("12"), None);
    }
}
