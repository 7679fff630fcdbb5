//! The weights that training begins with: encoders of a model directory, and its heads where they fit.
//!
//! The encoders must be those of the directory, parameter by parameter. A head (a projection, the
//! context warping) is taken whole or not at all: one that the directory has not, or has in another
//! size, is drawn from a seed.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;

use crate::model_directory::{WEIGHTS_FILE, check_fills};
use crate::weights::{LoadReport, StoredTensor, fill_each, open_safetensors};
use crate::{LocVtp, LocVtpConfig, ModelError};

/// The first part of the names of a head's parameters.
const HEADS: [&str; 3] = ["video_projection", "text_projection", "context_warp"];

/// A model to train on.
#[derive(Debug)]
#[non_exhaustive]
pub struct StartWeights {
    /// The parameters.
    pub model: LocVtp,
    /// The heads that were drawn from the seed.
    pub drawn: Vec<&'static str>,
}

/// A model of `config`'s sizes with the weights of the model directory `dir`.
///
/// # Errors
/// When the weights cannot be read, or the encoders in them are not of these sizes; the message
/// names the file and the parameters.
pub fn read_start_weights(
    dir: &Path,
    config: &LocVtpConfig,
    seed: u64,
    device: &Device,
) -> Result<StartWeights, ModelError> {
    let path = dir.join(WEIGHTS_FILE);
    let mut stored = open_safetensors(&path)?;
    check_fills(config, &path, &stored)?;
    let mut heads = BTreeMap::<&str, BTreeMap<String, Vec<usize>>>::new();
    let mut model = config.init_heads(seed, device);
    model = fill_each(model, |name, shape| {
        if let Some(head) = head_of(name) {
            heads.entry(head).or_default().insert(name.to_owned(), shape.to_vec());
        }
        Ok::<_, ModelError>(None)
    })?;
    let drawn = heads.iter().filter(|(head, wanted)| **wanted != shapes_of(head, &stored));
    let drawn: Vec<&'static str> = drawn.filter_map(|(head, _)| head_of(head)).collect();
    stored.retain(|name, _| {
        head_of(name).is_none_or(|head| heads.contains_key(head) && !drawn.contains(&head))
    });

    let mut report = LoadReport::default();
    let model = fill_each(model, |name, shape| {
        if head_of(name).is_some_and(|head| drawn.contains(&head)) {
            return Ok(None);
        }
        let found = stored.remove(name);
        let fitting = report.fitting(name, found, |found| &found.shape, shape);
        fitting.map(|tensor| tensor.read(name)).transpose()
    })?;
    report.unused = stored.into_keys().collect();
    if !report.is_complete() {
        return Err(ModelError::OtherModel { path, report: report.to_string() });
    }
    Ok(StartWeights { model, drawn })
}

/// Which head a parameter belongs to; none for those of the encoders.
fn head_of(parameter: &str) -> Option<&'static str> {
    let first = parameter.split('.').next()?;
    HEADS.into_iter().find(|head| *head == first)
}

/// The parameters of a head as the file has them.
fn shapes_of(head: &str, stored: &BTreeMap<String, StoredTensor>) -> BTreeMap<String, Vec<usize>> {
    let own = stored.iter().filter(|(name, _)| head_of(name) == Some(head));
    own.map(|(name, tensor)| (name.clone(), tensor.shape.clone())).collect()
}
