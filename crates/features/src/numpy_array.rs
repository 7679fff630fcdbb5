//! One table of numbers as NumPy writes it: the bytes of a `.npy` file, which are also those of an array
//! in an `.npz`.
//!
//! Written are floats of 4 bytes, row after row. Read are floats of 2, 4 and 8 bytes in either byte order, row after row or column after column.
//! Arrays of Python objects are pickles, which are programs, and are never run.

use half::f16;

use crate::stated_size::is_believable;

#[cfg(test)]
#[path = "../tests/npy/mod.rs"]
mod npy;

/// A table of numbers, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct NumpyArray {
    /// `[rows, columns]`.
    pub values: Vec<f32>,
    /// How many rows.
    pub rows: usize,
    /// How many numbers a row.
    pub columns: usize,
}

/// What stands before the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NumpyHeader {
    /// Length of each axis.
    pub shape: Vec<usize>,
    is_by_columns: bool,
    is_big_endian: bool,
    /// Bytes of a number.
    size: usize,
}

impl NumpyHeader {
    /// The header of a file of any of the three versions, and the bytes behind it.
    ///
    /// # Errors
    /// With the reason, when the bytes are no `.npy`, end too early, or hold no floats.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), String> {
        let short = || "it ends within its header".to_owned();
        let version = bytes.strip_prefix(b"\x93NUMPY").ok_or("it is no .npy file")?;
        let (header, data) = match version {
            [1, _, a, b, rest @ ..] => {
                rest.split_at_checked(u16::from_le_bytes([*a, *b]).into()).ok_or_else(short)?
            }
            [2 | 3, _, a, b, c, d, rest @ ..] => {
                let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
                rest.split_at_checked(length).ok_or_else(short)?
            }
            _ => return Err("its version of .npy is not known".to_owned()),
        };
        let header = String::from_utf8_lossy(header);
        let descr = value_of(&header, "'descr':").ok_or_else(short)?;
        let descr = descr.split('\'').nth(1).unwrap_or_default();
        let is_by_columns =
            value_of(&header, "'fortran_order':").ok_or_else(short)?.starts_with("True");
        let shape = value_of(&header, "'shape':").and_then(|shape| shape.strip_prefix('('));
        let (shape, _) = shape.and_then(|shape| shape.split_once(')')).ok_or_else(short)?;
        let axes: Result<Vec<usize>, _> = shape
            .split(',')
            .map(str::trim)
            .filter(|axis| !axis.is_empty())
            .map(str::parse)
            .collect();
        let shape = axes.map_err(|_| format!("its shape is ({shape}), which is none"))?;
        let size = match descr.trim_start_matches(['<', '>', '=']) {
            "f2" => 2,
            "f4" => 4,
            "f8" => 8,
            "|O" | "O" => {
                return Err("it holds Python objects, which only running it would read; save the \
                            arrays themselves, as floats"
                    .to_owned());
            }
            _ => return Err(format!("its numbers are {descr}; expected floats, f2, f4 or f8")),
        };
        Ok((Self { shape, is_by_columns, is_big_endian: descr.starts_with('>'), size }, data))
    }

    /// That as many bytes of numbers follow as the shape says.
    ///
    /// # Errors
    /// With the reason and the way out.
    pub(crate) fn check_length(&self, found: u64) -> Result<(), String> {
        let numbers = self
            .shape
            .iter()
            .try_fold(1u64, |product, axis| product.checked_mul(u64::try_from(*axis).ok()?));
        let expected = numbers.and_then(|numbers| numbers.checked_mul(self.size as u64));
        if expected == Some(found) {
            return Ok(());
        }
        let fault =
            if expected.is_none_or(|expected| found < expected) { "cut off" } else { "too long" };
        Err(format!(
            "it is {fault}: its shape is {:?}, in numbers of {} bytes, and {found} bytes of numbers are \
             there; copy it again or make it anew",
            self.shape, self.size
        ))
    }

    /// That a table is no larger than `stored` bytes of an archive can hold, and its rows are some.
    ///
    /// # Errors
    /// With the reason and the way out.
    pub(crate) fn check_table(&self, stored: u64) -> Result<(), String> {
        match self.shape[..] {
            [rows, columns] if !is_believable([rows, columns], stored) => Err(format!(
                "its shape is {:?}, and the file does not hold so many numbers; copy it again or make it anew",
                self.shape
            )),
            _ => Ok(()),
        }
    }
}

impl NumpyArray {
    /// A whole file of two axes.
    ///
    /// # Errors
    /// When it is no `.npy` file, is cut, or holds no numbers; when there are not two axes, or not as many
    /// numbers as they say.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let (header, data) = NumpyHeader::read(bytes)?;
        let [rows, columns] = header.shape[..] else {
            return Err(format!("its shape is {:?}; expected two axes", header.shape));
        };
        let size = header.size;
        header.check_length(data.len() as u64)?;
        header.check_table(data.len() as u64)?;
        let number = |bytes: &[u8]| {
            let mut ordered = [0; 8];
            ordered[..size].copy_from_slice(bytes);
            if header.is_big_endian {
                ordered[..size].reverse();
            }
            match ordered {
                [a, b, ..] if size == 2 => f16::from_le_bytes([a, b]).to_f32(),
                [a, b, c, d, ..] if size == 4 => f32::from_le_bytes([a, b, c, d]),
                all => f64::from_le_bytes(all) as f32,
            }
        };
        let mut values: Vec<f32> = data.chunks_exact(size).map(number).collect();
        if header.is_by_columns {
            let turned = |row| (0..columns).map(move |column| column * rows + row);
            values = (0..rows).flat_map(turned).map(|place| values[place]).collect();
        }
        Ok(Self { values, rows, columns })
    }
}

