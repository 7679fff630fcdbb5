//! Objects on another machine: a web server, or a store that speaks S3.
//!
//! Every call blocks until it is done. Requests that fail for a reason that may pass (5xx, no answer,
//! a connection that is cut) are tried again with growing pauses, a cut download from where it was
//! cut; what does not pass, as a missing object, is an error at once. What a server says of lengths is
//! a claim: no more is taken than was asked for ([`wary_client`](super::wary_client) does the same for
//! time and redirects). Credentials for S3 come from
//! the usual variables: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`
//! for servers of one's own, `AWS_ALLOW_HTTP=true` where those speak plain HTTP, and
//! `AWS_SKIP_SIGNATURE=true` for public buckets.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use locvtp_video::address::{Address, without_passwords};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::http::HttpBuilder;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path as ObjectPath;
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore,
    ObjectStoreExt, RetryConfig,
};
use tokio::runtime::{Builder, Runtime};

use super::address::MOST_NAMES;
use super::settings::ShardSettings;
use super::wary_client::{Patience, Refused, WaryConnector};
use crate::error::CorpusError;
use crate::stable_hash::stable_hash;

/// Pages of a listing; a store puts a thousand names on one.
const MOST_PAGES: usize = 10_000;
/// Characters that are told of what a server says.
const LONGEST_REASON: usize = 300;

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

/// What is asked.
struct Store {
    objects: Arc<dyn ObjectStore>,
    /// The same where it can list a folder page by page.
    pages: Option<Arc<AmazonS3>>,
}

/// An object as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectState {
    pub(crate) bytes: u64,
    /// Another number when the object may be another.
    pub(crate) version: u64,
}

/// The store of a server or bucket; a request is tried again for `retry`.
fn store(
    root: &str,
    address: &str,
    retry: Duration,
    patience: Patience,
) -> Result<Store, CorpusError> {
    // The HTTP library asks for one; ours is the one that the hub's downloads use too. An error says
    // that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let address = Address::new(address);
    let refuse =
        |reason: String| CorpusError::StorageAddress { address: address.to_string(), reason };
    if address.lacks_its_password() {
        let reason = "its password is not kept in files; give the address again with its password, as with \
                      --set corpus.dir=ADDRESS";
        return Err(refuse(reason.to_owned()));
    }
    let failed = |source| refuse(root_cause(&source).0);
    let retry_config = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: if retry.is_zero() { 0 } else { usize::MAX },
        retry_timeout: retry,
    };
    let client =
        ClientOptions::new().with_timeout_disabled().with_connect_timeout(patience.silence);
    let Some(bucket) = root.strip_prefix("s3://") else {
        let (url, sign_in) = signed_in(root).unwrap_or_else(|| (root.to_owned(), <_>::default()));
        let store = HttpBuilder::new()
            .with_url(url)
            .with_retry(retry_config)
            .with_client_options(client.with_allow_http(true))
            .with_http_connector(WaryConnector { patience, sign_in })
            .build();
        return Ok(Store { objects: Arc::new(store.map_err(failed)?), pages: None });
    };
    let builder = s3_from_environment();
    for key in [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint] {
        let endpoint = builder.get_config_value(&key).unwrap_or_default();
        let (scheme, host) = endpoint.split_once("://").unwrap_or_default();
        let is_address = ["http", "https"].contains(&scheme)
            && !host.is_empty()
            && !host.contains(char::is_whitespace);
        if !endpoint.is_empty() && !is_address {
            return Err(refuse(format!("AWS_ENDPOINT is {endpoint:?}, which is no address")));
        }
        if scheme == "http" && !allows_http() {
            return Err(refuse(format!(
                "AWS_ENDPOINT is {endpoint}, not https; set AWS_ALLOW_HTTP=true if that is meant"
            )));
        }
    }
    let store = builder
        .with_bucket_name(bucket)
        .with_retry(retry_config)
        .with_client_options(client.with_allow_http(allows_http()))
        .with_http_connector(WaryConnector { patience, sign_in: <_>::default() })
        .build();
    let store = Arc::new(store.map_err(failed)?);
    Ok(Store { objects: Arc::clone(&store) as _, pages: Some(store) })
}

