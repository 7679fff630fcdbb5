//! Writing a segment, track after track.

use std::fs::{File, Permissions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use locvtp_video::TimeSpan;
use locvtp_video::whole_file::{PartName, WholeFile};
use xxhash_rust::xxh3::xxh3_64;

use super::batch::VectorBatch;
use super::checksums::{bytes_of, num_blocks};
use super::error::SegmentError;
use super::layout::{BLOCK, Places, Run, SegmentHeader, TrackId};
use super::quantise::{code, padded_width};
use super::read::Segment;

/// Rows that are made ready together: memory does not grow with their number.
const ROWS_AT_ONCE: usize = 1 << 12;

/// A segment in the making. Dropped before [`finish`](Self::finish), it leaves nothing.
pub struct SegmentWriter {
    path: PathBuf,
    whole: WholeFile,
    file: File,
    header: SegmentHeader,
    places: Places,
    num_rows: u32,
    runs: Vec<Run>,
}

impl SegmentWriter {
    /// Begins the segment that `header` announces.
    ///
    /// # Errors
    /// When the folder is missing, closed or full.
    pub fn create(path: &Path, header: SegmentHeader) -> Result<Self, SegmentError> {
        let whole = WholeFile::beside(path, PartName::Same("part"));
        let places = Places::of(&header);
        let begin = || {
            if path.symlink_metadata().is_ok() {
                // Segments are written once.
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let file = whole.create()?;
            file.set_len(places.end)?;
            Ok(file)
        };
        let file = begin().map_err(|source| write_error(path, source))?;
        let path = path.to_owned();
        Ok(Self { path, whole, file, header, places, num_rows: 0, runs: Vec::new() })
    }

    /// Adds the vectors of a track.
    ///
    /// # Errors
    /// When they have another width, are more than announced, or the disk refuses.
    pub fn add(&mut self, track: TrackId, batch: &VectorBatch) -> Result<(), SegmentError> {
        let width = self.header.width as usize;
        if batch.width() != width {
            let (path, found) = (self.path.clone(), batch.width());
            return Err(SegmentError::Width { path, expected: width, found });
        }
        // Of no rows there is a run, too.
        for first in (0..batch.len().max(1)).step_by(ROWS_AT_ONCE) {
            self.add_rows(track, batch, first..(first + ROWS_AT_ONCE).min(batch.len()))?;
        }
        Ok(())
    }

    fn add_rows(
        &mut self,
        track: TrackId,
        batch: &VectorBatch,
        rows: Range<usize>,
    ) -> Result<(), SegmentError> {
        let width = self.header.width as usize;
        let mut codes = vec![0; rows.len() * padded_width(width)];
        let mut remainders = vec![0; rows.len() * width];
        let parts =
            codes.chunks_exact_mut(padded_width(width)).zip(remainders.chunks_exact_mut(width));
        let scales = rows
            .clone()
            .zip(parts)
            .map(|(row, (codes, rest))| code(batch.vector(row), codes, rest));
        let scales: Vec<f32> = scales.collect();
        self.put(track, &codes, &scales, &batch.spans()[rows], &remainders)
    }

    /// Adds a run of another segment as it stands there.
    ///
    /// # Errors
    /// When that segment cannot be read, is damaged or is changed meanwhile, or as for [`add`](Self::add).
    pub fn copy(&mut self, from: &Segment, run: Run) -> Result<(), SegmentError> {
        let rows = run.rows();
        if rows.is_empty() {
            return self.put(run.track, &[], &[], &[], &[]);
        }
        for first in rows.clone().step_by(ROWS_AT_ONCE) {
            let part = first..(first + ROWS_AT_ONCE).min(rows.end);
            let remainders = from.remainders(part.clone())?;
            let spans = from.spans(part.clone())?;
            from.check_codes(part.clone())?;
            let (codes, scales) = (from.codes(part.clone()), from.scales(part));
            self.put(run.track, codes, scales, &spans, &remainders)?;
        }
        from.check_unchanged()
    }

    /// What is written next belongs to `track`: rows that follow those of the same track are one run.
    fn put(
        &mut self,
        track: TrackId,
        codes: &[i8],
        scales: &[f32],
        spans: &[TimeSpan],
        remainders: &[i16],
    ) -> Result<(), SegmentError> {
        let (row, num_rows) = (u64::from(self.num_rows), spans.len() as u32);
        self.check_count(row + u64::from(num_rows), |found, announced| found <= announced)?;
        let stride = padded_width(self.header.width as usize) as u64;
        let times = spans.iter().flat_map(|span| [span.start.0, span.end.0]);
        let parts = [
            (self.places.codes + row * stride, codes.iter().map(|code| *code as u8).collect()),
            (self.places.scales + row * 4, le_bytes(scales.iter().map(|it| it.to_le_bytes()))),
            (self.places.spans + row * 16, le_bytes(times.map(f64::to_le_bytes))),
            (
                self.places.remainders + row * u64::from(self.header.width) * 2,
                le_bytes(remainders.iter().map(|rest| rest.to_le_bytes())),
            ),
        ];
        for (place, bytes) in parts {
            self.write_at(&bytes, place)?;
        }
        match self.runs.last_mut() {
            Some(last) if last.track == track => last.num_rows += num_rows,
            _ => self.runs.push(Run { track, first_row: self.num_rows, num_rows }),
        }
        self.num_rows += num_rows;
        Ok(())
    }

    /// Writes what is left, waits for the disk and gives the segment its name, for reading only.
    ///
    /// # Errors
    /// When vectors or runs are missing, or the disk refuses.
    pub fn finish(self) -> Result<Vec<Run>, SegmentError> {
        self.check_count(u64::from(self.num_rows), |found, announced| found == announced)?;
        assert_eq!(self.runs.len(), self.header.num_runs as usize, "runs announced: {self:?}");
        let runs = self.runs.iter().flat_map(|run| {
            [run.track.0.to_le_bytes(), run.first_row.to_le_bytes(), run.num_rows.to_le_bytes()]
                .into_iter()
                .chain([[0; 4]])
        });
        self.write_at(&le_bytes(runs), self.places.runs)?;
        let table = self.checksums().map_err(|source| write_error(&self.path, source))?;
        self.write_at(&table, self.places.checksums)?;
        self.write_at(&self.header.to_bytes(xxh3_64(&table)), 0)?;
        let finish = || {
            // Nothing writes to a segment that has its name, so that a copy over it is refused: who has it
            // mapped would read half of each.
            let mode = self.file.metadata()?.permissions().mode();
            self.file.set_permissions(Permissions::from_mode(mode & 0o444))?;
            self.whole.finish(&self.file)
        };
        finish().map_err(|source| write_error(&self.path, source))?;
        Ok(self.runs)
    }

    /// The checksums of all that stands before them, of the first block without the header, which has
    /// one of its own.
    fn checksums(&self) -> io::Result<Vec<u8>> {
        let mut table = Vec::new();
        let mut block = vec![0; BLOCK as usize];
        for number in 0..num_blocks(&self.places) {
            let range = bytes_of(&self.places, number);
            let bytes = &mut block[..(range.end - range.start) as usize];
            self.file.read_exact_at(bytes, range.start)?;
            table.extend(xxh3_64(bytes).to_le_bytes());
        }
        Ok(table)
    }

    fn write_at(&self, bytes: &[u8], place: u64) -> Result<(), SegmentError> {
        self.file.write_all_at(bytes, place).map_err(|source| write_error(&self.path, source))
    }

    fn check_count(&self, found: u64, fits: fn(u64, u64) -> bool) -> Result<(), SegmentError> {
        let expected = u64::from(self.header.num_vectors);
        if fits(found, expected) {
            return Ok(());
        }
        Err(SegmentError::Count { path: self.path.clone(), expected, found })
    }
}

impl std::fmt::Debug for SegmentWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, runs {:?} in {}", self.header, self.runs, self.path.display())
    }
}

fn le_bytes<const N: usize>(numbers: impl Iterator<Item = [u8; N]>) -> Vec<u8> {
    numbers.flatten().collect()
}

fn write_error(path: &Path, source: io::Error) -> SegmentError {
    SegmentError::Write { path: path.to_owned(), source }
}
