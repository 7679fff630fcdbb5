//! Tables of text with a header, row by row, by the names of their columns.
//!
//! RFC 4180's quotes are followed, a byte order mark and every line ending are fine, UTF-16 too, and
//! where the header is parted by `;` or tabs the rest is too. Excel's first line `sep=;` is followed.
//! Names of columns are found whatever their case. Columns without a name behind the last one that has
//! one are none: spreadsheets write a comma for each column that was ever in use.
//!
//! What CSV says is read as it says, always: a record whose fields in quotes are all closed, just
//! before a separator or the end of a line, and that has as many fields as there are columns, is one
//! row, also over several lines; where these look like rows themselves a note says so. What CSV does
//! not allow is seldom meant as it stands, for people's tables are seldom written by a program that
//! quotes. What is done about it, and told:
//!
//! - more fields than columns: where the [text](CsvTable::with_text) is the last column and the
//!   others are what they should be, the surplus is joined to it as it stands; else the row is
//!   dropped. Empty fields at the end are passed over, unless they may hide a text that was cut: then
//!   the row is dropped, too
//! - quotes with a backslash before them, or with spaces before them, are read as they are meant
//!   where the row has as many fields as columns only then. Outside of quotes `\"` is a quote
//! - a quote that nothing closes, or that is closed before other text, is text; so is one that closes
//!   lines with it which are rows by themselves, where the record has another number of fields than
//!   there are columns

use std::borrow::Cow;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use crate::error::CorpusError;
use crate::repair::{Repair, Repairs};
use crate::row_notes::{Oddity, RowNotes};
use crate::table_records::{Dialect, Record, Records, Tried};
use crate::table_row::{Evidence, Row, place_of};
use crate::text_file;
use crate::video_files;

/// A table being read; memory holds one row.
pub(crate) struct CsvTable<'b> {
    path: PathBuf,
    header: Vec<String>,
    /// Columns without a name at the end of the header, which are none.
    num_nameless: usize,
    records: Records<'b>,
    delimiter: u8,
    record: Record,
    other: Record,
    text: Option<&'static str>,
    /// Columns of seconds, with their places.
    numbers: Vec<(usize, &'static str)>,
    evidence: fn(&Row<'_>) -> Evidence,
    may_be_longer: bool,
    notes: RowNotes,
    /// Lines of rows that were dropped, with how many fields they have.
    too_long: Vec<(usize, usize)>,
}

impl CsvTable<'static> {
    /// Opens a file and reads its header.
    pub(crate) fn open(path: &Path) -> Result<Self, CorpusError> {
        Self::of(path, text_file::open(path)?)
    }
}

impl<'b> CsvTable<'b> {
    /// A table that is in memory; `path` names it.
    pub(crate) fn of_bytes(path: &Path, bytes: &'b [u8]) -> Result<Self, CorpusError> {
        match text_file::as_utf8(bytes) {
            Cow::Borrowed(bytes) => Self::of(path, Box::new(bytes)),
            Cow::Owned(bytes) => Self::of(path, Box::new(std::io::Cursor::new(bytes))),
        }
    }

    fn of(path: &Path, mut source: Box<dyn BufRead + 'b>) -> Result<Self, CorpusError> {
        let unreadable = |source| CorpusError::Read { path: path.to_owned(), source };
        let delimiter = delimiter(source.fill_buf().map_err(unreadable)?);
        let (mut records, mut record) = (Records::new(source), Record::default());
        let dialect = Dialect { spaces: true, ..Dialect::standard(delimiter) };
        let mut tried = records.read(dialect, &mut record).map_err(unreadable)?;
        if separator(record.raw()).is_some() {
            records.take(1);
            tried = records.read(dialect, &mut record).map_err(unreadable)?;
        }
        records.take(tried.map_or(0, |tried| tried.lines));
        let name = |place| {
            let (text, _) = text_file::field(record.field(place).unwrap_or_default());
            text.trim().to_owned()
        };
        let mut header: Vec<String> = (0..record.len()).map(name).collect();
        let num_named = header.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        header.truncate(num_named);
        Ok(Self {
            path: path.to_owned(),
            header,
            num_nameless: record.len() - num_named,
            records,
            delimiter,
            record,
            other: Record::default(),
            text: None,
            numbers: Vec::new(),
            evidence: |_| Evidence::Nothing,
            may_be_longer: false,
            notes: RowNotes::default(),
            too_long: Vec::new(),
        })
    }