/// An address with a user, without it, and the header that says who it is; none for an address without one. The HTTP
/// library makes both, and takes the header away where a server sends on to another one.
fn signed_in(root: &str) -> Option<(String, reqwest::header::HeaderMap)> {
    if !root.contains('@') {
        return None;
    }
    let request = reqwest::Client::new().get(root).build().ok()?;
    Some((request.url().to_string(), request.headers().clone()))
}

fn allows_http() -> bool {
    std::env::var("AWS_ALLOW_HTTP").is_ok_and(|value| value == "true")
}

/// What `AWS_*` variables say; an empty one says nothing, as to Amazon's own programs.
fn s3_from_environment() -> AmazonS3Builder {
    let mut builder = AmazonS3Builder::new();
    for (name, value) in std::env::vars_os() {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
        let key = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>();
        if let Ok(key) = key
            && name.starts_with("AWS_")
            && !value.trim().is_empty()
        {
            builder = builder.with_config(key, value.trim());
        }
    }
    builder
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
        let store = store(root.whole(), address, retry, patience)?;
        let unknown = self::store(
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

fn storage_error(address: String, source: object_store::Error) -> CorpusError {
    use object_store::Error::*;
    let (cause, no_answer) = root_cause(&source);
    let (reason, code) = said(&cause);
    let refused = Refused::within(&source);
    // Where the credentials of a machine in Amazon's cloud would come from.
    let no_credentials = source.to_string().contains("169.254.169.254");
    let way_out = match &source {
        _ if refused.is_some() => refused.map_or("", Refused::way_out),
        _ if no_credentials => {
            "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \
             AWS_SKIP_SIGNATURE=true for a public bucket"
        }
        _ if code == "NoSuchBucket" => {
            "check the bucket's name, and AWS_ENDPOINT for a store of your own"
        }
        NotFound { .. } => "it is not there; check the address, and the last number of a pattern",
        PermissionDenied { .. } | Unauthenticated { .. } => {
            "the server refuses access; check the AWS_* variables, or whether it must be public"
        }
        InvalidPath { .. } => "the address cannot be understood",
        _ if no_answer => "check the address, that the server runs, and the network",
        _ => {
            "the server does not answer as it should, also when asked again; try later, or raise \
             corpus.shards.retry_s"
        }
    };
    let reason = if code.is_empty() { reason.to_owned() } else { format!("{reason} {code}") };
    CorpusError::Storage { address, reason: tellable(&reason), way_out }
}

/// What a server said, in one line of bounded length that moves no cursor.
fn tellable(reason: &str) -> String {
    let mut told: String = reason.chars().take(LONGEST_REASON).collect();
    if told.len() < reason.len() {
        told.push('…');
    }
    told.replace(|c: char| c.is_control(), "?")
}

/// The innermost cause, and whether it is that no connection came about.
fn root_cause(error: &object_store::Error) -> (String, bool) {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let no_connection = cause.downcast_ref::<std::io::Error>().is_some_and(|error| {
        use std::io::ErrorKind::*;
        // These come when there was a connection.
        !matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
    });
    (cause.to_string(), no_connection)
}

/// What a server said without the document that came with it; and the code that S3 puts into that.
fn said(cause: &str) -> (&str, &str) {
    let (reason, document) = cause.split_at(cause.find(['<', '\n']).unwrap_or(cause.len()));
    let code = document.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    (reason.trim_end_matches([' ', ':']), code.map_or("", |(code, _)| code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_servers_answer_the_code_is_told_and_not_the_document() {
        let answer = "Server returned non-2xx status code: 404 Not Found: <?xml version=\"1.0\"?>\n\
                      <Error><Code>NoSuchBucket</Code><Message>none</Message></Error>";
        let reason = "Server returned non-2xx status code: 404 Not Found";
        assert_eq!(said(answer), (reason, "NoSuchBucket"));
        assert_eq!(said("Connection refused (os error 111)").1, "");
        assert_eq!(said("502 Bad Gateway: <html>\nproxy"), ("502 Bad Gateway", ""));
    }

    #[test]
    fn what_a_server_says_is_told_in_one_short_line() {
        assert_eq!(tellable("500 Internal Server Error"), "500 Internal Server Error");
        assert_eq!(tellable("red \u{1b}[31m\rtext"), "red ?[31m?text");
        assert_eq!(tellable(&"é".repeat(1000)).chars().count(), LONGEST_REASON + 1);
    }

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
