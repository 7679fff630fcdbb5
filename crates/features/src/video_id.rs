//! What a video may be called in a feature file.

use crate::error::FeatureError;

/// An id is a path of names in HDF5 and in safetensors.
pub(crate) fn check_id(id: &str) -> Result<(), FeatureError> {
    let bad = |reason| Err(FeatureError::Id { id: id.to_owned(), reason });
    if id.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return bad("a part of it is empty or only dots");
    }
    if id.contains('\0') {
        return bad("it has a zero byte");
    }
    Ok(())
}