    /// Says which column holds free text, and how a row is known.
    pub(crate) fn with_text(
        self,
        column: &'static str,
        evidence: fn(&Row<'_>) -> Evidence,
    ) -> Self {
        Self { text: Some(column), evidence, ..self }
    }

    /// Says which columns hold seconds: what stands there instead is told.
    pub(crate) fn with_numbers(self, columns: &'static [&'static str]) -> Self {
        let place = |column| Some((place_of(&self.header, column)?, column));
        let numbers = columns.iter().filter_map(|column| place(*column)).collect();
        Self { numbers, ..self }
    }

    /// Says that only the first column is asked for: how many fields follow does not matter.
    pub(crate) fn with_any_surplus(self) -> Self {
        Self { may_be_longer: true, ..self }
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// Whether there is such a column.
    pub(crate) fn has(&self, column: &str) -> bool {
        place_of(&self.header, column).is_some()
    }

    /// Fails unless there are all these columns, each once.
    pub(crate) fn require(&self, columns: &[&str]) -> Result<(), CorpusError> {
        let path = || self.path.clone();
        match columns.iter().find(|column| !self.has(column)) {
            None => self.refuse_doubles(columns),
            Some(_) if self.has_no_header() => Err(CorpusError::NoHeader { path: path() }),
            Some(missing) => Err(CorpusError::NoColumn {
                path: path(),
                wanted: (*missing).to_owned(),
                found: self.header.join(", "),
            }),
        }
    }

    /// Fails where one of these columns is there more than once: which is meant cannot be told.
    pub(crate) fn refuse_doubles(&self, columns: &[&str]) -> Result<(), CorpusError> {
        let times = |column: &str| {
            self.header.iter().filter(|name| name.eq_ignore_ascii_case(column)).count()
        };
        match columns.iter().find(|column| times(column) > 1) {
            None => Ok(()),
            Some(column) => {
                let (path, found) = (self.path.clone(), self.header.join(", "));
                Err(CorpusError::ColumnTwice { path, column: (*column).to_owned(), found })
            }
        }
    }

    /// Whether the first line seems to be a row: a file of media, or two numbers and something else.
    pub(crate) fn has_no_header(&self) -> bool {
        let is_media = |name: &String| video_files::has_media_ending(Path::new(name));
        let is_number = |name: &&String| name.parse::<f64>().is_ok();
        let numbers = self.header.iter().filter(is_number).count();
        let others = self.header.iter().filter(|name| !name.is_empty()).count() - numbers;
        self.header.len() > 1 && (self.header.iter().any(is_media) || numbers > 1 && others > 0)
    }

    /// The next row that is not empty and has no more fields than the table has columns.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_>>, CorpusError> {
        while let Some((line, mut repairs)) = self.read_record()? {
            let num_fields = self.record.len();
            if num_fields < self.header.len() {
                self.notes.add(Oddity::Short, line);
            } else if self.drop_padding() {
                match self.without_surplus(line) {
                    Ok(repair) => repair.into_iter().for_each(|repair| repairs.note(repair)),
                    Err(oddity) => {
                        self.notes.add(oddity, line);
                        if self.has_decimal_commas() {
                            self.note_misread(line);
                        }
                        self.too_long.push((line, num_fields));
                        continue;
                    }
                }
            }
            if self.record.unescape_bare_quotes() {
                repairs.note(Repair::QuotesMended);
            }
            if repairs.contains(Repair::QuotesMended) {
                self.notes.add(Oddity::Mended, line);
            }
            self.note_misread(line);
            let (header, record) = (&self.header, &self.record);
            return Ok(Some(Row { header, record, repairs, line }));
        }
        Ok(None)
    }

    /// Tells what stands in columns of seconds and is no number.
    fn note_misread(&mut self, line: usize) {
        let (header, record, repairs) = (&self.header, &self.record, Repairs::default());
        let row = Row { header, record, repairs, line };
        for (place, column) in &self.numbers {
            let is_plain = |field: &[u8]| field.iter().all(|b| b.is_ascii_digit() || *b == b'.');
            if record.field(*place).is_none_or(is_plain) {
                continue;
            }
            let text = row.get(column).filter(|text| !text.is_empty());
            if let Some(text) = text.filter(|text| text.parse::<f64>().is_err()) {
                self.notes.misread(column, &text, line);
            }
        }
    }

