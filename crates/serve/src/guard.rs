//! Who may ask: the visitor of this page, on this machine or with the token.
//!
//! - The `Host` must be a name or an address, with a port or without. On the loopback address it must be one
//!   of the loopback address: a page of another site whose name is made to point here (DNS rebinding) has
//!   its own name there.
//! - A request that a page of another site makes (`Sec-Fetch-Site`, `Origin`) is refused. It may link to the
//!   page itself, and to nothing else.
//! - A head of more than [`HEAD_BYTES`] is refused.
//! - With a token, everything but the page's own parts and `/healthz` needs it, in the `Authorization`
//!   header or by the cookie that it was traded for.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;
use crate::state::Shared;
use crate::token::Token;

/// Bytes of the head of a request at most: its address, and its headers.
pub(crate) const HEAD_BYTES: usize = 32 << 10;

/// What a browser may load for the page: only what this server sends, and nothing that is written into
/// the page itself.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob:; media-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", CONTENT_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
];

/// Lets a request through, or answers it; and adds what keeps the page to itself.
pub(crate) async fn check(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = match may_ask(&shared, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn may_ask(shared: &Shared, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    if head_bytes(request) > HEAD_BYTES {
        let message = "the head of the request has more than 32 KiB";
        return Err(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, message));
    }
    if headers.get_all(header::HOST).iter().count() > 1 {
        return Err(Problem::bad("the request has several `Host`"));
    }
    let Some(host) = text(headers, header::HOST.as_str()) else {
        return Err(Problem::bad("the request has no `Host`"));
    };
    let Some(name) = name_of(host) else {
        return Err(Problem::bad("`Host` must be a name or an address, with a port or without"));
    };
    let stated = request.uri().authority();
    if stated.is_some_and(|stated| !stated.as_str().eq_ignore_ascii_case(host)) {
        return Err(Problem::bad(
            "the address of the request and its `Host` name different servers",
        ));
    }
    if shared.is_loopback && !is_loopback_name(name) {
        let message = "this server answers to `localhost`, `127.0.0.1` and `[::1]` only; ask it by one of these names";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, message));
    }
    let is_page = request.uri().path() == "/";
    if is_from_elsewhere(headers, host, is_page) {
        let message = "requests from pages of other sites are not answered";
        return Err(Problem::new(StatusCode::FORBIDDEN, message));
    }
    let needs_token = request.uri().path().starts_with("/api/");
    match &shared.token {
        Some(token) if needs_token && !knows(headers, token, shared, request.method()) => {
            let message = "the token of this server is needed; its owner has it";
            Err(Problem::new(StatusCode::UNAUTHORIZED, message))
        }
        _ => Ok(()),
    }
}

/// The method, the address and the headers, as they are written.
fn head_bytes(request: &Request) -> usize {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    let line = request.method().as_str().len() + address + " HTTP/1.1\r\n ".len();
    let headers = request.headers().iter();
    line + headers
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum::<usize>()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The name or address in `host[:port]`, an IPv6 address without its brackets; none where it is something else.
fn name_of(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(name, _)| name.parse::<Ipv6Addr>().is_ok())?,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let fits = !name.is_empty() && name.bytes().all(is_letter);
    (fits && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))).then_some(name)
}

/// Whether a name or an address is one of this machine to itself.
fn is_loopback_name(name: &str) -> bool {
    let address = name.parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Whether a browser says that a page of another site asks. Opening the page by a link from elsewhere
/// is a navigation and may be done; it shows nothing to that site.
fn is_from_elsewhere(headers: &HeaderMap, host: &str, is_page: bool) -> bool {
    let may_link = is_page && text(headers, "sec-fetch-mode") == Some("navigate");
    let site = text(headers, "sec-fetch-site");
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) && !may_link {
        return true;
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let is_own = |origin: &HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        let of = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        of == Some(host)
    };
    origins.next().is_some_and(|first| !is_own(first) || origins.next().is_some())
}

/// Whether the request shows the token, or, to read, the cookie.
fn knows(headers: &HeaderMap, token: &Token, shared: &Shared, method: &Method) -> bool {
    let shown = text(headers, header::AUTHORIZATION.as_str()).and_then(|it| it.split_once(' '));
    // The name of the scheme is without case (RFC 9110, section 11.1).
    let shown = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if shown.is_some_and(|(_, shown)| token.is(shown.trim())) {
        return true;
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    reads && cookies.into_iter().any(|cookies| shared.session.is_among(cookies))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_its_names() {
        let is_ours = |host: &str| name_of(host).is_some_and(is_loopback_name);
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:8765", "127.1.2.3", "[::1]:9", "[::1]"]
        {
            assert!(is_ours(host), "{host}");
        }
        for host in ["example.org", "localhost.example.org", "192.168.0.1:80", "[::2]"] {
            assert!(name_of(host).is_some() && !is_ours(host), "{host}");
        }
    }

    #[test]
    fn what_is_neither_a_name_nor_an_address_is_no_host() {
        for host in [
            "",
            ":80",
            "localhost:",
            "localhost:1@evil.example",
            "me@localhost",
            "localhost:80:80",
            "localhost:70000",
            "localhost:+80",
            "localhost/evil.example",
            "local host",
            "[::1]evil.example",
            "[::1",
            "[localhost]",
            "::1",
            "löcal",
        ] {
            assert_eq!(name_of(host), None, "{host:?}");
        }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|&(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_page_of_another_site_may_link_here_and_not_ask() {
        let asks = |pairs: &[(&'static str, &'static str)], is_page| {
            is_from_elsewhere(&headers(pairs), "localhost:8765", is_page)
        };
        let from = |pairs: &[(&'static str, &'static str)]| asks(pairs, true);
        assert!(!from(&[]));
        assert!(!from(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8765")]));
        assert!(!from(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(asks(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], false));
        assert!(from(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        let mut twice = headers(&[("origin", "http://localhost:8765")]);
        twice.append("origin", "http://example.org".parse().unwrap());
        assert!(is_from_elsewhere(&twice, "localhost:8765", true));
        assert!(from(&[("origin", "http://example.org")]));
        assert!(from(&[("origin", "null")]));
        assert!(from(&[("origin", "http://localhost:1234")]));
    }
}
