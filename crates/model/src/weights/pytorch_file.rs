//! PyTorch's own files (`.pt`, `.pth`, `.bin`): zip archives and the older pickle streams.
//!
//! Tensors are found by `pytorch-reader`, which runs no Python and skips calls that it does not
//! know; [`pickle_names`] says which those are, and a file that asks for any is refused unless the
//! reader of it says otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};
use std::path::Path;

use locvtp_video::plain_file;
use pytorch_reader::{DType, PickleError, PytorchError, PytorchReader};
use zip::ZipArchive;

use super::{NumberType, StoredTensor, pickle_names};
use crate::ModelError;

/// A PyTorch file, its numbers not read yet.
pub(super) struct PytorchFile {
    pub(super) tensors: BTreeMap<String, StoredTensor>,
    /// Python names that the pickle mentions and that were skipped.
    pub(super) skipped: Vec<String>,
}

/// Finds the tensors of a PyTorch file.
///
/// # Errors
/// When the file is damaged, a TorchScript archive, or asks to call what is no plain data (unless
/// `skip_calls`).
pub(super) fn open_pytorch(path: &Path, skip_calls: bool) -> Result<PytorchFile, ModelError> {
    let refuse = |reason: String, way_out: &str| ModelError::ForeignWeights {
        path: path.into(),
        reason,
        way_out: way_out.into(),
    };
    let mut file = plain_file::open(path).map_err(ModelError::file(path, "read the weights"))?;
    let mut start = [0; 2];
    let is_zip = file.read_exact(&mut start).is_ok() && &start == b"PK";
    let names = if is_zip {
        names_of_archive(path)?
    } else {
        names_of_stream(path).map_err(|reason| {
            let reason = format!("not a PyTorch file that can be read: {reason}");
            refuse(reason, "it may be cut off, take another copy")
        })?
    };
    let skipped: Vec<String> =
        names.into_iter().filter(|name| !pickle_names::is_harmless(name)).collect();
    if !skipped.is_empty() && !skip_calls {
        let shown = skipped.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        let more = if skipped.len() > 5 { ", …" } else { "" };
        return Err(refuse(
            format!("this pickle asks Python to use {shown}{more}, which may run code"),
            "nothing was run. Take the safetensors file of the same model; or, if you know where \
             the file comes from, add --skip-calls: its tensors are read and nothing is called",
        ));
    }
    let reader = PytorchReader::new(path).map_err(|error| match unread_type(&error) {
        Some(found) => refuse(
            format!("it holds {found}, and weights are f32, f64, f16 or bf16"),
            "take a copy that is not quantised; or convert it in Python: torch.load it, \
             tensor.float() on each (times its scale, where it has one), torch.save",
        ),
        None => refuse(
            format!("not a PyTorch file that can be read: {error}"),
            "it may be cut off, take another copy, or the safetensors file of the same model",
        ),
    })?;
    let tensors = reader.into_tensors().into_iter().map(|(key, tensor)| {
        let number_type = number_type(tensor.dtype());
        let shape = tensor.shape().to_vec();
        (key, StoredTensor::new(path, shape, number_type, move || tensor.read()))
    });
    Ok(PytorchFile { tensors: tensors.collect(), skipped })
}

/// The names in a zip archive's pickle; refuses TorchScript.
fn names_of_archive(path: &Path) -> Result<BTreeSet<String>, ModelError> {
    let damaged = |reason: String| ModelError::ForeignWeights {
        path: path.into(),
        reason: format!("not a PyTorch archive that can be read: {reason}"),
        way_out: "it may be cut off, take another copy".into(),
    };
    let file = plain_file::open(path).map_err(ModelError::file(path, "read the weights"))?;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(error.to_string()))?;
    let entries = archive
        .file_names()
        .map(|name| name.map(|name| name.into_owned()))
        .collect::<Result<Vec<String>, _>>()
        .map_err(|error| damaged(error.to_string()))?;
    let is_in = |entry: &str, name: &str| entry == name || entry.ends_with(&format!("/{name}"));
    if entries.iter().any(|entry| entry.contains("/code/") || is_in(entry, "constants.pkl")) {
        return Err(ModelError::ForeignWeights {
            path: path.into(),
            reason: "a TorchScript archive: a program with its weights inside, as OpenAI \
                     publishes CLIP"
                .into(),
            way_out: "take the safetensors file of the same model, for CLIP ViT-B/16 \
                      model.safetensors of openai/clip-vit-base-patch16 (ViT-B/32: \
                      openai/clip-vit-base-patch32, ViT-L/14: openai/clip-vit-large-patch14, at 336 \
                      pixels openai/clip-vit-large-patch14-336), and import it with --from hf-clip"
                .into(),
        });
    }
    let Some(entry) = entries.iter().find(|entry| is_in(entry, "data.pkl")) else {
        return Err(damaged("a zip archive without data.pkl".into()));
    };
    let entry = archive.by_name(entry).map_err(|error| damaged(error.to_string()))?;
    pickle_names::names(&mut BufReader::new(entry)).map_err(damaged)
}

/// The names in an older file: magic number, protocol, system, the object, keys of its storages.
/// A plain pickle has only the object.
fn names_of_stream(path: &Path) -> Result<BTreeSet<String>, String> {
    const LEGACY_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
    let mut start = Vec::new();
    let file = || plain_file::open(path).map_err(|error| error.to_string());
    file()?.take(64).read_to_end(&mut start).map_err(|error| error.to_string())?;
    let is_legacy = start.windows(LEGACY_MAGIC.len()).any(|bytes| bytes == LEGACY_MAGIC);
    let mut input = BufReader::new(file()?);
    let mut found = BTreeSet::new();
    for _ in 0..if is_legacy { 5 } else { 1 } {
        found.extend(pickle_names::names(&mut input)?);
    }
    Ok(found)
}

/// What tensors the reader cannot represent, in words.
fn unread_type(error: &PytorchError) -> Option<String> {
    let PytorchError::Pickle(PickleError::UnsupportedType(name)) = error else { return None };
    let name = name.strip_prefix("torch.").unwrap_or(name);
    Some(match name.strip_suffix("Storage") {
        Some(kind) if kind.starts_with('Q') => format!("quantised numbers ({kind})"),
        Some(kind) => format!("numbers of type {kind}"),
        None => match name.strip_prefix("_utils._rebuild_") {
            Some("qtensor") => "quantised tensors".into(),
            Some("sparse_tensor") => "sparse tensors".into(),
            Some("nested_tensor") => "nested tensors".into(),
            _ if pickle_names::is_harmless(&format!("torch.{name}")) => {
                format!("numbers of type {name}")
            }
            _ => format!("tensors inside {name}"),
        },
    })
}

fn number_type(dtype: DType) -> NumberType {
    match dtype {
        DType::F64 => NumberType::F64,
        DType::F32 => NumberType::F32,
        DType::F16 => NumberType::F16,
        DType::BF16 => NumberType::Bf16,
        other => NumberType::Other(format!("{other:?}")),
    }
}
