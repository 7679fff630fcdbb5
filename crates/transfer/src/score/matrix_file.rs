//! Matrices from files: NumPy's `.npy`, safetensors, or a list of numbers a line.

use std::path::Path;

use half::f16;
use locvtp_model::weights::open_safetensors;

use super::json_lines::{number_list, read_lines};
use crate::error::TransferError;

/// Numbers in rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Row-major, `[rows, columns]`.
    pub values: Vec<f32>,
    /// How many rows.
    pub rows: usize,
    /// How many numbers a row.
    pub columns: usize,
}

impl Matrix {
    /// Reads a matrix; NaN is let through, for whoever knows what the numbers are.
    ///
    /// # Errors
    /// When the file cannot be read, or holds anything but one matrix of floating-point numbers.
    pub fn read(path: &Path) -> Result<Self, TransferError> {
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        match ending.to_str() {
            Some("npy") => Self::read_npy(path),
            Some("safetensors") => Self::read_safetensors(path),
            _ => Self::read_lines(path),
        }
    }

    /// Reads a matrix of scores: every number is finite, or -inf for a pair that is left out.
    ///
    /// # Errors
    /// As [`Matrix::read`], and when a score has no rank.
    pub fn read_scores(path: &Path) -> Result<Self, TransferError> {
        let matrix = Self::read(path)?;
        let has_no_rank = |score: &&f32| score.is_nan() || **score == f32::INFINITY;
        let Some(place) = matrix.values.iter().position(|score| has_no_rank(&score)) else {
            return Ok(matrix);
        };
        Err(TransferError::MatrixScore {
            path: path.to_owned(),
            row: place / matrix.columns,
            column: place % matrix.columns,
            found: matrix.values[place],
            count: matrix.values.iter().filter(has_no_rank).count(),
        })
    }

    fn read_npy(path: &Path) -> Result<Self, TransferError> {
        let bytes = std::fs::read(path).map_err(|source| TransferError::Io {
            path: path.to_owned(),
            action: "read the matrix",
            source,
        })?;
        npy(&bytes).map_err(|reason| refused(path, reason))
    }

    fn read_safetensors(path: &Path) -> Result<Self, TransferError> {
        let tensors = open_safetensors(path)?;
        let named = tensors.get_key_value("scores");
        let only = || tensors.iter().next().filter(|_| tensors.len() == 1);
        let Some((key, tensor)) = named.or_else(only) else {
            let reason = format!("it holds {} tensors and none called `scores`", tensors.len());
            return Err(refused(path, reason));
        };
        let [rows, columns] = tensor.shape[..] else {
            let reason = format!("`{key}` has the shape {:?}; expected two axes", tensor.shape);
            return Err(refused(path, reason));
        };
        Ok(Self { values: tensor.read(key)?.values, rows, columns })
    }

    fn read_lines(path: &Path) -> Result<Self, TransferError> {
        let lines = read_lines(path, number_list)?;
        let columns = lines[0].1.len();
        let rows = lines.len();
        let mut values = Vec::with_capacity(rows * columns);
        for (line, row) in lines {
            if row.len() != columns {
                let reason = format!("{} numbers, but {columns} in the first line", row.len());
                return Err(TransferError::Prediction { path: path.to_owned(), line, reason });
            }
            values.extend(row.iter().map(|value| *value as f32));
        }
        Ok(Self { values, rows, columns })
    }
}

fn refused(path: &Path, reason: String) -> TransferError {
    TransferError::Matrix { path: path.to_owned(), reason }
}

