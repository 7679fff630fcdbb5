//! The header of a safetensors file, read without the numbers behind it and checked by the format's own library.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::Read;

use safetensors::tensor::{Metadata, TensorInfo};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Longest header that is read, bytes; the format's own limit.
const LONGEST: u64 = 100_000_000;

/// What stands in front of the numbers.
pub(crate) struct SafetensorsHeader {
    /// The tensors: they lie end to end, and each is as long as its shape says.
    pub(crate) tensors: Metadata,
    /// What else the file says of itself.
    pub(crate) metadata: HashMap<String, String>,
    /// Where in the file the numbers begin.
    pub(crate) data_begin: u64,
}

impl SafetensorsHeader {
    /// Reads the header of a file of `length` bytes.
    ///
    /// # Errors
    /// In words, when it is longer than the file or does not describe the rest of it.
    pub(crate) fn read(file: &mut File, length: u64) -> Result<Self, String> {
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(|_| "it is shorter than a header")?;
        let size = u64::from_le_bytes(size);
        if size > LONGEST || size > length.saturating_sub(8) {
            return Err("its header does not end, or it is of another kind".to_owned());
        }
        let data_begin = 8 + size;
        let Described { metadata, tensors } = described(file, size)?;
        let data = length - data_begin;
        let ends = |info: &TensorInfo| info.data_offsets.1 as u64;
        if let Some((name, _)) = tensors.iter().find(|(_, info)| ends(info) > data) {
            return Err(format!("{name} lies outside the file; it was cut off"));
        }
        let tensors = Metadata::new(None, tensors)
            .map_err(|error| format!("its header contradicts itself ({error})"))?;
        if (tensors.data_len() as u64) < data {
            let more = data - tensors.data_len() as u64;
            return Err(format!("{more} bytes behind its last tensor are nobody's"));
        }
        Ok(Self { tensors, metadata, data_begin })
    }
}

/// What the header says, tensors in the order of their places.
struct Described {
    metadata: HashMap<String, String>,
    tensors: Vec<(String, TensorInfo)>,
}

fn described(file: &mut File, size: u64) -> Result<Described, String> {
    let mut header = vec![0; size as usize];
    file.read_exact(&mut header).map_err(|error| error.to_string())?;
    let Entries { metadata, tensors } = serde_json::from_slice(&header)
        .map_err(|error| format!("its header is no table of tensors ({error})"))?;
    let mut tensors: Vec<_> = tensors.into_iter().collect();
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    Ok(Described { metadata, tensors })
}

/// The entries of the header, each read as what it is. (What the library derives keeps all of them in a form for
/// any JSON first, which takes ten times the header.)
#[derive(Default)]
struct Entries {
    metadata: HashMap<String, String>,
    tensors: BTreeMap<String, TensorInfo>,
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names of tensors with type, shape and place")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Entries::default();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                entries.metadata = map.next_value::<Option<_>>()?.unwrap_or_default();
            } else {
                entries.tensors.insert(name, map.next_value()?);
            }
        }
        Ok(entries)
    }
}
