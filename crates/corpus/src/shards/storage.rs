//! Objects on another machine: a web server, or a store that speaks S3.
//!
//! Every call blocks until it is done. Requests that fail for a reason that may pass (5xx, no answer,
//! a connection that is cut) are tried again with growing pauses, a cut download from where it was
//! cut; what does not pass, as a missing object, is an error at once. Credentials for S3 come from
//! the usual variables: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`
//! for servers of one's own, `AWS_ALLOW_HTTP=true` where those speak plain HTTP, and
//! `AWS_SKIP_SIGNATURE=true` for public buckets.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::http::HttpBuilder;
use object_store::path::Path as ObjectPath;
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt,
    RetryConfig,
};
use tokio::runtime::{Builder, Runtime};

use super::settings::ShardSettings;
use crate::error::CorpusError;

/// One server or bucket.
pub(crate) struct Storage {
    /// What stands before an object's path in its address.
    root: String,
    store: Arc<dyn ObjectStore>,
    runtime: Runtime,
    retry: Duration,
}

/// An object as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectState {
    pub(crate) bytes: u64,
    /// Another number when the object may be another.
    pub(crate) version: u64,
}

impl Storage {
    /// The server or bucket of an address.
    ///
    /// # Errors
    /// For an address that is none, and settings of the environment that cannot be used.
    pub(crate) fn open(address: &str, settings: &ShardSettings) -> Result<Self, CorpusError> {
        let (root, _) = Self::split(address)?;
        let retry = Duration::from_secs(settings.retry_s.into());
        let failed = |source| storage_error(address, source);
        let retry_config = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: if retry.is_zero() { 0 } else { usize::MAX },
            retry_timeout: retry,
        };
        let silence = Duration::from_secs(settings.silence_s.into());
        let client = ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(silence)
            .with_read_timeout(silence);
        let store: Arc<dyn ObjectStore> = if let Some(bucket) = root.strip_prefix("s3://") {
            let allow_http = std::env::var("AWS_ALLOW_HTTP").is_ok_and(|value| value == "true");
            let store = AmazonS3Builder::from_env()
                .with_bucket_name(bucket)
                .with_retry(retry_config)
                .with_client_options(client.with_allow_http(allow_http))
                .build();
            Arc::new(store.map_err(failed)?)
        } else {
            let store = HttpBuilder::new()
                .with_url(&root)
                .with_retry(retry_config)
                .with_client_options(client.with_allow_http(true))
                .build();
            Arc::new(store.map_err(failed)?)
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| CorpusError::Read { path: address.into(), source })?;
        Ok(Self { root, store, runtime, retry })
    }

    /// `https://host/a/b.tar` as `https://host` and `a/b.tar`.
    ///
    /// # Errors
    /// For what is no address of a server or bucket.
    pub(crate) fn split(address: &str) -> Result<(String, String), CorpusError> {
        let refuse = |why| CorpusError::ShardPattern { pattern: address.to_owned(), why };
        let after =
            address.find("://").map(|at| at + 3).ok_or_else(|| refuse("it is no address"))?;
        if !address.starts_with("s3://") && address.contains(['?', '#']) {
            return Err(refuse("addresses with a query cannot be used; give plain ones"));
        }
        let slash = address[after..].find('/').map_or(address.len(), |at| after + at);
        if slash == after {
            return Err(refuse("it names no server or bucket"));
        }
        let path = address[slash..].trim_start_matches('/').to_owned();
        Ok((address[..slash].to_owned(), path))
    }

    /// The address of an object, as a person would type it.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    /// Whether the storage can say what a folder holds.
    pub(crate) fn lists(&self) -> bool {
        self.root.starts_with("s3://")
    }

    /// Paths of the objects right in a folder, sorted.
    pub(crate) fn list(&self, folder: &str) -> Result<Vec<String>, CorpusError> {
        let prefix = self.object(folder)?;
        let listed = self.runtime.block_on(self.store.list_with_delimiter(Some(&prefix)));
        let listed = listed.map_err(|source| storage_error(&self.address(folder), source))?;
        let mut paths: Vec<String> =
            listed.objects.into_iter().map(|object| object.location.to_string()).collect();
        paths.sort();
        Ok(paths)
    }

    /// How large the object is; the body is not fetched.
    pub(crate) fn state(&self, path: &str) -> Result<ObjectState, CorpusError> {
        let object = self.object(path)?;
        let meta = self.runtime.block_on(self.store.head(&object));
        meta.map(|meta| state(&meta)).map_err(|source| storage_error(&self.address(path), source))
    }

    /// A small object; none where it does not exist. S3 says "forbidden" of what is not there to who
    /// may not list.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, CorpusError> {
        let object = self.object(path)?;
        let mut again = Again::new(self.retry);
        loop {
            let read =
                self.runtime.block_on(async { self.store.get(&object).await?.bytes().await });
            match read {
                Ok(bytes) => return Ok(Some(bytes.to_vec())),
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                Err(object_store::Error::PermissionDenied { .. }) if self.lists() => {
                    return Ok(None);
                }
                Err(error) if may_pass(&error) && again.pause() => {}
                Err(source) => return Err(storage_error(&self.address(path), source)),
            }
        }
    }

    /// Some bytes of an object.
    ///
    /// # Errors
    /// [`CorpusError::NoRanges`] where the server sends whole files only.
    pub(crate) fn read_range(&self, path: &str, range: Range<u64>) -> Result<Vec<u8>, CorpusError> {
        let object = self.object(path)?;
        let mut again = Again::new(self.retry);
        loop {
            match self.runtime.block_on(self.store.get_range(&object, range.clone())) {
                Ok(bytes) => return Ok(bytes.to_vec()),
                Err(object_store::Error::NotSupported { .. }) => {
                    return Err(CorpusError::NoRanges { address: self.address(path) });
                }
                Err(error) if may_pass(&error) && again.pause() => {}
                Err(source) => return Err(storage_error(&self.address(path), source)),
            }
        }
    }

    /// Writes an object, or a range of it, into a file from its start, as it comes. The object is
    /// expected to have so many bytes as when it was asked for its state.
    ///
    /// # Errors
    /// When it has not; [`CorpusError::NoRanges`] where a range is asked for and the server does not serve ranges;
    /// when the bytes do not come in spite of trying again; when the file cannot be written.
    pub(crate) fn download(
        &self,
        path: &str,
        range: Option<Range<u64>>,
        expected_bytes: u64,
        into: &mut File,
    ) -> Result<(), CorpusError> {
        let object = self.object(path)?;
        let address = self.address(path);
        let mut again = Again::new(self.retry);
        // Bytes that came before the connection was cut, and of which state of the object.
        let (mut done, mut of) = (0, None);
        // The most that ever came: a server without ranges begins anew each time.
        let mut most = 0;
        loop {
            let wanted = match &range {
                Some(range) => Some(GetRange::Bounded(range.start + done..range.end)),
                None => (done > 0).then_some(GetRange::Offset(done)),
            };
            let options = GetOptions { range: wanted, ..GetOptions::default() };
            let fetched = self.runtime.block_on(async {
                let got = self.store.get_opts(&object, options).await?;
                let now = state(&got.meta);
                if of.is_some_and(|of| of != now) {
                    // It changed on the way, so what came before is of no use.
                    done = 0;
                    of = None;
                    return Ok(Ok(false));
                }
                if now.bytes != expected_bytes {
                    return Ok(Err(Stopped::Changed));
                }
                of = Some(now);
                let mut stream = got.into_stream();
                while let Some(bytes) = stream.next().await {
                    let bytes = bytes?;
                    if let Err(error) = into.write_all(&bytes) {
                        return Ok(Err(Stopped::Write(error)));
                    }
                    done += bytes.len() as u64;
                }
                let whole = range.as_ref().map_or(now.bytes, |range| range.end - range.start);
                Ok::<_, object_store::Error>(Ok(done == whole))
            });
            let came_further = done > most;
            if came_further {
                (most, again) = (done, Again::new(self.retry));
            }
            match fetched {
                Ok(Ok(true)) => return Ok(()),
                Ok(Err(Stopped::Changed)) => return Err(CorpusError::ShardChanged { address }),
                Ok(Err(Stopped::Write(source))) => {
                    return Err(CorpusError::ShardCacheWrite { address, source });
                }
                Err(object_store::Error::NotSupported { .. }) if range.is_some() => {
                    return Err(CorpusError::NoRanges { address });
                }
                Err(object_store::Error::NotSupported { .. }) => (done, of) = (0, None),
                Err(error) if !may_pass(&error) => return Err(storage_error(&address, error)),
                Err(error) if !came_further && !again.pause() => {
                    return Err(storage_error(&address, error));
                }
                Ok(Ok(false)) if !came_further && !again.pause() => {
                    return Err(CorpusError::ConnectionCut { address });
                }
                Ok(Ok(false)) | Err(_) => {}
            }
            let rewound = into.seek(SeekFrom::Start(done)).and_then(|_| into.set_len(done));
            rewound.map_err(|source| CorpusError::ShardCacheWrite {
                address: address.clone(),
                source,
            })?;
        }
    }

    fn object(&self, path: &str) -> Result<ObjectPath, CorpusError> {
        ObjectPath::from_url_path(path)
            .map_err(|source| storage_error(&self.address(path), source.into()))
    }
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Storage({})", self.root)
    }
}

