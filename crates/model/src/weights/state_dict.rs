//! The named tensors of any file that weights come in, whatever wrote it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use locvtp_video::{PlainName, plain_file};

use super::pytorch_file::open_pytorch;
use super::safetensors_file::open_safetensors;
use super::{NumberType, StoredTensor};
use crate::ModelError;

/// Named tensors, their numbers not read yet.
#[derive(Clone, Debug, Default)]
pub struct StateDict {
    /// The files they lie in.
    pub files: Vec<PathBuf>,
    /// The tensors by their key, without what [`StateDict::unwrapped`] takes off.
    pub tensors: BTreeMap<String, StoredTensor>,
    /// What stood in front of every key: `state_dict.`, `module.`.
    pub wrappers: Vec<String>,
    /// Keys that lay beside the weights: an optimiser's state.
    pub beside: Vec<String>,
    /// Python names that pickles mention and that were skipped.
    pub skipped_calls: Vec<String>,
}

/// Ending of the name of an index, which lists the files of a model.
const INDEX_ENDING: &str = ".index.json";

/// Names under which training programs put the weights of a model.
const WRAPPERS: [&str; 7] =
    ["state_dict", "model_state", "model_state_dict", "model", "net", "module", "_orig_mod"];

/// What training programs put beside the weights.
const BESIDE: [&str; 9] = [
    "optimizer",
    "optimizer_state",
    "optimizer_state_dict",
    "optim",
    "lr_scheduler",
    "scheduler",
    "scaler",
    "amp",
    "config",
];

/// The weights in a folder, by the names that they usually have, the best first.
const IN_FOLDER: [&str; 6] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
];

impl StateDict {
    /// Opens a file, the index of several files, or a folder that holds either.
    ///
    /// Pickles that ask to call what is no plain data are refused, unless `skip_calls`.
    ///
    /// # Errors
    /// When a file is missing, damaged or of a kind that holds no weights; the message names it.
    pub fn open(path: &Path, skip_calls: bool) -> Result<Self, ModelError> {
        Ok(Self::open_wrapped(path, skip_calls)?.unwrapped())
    }

    /// The same with all keys as they stand in the file.
    ///
    /// # Errors
    /// As [`StateDict::open`].
    pub fn open_wrapped(path: &Path, skip_calls: bool) -> Result<Self, ModelError> {
        if path.is_dir() {
            let found = IN_FOLDER.iter().map(|name| path.join(name)).find(|path| path.is_file());
            return match found {
                Some(file) => Self::open_wrapped(&file, skip_calls),
                None => Err(refused(
                    path,
                    format!("no weights in this folder; looked for {}", IN_FOLDER.join(", ")),
                    "name the file itself",
                )),
            };
        }
        if path.to_string_lossy().ends_with(INDEX_ENDING) {
            return Self::open_shards(path, skip_calls);
        }
        let (tensors, skipped_calls) = match format_of_file(path)? {
            WeightFileFormat::Safetensors => (open_safetensors(path)?, Vec::new()),
            WeightFileFormat::Pytorch => {
                let file = open_pytorch(path, skip_calls)?;
                (file.tensors, file.skipped)
            }
        };
        if tensors.is_empty() {
            let way_out = "a checkpoint of weights has named tensors; take another file";
            return Err(refused(path, "it holds no tensors".into(), way_out));
        }
        Ok(Self { files: vec![path.into()], tensors, skipped_calls, ..Self::default() })
    }

