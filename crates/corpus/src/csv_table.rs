//! Tables of text with a header, row by row, by the names of their columns.
//!
//! RFC 4180's quotes are followed, rows may be short, a byte order mark and either line ending are
//! fine, and where the header is parted by `;` or tabs the rest is too.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use csv::ByteRecord;

use crate::error::CorpusError;
use crate::text_file;

/// A table being read; memory holds one row.
pub(crate) struct CsvTable<R> {
    path: PathBuf,
    header: Vec<String>,
    rows: csv::Reader<R>,
    row: ByteRecord,
    line: usize,
}

/// A row.
pub(crate) struct Row<'a> {
    header: &'a [String],
    row: &'a ByteRecord,
    /// Its number in the table, where the header is 1.
    pub(crate) line: usize,
}

impl CsvTable<BufReader<File>> {
    /// Opens a file and reads its header.
    pub(crate) fn open(path: &Path) -> Result<Self, CorpusError> {
        let unreadable = |source| CorpusError::Read { path: path.to_owned(), source };
        let mut start = Vec::new();
        File::open(path)
            .and_then(|file| file.take(4096).read_to_end(&mut start))
            .map_err(unreadable)?;
        let file = File::open(path).map_err(unreadable)?;
        Self::of(path, BufReader::with_capacity(1 << 18, file), delimiter(&start))
    }
}

impl<'b> CsvTable<&'b [u8]> {
    /// A table that is in memory; `path` names it.
    pub(crate) fn of_bytes(path: &Path, bytes: &'b [u8]) -> Result<Self, CorpusError> {
        Self::of(path, bytes, delimiter(bytes))
    }
}

impl<R: Read> CsvTable<R> {
    fn of(path: &Path, source: R, delimiter: u8) -> Result<Self, CorpusError> {
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(source);
        let mut row = ByteRecord::new();
        let found = rows.read_byte_record(&mut row);
        found.map_err(|source| unreadable(path, source))?;
        let name = |field: &[u8]| {
            let (text, _) = text_file::field(field);
            text.trim_start_matches('\u{feff}').trim().to_owned()
        };
        let header = row.iter().map(name).collect();
        Ok(Self { path: path.to_owned(), header, rows, row, line: 1 })
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// Whether there is such a column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.header.iter().any(|name| name == column)
    }

    /// Fails unless there are all these columns.
    pub(crate) fn require(&self, columns: &[&str]) -> Result<(), CorpusError> {
        match columns.iter().find(|column| !self.has(column)) {
            None => Ok(()),
            Some(missing) => Err(CorpusError::NoColumn {
                path: self.path.clone(),
                wanted: (*missing).to_owned(),
                found: self.header.join(", "),
            }),
        }
    }

    /// The next row that is not empty.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_>>, CorpusError> {
        let more = self.rows.read_byte_record(&mut self.row);
        if !more.map_err(|source| unreadable(&self.path, source))? {
            return Ok(None);
        }
        self.line += 1;
        Ok(Some(Row { header: &self.header, row: &self.row, line: self.line }))
    }
}

impl<'a> Row<'a> {
    /// The field of a column, trimmed; none when the row is too short or the table has no such
    /// column.
    pub(crate) fn get(&self, column: &str) -> Option<Cow<'a, str>> {
        let (text, _) = self.raw(column)?;
        Some(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        })
    }

    /// The field as it stands, and whether it was not UTF-8.
    pub(crate) fn raw(&self, column: &str) -> Option<(Cow<'a, str>, bool)> {
        let place = self.header.iter().position(|name| name == column)?;
        Some(text_file::field(self.row.get(place)?))
    }

    /// The field as a number; none when it is not one.
    pub(crate) fn number(&self, column: &str) -> Option<f64> {
        self.get(column)?.parse().ok()
    }
}

/// Rows without a header, as lists of trimmed fields, with their numbers from 1.
pub(crate) fn headless(
    path: &Path,
    mut each: impl FnMut(usize, &[Cow<'_, str>]),
) -> Result<(), CorpusError> {
    let file =
        File::open(path).map_err(|source| CorpusError::Read { path: path.to_owned(), source })?;
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(BufReader::new(file));
    let (mut row, mut line) = (ByteRecord::new(), 0);
    while rows.read_byte_record(&mut row).map_err(|source| unreadable(path, source))? {
        line += 1;
        let fields: Vec<_> = row.iter().map(|field| text_file::field(field).0).collect();
        each(line, &fields);
    }
    Ok(())
}

fn unreadable(path: &Path, error: csv::Error) -> CorpusError {
    CorpusError::Read { path: path.to_owned(), source: error.into() }
}

/// What parts the columns of the first line.
fn delimiter(start: &[u8]) -> u8 {
    let first = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| first.iter().filter(|byte| **byte == wanted).count();
    match (count(b','), count(b';'), count(b'\t')) {
        (0, 0, 1..) => b'\t',
        (0, 1.., _) => b';',
        _ => b',',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_by_name_whatever_the_order_the_quotes_and_the_line_endings() {
        let bytes =
            b"\xef\xbb\xbftext,end,start\r\n\"add \"\"salt\"\",\r\nthen stir\",2,1\r\nshort\r\n";
        let mut table = CsvTable::of_bytes(Path::new("a.csv"), bytes).unwrap();
        assert_eq!(table.header(), ["text", "end", "start"]);
        let row = table.next_row().unwrap().unwrap();
        assert_eq!(row.get("text").unwrap(), "add \"salt\",\r\nthen stir");
        assert_eq!((row.number("start"), row.number("end"), row.line), (Some(1.0), Some(2.0), 2));
        let row = table.next_row().unwrap().unwrap();
        assert_eq!(
            (row.get("text").unwrap().as_ref(), row.get("end"), row.line),
            ("short", None, 3)
        );
        assert!(table.next_row().unwrap().is_none());
        assert!(table.require(&["text", "start"]).is_ok());
        let error = table.require(&["text", "path"]).unwrap_err().to_string();
        assert!(error.contains("path") && error.contains("text, end, start"), "{error}");
    }

    #[test]
    fn semicolons_and_tabs_part_columns_too() {
        for text in ["path;text\na;b, c\n", "path\ttext\na\tb, c\n"] {
            let mut table = CsvTable::of_bytes(Path::new("a.csv"), text.as_bytes()).unwrap();
            assert_eq!(table.next_row().unwrap().unwrap().get("text").unwrap(), "b, c");
        }
        assert!(CsvTable::of_bytes(Path::new("a.csv"), b"").unwrap().header().is_empty());
    }
}
