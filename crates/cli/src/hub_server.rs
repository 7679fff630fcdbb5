//! Requests to the Hugging Face hub: what a file is, and its bytes.
//!
//! The token goes over https alone, and to the hub's own server alone: where that sends on to another server, as it
//! does for large files, the request there has no token. Names, tags and sizes in answers are claims: a name is taken if
//! it is a plain one, and never more bytes are read than were stated, nor for longer than [`SLOWEST`] allows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::Duration;

use locvtp_video::address::Address;
use locvtp_video::{NotPlain, PlainName};
use ureq::config::RedirectAuthHeaders;
use ureq::http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_RANGE, ETAG, LOCATION, RANGE};
use ureq::http::{HeaderMap, Response, Uri};
use ureq::{Agent, Body};

use crate::hub_cache::HubFile;

/// Redirects of one request, at most.
const MOST_REDIRECTS: u32 = 5;
/// How long a server may take to answer, and between two pieces of a file.
const SILENCE: Duration = Duration::from_secs(60);
/// Bytes a second of a download that is waited for.
const SLOWEST: u64 = 16 << 10;

/// The hub, or another server in its place.
pub(crate) struct HubServer {
    endpoint: Address,
    token: Option<String>,
    agent: Agent,
    /// For the first answer, which tells of a file that lies elsewhere what it is.
    not_redirected: Agent,
}

/// What the server states of a file.
#[derive(Debug)]
pub(crate) struct StatedFile {
    pub(crate) commit: PlainName,
    /// Another one for other contents.
    pub(crate) tag: PlainName,
    pub(crate) bytes: u64,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Whether it asks for a token, or for another.
    pub(crate) is_forbidden: bool,
    pub(crate) reason: String,
}

impl Failure {
    pub(crate) fn of(reason: impl ToString) -> Self {
        Self { is_forbidden: false, reason: reason.to_string() }
    }
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        Self::of(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::of(error)
    }
}

impl HubServer {
    /// The server at `endpoint`; the token is left out where it would not go over https.
    pub(crate) fn new(endpoint: Address, token: Option<String>) -> Self {
        let is_secure = is_secure(&endpoint);
        let agent = |redirects| {
            let config = Agent::config_builder()
                .https_only(is_secure)
                .max_redirects(redirects)
                .max_redirects_will_error(redirects > 0)
                .redirect_auth_headers(RedirectAuthHeaders::SameHost)
                .http_status_as_error(false)
                .timeout_connect(Some(SILENCE))
                .timeout_recv_response(Some(SILENCE))
                .timeout_per_read(Some(SILENCE));
            Agent::new_with_config(config.build())
        };
        let (agent, not_redirected) = (agent(MOST_REDIRECTS), agent(0));
        Self { token: token.filter(|_| is_secure), endpoint, agent, not_redirected }
    }

    /// Where it is.
    pub(crate) fn endpoint(&self) -> &Address {
        &self.endpoint
    }

    /// What a file of a model is; none where the model has no such file.
    pub(crate) fn look(&self, model: &str, file: &HubFile) -> Result<Option<StatedFile>, Failure> {
        let mut url = self.url(model, file);
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.ask(&self.not_redirected, &url, "bytes=0-0")?;
            if answer.status() == 404 {
                return Ok(None);
            }
            // Of a model that was renamed.
            if let Some(next) = own_redirect(&url, answer.headers()) {
                url = next;
                continue;
            }
            return self.stated(&url, &answer).map(Some);
        }
        Err(Failure::of("it sends on and on"))
    }

    /// Fetches a file behind the bytes that are there already; `progress` gets bytes.
    pub(crate) fn download(
        &self,
        model: &str,
        file: &HubFile,
        stated: &StatedFile,
        into: &mut File,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Failure> {
        let mut done = into.metadata()?.len();
        if done > stated.bytes {
            into.set_len(0)?;
            done = 0;
        }
        if done < stated.bytes {
            let answer =
                self.ask(&self.agent, &self.url(model, file), &format!("bytes={done}-"))?;
            refuse_failure(&answer)?;
            if answer.status() == 200 {
                // The server sends whole files alone.
                into.set_len(0)?;
                done = 0;
            }
            into.seek(SeekFrom::Start(done))?;
            done = copied(answer, into, done..stated.bytes, progress)?;
        }
        if done < stated.bytes {
            let bytes = stated.bytes;
            return Err(Failure::of(format!(
                "{done} of {bytes} bytes came; type it again to go on"
            )));
        }
        Ok(into.sync_all()?)
    }

    fn url(&self, model: &str, file: &HubFile) -> String {
        format!("{}/{model}/resolve/main/{file}", self.endpoint.whole().trim_end_matches('/'))
    }

    fn ask(&self, agent: &Agent, url: &str, range: &str) -> Result<Response<Body>, Failure> {
        let mut request = agent.get(url).header(RANGE, range).header(ACCEPT_ENCODING, "identity");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        Ok(request.call()?)
    }

    fn stated(&self, url: &str, answer: &Response<Body>) -> Result<StatedFile, Failure> {
        let headers = answer.headers();
        let is_elsewhere = answer.status().is_redirection();
        if !is_elsewhere {
            refuse_failure(answer)?;
        }
        let tag = text(headers, "x-linked-etag").or_else(|| text(headers, ETAG.as_str()));
        let tag = tag.map(|tag| tag.trim_start_matches("W/").replace('"', ""));
        let size = text(headers, "x-linked-size").and_then(|size| size.parse().ok());
        let bytes = match size.or_else(|| size_of_range(headers)) {
            Some(bytes) => bytes,
            None if is_elsewhere => {
                let answer = self.ask(&self.agent, url, "bytes=0-0")?;
                refuse_failure(&answer)?;
                size_of_range(answer.headers()).ok_or_else(|| lacks(CONTENT_RANGE.as_str()))?
            }
            None => return Err(lacks(CONTENT_RANGE.as_str())),
        };
        let commit = text(headers, "x-repo-commit").ok_or_else(|| lacks("x-repo-commit"))?;
        Ok(StatedFile {
            commit: plain("x-repo-commit", commit)?,
            tag: plain("etag", &tag.ok_or_else(|| lacks("etag"))?)?,
            bytes,
        })
    }
}

