//! From a corpus's path to its shards, in a fixed order; and the list that packing writes of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use locvtp_video::PlainName;
use locvtp_video::address::without_passwords;
use serde::{Deserialize, Serialize};

use super::address::{ends_with_tar, expanded, is_list, is_remote};
use super::settings::ShardSettings;
use super::storage::Storage;
use crate::error::{BrokenJson, CorpusError};
use crate::text_file;

/// The list of shards that packing writes into their folder.
pub(crate) const LIST_FILE: &str = "shards.json";

/// What [`LIST_FILE`] says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShardList {
    /// The format; 1.
    pub(crate) locvtp_shards: u32,
    /// False from the start of packing to its end.
    pub(crate) complete: bool,
    /// What was to be packed, and how: equal for equal videos, captions and settings.
    pub(crate) plan: String,
    pub(crate) videos: usize,
    pub(crate) shards: Vec<ListedShard>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListedShard {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) videos: usize,
}

/// Where a shard lies.
#[derive(Debug, Clone)]
pub(crate) enum ShardPlace {
    /// A file here.
    Local(PathBuf),
    /// An object elsewhere, by its path there.
    Remote(Arc<Storage>, String),
}

impl ShardPlace {
    /// The path or address.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Local(path) => path.to_string_lossy().into_owned(),
            Self::Remote(storage, path) => storage.address(path),
        }
    }
}

/// The shards at a path, pattern or address.
///
/// # Errors
/// When there is none, a list or server cannot be read, or packing was not finished.
pub(crate) fn find(path: &Path, settings: &ShardSettings) -> Result<Vec<ShardPlace>, CorpusError> {
    let mut finder = Finder { settings, storages: HashMap::new(), found: Vec::new() };
    let text = path.to_string_lossy();
    if is_remote(&text) {
        finder.remote(&text)?;
    } else if path.is_dir() {
        finder.folder(path)?;
    } else if path.file_name().is_some_and(|name| name == LIST_FILE) {
        finder.folder(path.parent().unwrap_or(Path::new("")))?;
    } else if path.is_file() && !ends_with_tar(&text) {
        finder.list(path)?;
    } else if path.is_file() {
        finder.found.push(ShardPlace::Local(path.to_owned()));
    } else {
        let names = expanded(&text)?;
        finder.found.extend(names.into_iter().map(|name| ShardPlace::Local(name.into())));
    }
    if finder.found.is_empty() {
        return Err(CorpusError::NoShards { place: without_passwords(&text).into_owned() });
    }
    Ok(finder.found)
}

/// Where single shards lie, by path or address.
///
/// # Errors
/// For an address that cannot be used.
pub(crate) fn places<'a>(
    names: impl Iterator<Item = &'a str>,
    settings: &ShardSettings,
) -> Result<Vec<ShardPlace>, CorpusError> {
    let mut finder = Finder { settings, storages: HashMap::new(), found: Vec::new() };
    for name in names {
        let place = if is_remote(name) {
            let (storage, path) = finder.storage(name)?;
            ShardPlace::Remote(storage, path)
        } else {
            ShardPlace::Local(name.into())
        };
        finder.found.push(place);
    }
    Ok(finder.found)
}

/// Whether a folder holds shards.
pub(crate) fn is_in(folder: &Path) -> bool {
    folder.join(LIST_FILE).is_file() || tars_in(folder).is_ok_and(|tars| !tars.is_empty())
}

fn tars_in(folder: &Path) -> Result<Vec<PathBuf>, CorpusError> {
    let unreadable = |source| CorpusError::Read { path: folder.to_owned(), source };
    let mut tars = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_hidden = |path: &Path| {
            path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
        };
        if ends_with_tar(&path.to_string_lossy()) && !is_hidden(&path) && path.is_file() {
            tars.push(path);
        }
    }
    tars.sort();
    Ok(tars)
}

struct Finder<'a> {
    settings: &'a ShardSettings,
    storages: HashMap<String, Arc<Storage>>,
    found: Vec<ShardPlace>,
}

