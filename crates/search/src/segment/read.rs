//! An open segment.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use locvtp_video::TimeSpan;
use memmap2::{Mmap, MmapOptions};

use super::error::SegmentError;
use super::layout::{HEADER, HeaderFault, Places, RUN_BYTES, Run, SegmentHeader, TrackId, VERSION};
use super::quantise::{decode, padded_width};

/// A segment whose codes and scales are mapped into memory. What is mapped stays valid when the file
/// loses its name.
#[derive(Debug)]
pub struct Segment {
    path: PathBuf,
    file: File,
    header: SegmentHeader,
    pub(super) table_hash: u64,
    mapped: Mmap,
}

impl Segment {
    /// Opens a segment. Its header and length are checked; [`verify`](super::verify()) checks the rest.
    ///
    /// # Errors
    /// When it cannot be read, is no segment, is newer than this program, or is damaged.
    pub fn open(path: &Path) -> Result<Self, SegmentError> {
        let read_error = |source| SegmentError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(read_error)?;
        let found = file.metadata().map_err(read_error)?.len();
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
        // SAFETY: segments are never written to once they have their name, only removed as a whole.
        let mapped = unsafe { MmapOptions::new().len(places.runs as usize).map(&file) };
        let mapped = mapped.map_err(read_error)?;
        Ok(Self { path: path.to_owned(), file, header, table_hash, mapped })
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
        self.mapped.len()
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

    /// The codes of rows, [`padded_width`] bytes each.
    pub fn codes(&self, rows: Range<usize>) -> &[i8] {
        let stride = padded_width(self.header.width as usize);
        let bytes = &self.mapped[self.places().codes as usize..];
        let bytes = &bytes[rows.start * stride..rows.end * stride];
        // SAFETY: any byte is an i8.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
    }

    /// The scales of rows.
    pub fn scales(&self, rows: Range<usize>) -> &[f32] {
        const { assert!(cfg!(target_endian = "little"), "segments are little endian") };
        let bytes = &self.mapped[self.places().scales as usize..][rows.start * 4..rows.end * 4];
        // SAFETY: any four bytes are an f32, and they begin at a multiple of four: the map at a page, the
        // scales at a multiple of 64.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), rows.len()) }
    }

    /// What the codes of rows leave over, one number after the other.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn remainders(&self, rows: Range<usize>) -> Result<Vec<i16>, SegmentError> {
        let row_bytes = self.header.width as usize * 2;
        let place = self.places().remainders + (rows.start * row_bytes) as u64;
        let bytes = self.read_at(place, rows.len() * row_bytes)?;
        Ok(bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect())
    }

    /// The vectors of rows, one after the other, each number within 1/100,000 of its row's scale.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn vectors(&self, rows: Range<usize>) -> Result<Vec<f32>, SegmentError> {
        let width = self.header.width as usize;
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
    /// When the file cannot be read.
    pub fn spans(&self, rows: Range<usize>) -> Result<Vec<TimeSpan>, SegmentError> {
        let bytes = self.read_at(self.places().spans + rows.start as u64 * 16, rows.len() * 16)?;
        let spans = bytes.chunks_exact(16).map(|span| {
            let time = |at: usize| f64::from_le_bytes(std::array::from_fn(|byte| span[at + byte]));
            TimeSpan::new(time(0), time(8))
        });
        Ok(spans.collect())
    }

    /// Asks the system to bring the mapped part into memory, so that the first question does not wait
    /// for the disk.
    pub fn warm(&self) {
        // A system that does not know the advice reads on demand as before.
        let _ = self.mapped.advise(memmap2::Advice::WillNeed);
    }

    pub(super) fn places(&self) -> Places {
        Places::of(&self.header)
    }

    pub(super) fn read_at(&self, place: u64, num_bytes: usize) -> Result<Vec<u8>, SegmentError> {
        let mut bytes = vec![0; num_bytes];
        let read: io::Result<()> = self.file.read_exact_at(&mut bytes, place);
        read.map_err(|source| SegmentError::Read { path: self.path.clone(), source })?;
        Ok(bytes)
    }
}
