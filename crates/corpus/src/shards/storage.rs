//! Objects on another machine: a web server, or a store that speaks S3.
//!
//! Every call blocks until it is done. Requests that fail for a reason that may pass (5xx, no answer,
//! a connection that is cut) are tried again with growing pauses, a cut download from where it was
//! cut; what does not pass, as a missing object, is an error at once. What a server says of lengths is
//! a claim: no more is taken than was asked for ([`wary_client`](super::wary_client) does the same for
//! time and redirects).

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use locvtp_video::address::{Address, without_passwords};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, GetRange, GetResult, ObjectMeta, ObjectStoreExt};
use tokio::runtime::{Builder, Runtime};

use super::address::MOST_NAMES;
use super::object_stores::Store;
use super::settings::ShardSettings;
use super::storage_error::storage_error;
use super::wary_client::{Patience, Refused};
use crate::error::CorpusError;
use crate::stable_hash::stable_hash;

/// Pages of a listing; a store puts a thousand names on one.
const MOST_PAGES: usize = 10_000;
/// Seconds that a server is tried for which never answered: more likely it is not there at all.
const FIRST_ANSWER_S: u64 = 5;

/// One server or bucket.
pub(crate) struct Storage {
    /// What stands before an object's path in its address, as it is shown.
    root: Address,
    store: Store,
    /// The same, with less patience.
    unknown: Store,
    /// Whether it ever answered.
    answered: AtomicBool,
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
        let root = Address::new(Self::split(address)?.0);
        let retry = Duration::from_secs(settings.retry_s.into());
        let patience = Patience {
            silence: Duration::from_secs(settings.silence_s.into()),
            least_bytes_s: settings.least_bytes_s,
        };
        let store = Store::open(root.whole(), address, retry, patience)?;
        let unknown = Store::open(
            root.whole(),
            address,
            retry.min(Duration::from_secs(FIRST_ANSWER_S)),
            patience,
        )?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|source| {
            CorpusError::Read { path: without_passwords(address).into_owned().into(), source }
        })?;
        let answered = AtomicBool::new(false);
        Ok(Self { root, store, unknown, answered, runtime, retry })
    }

    /// `https://host/a/b.tar` as `https://host` and `a/b.tar`.
    ///
    /// # Errors
    /// For what is no address of a server or bucket.
    pub(crate) fn split(address: &str) -> Result<(String, String), CorpusError> {
        let refuse = |why| CorpusError::ShardPattern {
            pattern: without_passwords(address).into_owned(),
            why,
        };
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
        self.root.whole().starts_with("s3://")
    }

    /// Paths of the objects right in a folder, sorted.
    pub(crate) fn list(&self, folder: &str) -> Result<Vec<String>, CorpusError> {
        let prefix = self.object(folder)?;
        // With the slash no other folder begins so.
        let prefix = Some(format!("{prefix}/")).filter(|prefix| prefix != "/");
        let listed = self.ask(async |store| {
            let Some(pages) = &store.pages else { return Ok(Vec::new()) };
            let mut options =
                PaginatedListOptions { delimiter: Some("/".into()), ..Default::default() };
            let mut paths = Vec::new();
            for _ in 0..MOST_PAGES {
                let page = pages.list_paginated(prefix.as_deref(), options.clone()).await?;
                paths.extend(page.result.objects.into_iter().map(|it| it.location.to_string()));
                if paths.len() > MOST_NAMES {
                    break;
                }
                match page.page_token {
                    Some(token) => options.page_token = Some(token),
                    None => return Ok(paths),
                }
            }
            Err(Refused::Endless { names: paths.len() }.into())
        });
        let mut paths = listed.map_err(|source| self.error(folder, source))?;
        paths.sort();
        Ok(paths)
    }

    /// How large the object is; the body is not fetched.
    pub(crate) fn state(&self, path: &str) -> Result<ObjectState, CorpusError> {
        let object = self.object(path)?;
        let meta = self.ask(async |store| store.objects.head(&object).await);
        meta.map(|meta| state(&meta)).map_err(|source| self.error(path, source))
    }

    /// A small object of at most `most` bytes; none where it does not exist. S3 says "forbidden" of
    /// what is not there to who may not list.
    ///
    /// # Errors
    /// When it is larger, also when the server only says so.
    pub(crate) fn read(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, CorpusError> {
        let object = self.object(path)?;
        let mut again = self.again();
        loop {
            match self.ask(async |store| {
                let got = store.objects.get(&object).await?;
                if got.meta.size > most {
                    return Err(Refused::Long { most }.into());
                }
                taken(got, most).await
            }) {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                Err(object_store::Error::PermissionDenied { .. }) if self.lists() => {
                    return Ok(None);
                }
                Err(error) if may_pass(&error) && again.pause() => {}
                Err(source) => return Err(self.error(path, source)),
            }
        }
    }

    /// Some bytes of an object of `of_bytes`, all that were asked for.
    ///
    /// # Errors
    /// [`CorpusError::NoRanges`] where the server sends whole files only; when it sends more or less,
    /// or the object has another length now.
    pub(crate) fn read_range(
        &self,
        path: &str,
        range: Range<u64>,
        of_bytes: u64,
    ) -> Result<Vec<u8>, CorpusError> {
        let object = self.object(path)?;
        let asked = range.end - range.start;
        let mut again = self.again();
        loop {
            let options = GetOptions { range: Some(range.clone().into()), ..GetOptions::default() };
            match self.ask(async |store| {
                let got = store.objects.get_opts(&object, options).await?;
                if got.meta.size != of_bytes {
                    return Ok(None);
                }
                taken(got, asked).await.map(Some)
            }) {
                Ok(Some(bytes)) if bytes.len() as u64 == asked => return Ok(bytes),
                Ok(None) => return Err(CorpusError::ShardChanged { address: self.address(path) }),
                Ok(_) if again.pause() => {}
                Ok(_) => return Err(CorpusError::ConnectionCut { address: self.address(path) }),
                Err(object_store::Error::NotSupported { .. }) => {
                    return Err(CorpusError::NoRanges { address: self.address(path) });
                }
                Err(error) if may_pass(&error) && again.pause() => {}
                Err(source) => return Err(self.error(path, source)),
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
        let whole = range.as_ref().map_or(expected_bytes, |range| range.end - range.start);
        let mut again = self.again();
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
            let fetched = self.ask(async |store| {
                let got = store.objects.get_opts(&object, options).await?;
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
                    if bytes.len() as u64 > whole - done {
                        return Err(Refused::Long { most: whole }.into());
                    }
                    if let Err(error) = into.write_all(&bytes) {
                        return Ok(Err(Stopped::Write(error)));
                    }
                    done += bytes.len() as u64;
                }
                Ok::<_, object_store::Error>(Ok(done == whole))
            });
            let came_further = done > most;
            if came_further {
                (most, again) = (done, self.again());
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
                Err(error) if !may_pass(&error) => return Err(self.error(path, error)),
                Err(error) if !came_further && !again.pause() => {
                    return Err(self.error(path, error));
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

    /// Runs a request to its end.
    fn ask<T>(
        &self,
        request: impl AsyncFnOnce(&Store) -> object_store::Result<T>,
    ) -> object_store::Result<T> {
        let known = self.answered.load(Ordering::Relaxed);
        let store = if known { &self.store } else { &self.unknown };
        let answer = self.runtime.block_on(request(store));
        if answer.as_ref().map_or_else(|error| !may_pass(error), |_| true) {
            self.answered.store(true, Ordering::Relaxed);
        }
        answer
    }

    fn again(&self) -> Again {
        let known = self.answered.load(Ordering::Relaxed);
        Again::new(if known { self.retry } else { Duration::ZERO })
    }

    fn object(&self, path: &str) -> Result<ObjectPath, CorpusError> {
        ObjectPath::from_url_path(path).map_err(|source| self.error(path, source.into()))
    }

    fn error(&self, path: &str, source: object_store::Error) -> CorpusError {
        storage_error(self.address(path), source)
    }
}

/// What a server sends, if it is no more than was asked for.
async fn taken(got: GetResult, most: u64) -> object_store::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut stream = got.into_stream();
    while let Some(part) = stream.next().await {
        bytes.extend_from_slice(&part?);
        if bytes.len() as u64 > most {
            return Err(Refused::Long { most }.into());
        }
    }
    Ok(bytes)
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
    matches!(error, Generic { .. }) && Refused::within(error).is_none()
}

fn state(meta: &ObjectMeta) -> ObjectState {
    let version = stable_hash(&(meta.size, &meta.e_tag, meta.last_modified.timestamp_millis()));
    ObjectState { bytes: meta.size, version }
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
        for wrong in ["http:///a", "a/b", "http://h/a.tar?page=1"] {
            let error = Storage::split(wrong).unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