impl Finder<'_> {
    fn folder(&mut self, folder: &Path) -> Result<(), CorpusError> {
        let list = folder.join(LIST_FILE);
        if !list.is_file() {
            self.found.extend(tars_in(folder)?.into_iter().map(ShardPlace::Local));
            return Ok(());
        }
        let text = text_file::bytes(&list)?;
        let listed = ShardList::read(&text, &list.to_string_lossy())?.finished(folder)?;
        let places =
            listed.shards.into_iter().map(|shard| ShardPlace::Local(folder.join(shard.name)));
        self.found.extend(places);
        Ok(())
    }

    /// A text file of names, one a line, relative to the file.
    fn list(&mut self, path: &Path) -> Result<(), CorpusError> {
        let (text, _) = text_file::read(path)?;
        if !is_list(&text) {
            return Err(CorpusError::NoShards { place: path.display().to_string() });
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        for line in text_file::lines(&text).map(str::trim).filter(|line| !line.is_empty()) {
            if is_remote(line) {
                self.remote(line)?;
            } else {
                let names = expanded(line)?;
                self.found
                    .extend(names.into_iter().map(|name| ShardPlace::Local(folder.join(name))));
            }
        }
        Ok(())
    }

    fn remote(&mut self, address: &str) -> Result<(), CorpusError> {
        for address in expanded(address)? {
            let (storage, path) = self.storage(&address)?;
            if ends_with_tar(&path) {
                self.found.push(ShardPlace::Remote(storage, path));
                continue;
            }
            let shown = without_passwords(&address);
            let folder = path.strip_suffix(LIST_FILE).unwrap_or(&path).trim_end_matches('/');
            let inside = |name: &str| {
                if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
            };
            let names = match storage.read(&inside(LIST_FILE), self.settings.most_index_bytes())? {
                Some(text) => {
                    let list = ShardList::read(&text, &storage.address(&inside(LIST_FILE)))?;
                    let list = list.finished(Path::new(shown.as_ref()))?;
                    list.shards.into_iter().map(|shard| inside(&shard.name)).collect()
                }
                None if storage.lists() => {
                    let mut names = storage.list(folder)?;
                    names.retain(|name| ends_with_tar(name));
                    names
                }
                None => Vec::new(),
            };
            if names.is_empty() {
                return Err(CorpusError::NoShards { place: shown.into_owned() });
            }
            let places =
                names.into_iter().map(|name| ShardPlace::Remote(Arc::clone(&storage), name));
            self.found.extend(places);
        }
        Ok(())
    }

    fn storage(&mut self, address: &str) -> Result<(Arc<Storage>, String), CorpusError> {
        let (root, path) = Storage::split(address)?;
        if let Some(storage) = self.storages.get(&root) {
            return Ok((Arc::clone(storage), path));
        }
        let storage = Arc::new(Storage::open(address, self.settings)?);
        self.storages.insert(root, Arc::clone(&storage));
        Ok((storage, path))
    }
}

impl ShardList {
    pub(crate) fn read(text: &[u8], name: &str) -> Result<Self, CorpusError> {
        const EXPECTED: &str = "a list of shards that `locvtp corpus pack` wrote";
        let broken = |source: BrokenJson| CorpusError::Layout {
            path: name.into(),
            expected: EXPECTED,
            source,
        };
        let list: Self = serde_json::from_slice(text).map_err(|error| broken(error.into()))?;
        let refuse = |what: String| Err(broken(BrokenJson { at_byte: 0, what }));
        if list.locvtp_shards != 1 {
            return refuse("it is of another version of LocVTP".to_owned());
        }
        for shard in &list.shards {
            if let Err(error) = PlainName::new(&shard.name) {
                return refuse(format!("the shard {error}; pack the corpus again"));
            }
            if !ends_with_tar(&shard.name) {
                return refuse(format!("the shard {:?} is no .tar", shard.name));
            }
        }
        Ok(list)
    }

    fn finished(self, place: &Path) -> Result<Self, CorpusError> {
        if self.complete {
            return Ok(self);
        }
        Err(CorpusError::PackingUnfinished { place: place.display().to_string() })
    }
}