    /// Several files that the index beside them lists.
    fn open_shards(index: &Path, skip_calls: bool) -> Result<Self, ModelError> {
        let text = plain_file::read_json(index)
            .map_err(ModelError::file(index, "read the index of the weights"))?;
        let parsed: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let Some(map) = parsed["weight_map"].as_object() else {
            let way_out = "take another copy of it";
            return Err(refused(
                index,
                "no index of weights: weight_map is missing".into(),
                way_out,
            ));
        };
        let names: BTreeSet<&str> = map.values().filter_map(|name| name.as_str()).collect();
        let mut all = Self::default();
        for name in names {
            let name = PlainName::new(name).map_err(|error| {
                let way_out = "all files of a model lie beside its index; take another copy of it";
                refused(index, format!("weight_map: {error}"), way_out)
            })?;
            if name.as_str().ends_with(INDEX_ENDING) {
                let reason =
                    format!("weight_map: {name} is an index again, and no file of weights");
                return Err(refused(index, reason, "take another copy of it"));
            }
            let path = name.inside(index.parent().unwrap_or(Path::new("")));
            if !path.is_file() {
                return Err(refused(
                    index,
                    format!("the index names {name}, which is not beside it"),
                    "copy all files of the model into one folder",
                ));
            }
            all.extend(Self::open_wrapped(&path, skip_calls)?)?;
        }
        if let Some(key) = map.keys().find(|key| !all.tensors.contains_key(*key)) {
            let reason = format!("the index lists key {key}, which none of its files holds");
            return Err(refused(index, reason, "index and files must be of the same model"));
        }
        Ok(all)
    }

    /// Adds the tensors of another file.
    ///
    /// # Errors
    /// When both hold the same key.
    pub fn extend(&mut self, other: Self) -> Result<(), ModelError> {
        if let Some((key, tensor)) =
            other.tensors.iter().find(|(key, _)| self.tensors.contains_key(*key))
        {
            let first = self.tensors[key].path.display().to_string();
            let reason = format!("key {key} is in {first} too");
            return Err(refused(&tensor.path, reason, "give the files of one model only"));
        }
        self.files.extend(other.files);
        self.tensors.extend(other.tensors);
        self.beside.extend(other.beside);
        self.skipped_calls.extend(other.skipped_calls);
        self.wrappers.extend(other.wrappers);
        Ok(())
    }

    /// Takes off what training programs put around the weights: `state_dict.`, `model.`, `module.`.
    ///
    /// A name is taken off when every key has it, except keys of what lies beside a model.
    pub fn unwrapped(mut self) -> Self {
        loop {
            let wrapper = WRAPPERS.iter().find(|wrapper| {
                let (mut inside, mut outside) = (false, false);
                for key in self.tensors.keys() {
                    match key.split('.').next() {
                        Some(first) if first == **wrapper => inside = true,
                        Some(first) if BESIDE.contains(&first) => {}
                        _ => outside = true,
                    }
                }
                inside && !outside
            });
            let Some(wrapper) = wrapper else { return self };
            let prefix = format!("{wrapper}.");
            let mut inside = BTreeMap::new();
            for (key, tensor) in std::mem::take(&mut self.tensors) {
                match key.strip_prefix(&prefix) {
                    Some(key) => _ = inside.insert(key.to_owned(), tensor),
                    None => self.beside.push(key),
                }
            }
            self.tensors = inside;
            self.wrappers.push(prefix);
        }
    }

    /// How many numbers all tensors hold together.
    pub fn num_elements(&self) -> usize {
        let numbers = self.tensors.values().map(StoredTensor::num_elements);
        numbers.fold(0, usize::saturating_add)
    }

    /// How many tensors there are of each number type.
    pub fn number_types(&self) -> BTreeMap<NumberType, usize> {
        let mut counts = BTreeMap::new();
        for tensor in self.tensors.values() {
            *counts.entry(tensor.number_type.clone()).or_default() += 1;
        }
        counts
    }
}

/// A file that holds weights.
enum WeightFileFormat {
    Safetensors,
    Pytorch,
}