    /// Reads the record that comes, in the dialect that gives it as many fields as there are columns;
    /// its line.
    fn read_record(&mut self) -> Result<Option<(usize, Repairs)>, CorpusError> {
        let unreadable = |source| CorpusError::Read { path: self.path.clone(), source };
        let standard = Dialect::standard(self.delimiter);
        let read = self.records.read(standard, &mut self.record).map_err(unreadable)?;
        let Some(mut tried) = read else { return Ok(None) };
        let mut repairs = Repairs::default();
        let line = self.records.line();
        let columns = self.header.len();
        let fits = |tried: Tried, record: &Record| tried.is_sound && record.has_fields(columns);
        if tried.lines > 1 && self.swallows_rows(tried.lines) {
            if fits(tried, &self.record) {
                self.notes.add(Oddity::RowsInQuotes, line);
            } else {
                tried = self.records.read_line(standard, 0, &mut self.record);
            }
        }
        if !fits(tried, &self.record) && self.record.has_escapes() {
            for backslashes in [false, true] {
                let dialect = Dialect { spaces: true, backslashes, ..standard };
                let read = self.records.read(dialect, &mut self.other).map_err(unreadable)?;
                let found = read.filter(|found| fits(*found, &self.other));
                if let Some(found) = found.filter(|found| !self.swallows_rows(found.lines)) {
                    std::mem::swap(&mut self.record, &mut self.other);
                    tried = found;
                    repairs.note(Repair::QuotesMended);
                    break;
                }
            }
        }
        if !tried.is_sound {
            repairs.note(Repair::QuotesMended);
        }
        self.records.take(tried.lines);
        Ok(Some((line, repairs)))
    }

    /// Whether a line but the first of so many is, by itself, a row of this table.
    fn swallows_rows(&self, lines: usize) -> bool {
        let (mut record, columns) = (Record::default(), self.header.len());
        (1..lines).any(|place| {
            self.records.read_line(Dialect::standard(self.delimiter), place, &mut record);
            if record.len() > columns {
                record.truncate(columns);
            }
            record.len() == columns && self.evidence_of(&record) == Evidence::For
        })
    }

    fn evidence_of(&self, record: &Record) -> Evidence {
        let (header, repairs) = (self.header.as_slice(), Repairs::default());
        (self.evidence)(&Row { header, record, repairs, line: 0 })
    }

    /// Drops empty fields behind the columns: as many as there are columns without a name, and of what
    /// is left a spreadsheet's, which are two or more; one may be a comma that ends the text. Whether
    /// the row had more fields than there are columns, named or not.
    fn drop_padding(&mut self) -> bool {
        let columns = self.header.len();
        let surplus = columns..self.record.len();
        let filled = surplus.clone().rev().find(|place| !self.is_empty(*place));
        let filled = filled.map_or(columns, |place| place + 1);
        let left = surplus.end.saturating_sub(filled).saturating_sub(self.num_nameless);
        self.record.truncate(filled + usize::from(left == 1));
        filled + left > columns
    }

    fn is_empty(&self, place: usize) -> bool {
        self.record.field(place).is_none_or(|field| field.trim_ascii().is_empty())
    }

    /// Brings a record with too many fields to the number of columns, if it can be told how; what that
    /// repaired, or what is odd.
    fn without_surplus(&mut self, line: usize) -> Result<Option<Repair>, Oddity> {
        let columns = self.header.len();
        let last = columns.checked_sub(1).ok_or(Oddity::TooLong)?;
        let is_text = self.text.is_some_and(|text| self.header[last].eq_ignore_ascii_case(text));
        let surplus = columns..self.record.len();
        // Speech recognition ends many a piece with a comma: one may be the text's own, where there is text.
        let may_be_text =
            is_text && surplus.len() == 1 && !self.record.is_quoted(last) && !self.is_empty(last);
        let is_padding = !may_be_text && surplus.clone().all(|place| self.is_empty(place));
        if self.may_be_longer || (is_padding && !self.may_be_cut()) {
            self.record.truncate(columns);
            return Ok(None);
        }
        if self.are_numbers_cut() {
            return Err(Oddity::NumbersCut);
        }
        if !is_text || self.has_decimal_comma(last) {
            return Err(Oddity::TooLong);
        }
        self.record.join_from(last);
        // Numbers with a decimal comma are in their places, and are told as what they are.
        if self.evidence_of(&self.record) == Evidence::Against && !self.has_decimal_commas() {
            return Err(Oddity::TooLong);
        }
        self.notes.add(Oddity::Joined, line);
        Ok(Some(Repair::SeparatorJoined))
    }

