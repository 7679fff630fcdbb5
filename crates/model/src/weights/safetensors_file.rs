//! Named tensors as a safetensors file.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use super::NamedTensor;
use crate::ModelError;

/// The bytes of a safetensors file; equal tensors give equal bytes.
pub fn to_safetensors(tensors: &BTreeMap<String, NamedTensor>) -> Vec<u8> {
    let bytes: Vec<(&String, &NamedTensor, Vec<u8>)> = tensors
        .iter()
        .map(|(name, tensor)| {
            let bytes = tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (name, tensor, bytes)
        })
        .collect();
    let views = bytes.iter().map(|(name, tensor, bytes)| {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes)
            .expect("as many bytes as the shape says");
        (name.as_str(), view)
    });
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    serialize(views, Some(metadata)).expect("names are unique and sizes agree")
}

/// All tensors of a safetensors file, as `f32`.
///
/// # Errors
/// When the file cannot be read, is cut off, or holds another number type than `f32`.
pub fn read_safetensors(path: &Path) -> Result<BTreeMap<String, NamedTensor>, ModelError> {
    let bytes = std::fs::read(path).map_err(ModelError::file(path, "read the weights"))?;
    let damaged = |reason: String| ModelError::Safetensors { path: path.into(), reason };
    let file = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
    let mut tensors = BTreeMap::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(damaged(format!("{name} holds {:?}, expected F32", view.dtype())));
        }
        let values = view
            .data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        tensors.insert(name, NamedTensor { shape: view.shape().to_vec(), values });
    }
    Ok(tensors)
}