/// A `.npy` file of two axes, of any of its three versions.
fn npy(bytes: &[u8]) -> Result<Matrix, String> {
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
    let fortran = value_of(&header, "'fortran_order':").ok_or_else(short)?.starts_with("True");
    let shape = value_of(&header, "'shape':").and_then(|shape| shape.strip_prefix('('));
    let (shape, _) = shape.and_then(|shape| shape.split_once(')')).ok_or_else(short)?;
    let axes: Result<Vec<usize>, _> =
        shape.split(',').map(str::trim).filter(|axis| !axis.is_empty()).map(str::parse).collect();
    let [rows, columns] = axes.unwrap_or_default()[..] else {
        return Err(format!("its shape is ({shape}); expected two axes, texts by videos"));
    };
    let size = match descr {
        "<f2" => 2,
        "<f4" => 4,
        "<f8" => 8,
        _ => return Err(format!("its numbers are {descr}; expected floats, <f2, <f4 or <f8")),
    };
    let expected = rows.checked_mul(columns).and_then(|numbers| numbers.checked_mul(size));
    if expected != Some(data.len()) {
        return Err(format!("{} bytes for {rows} x {columns} numbers of {size}", data.len()));
    }
    let number = |bytes: &[u8]| match *bytes {
        [a, b] => f16::from_le_bytes([a, b]).to_f32(),
        [a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32,
        _ => unreachable!("{size} bytes a number"),
    };
    let mut values: Vec<f32> = data.chunks_exact(size).map(number).collect();
    if fortran {
        let turned = |row| (0..columns).map(move |column| column * rows + row);
        values = (0..rows).flat_map(turned).map(|place| values[place]).collect();
    }
    Ok(Matrix { values, rows, columns })
}

/// What stands behind a key of the header.
fn value_of<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    Some(header.split_once(key)?.1.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}   \n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn a_matrix_is_read_in_either_order_and_of_any_float() {
        let bytes =
            |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
        let expected = Matrix { values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], rows: 2, columns: 3 };
        let rows = bytes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(npy(&file("<f4", "False", "(2, 3)", &rows)).unwrap(), expected);
        let columns = bytes(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(npy(&file("<f4", "True", "(2, 3)", &columns)).unwrap(), expected);
        let doubles: Vec<u8> = (1..=6).flat_map(|v| f64::from(v).to_le_bytes()).collect();
        assert_eq!(npy(&file("<f8", "False", "(2, 3)", &doubles)).unwrap(), expected);
        let halves: Vec<u8> =
            (1..=6u8).flat_map(|v| f16::from_f32(v.into()).to_le_bytes()).collect();
        assert_eq!(npy(&file("<f2", "False", "(2, 3)", &halves)).unwrap(), expected);
    }

    #[test]
    fn what_is_no_matrix_of_floats_is_refused() {
        for (bytes, reason) in [
            (file("<f4", "False", "(6,)", &[0; 24]), "two axes"),
            (file("<i8", "False", "(2, 3)", &[0; 48]), "<i8"),
            (file("<f4", "False", "(2, 3)", &[0; 20]), "20 bytes"),
            (file("<f4", "False", "(99999999999, 99999999999)", &[0; 20]), "20 bytes"),
            (b"\x93NUMPY\x01\x00\xff".to_vec(), "version"),
            (b"\x93NUMPY\x01\x00\xff\xff".to_vec(), "ends within"),
            (b"scores".to_vec(), "no .npy"),
        ] {
            let error = npy(&bytes).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_score_without_a_rank_names_its_file_and_place() {
        let place = tempfile::NamedTempFile::with_suffix(".npy").unwrap();
        let of = |values: [f32; 4]| {
            let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            std::fs::write(place.path(), file("<f4", "False", "(2, 2)", &data)).unwrap();
            Matrix::read_scores(place.path())
        };
        let told = of([0.5, 0.1, f32::NAN, f32::INFINITY]).unwrap_err().to_string();
        let path = place.path().display().to_string();
        for piece in [path.as_str(), "row 1", "column 0", "NaN", "2 scores", "not finite"] {
            assert!(told.contains(piece), "{piece} is missing in: {told}");
        }
        assert!(of([0.5, 0.1, f32::INFINITY, 0.0]).unwrap_err().to_string().contains("inf"));
        assert!(of([0.5, f32::NEG_INFINITY, 0.2, 0.3]).is_ok());
        // Finite as f64, and greater than any f32.
        let data: Vec<u8> = [0.5f64, 1e300].iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(place.path(), file("<f8", "False", "(1, 2)", &data)).unwrap();
        assert!(Matrix::read_scores(place.path()).is_err());
    }

    #[test]
    fn lines_of_numbers_are_a_matrix_when_they_are_equally_long() {
        let file = tempfile::NamedTempFile::with_suffix(".jsonl").unwrap();
        std::fs::write(file.path(), "[1, 2]\n[3, 4.5]\n\n").unwrap();
        let found = Matrix::read(file.path()).unwrap();
        assert_eq!((found.values, found.rows, found.columns), (vec![1.0, 2.0, 3.0, 4.5], 2, 2));
        std::fs::write(file.path(), "[1, 2]\n[3]\n").unwrap();
        let error = Matrix::read(file.path()).unwrap_err().to_string();
        assert!(error.contains("line 2: 1 numbers, but 2"), "{error}");
        std::fs::write(file.path(), "[1, NaN]\n").unwrap();
        assert!(Matrix::read(file.path()).unwrap_err().to_string().contains("NaN"));
    }
}
