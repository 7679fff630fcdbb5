//! A tensor of a file whose numbers are read when they are asked for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use half::{bf16, f16};

use super::NamedTensor;
use crate::ModelError;

/// How a file holds its numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NumberType {
    /// 64-bit floating point.
    F64,
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point, IEEE half precision.
    F16,
    /// 16-bit floating point with the exponent of `F32`.
    Bf16,
    /// What weights are never held in here: integers, truth values, 8 bits and fewer.
    Other(String),
}

impl NumberType {
    /// Bytes of one number; 0 where that is not known.
    pub fn size(&self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Other(_) => 0,
        }
    }
}

impl fmt::Display for NumberType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Other(name) => name,
        })
    }
}

/// Reads the bytes of one tensor, row by row, little endian.
type ReadBytes = dyn Fn() -> std::io::Result<Vec<u8>> + Send + Sync;

/// A tensor of a file: what it is, and how to get its numbers.
#[derive(Clone)]
pub struct StoredTensor {
    /// The file.
    pub path: PathBuf,
    /// Sizes of the axes.
    pub shape: Vec<usize>,
    /// How the numbers are held.
    pub number_type: NumberType,
    read: Arc<ReadBytes>,
}

impl fmt::Debug for StoredTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} in {}", self.number_type, self.shape, self.path.display())
    }
}

impl StoredTensor {
    pub(super) fn new(
        path: &Path,
        shape: Vec<usize>,
        number_type: NumberType,
        read: impl Fn() -> std::io::Result<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        Self { path: path.into(), shape, number_type, read: Arc::new(read) }
    }

    /// How many numbers.
    pub fn num_elements(&self) -> usize {
        self.shape.iter().fold(1, |product: usize, axis| product.saturating_mul(*axis))
    }

    /// The numbers as `f32`.
    ///
    /// # Errors
    /// When the file is cut off, holds something else than floating-point numbers, or a number that
    /// is none (NaN) or infinite; the message names `key`.
    pub fn read(&self, key: &str) -> Result<NamedTensor, ModelError> {
        let refuse = |reason: String, way_out: &str| ModelError::ForeignWeights {
            path: self.path.clone(),
            reason: format!("key {key} {reason}"),
            way_out: way_out.into(),
        };
        if let NumberType::Other(name) = &self.number_type {
            let reason = format!("holds {name}, and weights are f32, f64, f16 or bf16");
            return Err(refuse(reason, "take a copy that is not quantised"));
        }
        let bytes = (self.read)().map_err(|error| {
            refuse(format!("cannot be read: {error}"), "the file may be cut off, take another copy")
        })?;
        if bytes.len() != self.num_elements().saturating_mul(self.number_type.size()) {
            let reason = format!("has {} bytes for shape {:?}", bytes.len(), self.shape);
            return Err(refuse(reason, "the file is damaged, take another copy"));
        }
        let values = numbers(&bytes, &self.number_type);
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let reason = format!("holds {} at number {at}", values[at]);
            return Err(refuse(reason, "such weights compute nothing, take another copy"));
        }
        Ok(NamedTensor { shape: self.shape.clone(), values })
    }
}

fn numbers(bytes: &[u8], number_type: &NumberType) -> Vec<f32> {
    fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)).collect()
    }
    match number_type {
        NumberType::F64 => each(bytes, |bytes| f64::from_le_bytes(bytes) as f32),
        NumberType::F32 => each(bytes, f32::from_le_bytes),
        NumberType::F16 => each(bytes, |bytes| f16::from_le_bytes(bytes).to_f32()),
        NumberType::Bf16 => each(bytes, |bytes| bf16::from_le_bytes(bytes).to_f32()),
        NumberType::Other(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(number_type: NumberType, bytes: &[u8]) -> StoredTensor {
        let owned = bytes.to_vec();
        let size = number_type.size();
        let read = move || Ok(owned.clone());
        StoredTensor::new(Path::new("a.bin"), vec![bytes.len() / size], number_type, read)
    }

    #[test]
    fn halves_and_doubles_become_f32() {
        // 1.5 = 1.1 in binary: f16 0 01111 1000000000, bf16 0 01111111 1000000; -2 likewise.
        let read = |number_type, bytes: &[u8]| stored(number_type, bytes).read("w").unwrap().values;
        assert_eq!(read(NumberType::F16, &[0x00, 0x3e, 0x00, 0xc0]), [1.5, -2.0]);
        assert_eq!(read(NumberType::Bf16, &[0xc0, 0x3f, 0x00, 0xc0]), [1.5, -2.0]);
        assert_eq!(read(NumberType::F64, &1.5f64.to_le_bytes()), [1.5]);
        assert_eq!(read(NumberType::F32, &(-2.0f32).to_le_bytes()), [-2.0]);
    }

    #[test]
    fn a_number_that_is_none_is_refused_with_its_key_and_place() {
        let bytes = [1.0f32.to_le_bytes(), f32::NAN.to_le_bytes()].concat();
        let error = stored(NumberType::F32, &bytes).read("blocks.0.norm1.bias").unwrap_err();
        let message = error.to_string();
        for piece in ["a.bin", "blocks.0.norm1.bias", "NaN at number 1", "another copy"] {
            assert!(message.contains(piece), "{piece} is missing in {message}");
        }
        // Halves end at 65504; what is larger became infinite when it was written.
        let error = stored(NumberType::F16, &[0x00, 0x7c]).read("w").unwrap_err();
        assert!(error.to_string().contains("inf at number 0"), "{error}");
    }

    #[test]
    fn integers_are_no_weights() {
        let other = NumberType::Other("I64".into());
        let read = || Ok(vec![0; 8]);
        let error = StoredTensor::new(Path::new("a"), vec![1], other, read).read("position_ids");
        let message = error.unwrap_err().to_string();
        assert!(message.contains("position_ids holds I64"), "{message}");
    }
}
