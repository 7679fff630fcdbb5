//! Who may ask: the visitor of this page, on this machine or with the token.
//!
//! - On the loopback address the `Host` must be a name of the loopback address. A page of another site
//!   whose name is made to point here (DNS rebinding) has its own name there.
//! - A request that a page of another site makes (`Sec-Fetch-Site`, `Origin`) is refused.
//! - With a token, everything but the page's own parts and `/healthz` needs it, in the `Authorization`
//!   header or by the cookie that it was traded for.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;
use crate::state::Shared;
use crate::token::Token;

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
    let host = text(headers, header::HOST.as_str());
    let Some(host) = host.filter(|_| headers.get_all(header::HOST).iter().count() == 1) else {
        return Err(Problem::bad("the request has no `Host`, or several"));
    };
    if shared.is_loopback && !is_loopback_name(host) {
        let message = "this server answers on `localhost` only";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, message));
    }
    if is_from_elsewhere(headers, host) {
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

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether `Host` names this machine to itself.
fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address = name.parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Whether a browser says that a page of another site asks. Opening the page by a link from elsewhere
/// is a navigation and may be done; it shows nothing to that site.
fn is_from_elsewhere(headers: &HeaderMap, host: &str) -> bool {
    let is_navigation = text(headers, "sec-fetch-mode") == Some("navigate");
    let site = text(headers, "sec-fetch-site");
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) && !is_navigation {
        return true;
    }
    let origin = text(headers, header::ORIGIN.as_str());
    origin.is_some_and(|origin| {
        let of = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        of != Some(host)
    })
}

/// Whether the request shows the token, or, to read, the cookie.
fn knows(headers: &HeaderMap, token: &Token, shared: &Shared, method: &Method) -> bool {
    let shown = text(headers, header::AUTHORIZATION.as_str())
        .and_then(|value| value.strip_prefix("Bearer "));
    if shown.is_some_and(|shown| token.is(shown.trim())) {
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
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:8765", "127.1.2.3", "[::1]:9", "[::1]"]
        {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in ["example.org", "localhost.example.org", "192.168.0.1:80", "[::2]", "", ":80"] {
            assert!(!is_loopback_name(host), "{host}");
        }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|&(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_page_of_another_site_may_link_here_and_not_ask() {
        let from = |pairs: &[(&'static str, &'static str)]| {
            is_from_elsewhere(&headers(pairs), "localhost:8765")
        };
        assert!(!from(&[]));
        assert!(!from(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8765")]));
        assert!(!from(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(from(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        assert!(from(&[("origin", "http://example.org")]));
        assert!(from(&[("origin", "null")]));
        assert!(from(&[("origin", "http://localhost:1234")]));
    }
}