/// What a file is, from its first bytes and not from its name.
fn format_of_file(path: &Path) -> Result<WeightFileFormat, ModelError> {
    let mut start = Vec::new();
    let file = plain_file::open(path).map_err(ModelError::file(path, "read the weights"))?;
    file.take(512).read_to_end(&mut start).map_err(ModelError::file(path, "read the weights"))?;
    let other = |what: &str, way_out: &str| Err(refused(path, what.into(), way_out));
    let text = String::from_utf8_lossy(&start).trim_start().to_lowercase();
    if start.is_empty() {
        other("the file is empty (0 bytes)", "take another copy")
    } else if start.get(8) == Some(&b'{') && start.get(4..8) == Some(&[0; 4][..]) {
        Ok(WeightFileFormat::Safetensors)
    } else if text.starts_with("<!doctype") || text.starts_with("<html") {
        other(
            "a web page and no weights",
            "the link led to a page about the file; take the file itself (on the hub, /resolve/ \
             in place of /blob/)",
        )
    } else if text.starts_with("version https://git-lfs") {
        other("a pointer of Git LFS and no weights", "fetch the file itself with `git lfs pull`")
    } else if start.starts_with(b"\x89HDF") {
        other("HDF5, as Keras writes it", "take the PyTorch or safetensors file of the same model")
    } else if start.starts_with(b"GGUF") {
        other("GGUF, which is quantised", "take the safetensors file of the same model")
    } else if start.starts_with(b"\x93NUMPY") {
        other("one NumPy array", "take the PyTorch or safetensors file of the model")
    } else if start.starts_with(b"PK") || matches!(start[0], 0x80 | b'(' | b'}' | b']' | b'c') {
        Ok(WeightFileFormat::Pytorch)
    } else if path.extension().is_some_and(|ending| ending == "safetensors") {
        // Named so and damaged: its own reader says where.
        Ok(WeightFileFormat::Safetensors)
    } else {
        other(
            "neither safetensors nor a PyTorch file",
            "weights come as .safetensors, .pt, .pth or .bin; take one of those",
        )
    }
}

fn refused(path: &Path, reason: String, way_out: &str) -> ModelError {
    ModelError::ForeignWeights { path: path.into(), reason, way_out: way_out.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_keys(keys: &[&str]) -> StateDict {
        let tensor = StoredTensor::new(Path::new("a"), vec![1], NumberType::F32, || Ok(vec![0; 4]));
        let tensors = keys.iter().map(|key| ((*key).to_owned(), tensor.clone()));
        StateDict { tensors: tensors.collect(), ..StateDict::default() }
    }

    fn unwrapped(keys: &[&str]) -> Vec<String> {
        with_keys(keys).unwrapped().tensors.into_keys().collect()
    }

    #[test]
    fn what_stands_in_front_of_every_key_is_taken_off() {
        let keys = ["state_dict.module.cls_token", "state_dict.module.norm.weight"];
        assert_eq!(unwrapped(&keys), ["cls_token", "norm.weight"]);
        assert_eq!(unwrapped(&["model_state.model.cls_token"]), ["cls_token"]);
        assert_eq!(unwrapped(&["cls_token", "model.norm"]), ["cls_token", "model.norm"]);
    }

    #[test]
    fn an_optimisers_state_lies_beside_the_weights() {
        let found = with_keys(&["model.cls_token", "optimizer.state.0.exp_avg"]).unwrapped();
        assert_eq!(found.tensors.keys().collect::<Vec<_>>(), ["cls_token"]);
        assert_eq!(found.beside, ["optimizer.state.0.exp_avg"]);
        assert_eq!(found.wrappers, ["model."]);
    }

    #[test]
    fn what_is_no_file_of_weights_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes, said) in [
            ("a.bin", &b""[..], "empty (0 bytes)"),
            ("a.pt", b"<!DOCTYPE html><html>", "a web page"),
            ("a.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
            ("a.h5", b"\x89HDF\r\n\x1a\n", "Keras"),
            ("a.txt", b"notes about the model", "neither safetensors nor a PyTorch file"),
            ("b.safetensors", b"\x01\x02", "no header"),
            ("c.safetensors", b"\xff\x00\x00\x00\x00\x00\x00\x00{\"a\":1}", "longer than the file"),
            ("c.pt", b"PK\x03\x04cut off", "cut off"),
            ("d.pth", b"\x80\x02X\xff\x00\x00\x00cut", "ends early"),
        ] {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let message = StateDict::open(&path, false).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains(said), "{message}");
        }
        let missing = StateDict::open(&dir.path().join("no.pt"), false).unwrap_err();
        assert!(missing.to_string().contains("no.pt"), "{missing}");
        let empty = tempfile::tempdir().unwrap();
        let message = StateDict::open(empty.path(), false).unwrap_err().to_string();
        assert!(message.contains("model.safetensors") && message.contains("pytorch_model.bin"));
    }
}
