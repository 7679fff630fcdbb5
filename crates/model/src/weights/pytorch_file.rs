//! PyTorch's own files (`.pt`, `.pth`, `.bin`): zip archives and the older pickle streams.
//!
//! Tensors are found by `pytorch-reader`, which runs no Python and skips calls that it does not
//! know; [`pickle_names`] says which those are, and a file that asks for any is refused unless the
//! reader of it says otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};
use std::path::Path;

use locvtp_video::plain_file;
use pytorch_reader::{DType, MAX_PICKLE_SIZE, PickleError, PytorchError, PytorchReader, Tensor};
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
    let file_bytes = file.metadata().map_or(0, |file| file.len());
    let views = reader.tensors().iter();
    let too_large =
        |tensor: &Tensor| bytes_of(tensor) > file_bytes.saturating_mul(4).max(LARGEST_VIEW);
    if let Some((key, tensor)) = views.into_iter().find(|(_, tensor)| too_large(tensor)) {
        return Err(refuse(
            format!(
                "key {key} of shape {:?} is many times larger than the whole file",
                tensor.shape()
            ),
            "such a view of few numbers is no weight: take another copy",
        ));
    }
    let tensors = reader.into_tensors().into_iter().map(|(key, tensor)| {
        let number_type = number_type(tensor.dtype());
        let shape = tensor.shape().to_vec();
        (key, StoredTensor::new(path, shape, number_type, move || tensor.read()))
    });
    Ok(PytorchFile { tensors: tensors.collect(), skipped })
}

/// Bytes of a tensor in memory that are allowed whatever the file: a view may show a number again and again.
const LARGEST_VIEW: u64 = 64 << 20;

fn bytes_of(tensor: &Tensor) -> u64 {
    let numbers = tensor.shape().iter().fold(1u64, |n, axis| n.saturating_mul(*axis as u64));
    numbers.saturating_mul(tensor.dtype().size() as u64)
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
    // PyTorch packs nothing; what is packed may come to any size.
    if entry.size() > MAX_PICKLE_SIZE {
        let found = entry.size();
        return Err(damaged(format!(
            "its data.pkl is of {found} bytes, and none of weights has more than {MAX_PICKLE_SIZE}"
        )));
    }
    pickle_names::names(&mut BufReader::new(entry.take(MAX_PICKLE_SIZE))).map_err(damaged)
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    /// An archive with this pickle in it, packed.
    fn archive(path: &Path, pickle: &[u8], storage: &[u8]) {
        let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
        for (name, bytes) in [("x/data.pkl", pickle), ("x/version", b"3\n"), ("x/data/0", storage)]
        {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
    }

    fn refused(path: &Path) -> String {
        let error = open_pytorch(path, true).err().unwrap().to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
        error
    }

    #[test]
    fn a_pickle_that_unpacks_to_more_than_weights_have_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pt");
        // A hundred kilobytes of archive.
        archive(&path, &vec![b'N'; MAX_PICKLE_SIZE as usize + 1], b"");
        assert!(std::fs::metadata(&path).unwrap().len() < 1 << 20);
        assert!(refused(&path).contains("data.pkl is of 104857601 bytes"));
        archive(&path, &vec![b'N'; MAX_PICKLE_SIZE as usize], b"");
        assert!(refused(&path).contains("4000000 instructions"));
    }

    #[test]
    fn a_view_of_one_number_is_no_large_tensor() {
        // {"w": rebuild_tensor_v2(storage 0 of 1 float, offset 0, size (n, n), stride (0, 0), ..)}
        let view = |n: u32| {
            let size = n.to_le_bytes();
            let mut pickle =
                b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storage\
                ctorch\nFloatStorage\nX\x01\0\0\00X\x03\0\0\0cpuK\x01tQK\0J"
                    .to_vec();
            pickle.extend(size);
            pickle.push(b'J');
            pickle.extend(size);
            pickle.extend(b"\x86K\0K\0\x86\x89ccollections\nOrderedDict\n)RtRs.");
            pickle
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pt");
        archive(&path, &view(40_000), &[0; 4]);
        let error = refused(&path);
        assert!(error.contains("key w") && error.contains("larger than the whole file"), "{error}");
        archive(&path, &view(100), &[0; 4]);
        assert_eq!(open_pytorch(&path, false).unwrap().tensors["w"].shape, [100, 100]);
    }
}