/// A `.npy` of the type `<f4`, row after row; `values` are `[rows, columns]`.
///
/// # Panics
/// When there are not as many numbers.
///
/// # Example
/// ```
/// use locvtp_features::{NumpyArray, npy_bytes};
///
/// let bytes = npy_bytes(2, 2, [0.5, 1.0, 1.5, 2.0]);
/// assert_eq!(NumpyArray::read(&bytes)?.values, [0.5, 1.0, 1.5, 2.0]);
/// # Ok::<(), String>(())
/// ```
pub fn npy_bytes(rows: usize, columns: usize, values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // Magic, version and length take 10 bytes; with the header, a line end last, a multiple of 64.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(length).expect("a short header").to_le_bytes());
    bytes.extend(format!("{header:<width$}\n", width = length - 1).bytes());
    let before = bytes.len();
    bytes.extend(values.into_iter().flat_map(f32::to_le_bytes));
    let (found, expected) = (bytes.len() - before, 4 * rows * columns);
    assert_eq!(found, expected, "bytes of a table of {rows} rows of {columns}");
    bytes
}

/// What stands behind a key of the header.
fn value_of<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    Some(header.split_once(key)?.1.trim_start())
}

#[cfg(test)]
mod tests {
    use super::npy::npy;
    use super::*;

    #[test]
    fn a_table_is_read_in_either_order_and_of_any_float() {
        let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let values = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let expected = NumpyArray { values, rows: 2, columns: 3 };
        let read = |descr: &str, by_columns: bool, data: &[u8]| {
            NumpyArray::read(&npy(descr, by_columns, "(2, 3)", data)).unwrap()
        };
        let rows = npy_bytes(2, 3, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(NumpyArray::read(&rows).unwrap(), expected);
        let columns: Vec<u8> = bytes(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(read("<f4", true, &columns), expected);
        let turned: Vec<u8> = (1..=6).flat_map(|v| (v as f32).to_be_bytes()).collect();
        assert_eq!(read(">f4", false, &turned), expected);
        let doubles: Vec<u8> = (1..=6).flat_map(|v| f64::from(v).to_le_bytes()).collect();
        assert_eq!(read("<f8", false, &doubles), expected);
        let halves: Vec<u8> =
            (1..=6u8).flat_map(|v| f16::from_f32(v.into()).to_le_bytes()).collect();
        assert_eq!(read("<f2", false, &halves), expected);
    }

    #[test]
    fn a_table_is_read_as_it_was_written_and_its_numbers_begin_at_a_multiple_of_64_bytes() {
        let values = vec![0.1f32, -2.5, f32::MIN_POSITIVE, 1e30, 0.0, 7.0];
        let bytes = npy_bytes(2, 3, values.iter().copied());
        assert_eq!(NumpyArray::read(&bytes).unwrap(), NumpyArray { values, rows: 2, columns: 3 });
        assert_eq!((bytes.len(), &bytes[127..128]), (128 + 6 * 4, &b"\n"[..]));
        // Byte for byte what `numpy.save` writes before the numbers.
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
        assert_eq!(bytes[..10], *b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(bytes[10..127], *format!("{header:<117}").as_bytes());
    }

    #[test]
    fn no_rows_of_many_columns_are_read_at_once() {
        for by_columns in [false, true] {
            let bytes = npy("<f4", by_columns, "(0, 4611686018427387904)", &[]);
            let read = NumpyArray::read(&bytes).unwrap();
            assert_eq!((read.values.len(), read.rows), (0, 0));
        }
    }

    #[test]
    fn what_is_no_table_of_floats_is_refused() {
        for (bytes, reason) in [
            (npy("<f4", false, "(6,)", &[0; 24]), "two axes"),
            (npy("<i8", false, "(2, 3)", &[0; 48]), "<i8"),
            (npy("|O", false, "(2, 3)", &[0; 48]), "Python objects"),
            (npy("<f4", false, "(2, 3)", &[0; 20]), "cut off"),
            (npy("<f4", false, "(2, 3)", &[0; 28]), "too long"),
            (npy("<f4", false, "(99999999999, 99999999999)", &[0; 20]), "20 bytes"),
            (npy("<f4", false, "(2, -3)", &[0; 20]), "(2, -3)"),
            // Rows of nothing, which are as many as anybody likes to say.
            (npy("<f4", true, "(4611686018427387904, 0)", &[]), "does not hold so many"),
            (npy("<f4", false, "(4611686018427387904, 0)", &[]), "does not hold so many"),
            (npy("<f4", true, "(0, 4611686018427387904)", &[0; 4]), "too long"),
            (b"\x93NUMPY\x01\x00\xff".to_vec(), "version"),
            (b"\x93NUMPY\x01\x00\xff\xff".to_vec(), "ends within"),
            (b"scores".to_vec(), "no .npy"),
        ] {
            let error = NumpyArray::read(&bytes).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
