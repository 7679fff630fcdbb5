//! An HTTP client that does not trust the server it asks.
//!
//! - It is sent on only within a host, or to another host over https; never from https to http.
//! - A body has to come at a pace. A server of one byte a second is given up, however steady it is.
//! - A page that is no object (what an error says, a listing) has at most [`LARGEST_PAGE`] bytes, and
//!   a length that is only announced takes no memory.
//!
//! How long an object may be is known to who asks for it, who counts what comes.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http_body::{Body, Frame};
use object_store::ClientConfigKey;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use reqwest::Url;
use reqwest::header::HeaderMap;
use reqwest::redirect::{Action, Attempt, Policy};

/// Bytes of a page of a listing, which has a thousand names, and of what a server says of an error.
const LARGEST_PAGE: u64 = 16 << 20;
/// Redirects one after the other.
const MOST_REDIRECTS: usize = 10;

/// What is not taken from a server. Asking again does not help.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("the server sends on to {to}, {why}")]
    Redirect { to: String, why: &'static str },
    #[error("the server sends less than {least} bytes a second")]
    Slow { least: u32 },
    #[error("the server sends or announces more than {most} bytes where no more are expected")]
    Long { most: u64 },
    #[error("the listing has no end; {names} names came")]
    Endless { names: usize },
}

impl Refused {
    /// What can be done.
    pub(super) fn way_out(&self) -> &'static str {
        match self {
            Self::Redirect { .. } => "write the address it sends on to, if you trust it",
            Self::Slow { .. } => "try later, or lower corpus.shards.least_bytes_s",
            Self::Long { .. } => {
                "do not trust it, or, where the index of a shard is really so large, raise \
                 corpus.shards.index_mib"
            }
            Self::Endless { .. } => "name the shards by a pattern instead of their folder",
        }
    }

    /// What is refused somewhere in the causes of an error.
    pub(super) fn within<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |error| error.source())
            .find_map(|error| error.downcast_ref())
    }
}

impl From<Refused> for object_store::Error {
    fn from(refused: Refused) -> Self {
        Self::Generic { store: "HTTP", source: Box::new(refused) }
    }
}

/// How long a server is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Without a byte for so long a connection is dead.
    pub(super) silence: Duration,
    /// Bytes a second at least, after a first silence; 0 for no limit.
    pub(super) least_bytes_s: u32,
}

/// Makes the clients of one server.
#[derive(Debug, Clone)]
pub(super) struct WaryConnector {
    pub(super) patience: Patience,
    /// Says who asks. The HTTP library takes it away where a server sends on to another one.
    pub(super) sign_in: HeaderMap,
}

impl HttpConnector for WaryConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let option = |key| options.get_config_value(&key).unwrap_or_default();
        // The store asks for less patience where it looks for credentials.
        let seconds = option(ClientConfigKey::ConnectTimeout);
        let seconds = seconds.strip_suffix('s').and_then(|seconds| seconds.parse().ok());
        let client = reqwest::Client::builder()
            .user_agent(concat!("locvtp/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(seconds.map_or(self.patience.silence, Duration::from_secs))
            .read_timeout(self.patience.silence)
            .default_headers(self.sign_in.clone())
            .https_only(option(ClientConfigKey::AllowHttp) != "true")
            .http1_only()
            // A length is one of the object only when it comes as it is.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .redirect(Policy::custom(sent_on))
            .build()
            .map_err(|source| object_store::Error::Generic {
                store: "HTTP",
                source: Box::new(source),
            })?;
        let (client, patience) = (HttpClient::new(client), self.patience);
        Ok(HttpClient::new(WaryService { client, patience }))
    }
}

fn sent_on(attempt: Attempt<'_>) -> Action {
    let Some(from) = attempt.previous().last() else { return attempt.follow() };
    let to = attempt.url();
    let Some(why) = refusal(from, to, attempt.previous().len()) else { return attempt.follow() };
    // Without name, password and query, which may be secrets.
    let host = to.host_str().unwrap_or_default();
    let port = to.port().map_or(String::new(), |port| format!(":{port}"));
    let to = format!("{}://{host}{port}{}", to.scheme(), to.path());
    attempt.error(Refused::Redirect { to, why })
}

