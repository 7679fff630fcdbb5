//! Matrices from files: NumPy's `.npy`, safetensors, or a list of numbers a line.

use std::path::Path;

use locvtp_features::NumpyArray;
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

    fn read_npy(path: &Path) -> Result<Self, TransferError> {
        let bytes = std::fs::read(path).map_err(|source| TransferError::Io {
            path: path.to_owned(),
            action: "read the matrix",
            source,
        })?;
        let array = NumpyArray::read(&bytes).map_err(|reason| refused(path, reason))?;
        let NumpyArray { values, rows, columns } = array;
        Ok(Self { values, rows, columns })
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

#[cfg(test)]
mod tests {
    use super::*;

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
