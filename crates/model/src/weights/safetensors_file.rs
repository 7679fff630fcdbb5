//! Safetensors files, read tensor by tensor and written whole.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

use burn::module::Module;
use locvtp_video::plain_file;
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, Metadata, View, serialize, serialize_to_file};

use super::named::{Parameter, parameters};
use super::{NamedTensor, NumberType, StoredTensor};
use crate::ModelError;

/// The bytes of a safetensors file; equal tensors give equal bytes.
pub fn to_safetensors(tensors: &BTreeMap<String, NamedTensor>) -> Vec<u8> {
    serialize(tensors, Some(metadata())).expect("names are unique and sizes agree")
}

/// Writes the parameters of a module, one after the other, so that they are in memory once.
///
/// # Errors
/// When the disk is full or read-only.
pub(crate) fn write_safetensors(module: &impl Module, path: &Path) -> std::io::Result<()> {
    write_parameters(parameters(module), path)
}

/// The same of parameters by name.
///
/// # Errors
/// When the disk is full or read-only.
pub(crate) fn write_parameters(
    parameters: BTreeMap<String, Parameter>,
    path: &Path,
) -> std::io::Result<()> {
    serialize_to_file(parameters, Some(metadata()), path).map_err(|error| match error {
        SafeTensorError::IoError(error) => error,
        other => std::io::Error::other(other.to_string()),
    })
}

fn metadata() -> HashMap<String, String> {
    HashMap::from([("format".to_owned(), "pt".to_owned())])
}

fn bytes_of(values: &[f32]) -> Cow<'static, [u8]> {
    let mut bytes = vec![0; size_of_val(values)];
    for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
        *bytes = value.to_le_bytes();
    }
    bytes.into()
}

impl View for &NamedTensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        bytes_of(&self.values)
    }

    fn data_len(&self) -> usize {
        self.values.len() * size_of::<f32>()
    }
}

impl View for Parameter {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        bytes_of(&self.numbers().values)
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * size_of::<f32>()
    }
}

/// All tensors of a safetensors file, as `f32`.
///
/// # Errors
/// When the file cannot be read, is cut off, or holds something else than floating-point numbers.
pub fn read_safetensors(path: &Path) -> Result<BTreeMap<String, NamedTensor>, ModelError> {
    let stored = open_safetensors(path)?;
    stored.into_iter().map(|(key, tensor)| Ok((key.clone(), tensor.read(&key)?))).collect()
}

/// Longest header that is read, bytes: models have ten thousand tensors, each described in a hundred.
const LONGEST_HEADER: u64 = 16 << 20;

/// What a safetensors file holds, its numbers not read yet.
///
/// # Errors
/// When the file cannot be read, is cut off, or its header contradicts itself.
pub fn open_safetensors(path: &Path) -> Result<BTreeMap<String, StoredTensor>, ModelError> {
    let damaged = |reason: String| ModelError::Safetensors { path: path.into(), reason };
    let cannot_read = || ModelError::file(path, "read the weights");
    let mut file = plain_file::open(path).map_err(cannot_read())?;
    let file_bytes = file.metadata().map_err(cannot_read())?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| damaged("it has no header".into()))?;
    let length = u64::from_le_bytes(length);
    if length > file_bytes.saturating_sub(8) {
        return Err(damaged("its header is longer than the file".into()));
    }
    if length > LONGEST_HEADER {
        let most = LONGEST_HEADER >> 20;
        return Err(damaged(format!("its header is longer than {most} MiB, and no model's is")));
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header).map_err(cannot_read())?;
    // The library checks that tensors lie end to end and are as long as their shapes say.
    let described: Metadata = serde_json::from_slice(&header)
        .map_err(|error| damaged(format!("its header is no table of tensors: {error}")))?;
    drop(header);
    let data_start = 8 + length;
    let stated = data_start.saturating_add(described.data_len() as u64);
    if stated != file_bytes {
        return Err(damaged(format!("its tensors end at byte {stated}, the file at {file_bytes}")));
    }
    let file = Arc::new(Mutex::new(file));
    let mut tensors = BTreeMap::new();
    for (key, info) in described.tensors() {
        let (start, end) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        let file = file.clone();
        let read = move || {
            let mut file = file.lock().expect("no reader panics");
            file.seek(SeekFrom::Start(data_start + start))?;
            let mut bytes = vec![0; (end - start) as usize];
            file.read_exact(&mut bytes)?;
            Ok(bytes)
        };
        let number_type = number_type(info.dtype);
        tensors.insert(key, StoredTensor::new(path, info.shape.clone(), number_type, read));
    }
    Ok(tensors)
}

fn number_type(dtype: Dtype) -> NumberType {
    match dtype {
        Dtype::F64 => NumberType::F64,
        Dtype::F32 => NumberType::F32,
        Dtype::F16 => NumberType::F16,
        Dtype::BF16 => NumberType::Bf16,
        other => NumberType::Other(format!("{other:?}")),
    }
}