    /// Whether the text of a row that has empty fields too many, and is not the last column, may go on
    /// in the next field: nothing tells that the fields behind it are in their places.
    fn may_be_cut(&self) -> bool {
        let columns = self.header.len();
        let Some(text) = self.text.and_then(|text| place_of(&self.header, text)) else {
            return false;
        };
        let is_number = |place| {
            let (field, _) = text_file::field(self.record.field(place).unwrap_or_default());
            field.trim().parse::<f64>().is_ok()
        };
        let is_told = self.numbers.iter().any(|(place, _)| *place > text && is_number(*place));
        !is_told
            && !self.record.is_quoted(text)
            && (text + 1..columns).any(|place| !self.is_empty(place))
            && self.evidence_of(&self.record.without(text + 1)) != Evidence::Against
    }

    /// Whether the columns of seconds hold numbers, of which some have a comma for a point.
    fn has_decimal_commas(&self) -> bool {
        let fields = self.numbers.iter().filter_map(|(place, _)| self.record.field(*place));
        let texts: Vec<_> = fields.map(|field| text_file::field(field.trim_ascii()).0).collect();
        let is_number =
            |text: &Cow<'_, str>| text.is_empty() || text.replace(',', ".").parse::<f64>().is_ok();
        texts.iter().all(is_number) && texts.iter().any(|text| text.contains(','))
    }

    /// Whether the columns of seconds hold whole numbers, and the field behind them one more: of
    /// `0,5,1,5`.
    fn are_numbers_cut(&self) -> bool {
        let is_digits = |place: usize| {
            let field = self.record.field(place).unwrap_or_default().trim_ascii();
            !field.is_empty() && field.iter().all(u8::is_ascii_digit)
        };
        let Some((last, _)) = self.numbers.iter().max() else { return false };
        self.delimiter == b','
            && self.numbers.iter().all(|(place, _)| is_digits(*place))
            && is_digits(last + 1)
            && !self.record.is_quoted(last + 1)
    }

    /// Whether the text seems to begin with a number that belongs to a column before it, as where
    /// times have commas; in "10,000 people" it does not.
    fn has_decimal_comma(&self, last: usize) -> bool {
        let is_digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        let field = |place| self.record.field(place).unwrap_or_default().trim_ascii();
        let next = field(last + 1);
        let digits = next.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let has_thousands = digits == 3 && next.len() > 3;
        self.delimiter == b',' && is_digits(field(last)) && !has_thousands
    }

    /// The lines of rows that were dropped because they have too many fields, with how many they have.
    pub(crate) fn too_long(&self) -> &[(usize, usize)] {
        &self.too_long
    }

    /// Fails when a row has more fields than there are columns.
    pub(crate) fn refuse_long_rows(&self) -> Result<(), CorpusError> {
        match self.too_long.first() {
            None => Ok(()),
            Some(&(line, found)) => {
                let (path, columns) = (self.path.clone(), self.header.len());
                Err(CorpusError::LongRow { path, line, found, columns })
            }
        }
    }

    /// What a person should know of the rows.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.told()
    }
}

/// Rows without a header, as lists of trimmed fields, with the numbers of their lines. Empty fields
/// behind the first `columns` are left out.
pub(crate) fn headless(
    path: &Path,
    columns: usize,
    mut each: impl FnMut(usize, &[Cow<'_, str>]),
) -> Result<(), CorpusError> {
    let unreadable = |source| CorpusError::Read { path: path.to_owned(), source };
    let mut records = Records::new(text_file::open(path)?);
    let (mut record, dialect) =
        (Record::default(), Dialect { spaces: true, ..Dialect::standard(b',') });
    while let Some(tried) = records.read(dialect, &mut record).map_err(unreadable)? {
        let line = records.line();
        records.take(tried.lines);
        let field =
            |place| text_file::field(record.field(place).unwrap_or_default().trim_ascii()).0;
        let mut fields: Vec<_> = (0..record.len()).map(field).collect();
        while fields.len() > columns && fields.last().is_some_and(|field| field.is_empty()) {
            fields.pop();
        }
        each(line, &fields);
    }
    Ok(())
}

/// What parts the columns of the first line.
fn delimiter(start: &[u8]) -> u8 {
    let first = start.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let count = |wanted: u8| first.iter().filter(|byte| **byte == wanted).count();
    separator(first).unwrap_or_else(|| match (count(b','), count(b';'), count(b'\t')) {
        (0, 0, 1..) => b'\t',
        (0, 1.., _) => b';',
        _ => b',',
    })
}

/// What a line tells Excel of the columns: `sep=;`.
fn separator(line: &[u8]) -> Option<u8> {
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] => Some(*separator),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
