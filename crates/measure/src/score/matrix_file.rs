//! Matrices from files: NumPy's `.npy`, safetensors, or a list of numbers a line.

use std::path::Path;

use half::{bf16, f16};
use locvtp_features::NumpyArray;
use locvtp_video::counted::counted_as;
use safetensors::{Dtype, SafeTensors};

use super::json_lines::{number_list, read_lines};
use crate::error::MeasureError;
use crate::path_error::PathError;

#[cfg(test)]
#[path = "../../../features/tests/npy/mod.rs"]
mod npy;

/// Longest header of a safetensors file of a matrix, bytes.
const LONGEST_HEADER: u64 = 1 << 20;

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
    pub fn read(path: &Path) -> Result<Self, MeasureError> {
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
    pub fn read_scores(path: &Path) -> Result<Self, MeasureError> {
        let matrix = Self::read(path)?;
        let has_no_rank = |score: &&f32| score.is_nan() || **score == f32::INFINITY;
        let Some(place) = matrix.values.iter().position(|score| has_no_rank(&score)) else {
            return Ok(matrix);
        };
        Err(MeasureError::MatrixScore {
            path: path.to_owned(),
            row: place / matrix.columns,
            column: place % matrix.columns,
            found: matrix.values[place],
            count: matrix.values.iter().filter(has_no_rank).count(),
        })
    }

    fn read_npy(path: &Path) -> Result<Self, MeasureError> {
        let bytes = std::fs::read(path).map_err(PathError::io(path, "read it"))?;
        let array = NumpyArray::read(&bytes).map_err(|reason| refused(path, reason))?;
        let NumpyArray { values, rows, columns } = array;
        Ok(Self { values, rows, columns })
    }

    fn read_safetensors(path: &Path) -> Result<Self, MeasureError> {
        let bytes = std::fs::read(path).map_err(PathError::io(path, "read it"))?;
        let header = bytes.first_chunk().map_or(0, |size| u64::from_le_bytes(*size));
        if header > LONGEST_HEADER {
            let reason = format!("its header is of {header} bytes, and that of a matrix is short");
            return Err(refused(path, reason));
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| {
            refused(path, format!("it is not a whole safetensors file ({error})"))
        })?;
        let names = tensors.names();
        let key = match names[..] {
            _ if names.contains(&"scores") => "scores",
            [only] => only,
            _ => {
                let reason =
                    format!("no tensor of it is called `scores`, and it holds {}", names.len());
                return Err(refused(path, reason));
            }
        };
        let tensor = tensors.tensor(key).map_err(|error| refused(path, error.to_string()))?;
        let [rows, columns] = tensor.shape()[..] else {
            let reason = format!("`{key}` has the shape {:?}; expected two axes", tensor.shape());
            return Err(refused(path, reason));
        };
        if columns == 0 && rows > 0 {
            return Err(refused(path, format!("`{key}` has {rows} rows of no numbers")));
        }
        let values = as_f32(tensor.dtype(), tensor.data()).ok_or_else(|| {
            let found = format!("{:?}", tensor.dtype());
            refused(path, format!("`{key}` holds {found}; expected F32, F64, F16 or BF16"))
        })?;
        Ok(Self { values, rows, columns })
    }

    fn read_lines(path: &Path) -> Result<Self, MeasureError> {
        let lines = read_lines(path, number_list)?;
        let columns = lines[0].1.len();
        let rows = lines.len();
        let mut values = Vec::with_capacity(rows * columns);
        for (line, row) in lines {
            if row.len() != columns {
                let reason = format!(
                    "{}, but {columns} in the first line",
                    counted_as(row.len(), "number", "numbers")
                );
                return Err(MeasureError::Prediction { path: path.to_owned(), line, reason });
            }
            values.extend(row.iter().map(|value| *value as f32));
        }
        Ok(Self { values, rows, columns })
    }
}

/// Floating-point numbers of any width, little-endian; none of another type.
fn as_f32(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match dtype {
        Dtype::F32 => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        Dtype::F64 => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
        Dtype::F16 => bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
        Dtype::BF16 => {
            bytes.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect()
        }
        _ => return None,
    })
}

