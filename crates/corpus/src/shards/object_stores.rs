//! The clients that ask a web server or an S3 store, made from an address and the environment.
//!
//! Credentials for S3 come from the usual variables: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
//! `AWS_REGION`, `AWS_ENDPOINT` for servers of one's own, `AWS_ALLOW_HTTP=true` where those speak plain
//! HTTP, and `AWS_SKIP_SIGNATURE=true` for public buckets.

use std::sync::Arc;
use std::time::Duration;

use locvtp_video::address::Address;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::http::HttpBuilder;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use super::storage_error::root_cause;
use super::wary_client::{Patience, WaryConnector};
use crate::error::CorpusError;

/// A server or bucket, ready to be asked.
pub(super) struct Store {
    pub(super) objects: Arc<dyn ObjectStore>,
    /// The same where it can list a folder page by page.
    pub(super) pages: Option<Arc<AmazonS3>>,
}
impl Store {
    /// The store of a server or bucket; a request is tried again for `retry`.
    ///
    /// # Errors
    /// For an address that lacks its password, and settings of the environment that cannot be used.
    pub(super) fn open(
        root: &str,
        address: &str,
        retry: Duration,
        patience: Patience,
    ) -> Result<Self, CorpusError> {
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
            let (url, sign_in) =
                signed_in(root).unwrap_or_else(|| (root.to_owned(), <_>::default()));
            let store = HttpBuilder::new()
                .with_url(url)
                .with_retry(retry_config)
                .with_client_options(client.with_allow_http(true))
                .with_http_connector(WaryConnector { patience, sign_in })
                .build();
            return Ok(Self { objects: Arc::new(store.map_err(failed)?), pages: None });
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
        Ok(Self { objects: Arc::clone(&store) as _, pages: Some(store) })
    }
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
