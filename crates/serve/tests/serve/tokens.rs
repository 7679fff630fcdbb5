//! Who may ask.

use std::sync::Arc;

use locvtp_serve::{Library, ServeError, ServeSettings, Server, Token};
use serde_json::json;

use crate::http::{ask, get, post};
use crate::shelf::{OneFilm, Shelf};

const TOKEN: &str = "a-token-of-this-test";

fn with_token() -> OneFilm {
    let mut settings = ServeSettings::new();
    settings.token = Some(Token::new(TOKEN).unwrap());
    OneFilm::with(settings, |_| {})
}

#[test]
fn without_a_token_only_this_machine_is_served() {
    let library: Arc<dyn Library> = Arc::new(Shelf::new(&[]));
    let start = |address: &str, token: Option<&str>| {
        let mut settings = ServeSettings::new();
        settings.address = address.parse().unwrap();
        settings.token = token.map(|token| Token::new(token).unwrap());
        Server::bind(settings, Arc::clone(&library), Arc::new(|_| {}))
    };
    for address in ["0.0.0.0:0", "[::]:0"] {
        let refused = start(address, None).err().unwrap();
        assert!(matches!(refused, ServeError::TokenNeeded { .. }), "{refused}");
        assert!(refused.to_string().contains("--token-file"));
    }
    assert!(start("0.0.0.0:0", Some(TOKEN)).is_ok());
    assert!(start("127.0.0.1:0", None).is_ok());
}

#[test]
fn an_address_that_is_taken_is_named() {
    let film = OneFilm::start();
    let mut settings = ServeSettings::new();
    settings.address = film.server.address;
    let refused =
        Server::bind(settings, Arc::new(Shelf::new(&[])), Arc::new(|_| {})).err().unwrap();
    assert!(refused.to_string().contains(&film.server.address.to_string()), "{refused}");
}

#[test]
fn everything_but_the_pages_parts_needs_the_token() {
    let film = with_token();
    let address = film.server.address;
    for path in ["/", "/assets/app.js", "/healthz"] {
        assert_eq!(get(address, path).status, 200, "{path}");
    }
    for path in ["/api/v1/state", "/api/v1/media/video-0/file", "/api/v1/openapi.json", "/api/v1/x"]
    {
        assert_eq!(get(address, path).status, 401, "{path}");
    }
    let with =
        |shown: &str| ask(address, "GET", "/api/v1/state", &[("authorization", shown)], b"").status;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(with(&format!("{scheme} {TOKEN}")), 200, "{scheme}");
    }
    for wrong in
        ["Bearer ", "Bearer a-token-of-this-tesx", "Basic x", TOKEN, "Bearer a-token-of-this-test2"]
    {
        assert_eq!(with(wrong), 401, "{wrong}");
    }
}

#[test]
fn the_cookie_opens_media_and_changes_nothing() {
    let film = with_token();
    let address = film.server.address;
    let bearer = format!("Bearer {TOKEN}");
    let session = ask(address, "POST", "/api/v1/session", &[("authorization", &bearer)], b"");
    assert_eq!(session.status, 204);
    let cookie = session.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(TOKEN));
    let cookie = cookie.split(';').next().unwrap();
    let media = ask(address, "GET", "/api/v1/media/video-0/file", &[("cookie", cookie)], b"");
    assert_eq!(media.status, 200);
    let query = json!({ "text": "a red square" }).to_string();
    let headers = [("cookie", cookie), ("content-type", "application/json")];
    assert_eq!(ask(address, "POST", "/api/v1/search", &headers, query.as_bytes()).status, 401);
    let wrong = format!("locvtp_session_{}=0000", address.port());
    let wrong = [("cookie", wrong.as_str())];
    assert_eq!(ask(address, "GET", "/api/v1/media/video-0/file", &wrong, b"").status, 401);
}

#[test]
fn a_name_that_was_made_to_point_here_is_refused() {
    let film = OneFilm::start();
    let with =
        |host: &str| ask(film.server.address, "GET", "/api/v1/state", &[("host", host)], b"");
    for host in ["localhost", "localhost:8765", "127.0.0.1", "[::1]:1"] {
        assert_eq!(with(host).status, 200, "{host}");
    }
    for host in ["evil.example", "evil.example:8765", "localhost.evil.example", "10.0.0.1"] {
        let reply = with(host);
        let said = reply.json()["message"].to_string();
        assert!(reply.status == 421 && said.contains("127.0.0.1"), "{host}: {said}");
    }
    for host in ["localhost:1@evil.example", "[::1]evil.example", "localhost:x"] {
        assert_eq!(with(host).status, 400, "{host}");
    }
    let elsewhere = "http://evil.example/api/v1/state";
    let reply = ask(film.server.address, "GET", elsewhere, &[("host", "localhost")], b"");
    assert_eq!(reply.status, 400);
}

