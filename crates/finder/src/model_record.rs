//! What a catalogue knows of a model.

use std::path::Path;

use locvtp_search::catalogue::ModelRecord;
use locvtp_transfer::{Embedder, ModelIdentity, locate_model};

use crate::error::FinderError;
use crate::index_sampling::IndexSampling;

/// The record of the model in `dir`, opened as `embedder`: its hash is that of its files, its name the
/// directory as it truly lies, so that a search finds it again.
///
/// # Errors
/// When its files cannot be read, or it has no joint space.
pub fn model_record(
    embedder: &Embedder,
    dir: &Path,
    sampling: IndexSampling,
) -> Result<ModelRecord, FinderError> {
    let directory = embedder.directory();
    if !directory.config.has_joint_space() {
        return Err(FinderError::NoJointSpace { model: dir.to_owned() });
    }
    let place = locate_model(dir);
    let identity = ModelIdentity::of(&place)?;
    let place = place.canonicalize().unwrap_or(place);
    let preprocessing = &directory.preprocessing;
    Ok(ModelRecord {
        name: place.display().to_string(),
        hash: hash(&identity),
        preprocessing: serde_json::to_string(preprocessing).expect("plain data"),
        sampling: sampling.as_json(preprocessing),
        width: directory.config.embedding_width() as u32,
    })
}

/// Both fingerprints in one number: vectors of sentences are compared with those of clips, so another
/// tokenizer is another model.
fn hash(identity: &ModelIdentity) -> u128 {
    let number = |text: &str| u128::from_str_radix(text, 16).unwrap_or_default();
    let tokenizer = identity.tokenizer.as_deref().map_or(0, number);
    (number(&identity.weights) << 64) | tokenizer
}

/// Whether sentences of one model can be compared with clips of the other, however these were sampled.
pub(crate) fn are_comparable(one: &ModelRecord, other: &ModelRecord) -> bool {
    let key = |record: &ModelRecord| (record.hash, record.preprocessing.clone(), record.width);
    key(one) == key(other)
}
