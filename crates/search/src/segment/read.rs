//! An open segment.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use locvtp_video::TimeSpan;

use super::checksums::{Checksums, blocks_of, bytes_of, num_blocks};
use super::error::SegmentError;
use super::layout::{HEADER, HeaderFault, Places, RUN_BYTES, Run, SegmentHeader, TrackId, VERSION};
use super::mapped_file::MappedFile;
use super::quantise::{decode, padded_width};

/// A segment whose codes and scales are mapped into memory. What is mapped stays valid when the file
/// loses its name; what another program writes to the file is told by [`check_unchanged`](Self::check_unchanged).
#[derive(Debug)]
pub struct Segment {
    path: PathBuf,
    file: File,
    header: SegmentHeader,
    table_hash: u64,
    mapped: MappedFile,
    checksums: OnceLock<Checksums>,
}

impl Segment {
    /// Opens a segment. Its header and length are checked; the rest is checked when it is first read.
    ///
    /// # Errors
    /// When it cannot be read, is no segment, is newer than this program, or is damaged.
    pub fn open(path: &Path) -> Result<Self, SegmentError> {
        let read_error = |source| SegmentError::of_reading(path, source);
        // A pipe would be waited for.
        let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
        let file = opened.map_err(read_error)?;
        let about = file.metadata().map_err(read_error)?;
        if !about.is_file() {
            return Err(SegmentError::NoFile { path: path.to_owned() });
        }
        let found = about.len();
        let mut bytes = [0; HEADER];
        match file.read_exact_at(&mut bytes, 0) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                let expected = HEADER as u64;
                return Err(SegmentError::Length { path: path.to_owned(), found, expected });
            }
            read => read.map_err(read_error)?,
        }
        let (header, table_hash) = SegmentHeader::from_bytes(&bytes).map_err(|fault| {
            let path = path.to_owned();
            match fault {
                HeaderFault::NoSegment => SegmentError::NoSegment { path },
                HeaderFault::Newer(found) => SegmentError::Newer { path, found, known: VERSION },
                HeaderFault::Damaged => SegmentError::Damaged { path, part: "header".into() },
            }
        })?;
        let places = Places::of(&header);
        if found != places.end {
            let expected = places.end;
            return Err(SegmentError::Length { path: path.to_owned(), found, expected });
        }
        let mapped = MappedFile::of(&file, &about, places.runs as usize).map_err(read_error)?;
        let (path, checksums) = (path.to_owned(), OnceLock::new());
        Ok(Self { path, file, header, table_hash, mapped, checksums })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What its header says.
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// Bytes that are mapped into memory.
    pub fn mapped_bytes(&self) -> usize {
        self.mapped.bytes().len()
    }

    /// The runs that the segment was written with.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>, SegmentError> {
        let bytes = self.read_at(self.places().runs, self.header.num_runs as usize * RUN_BYTES)?;
        let runs = bytes.chunks_exact(RUN_BYTES).map(|run| {
            let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| run[at + byte]));
            Run { track: TrackId(word(0)), first_row: word(4), num_rows: word(8) }
        });
        Ok(runs.collect())
    }

    /// The codes of rows, [`padded_width`] bytes each; zeros where the file is cut short meanwhile.
    pub fn codes(&self, rows: Range<usize>) -> &[i8] {
        let stride = padded_width(self.header.width as usize);
        let bytes = &self.mapped.bytes()[self.places().codes as usize..];
        let bytes = &bytes[rows.start * stride..rows.end * stride];
        // SAFETY: any byte is an i8.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
    }

    /// The scales of rows; zeros where the file is cut short meanwhile.
    pub fn scales(&self, rows: Range<usize>) -> &[f32] {
        const { assert!(cfg!(target_endian = "little"), "segments are little endian") };
        let bytes = &self.mapped.bytes()[self.places().scales as usize..];
        let bytes = &bytes[rows.start * 4..rows.end * 4];
        // SAFETY: any four bytes are an f32, and they begin at a multiple of four: the map at a page, the
        // scales at a multiple of 64.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), rows.len()) }
    }

    /// What the codes of rows leave over, one number after the other.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub(super) fn remainders(&self, rows: Range<usize>) -> Result<Vec<i16>, SegmentError> {
        let row_bytes = self.header.width as usize * 2;
        let place = self.places().remainders + (rows.start * row_bytes) as u64;
        let bytes = self.checked_at(place, rows.len() * row_bytes)?;
        Ok(bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect())
    }

    /// The vectors of rows, one after the other, each number within 1/100,000 of its row's scale.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn vectors(&self, rows: Range<usize>) -> Result<Vec<f32>, SegmentError> {
        let width = self.header.width as usize;
        self.check_codes(rows.clone())?;
        let remainders = self.remainders(rows.clone())?;
        let codes = self.codes(rows.clone()).chunks_exact(padded_width(width));
        let left_over = codes.zip(self.scales(rows.clone())).zip(remainders.chunks_exact(width));
        let mut numbers = vec![0.0; rows.len() * width];
        for (vector, ((codes, scale), remainders)) in numbers.chunks_exact_mut(width).zip(left_over)
        {
            decode(codes, remainders, *scale, vector);
        }
        Ok(numbers)
    }

    /// The spans of rows.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn spans(&self, rows: Range<usize>) -> Result<Vec<TimeSpan>, SegmentError> {
        let place = self.places().spans + rows.start as u64 * 16;
        let bytes = self.checked_at(place, rows.len() * 16)?;
        let spans = bytes.chunks_exact(16).map(|span| {
            let time = |at: usize| f64::from_le_bytes(std::array::from_fn(|byte| span[at + byte]));
            TimeSpan::new(time(0), time(8))
        });
        Ok(spans.collect())
    }

    /// Asks the system to bring the mapped part into memory, so that the first question does not wait
    /// for the disk.
    pub fn warm(&self) {
        self.mapped.warm();
    }

    /// Whether what was read so far is what stood there when the segment was opened. Asked after reading, as
    /// another program may have written to the file, or its drive may be gone.
    ///
    /// # Errors
    /// [`SegmentError::Changed`] where it is not.
    pub fn check_unchanged(&self) -> Result<(), SegmentError> {
        match self.mapped.is_as_mapped(&self.file) {
            Ok(true) => Ok(()),
            Ok(false) => Err(SegmentError::Changed { path: self.path.clone() }),
            Err(source) => Err(SegmentError::of_reading(&self.path, source)),
        }
    }

    /// Compares the codes and scales of rows with their checksums, where that was not done before.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn check_codes(&self, rows: Range<usize>) -> Result<(), SegmentError> {
        let (places, stride) = (self.places(), padded_width(self.header.width as usize));
        for (place, row_bytes) in [(places.codes, stride), (places.scales, 4)] {
            let at = |row: usize| place + (row * row_bytes) as u64;
            self.check_bytes(&(at(rows.start)..at(rows.end)))?;
        }
        Ok(())
    }

    /// Compares all checksums.
    pub(super) fn check_all(&self) -> Result<(), SegmentError> {
        let places = self.places();
        (0..num_blocks(&places)).try_for_each(|block| self.check_block(block))?;
        self.check_unchanged()
    }

    fn check_bytes(&self, bytes: &Range<u64>) -> Result<(), SegmentError> {
        blocks_of(bytes).try_for_each(|block| self.check_block(block))
    }

    fn check_block(&self, block: usize) -> Result<(), SegmentError> {
        let checksums = self.checksums()?;
        if checksums.is_checked(block) {
            return Ok(());
        }
        let Range { start, end } = bytes_of(&self.places(), block);
        let fits = match self.mapped.bytes().get(start as usize..end as usize) {
            Some(bytes) => checksums.fits(block, bytes),
            None => checksums.fits(block, &self.read_at(start, (end - start) as usize)?),
        };
        if !fits {
            // Zeros of a file that was cut short meanwhile are no damage of this one.
            self.check_unchanged()?;
            let part = format!("bytes {start} to {end}");
            return Err(SegmentError::Damaged { path: self.path.clone(), part });
        }
        checksums.note_checked(block);
        Ok(())
    }

    fn checksums(&self) -> Result<&Checksums, SegmentError> {
        if let Some(known) = self.checksums.get() {
            return Ok(known);
        }
        let places = self.places();
        let table = self.read_at(places.checksums, (places.end - places.checksums) as usize)?;
        let Some(checksums) = Checksums::of_table(&table, self.table_hash) else {
            let (path, part) = (self.path.clone(), "checksums".into());
            return Err(SegmentError::Damaged { path, part });
        };
        Ok(self.checksums.get_or_init(|| checksums))
    }

    fn places(&self) -> Places {
        Places::of(&self.header)
    }

    /// Bytes that are known to be those that were written.
    fn checked_at(&self, place: u64, num_bytes: usize) -> Result<Vec<u8>, SegmentError> {
        self.check_bytes(&(place..place + num_bytes as u64))?;
        self.read_at(place, num_bytes)
    }

    fn read_at(&self, place: u64, num_bytes: usize) -> Result<Vec<u8>, SegmentError> {
        let mut bytes = vec![0; num_bytes];
        let read: io::Result<()> = self.file.read_exact_at(&mut bytes, place);
        read.map_err(|source| SegmentError::of_reading(&self.path, source))?;
        Ok(bytes)
    }
}
