//! Checkpoints from the Hugging Face hub, by their name there.
//!
//! Honours `HF_ENDPOINT` (another server), `HF_HOME` (where downloads are kept) and
//! `HF_HUB_OFFLINE` (only what is there already).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use locvtp_model::weights::{OPEN_CLIP_FILES, SourceKind};
use locvtp_video::address::Address;
use locvtp_video::{PlainName, plain_file};
use sha2::{Digest, Sha256};

pub(crate) use crate::hub_cache::PREFIX;
use crate::hub_cache::{CachedModel, HubCache, HubFile};
use crate::hub_server::{Failure, HubServer};
use crate::known_models::size;
use crate::progress::CountProgress;

/// Files that say how weights are to be used; none must be there.
const BESIDE: [&str; 9] = [
    "config.json",
    "preprocessor_config.json",
    "open_clip_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
];

/// Of a sentence model the file that says what comes after what, and those that are looked for where it is
/// there.
const MODULES: &str = "modules.json";
const OF_SENTENCES: [&str; 5] = [
    "1_Pooling/config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_xlm-roberta_config.json",
];

/// Names under which weights lie on the hub, the best first; open_clip's follow, and come first for
/// its kind.
const WEIGHTS: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

/// Downloads a checkpoint, or finds what an earlier download left; the folder it lies in.
///
/// # Errors
/// When the hub cannot be reached or holds no such weights; the message says what to download by
/// hand.
pub(crate) fn fetch(name: &str, kind: Option<SourceKind>) -> anyhow::Result<PathBuf> {
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 || parts.iter().any(|part| PlainName::new(part).is_err()) {
        bail!("hub:{name}: expected hub:OWNER/NAME, as on the model's page");
    }
    let store = Store::open(name)?;
    for file in BESIDE {
        store.get(file)?;
    }
    if store.get(MODULES)?.is_some() {
        for file in OF_SENTENCES {
            store.get(file)?;
        }
    }
    let weights = match kind.is_some_and(SourceKind::prefers_open_clip) {
        true => [&OPEN_CLIP_FILES[..], &WEIGHTS].concat(),
        false => [&WEIGHTS[..], &OPEN_CLIP_FILES].concat(),
    };
    for file in &weights {
        let Some(path) = store.get(file)? else { continue };
        if file.ends_with(".index.json") {
            for shard in shards(&path).with_context(|| format!("hub:{name}: {file}"))? {
                if store.get(shard.as_str())?.is_none() {
                    bail!("hub:{name}: {file} names {shard}, which is not there");
                }
            }
        }
        let folder = path.parent().expect("a file lies in a folder");
        return Ok(folder.to_owned());
    }
    bail!(
        "hub:{name}: no weights in {}; looked for {}; {}",
        store.place(),
        weights.join(", "),
        store.by_hand()
    )
}

/// The files of a model, given as `OWNER/NAME`, that are downloaded already.
///
/// # Errors
/// When the folder of downloads is not this user's.
pub(crate) fn downloaded(name: &str) -> anyhow::Result<Vec<PathBuf>> {
    Ok(HubCache::find()?.model(name).files())
}

/// Compares a file with its tag, where that is the SHA-256 of what is in it, as the hub's are of large files.
fn is_what_was_stated(blob: &mut File, tag: &PlainName) -> Result<(), Failure> {
    let tag = tag.as_str();
    if tag.len() != 64 || !tag.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(());
    }
    blob.seek(SeekFrom::Start(0))?;
    let (mut hash, mut bytes) = (Sha256::new(), vec![0; 1 << 18]);
    loop {
        match blob.read(&mut bytes)? {
            0 => break,
            count => hash.update(&bytes[..count]),
        }
    }
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found.eq_ignore_ascii_case(tag) {
        return Ok(());
    }
    Err(Failure::of(
        "what came is not what the server says it is (SHA-256); it was thrown away, type the command again",
    ))
}