fn refused(path: &Path, reason: String) -> MeasureError {
    MeasureError::Matrix { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use locvtp_features::npy_bytes;
    use safetensors::tensor::TensorView;

    use super::npy::npy;
    use super::*;

    #[test]
    fn a_score_without_a_rank_names_its_file_and_place() {
        let place = tempfile::NamedTempFile::with_suffix(".npy").unwrap();
        let of = |values: [f32; 4]| {
            std::fs::write(place.path(), npy_bytes(2, 2, values)).unwrap();
            Matrix::read_scores(place.path())
        };
        let told_of_one = of([0.5, 0.1, f32::NAN, 0.0]).unwrap_err().to_string();
        assert!(told_of_one.contains("1 score is such"), "{told_of_one}");
        let told = of([0.5, 0.1, f32::NAN, f32::INFINITY]).unwrap_err().to_string();
        let path = place.path().display().to_string();
        for piece in [path.as_str(), "row 1", "column 0", "NaN", "2 scores", "not finite"] {
            assert!(told.contains(piece), "{piece} is missing in: {told}");
        }
        assert!(of([0.5, 0.1, f32::INFINITY, 0.0]).unwrap_err().to_string().contains("inf"));
        assert!(of([0.5, f32::NEG_INFINITY, 0.2, 0.3]).is_ok());
        // Finite as f64, and greater than any f32.
        let data: Vec<u8> = [0.5f64, 1e300].iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(place.path(), npy("<f8", false, "(1, 2)", &data)).unwrap();
        assert!(Matrix::read_scores(place.path()).is_err());
    }

    fn tensor<'a>(dtype: Dtype, shape: &[usize], data: &'a [u8]) -> TensorView<'a> {
        TensorView::new(dtype, shape.to_vec(), data).unwrap()
    }

    /// The matrix of a safetensors file of these.
    fn read_tensors<const N: usize>(
        named: [(&str, TensorView<'_>); N],
    ) -> Result<Matrix, MeasureError> {
        let file = tempfile::NamedTempFile::with_suffix(".safetensors").unwrap();
        std::fs::write(file.path(), safetensors::serialize(named, None).unwrap()).unwrap();
        Matrix::read(file.path())
    }

    #[test]
    fn a_tensor_of_any_width_is_read_from_the_key_scores_or_the_only_other_one() {
        // Few bits each, so that every type holds them as they are.
        let values = [0.5f32, -2.0, 1.0, 0.25, 8.0, -0.125];
        let expected = Matrix { values: values.to_vec(), rows: 2, columns: 3 };
        let bytes =
            |of: fn(f32) -> Vec<u8>| -> Vec<u8> { values.into_iter().flat_map(of).collect() };
        for (dtype, data) in [
            (Dtype::F32, bytes(|value| value.to_le_bytes().into())),
            (Dtype::F64, bytes(|value| f64::from(value).to_le_bytes().into())),
            (Dtype::F16, bytes(|value| f16::from_f32(value).to_le_bytes().into())),
            (Dtype::BF16, bytes(|value| bf16::from_f32(value).to_le_bytes().into())),
        ] {
            let matrix = || tensor(dtype, &[2, 3], &data);
            let beside = tensor(Dtype::F32, &[1, 1], &[0; 4]);
            let of_scores = read_tensors([("bias", beside), ("scores", matrix())]);
            assert_eq!(of_scores.unwrap(), expected, "{dtype:?}");
            assert_eq!(read_tensors([("mine", matrix())]).unwrap(), expected, "{dtype:?}");
        }
    }

    #[test]
    fn a_safetensors_file_without_one_matrix_of_numbers_is_refused_with_the_reason() {
        let one = || tensor(Dtype::F32, &[1, 1], &[0; 4]);
        let file = tempfile::NamedTempFile::with_suffix(".safetensors").unwrap();
        std::fs::write(file.path(), "[1, 2]\n").unwrap();
        for (found, told) in [
            (read_tensors([("a", one()), ("b", one())]), "called `scores`, and it holds 2"),
            (read_tensors([("a", tensor(Dtype::F32, &[2], &[0; 8]))]), "`a` has the shape [2]"),
            (read_tensors([("a", tensor(Dtype::I32, &[1, 1], &[0; 4]))]), "`a` holds I32"),
            (Matrix::read(file.path()), "not a whole safetensors file"),
        ] {
            let error = found.unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn lines_of_numbers_are_a_matrix_when_they_are_equally_long() {
        let file = tempfile::NamedTempFile::with_suffix(".jsonl").unwrap();
        std::fs::write(file.path(), "[1, 2]\n[3, 4.5]\n\n").unwrap();
        let found = Matrix::read(file.path()).unwrap();
        assert_eq!((found.values, found.rows, found.columns), (vec![1.0, 2.0, 3.0, 4.5], 2, 2));
        std::fs::write(file.path(), "[1, 2]\n[3]\n").unwrap();
        let error = Matrix::read(file.path()).unwrap_err().to_string();
        assert!(error.contains("line 2: 1 number, but 2"), "{error}");
        std::fs::write(file.path(), "[1, NaN]\n").unwrap();
        assert!(Matrix::read(file.path()).unwrap_err().to_string().contains("NaN"));
    }
}