#[test]
fn pages_of_other_sites_are_not_answered() {
    let film = OneFilm::start();
    let with = |headers: &[(&str, &str)]| {
        ask(film.server.address, "GET", "/api/v1/state", headers, b"").status
    };
    assert_eq!(with(&[("origin", "http://evil.example")]), 403);
    assert_eq!(with(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")]), 403);
    // A link of another site opens the page, and reaches nothing behind it.
    let link = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    assert_eq!(with(&link), 403);
    let proxy = "/api/v1/media/video-0/proxy?start=0&end=1";
    assert_eq!(ask(film.server.address, "GET", proxy, &link, b"").status, 403);
    assert_eq!(ask(film.server.address, "GET", "/?q=a", &link, b"").status, 200);
    let own = format!("http://{}", film.server.address);
    assert_eq!(with(&[("origin", &own), ("sec-fetch-site", "same-origin")]), 200);
}

#[test]
fn every_answer_keeps_the_page_to_itself() {
    let film = OneFilm::start();
    for path in ["/", "/assets/app.js", "/api/v1/state", "/nothing", "/api/v1/media/video-0/file"] {
        let reply = get(film.server.address, path);
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin");
    }
}

#[test]
fn the_log_has_a_line_for_every_request_and_no_secret() {
    let film = with_token();
    let bearer = format!("Bearer {TOKEN}");
    let path = "/api/v1/media/video-0/thumbnail?at=1.5";
    ask(film.server.address, "GET", path, &[("authorization", &bearer)], b"");
    get(film.server.address, "/api/v1/state?secret=yes");
    let log = film.server.log.lock().unwrap();
    let lines: Vec<String> = log.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
    assert_eq!((log[0].status, log[0].path.as_str()), (200, "/api/v1/media/video-0/thumbnail"));
    assert_eq!(log[1].status, 401);
    assert!(log[1].problem.as_ref().unwrap().contains("token"));
    assert!(!lines.concat().contains(TOKEN) && !lines.concat().contains("secret"));
}

#[test]
fn the_log_has_the_length_of_every_answer() {
    let film = OneFilm::start();
    let paths = [
        "/",
        "/assets/app.js",
        "/api/v1/state",
        "/api/v1/media/video-0/file",
        "/api/v1/media/video-0/thumbnail?at=1.5",
        "/api/v1/media/video-0/sprites.vtt",
        "/nothing",
    ];
    let lengths = paths.map(|path| get(film.server.address, path).body.len() as u64);
    let log = film.server.log.lock().unwrap();
    let logged: Vec<Option<u64>> = log.iter().map(|line| line.body_bytes).collect();
    assert_eq!(logged, lengths.map(Some));
    assert!(lengths.iter().all(|length| *length > 0));
}

#[test]
fn the_log_does_not_tell_what_was_asked_for() {
    let film = OneFilm::start();
    let address = film.server.address;
    let told = "divorce lawyer";
    for body in [
        json!({ "text": "a", "longer_s": told }),
        json!({ "text": "a", "divorce lawyer": 1 }),
        json!({ "text": ["divorce lawyer"] }),
    ] {
        let reply = post(address, "/api/v1/search", &body);
        assert_eq!(reply.status, 400, "{body}");
    }
    assert!(
        post(address, "/api/v1/search", &json!({ "text": "a", told: 1 })).message().contains(told)
    );
    assert_eq!(get(address, "/api/v1/media?divorce+lawyer=1").status, 400);
    assert_eq!(get(address, "/api/v1/media?limit=divorce+lawyer").status, 400);
    let log = film.server.log.lock().unwrap();
    let lines: Vec<String> = log.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
    assert!(!lines.concat().contains("divorce"), "{lines:?}");
    assert!(log.iter().all(|line| line.problem.as_deref() == Some("bad request")), "{lines:?}");
}

#[test]
fn the_head_of_a_request_is_bounded_and_so_is_its_line() {
    let film = OneFilm::start();
    let address = film.server.address;
    assert_eq!(get(address, &format!("/{}", "a".repeat(30_000))).status, 404);
    let refused = get(address, &format!("/{}", "a".repeat(33_000)));
    assert_eq!(refused.status, 431);
    assert!(refused.message().contains("32 KiB"), "{}", refused.message());
    let log = film.server.log.lock().unwrap();
    assert!(log.iter().all(|line| line.path.len() < 510), "{log:?}");
}
