//! How shards on other machines are fetched and kept.

use std::path::PathBuf;

use locvtp_video::private_folder;

use crate::error::CorpusError;

/// The section `corpus.shards` of a run file; changes no result.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShardSettings {
    /// The folder for what was fetched and for the indexes of shards that bring none. Not given:
    /// `LOCVTP_CACHE`, else `locvtp` in `XDG_CACHE_HOME` or in `~/.cache`; without a home a folder of the user's own
    /// among the temporary files.
    pub cache: Option<PathBuf>,
    /// Room for what was fetched, in MiB; what was used longest ago goes first, and a video or shard
    /// that is larger is not fetched. Default 20480.
    #[schemars(range(min = 1))]
    pub cache_mib: u64,
    /// What one request fetches. Default: one video.
    pub fetch: Fetch,
    /// Seconds that a request is tried again for, with growing pauses, when the server fails or does
    /// not answer. Default 60.
    pub retry_s: u32,
    /// Seconds without a byte after which a connection counts as dead. Default 20.
    #[schemars(range(min = 1))]
    pub silence_s: u32,
    /// Bytes a second that a server has to send on average, after a first silence of `silence_s`; 0
    /// for no limit. Default 1024.
    pub least_bytes_s: u32,
    /// The largest index or list of shards that is taken from a server, in MiB. Default 64, enough
    /// for a hundred thousand videos in one shard.
    #[schemars(range(min = 1))]
    pub index_mib: u64,
}

/// What one request fetches.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Fetch {
    /// One video, by a range of bytes; whole shards where a server does not serve ranges.
    #[default]
    Sample,
    /// The whole shard: better with `pairs.order = { shards = .. }`, which needs all of it soon.
    Shard,
}

impl Default for ShardSettings {
    fn default() -> Self {
        Self {
            cache: None,
            cache_mib: 20_480,
            fetch: Fetch::Sample,
            retry_s: 60,
            silence_s: 20,
            least_bytes_s: 1024,
            index_mib: 64,
        }
    }
}

impl ShardSettings {
    /// # Errors
    /// When a value cannot be used.
    pub fn check(&self) -> Result<(), CorpusError> {
        let zero = |key, expected| CorpusError::Setting { key, found: "0".to_owned(), expected };
        if self.cache_mib == 0 {
            return Err(zero("corpus.shards.cache_mib", "at least 1 MiB"));
        }
        if self.silence_s == 0 {
            return Err(zero("corpus.shards.silence_s", "at least 1 second"));
        }
        if self.index_mib == 0 {
            return Err(zero("corpus.shards.index_mib", "at least 1 MiB"));
        }
        Ok(())
    }

    /// Bytes of the largest index that is taken from a server.
    pub(crate) fn most_index_bytes(&self) -> u64 {
        self.index_mib.saturating_mul(1 << 20)
    }

    /// The folder that is used. Of a user without a home it lies among the temporary files, and nobody else may look
    /// into it.
    ///
    /// # Errors
    /// When something that is not this user's lies there.
    pub(crate) fn cache_folder(&self) -> Result<PathBuf, CorpusError> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(folder) = &self.cache {
            return Ok(folder.clone());
        }
        if let Some(folder) = variable("LOCVTP_CACHE") {
            return Ok(folder.into());
        }
        let folder = variable("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || Some(PathBuf::from(variable("HOME")?).join(".cache"));
        if let Some(folder) = folder.or_else(home) {
            return Ok(folder.join("locvtp"));
        }
        let failed = |source| CorpusError::ShardCacheFolder { path: std::env::temp_dir(), source };
        private_folder::in_temporary().map_err(failed)
    }
}
