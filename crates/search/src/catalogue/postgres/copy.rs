//! Many rows at once, as bytes: PostgreSQL's binary COPY. Rows are read one by one as they come, so
//! memory does not grow with their number.

use std::io::{self, BufRead, Read, Write};

use half::f16;
use locvtp_video::TimeSpan;
use postgres::Transaction;

use super::fault::Fault;

const MAGIC: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Bytes of rows that are gathered before they are sent.
const AT_ONCE: usize = 1 << 20;

/// Rows of a `SELECT`, each of `N` columns that are never null.
pub(super) struct Rows<R, const N: usize> {
    reader: R,
    columns: [Vec<u8>; N],
}

/// Asks for the rows of `select`, which has no parameters.
pub(super) fn rows<'a, const N: usize>(
    db: &'a mut Transaction<'_>,
    select: &str,
) -> Result<Rows<impl BufRead + 'a, N>, Fault> {
    let mut reader = db.copy_out(&format!("COPY ({select}) TO STDOUT (FORMAT binary)"))?;
    let mut header = [0; 19];
    reader.read_exact(&mut header)?;
    if header[..11] != *MAGIC {
        return Err(malformed().into());
    }
    Ok(Rows { reader, columns: std::array::from_fn(|_| Vec::new()) })
}

impl<R: Read, const N: usize> Rows<R, N> {
    /// The next row's columns.
    pub(super) fn next(&mut self) -> Result<Option<&[Vec<u8>; N]>, Fault> {
        let mut count = [0; 2];
        self.reader.read_exact(&mut count)?;
        match i16::from_be_bytes(count) {
            -1 => {
                // What follows ends the stream; an error of the server is told there.
                io::copy(&mut self.reader, &mut io::sink())?;
                return Ok(None);
            }
            count if count as usize == N => {}
            _ => return Err(malformed().into()),
        }
        for column in &mut self.columns {
            let mut length = [0; 4];
            self.reader.read_exact(&mut length)?;
            let length = u32::try_from(i32::from_be_bytes(length)).map_err(|_| malformed())?;
            column.resize(length as usize, 0);
            self.reader.read_exact(column)?;
        }
        Ok(Some(&self.columns))
    }
}

/// A whole number of 32 bits.
pub(super) fn whole(column: &[u8]) -> Result<u32, Fault> {
    Ok(u32::from_be_bytes(column.try_into().map_err(|_| malformed())?))
}

/// A whole number of 64 bits.
pub(super) fn long(column: &[u8]) -> Result<i64, Fault> {
    Ok(i64::from_be_bytes(column.try_into().map_err(|_| malformed())?))
}

/// A number of single precision.
pub(super) fn single(column: &[u8]) -> Result<f32, Fault> {
    Ok(f32::from_be_bytes(column.try_into().map_err(|_| malformed())?))
}

/// A number of double precision.
pub(super) fn double(column: &[u8]) -> Result<f64, Fault> {
    Ok(f64::from_be_bytes(column.try_into().map_err(|_| malformed())?))
}

/// Numbers of single precision as they stand in bytes, added to `numbers`.
pub(super) fn numbers(bytes: &[u8], numbers: &mut Vec<f32>) {
    let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    numbers.extend(bytes.chunks_exact(4).map(number));
}

/// A vector of half floats as a column.
pub(super) fn halves(vector: &[f32]) -> Vec<u8> {
    let halves = vector.iter().map(|number| f16::from_f32(*number).to_bits().to_be_bytes());
    let width = (vector.len() as u16).to_be_bytes();
    [width, [0; 2]].into_iter().chain(halves).flatten().collect()
}

/// The numbers of a column of [`halves`], of unit length again.
pub(super) fn of_halves(column: &[u8]) -> Result<Vec<f32>, Fault> {
    let halves = column.get(4..).ok_or_else(malformed)?.chunks_exact(2);
    let numbers = halves.map(|two| f16::from_bits(u16::from_be_bytes([two[0], two[1]])).to_f32());
    let numbers: Vec<f32> = numbers.collect();
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    Ok(numbers.into_iter().map(|number| number / length).collect())
}

pub(super) fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the server's rows are not as they should be")
}

/// Puts rows of a track into a table of vectors, the first as clip 0, each a span and a column of
/// [`halves`].
pub(super) fn put_vectors(
    db: &mut Transaction<'_>,
    table: &str,
    track: u32,
    rows: impl Iterator<Item = (TimeSpan, Vec<u8>)>,
) -> Result<(), Fault> {
    let copy =
        format!("COPY {table} (track, clip, start, stop, vector) FROM STDIN (FORMAT binary)");
    let mut writer = db.copy_in(&copy)?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend([0; 8]);
    for (clip, (span, halves)) in (0u32..).zip(rows) {
        bytes.extend(5i16.to_be_bytes());
        for number in [track, clip] {
            bytes.extend(4i32.to_be_bytes());
            bytes.extend(number.to_be_bytes());
        }
        for time in [span.start.0, span.end.0] {
            bytes.extend(8i32.to_be_bytes());
            bytes.extend(time.to_be_bytes());
        }
        bytes.extend((halves.len() as i32).to_be_bytes());
        bytes.extend(halves);
        if bytes.len() >= AT_ONCE {
            writer.write_all(&bytes)?;
            bytes.clear();
        }
    }
    bytes.extend((-1i16).to_be_bytes());
    writer.write_all(&bytes)?;
    writer.finish()?;
    Ok(())
}