/// The files that an index lists, which lie beside it.
fn shards(index: &Path) -> anyhow::Result<BTreeSet<PlainName>> {
    let text = plain_file::read_text(index)?;
    let json: serde_json::Value = serde_json::from_str(&text).context("no index of weights")?;
    let files = json["weight_map"].as_object().into_iter().flatten();
    files
        .filter_map(|(_, file)| file.as_str())
        .map(|file| PlainName::new(file).context("weight_map; take another model"))
        .collect()
}

/// Where files of one model come from.
struct Store<'a> {
    name: &'a str,
    cached: CachedModel,
    place: Place,
}

enum Place {
    Online(HubServer),
    /// The folder of all downloads.
    Offline(PathBuf),
}

impl<'a> Store<'a> {
    fn open(name: &'a str) -> anyhow::Result<Self> {
        let is_set = |value: String| !matches!(value.to_lowercase().as_str(), "" | "0" | "false");
        let cache = HubCache::find()?;
        let place = match std::env::var("HF_HUB_OFFLINE").is_ok_and(is_set) {
            true => Place::Offline(cache.folder().to_owned()),
            false => Place::Online(HubServer::new(endpoint(), cache.token())),
        };
        Ok(Self { name, cached: cache.model(name), place })
    }

    /// A file, downloaded if it is not there yet; `None` where the model has none.
    fn get(&self, file: &str) -> anyhow::Result<Option<PathBuf>> {
        let file = HubFile::new(file)?;
        if let Some(path) = self.cached.file(&file) {
            return Ok(Some(path));
        }
        let Place::Online(server) = &self.place else { return Ok(None) };
        let failed = |failure: Failure| self.refused(&file, server, &failure);
        let Some(stated) = server.look(self.name, &file).map_err(failed)? else { return Ok(None) };
        let mut blob = self.cached.open_blob(&stated.tag)?;
        self.cached
            .has_room(stated.bytes.saturating_sub(blob.metadata()?.len()))
            .with_context(|| format!("hub:{}: {file} has {}", self.name, size(stated.bytes)))?;
        let mut shown = CountProgress::new(format!("{}: {file}", self.name), "MiB");
        let mib = |bytes: u64| (bytes >> 20) as usize;
        let mut progress = |done| match mib(stated.bytes) {
            0 => {}
            total => shown.show_if_long(mib(done), total),
        };
        server.download(self.name, &file, &stated, &mut blob, &mut progress).map_err(failed)?;
        if let Err(failure) = is_what_was_stated(&mut blob, &stated.tag) {
            // It would never become right.
            blob.set_len(0)?;
            return Err(failed(failure));
        }
        self.cached.keep(&stated.commit, &stated.tag, &file).map(Some)
    }

    fn refused(&self, file: &HubFile, server: &HubServer, failure: &Failure) -> anyhow::Error {
        let why = if failure.is_forbidden {
            "there is no such model, or it asks for a licence to be accepted first"
        } else {
            "it cannot be downloaded"
        };
        let (name, reason, by_hand) = (self.name, &failure.reason, self.by_hand());
        anyhow!("hub:{name}: {file} from {}: {why} ({reason}); {by_hand}", server.endpoint())
    }

    /// Where was looked.
    fn place(&self) -> String {
        match &self.place {
            Place::Online(server) => server.endpoint().to_string(),
            Place::Offline(folder) => {
                format!("{} (HF_HUB_OFFLINE is set, nothing is downloaded)", folder.display())
            }
        }
    }

    /// What to do without us.
    fn by_hand(&self) -> String {
        let name = self.name;
        format!(
            "by hand: save {}, and model.safetensors or pytorch_model.bin, as far as they are there, from \
             {}/{name}/tree/main into one folder (with {} of a sentence model), and give --from KIND that folder",
            BESIDE.join(", "),
            endpoint(),
            [&[MODULES], &OF_SENTENCES[..]].concat().join(", ")
        )
    }
}

fn endpoint() -> Address {
    Address::new(std::env::var("HF_ENDPOINT").unwrap_or_else(|_| "https://huggingface.co".into()))
}
