//! Checkpoints from the Hugging Face hub, by their name there.
//!
//! Honours `HF_ENDPOINT` (another server), `HF_HOME` (where downloads are kept) and
//! `HF_HUB_OFFLINE` (only what is there already).

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::{Context, bail};
use hf_hub::api::sync::{ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo};
use locvtp_model::weights::{OPEN_CLIP_FILES, SourceKind};

/// What a name on the hub begins with.
pub(crate) const PREFIX: &str = "hub:";

/// Files that say how weights are to be used; none must be there.
const BESIDE: [&str; 7] = [
    "config.json",
    "preprocessor_config.json",
    "open_clip_config.json",
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
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
    let well_formed =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains("..");
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 || !parts.iter().all(|part| well_formed(part)) {
        bail!("hub:{name}: expected hub:OWNER/NAME, as on the model's page");
    }
    let store = Store::open(name)?;
    for file in BESIDE {
        store.get(file)?;
    }
    let weights = match kind.is_some_and(SourceKind::prefers_open_clip) {
        true => [&OPEN_CLIP_FILES[..], &WEIGHTS].concat(),
        false => [&WEIGHTS[..], &OPEN_CLIP_FILES].concat(),
    };
    for file in &weights {
        let Some(path) = store.get(file)? else { continue };
        if file.ends_with(".index.json") {
            for shard in shards(&path)? {
                if store.get(&shard)?.is_none() {
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

/// The files that an index lists.
fn shards(index: &std::path::Path) -> anyhow::Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(index)?;
    let json: serde_json::Value = serde_json::from_str(&text)
        .with_context(|| format!("{}: no index of weights", index.display()))?;
    let files = json["weight_map"].as_object().into_iter().flatten();
    Ok(files.filter_map(|(_, file)| file.as_str().map(str::to_owned)).collect())
}

/// Where files of one repository come from.
enum Store<'a> {
    Online { name: &'a str, repository: Box<ApiRepo> },
    Offline { name: &'a str, cache: Cache },
}

impl<'a> Store<'a> {
    fn open(name: &'a str) -> anyhow::Result<Self> {
        let is_set = |value: String| !matches!(value.to_lowercase().as_str(), "" | "0" | "false");
        if std::env::var("HF_HUB_OFFLINE").is_ok_and(is_set) {
            return Ok(Self::Offline { name, cache: Cache::from_env() });
        }
        let progress = std::io::stderr().is_terminal();
        let api = ApiBuilder::from_env().with_progress(progress).build();
        let api = api.with_context(|| format!("hub:{name}: no connection can be set up"))?;
        Ok(Self::Online { name, repository: Box::new(api.model(name.to_owned())) })
    }

    /// A file, downloaded if it is not there yet; `None` where the repository has none.
    fn get(&self, file: &str) -> anyhow::Result<Option<PathBuf>> {
        match self {
            Self::Offline { name, cache } => {
                Ok(cache.repo(Repo::model((*name).to_owned())).get(file))
            }
            Self::Online { name, repository } => match repository.get(file) {
                Ok(path) => Ok(Some(path)),
                Err(error) if status(&error) == Some(404) => Ok(None),
                Err(error) => {
                    let refused = matches!(status(&error), Some(401 | 403));
                    let why = if refused {
                        "there is no such model, or it asks for a licence to be accepted first"
                    } else {
                        "it cannot be downloaded"
                    };
                    let by_hand = self.by_hand();
                    bail!("hub:{name}: {file} from {}: {why} ({error}); {by_hand}", endpoint())
                }
            },
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Online { name, .. } | Self::Offline { name, .. } => name,
        }
    }

    /// Where was looked.
    fn place(&self) -> String {
        match self {
            Self::Online { .. } => endpoint(),
            Self::Offline { cache, .. } => {
                format!("{} (HF_HUB_OFFLINE is set, nothing is downloaded)", cache.path().display())
            }
        }
    }

    /// What to do without us.
    fn by_hand(&self) -> String {
        let name = self.name();
        format!(
            "by hand: save {}, and model.safetensors or pytorch_model.bin, as far as they are there, from \
             {}/{name}/tree/main into one folder, and give --from KIND that folder",
            BESIDE.join(", "),
            endpoint()
        )
    }
}

fn endpoint() -> String {
    std::env::var("HF_ENDPOINT").unwrap_or_else(|_| "https://huggingface.co".into())
}

/// The HTTP status an answer was refused with.
fn status(error: &ApiError) -> Option<u16> {
    // The error's own type is that of a library which is not ours to name.
    let text = error.to_string();
    let (_, code) = text.split_once("http status: ")?;
    code.get(..3)?.parse().ok()
}