fn is_secure(endpoint: &Address) -> bool {
    endpoint.whole().get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
}

/// Where the same server sends on to.
fn own_redirect(url: &str, headers: &HeaderMap) -> Option<String> {
    let (there, here) = (text(headers, LOCATION.as_str())?, url.parse::<Uri>().ok()?);
    let next: Uri = there.parse().ok()?;
    let server = |uri: &Uri| Some((uri.scheme()?.clone(), uri.authority()?.clone()));
    match next.authority() {
        None => {
            let (scheme, authority) = server(&here)?;
            Some(format!("{scheme}://{authority}{}", next.path_and_query()?))
        }
        Some(_) => (server(&next) == server(&here)).then(|| there.to_owned()),
    }
}

fn refuse_failure(answer: &Response<Body>) -> Result<(), Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let is_forbidden = matches!(status.as_u16(), 401 | 403);
    Err(Failure { is_forbidden, reason: format!("http status: {status}") })
}

/// Copies what comes to the end of a range, and no more; the end of what came.
fn copied(
    answer: Response<Body>,
    into: &mut File,
    range: std::ops::Range<u64>,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Failure> {
    let length = range.end - range.start;
    let longest = SILENCE + Duration::from_secs(length / SLOWEST);
    let (began, mut done) = (std::time::Instant::now(), range.start);
    let mut body = answer.into_body().into_reader().take(length);
    let mut bytes = vec![0; 1 << 18];
    loop {
        match body.read(&mut bytes)? {
            0 => return Ok(done),
            count => {
                into.write_all(&bytes[..count])?;
                done += count as u64;
                progress(done);
            }
        }
        if began.elapsed() > longest {
            return Err(Failure::of("it comes too slowly; type it again later to go on"));
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Of `bytes 0-0/1234`.
fn size_of_range(headers: &HeaderMap) -> Option<u64> {
    text(headers, CONTENT_RANGE.as_str())?.rsplit_once('/')?.1.parse().ok()
}

fn lacks(header: &str) -> Failure {
    Failure::of(format!("its answer has no {header}; is it a server as the hub is?"))
}

fn plain(header: &str, stated: &str) -> Result<PlainName, Failure> {
    PlainName::new(stated).map_err(|error: NotPlain| {
        Failure::of(format!(
            "its {header}: {error}; nothing was written, as it is no server to trust"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_over_https_alone() {
        let token = |endpoint| HubServer::new(Address::new(endpoint), Some("word".into())).token;
        assert!(token("https://hub.example").is_some() && token("HTTPS://hub.example").is_some());
        assert!(token("http://hub.example").is_none() && token("hub.example").is_none());
    }

    #[test]
    fn a_redirect_to_another_server_is_no_own_one() {
        let next = |to: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, to.parse().unwrap());
            own_redirect("https://hub.example/a/b/resolve/main/c?x=1", &headers)
        };
        assert_eq!(next("/d/b/resolve/main/c").unwrap(), "https://hub.example/d/b/resolve/main/c");
        assert_eq!(next("https://hub.example/d").unwrap(), "https://hub.example/d");
        for other in ["https://cdn.example/d", "http://hub.example/d", "https://hub.example:8443/d"]
        {
            assert_eq!(next(other), None, "{other}");
        }
    }

    #[test]
    fn the_size_is_that_of_the_whole_file() {
        let mut headers = HeaderMap::new();
        assert_eq!(size_of_range(&headers), None);
        headers.insert(CONTENT_RANGE, "bytes 0-0/1234".parse().unwrap());
        assert_eq!(size_of_range(&headers), Some(1234));
        headers.insert(CONTENT_RANGE, "bytes 0-0/*".parse().unwrap());
        assert_eq!(size_of_range(&headers), None);
    }
}