/// Why a download is not tried again.
enum Stopped {
    Changed,
    Write(std::io::Error),
}

/// Trying again: how long still, and the pause before the next time.
struct Again {
    until: Instant,
    pause: Duration,
}

impl Again {
    fn new(retry: Duration) -> Self {
        Self { until: Instant::now() + retry, pause: Duration::from_millis(100) }
    }

    /// Waits, growing longer; false when the time for trying is over.
    fn pause(&mut self) -> bool {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        std::thread::sleep(self.pause.min(left));
        self.pause = (self.pause * 2).min(Duration::from_secs(15));
        true
    }
}

/// Whether trying again may help; the store has tried again by itself what fails before a body
/// comes.
fn may_pass(error: &object_store::Error) -> bool {
    use object_store::Error::*;
    matches!(error, Generic { .. })
}

fn state(meta: &ObjectMeta) -> ObjectState {
    let mut hasher = DefaultHasher::new();
    (meta.size, &meta.e_tag, meta.last_modified.timestamp_millis()).hash(&mut hasher);
    ObjectState { bytes: meta.size, version: hasher.finish() }
}

fn storage_error(address: &str, source: object_store::Error) -> CorpusError {
    use object_store::Error::*;
    let way_out = match &source {
        NotFound { .. } => "it is not there; check the address, and the last number of a pattern",
        PermissionDenied { .. } | Unauthenticated { .. } => {
            "the server refuses access; check the AWS_* variables, or whether it must be public"
        }
        InvalidPath { .. } => "the address cannot be understood",
        _ => {
            "the server does not answer as it should, also when asked again; try later, or raise \
             corpus.shards.retry_s"
        }
    };
    CorpusError::Storage { address: address.to_owned(), way_out, source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_server_and_a_path() {
        let both = |address| Storage::split(address).unwrap();
        let owned = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
        assert_eq!(both("http://h:80/a/b.tar"), owned(("http://h:80", "a/b.tar")));
        assert_eq!(both("s3://bucket"), owned(("s3://bucket", "")));
        for wrong in ["http:///a", "a/b", "http://h/a.tar?sig=1"] {
            let error = Storage::split(wrong).unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