/// Why a server does not send us on; none where it does.
fn refusal(from: &Url, to: &Url, times: usize) -> Option<&'static str> {
    let is_plain = to.scheme() != "https";
    if times > MOST_REDIRECTS {
        Some("after ten others")
    } else if is_plain && from.scheme() == "https" {
        Some("which is not https any more")
    } else if is_plain && from.host_str() != to.host_str() {
        Some("which is another host, and not https")
    } else {
        None
    }
}

#[derive(Debug)]
struct WaryService {
    client: HttpClient,
    patience: Patience,
}

#[async_trait]
impl HttpService for WaryService {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // Objects are asked for by a plain path.
        let is_page = request.uri().query().is_some();
        let response = self.client.execute(request).await?;
        let is_page = is_page || !response.status().is_success();
        let most = if is_page { LARGEST_PAGE } else { u64::MAX };
        let patience = self.patience;
        Ok(response.map(|body| HttpResponseBody::new(WaryBody::new(body, most, patience))))
    }
}

/// A body that is counted and timed. It tells no size ahead, so that none is believed.
struct WaryBody {
    body: HttpResponseBody,
    most: u64,
    patience: Patience,
    received: u64,
    /// How long bytes were waited for. What we take to use them is not the server's time.
    waited: Duration,
    waiting_since: Option<Instant>,
}

impl WaryBody {
    fn new(body: HttpResponseBody, most: u64, patience: Patience) -> Self {
        Self { body, most, patience, received: 0, waited: Duration::ZERO, waiting_since: None }
    }

    fn counted(&mut self, bytes: usize) -> Result<(), Refused> {
        self.received += bytes as u64;
        if self.received > self.most {
            return Err(Refused::Long { most: self.most });
        }
        let Patience { silence, least_bytes_s: least } = self.patience;
        if least == 0 {
            return Ok(());
        }
        let due = silence + Duration::from_secs(self.received / u64::from(least));
        if self.waited > due { Err(Refused::Slow { least }) } else { Ok(()) }
    }
}

impl Body for WaryBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            self.waiting_since.get_or_insert_with(Instant::now);
            return Poll::Pending;
        };
        if let Some(since) = self.waiting_since.take() {
            // A longer silence ends the connection; more means that this process was stopped.
            let silence = since.elapsed().min(self.patience.silence);
            self.waited += silence;
        }
        let Some(Ok(frame)) = frame else { return Poll::Ready(frame) };
        let counted = self.counted(frame.data_ref().map_or(0, Bytes::len));
        let refused = |refused| HttpError::new(HttpErrorKind::Unknown, refused);
        Poll::Ready(Some(counted.map(|()| frame).map_err(refused)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_sends_on_within_its_host_or_to_another_by_https_and_never_away_from_https() {
        let why = |from: &str, to: &str, times| {
            refusal(&Url::parse(from).unwrap(), &Url::parse(to).unwrap(), times)
        };
        for (from, to) in [
            ("http://a/x.tar", "http://a/y.tar"),
            ("http://a:80/x.tar", "http://a:8080/y.tar"),
            ("http://a/x.tar", "https://a/x.tar"),
            ("https://a/x.tar", "https://files.b/x.tar"),
        ] {
            assert_eq!(why(from, to, 1), None, "{from} {to}");
        }
        assert!(
            why("https://a/x.tar", "http://a/x.tar", 1).unwrap().contains("not https any more")
        );
        assert!(why("http://a/x.tar", "http://b/x.tar", 1).unwrap().contains("another host"));
        assert!(why("https://a/x", "https://a/x", 11).unwrap().contains("ten"));
    }

    #[test]
    fn a_body_is_slow_when_waiting_took_longer_than_its_bytes_are_worth() {
        let patience = Patience { silence: Duration::from_secs(2), least_bytes_s: 100 };
        let empty = || HttpResponseBody::from(Vec::new());
        let after = |waited_s, least_bytes_s, bytes| {
            let mut body = WaryBody::new(empty(), 1000, Patience { least_bytes_s, ..patience });
            body.waited = Duration::from_secs(waited_s);
            body.counted(bytes)
        };
        assert!(after(2, 100, 1).is_ok(), "a first silence is free");
        assert!(matches!(after(3, 100, 1), Err(Refused::Slow { least: 100 })));
        assert!(after(12, 100, 1000).is_ok());
        assert!(matches!(after(13, 100, 1000), Err(Refused::Slow { .. })));
        assert!(after(13, 0, 1).is_ok(), "0 is no limit");
        assert!(matches!(after(0, 100, 1001), Err(Refused::Long { most: 1000 })));
    }
}
