//! What nobody should send: it is answered, bounded, and reaches nothing.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use locvtp_serve::ServeSettings;
use serde_json::json;

use crate::http::{ask, connect, get, post, raw};
use crate::shelf::OneFilm;

const SEARCH: &str = "/api/v1/search";

#[test]
fn no_path_from_outside_reaches_the_file_system() {
    let film = OneFilm::start();
    let secret = film.path.with_file_name("secret.txt");
    std::fs::write(&secret, "harmless and secret").unwrap();
    let absolute = secret.display().to_string();
    let ids = [
        "..",
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e%2fsecret.txt",
        "....//secret.txt",
        "..%5csecret.txt",
        "..%c0%afsecret.txt",
        "video-0%00",
        "video-0/../../secret.txt",
        "%ff%fe",
        absolute.trim_start_matches('/'),
        &absolute.replace('/', "%2f"),
    ];
    for id in ids {
        for part in ["file", "thumbnail?at=1", "sprites.vtt", "sprites/0", "proxy?start=0&end=1"] {
            let reply = get(film.server.address, &format!("/api/v1/media/{id}/{part}"));
            assert!((400..=404).contains(&reply.status), "{id} {part}: {}", reply.status);
            assert!(!String::from_utf8_lossy(&reply.body).contains("secret"), "{id}");
        }
    }
    for path in [
        "/../secret.txt",
        "/assets/../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "//etc/hostname",
    ] {
        assert_eq!(get(film.server.address, path).status, 404, "{path}");
    }
}

#[test]
fn no_answer_tells_where_a_video_lies() {
    let film = OneFilm::start();
    let folder = film.path.parent().unwrap().display().to_string();
    let query = json!({ "text": "a red square" });
    std::fs::write(&film.path, vec![0; std::fs::metadata(&film.path).unwrap().len() as usize])
        .unwrap();
    let replies = [
        get(film.server.address, "/api/v1/media"),
        get(film.server.address, "/api/v1/media/video-0"),
        get(film.server.address, "/api/v1/media/video-0/thumbnail?at=1"),
        get(film.server.address, "/api/v1/media/video-0/sprites/0"),
        post(film.server.address, SEARCH, &query),
    ];
    for reply in replies {
        assert!(!String::from_utf8_lossy(&reply.body).contains(&folder));
    }
}

#[test]
fn a_query_that_is_none_is_refused_with_the_reason() {
    let film = OneFilm::start();
    let cases = [
        (json!({}), "nothing is asked for"),
        (json!({ "text": "   " }), "nothing is asked for"),
        (json!({ "text": 5 }), "invalid type"),
        (json!({ "text": "a", "colour": 1 }), "unknown field `colour`"),
        (json!({ "text": "a", "top": 0 }), "`top` is 0"),
        (json!({ "text": "a", "top": -1 }), "invalid value"),
        (json!({ "text": "a", "after": "yesterday" }), "2026-05-31"),
        (json!({ "text": "a", "longer_s": -2.0 }), "`longer_s`"),
        (json!({ "like": { "media": "../a", "at_s": 1.0 } }), "no id"),
        (json!({ "image": "not base64!" }), "Invalid"),
        (json!({ "text": "a".repeat(2001) }), "2001 letters"),
        (json!({ "text": "a", "per_file": 0 }), "`per_file` is 0"),
        (json!({ "text": "a", "scores": "letters" }), "`scores`: unknown variant `letters`"),
        (json!({ "text": "a", "longer_s": "long" }), "`longer_s`: invalid type"),
        (json!({ "like": { "media": "a" } }), "`like`: missing field `at_s`"),
        (json!([1, 2]), "expected an object"),
        (json!(["red"]), "expected an object"),
        (json!({ "like": ["video-0", 1.0] }), "`like`: invalid type: sequence, expected an object"),
        (json!({ "like": { "media": "a", "at_s": 1e300 } }), "`like.at_s` is 1e300; no video"),
        (json!({ "text": "a", "after": "9".repeat(100_000) }), "2026-05-31"),
    ];
    for (query, reason) in cases {
        let reply = post(film.server.address, SEARCH, &query);
        assert_eq!(reply.status, 400, "{query}");
        let message = reply.message();
        assert!(message.contains(reason) && message.len() < 700, "{query}: {message}");
    }
    let reply = ask(film.server.address, "POST", SEARCH, &[("content-type", "text/plain")], b"{}");
    assert_eq!(reply.status, 415);
    let json = [("content-type", "application/json")];
    let empty = ask(film.server.address, "POST", SEARCH, &json, b"");
    assert!(empty.status == 400 && empty.message().contains("empty"), "{}", empty.message());
    let deep = "[".repeat(100_000);
    assert_eq!(ask(film.server.address, "POST", SEARCH, &json, deep.as_bytes()).status, 400);
    let reply = ask(film.server.address, "POST", SEARCH, &json, b"{\"text\": \"\xff\"}");
    assert_eq!(reply.status, 400);
}

#[test]
fn a_query_of_a_megabyte_or_of_another_language_is_answered() {
    let film = OneFilm::start();
    let long = json!({ "text": "dog ".repeat(250_000) });
    let reply = post(film.server.address, SEARCH, &long);
    assert_eq!(reply.status, 400, "{}", reply.message());
    for text in ["ein Hund springt ins Wasser", "犬が湖に飛び込む", "🐶", "\u{202e}\u{0}", "xqzzt"]
    {
        let reply = post(film.server.address, SEARCH, &json!({ "text": text }));
        assert_eq!(reply.status, 200, "{text:?}");
        assert_eq!(reply.json()["answer"]["verdict"], "not_in_these_videos");
    }
}

#[test]
fn a_body_over_the_bound_is_not_read() {
    let mut settings = ServeSettings::new();
    settings.limits.body_bytes = 10_000;
    let film = OneFilm::with(settings, |_| {});
    let long = json!({ "text": "a".repeat(20_000) });
    assert_eq!(post(film.server.address, SEARCH, &long).status, 413);
    // Lengths that are none are no size.
    let head = format!(
        "POST {SEARCH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\nZZ\r\n{{}}\r\n0\r\n\r\n"
    );
    let reply = raw(film.server.address, head.as_bytes()).unwrap();
    assert!(
        reply.status == 400 && reply.message().contains("lengths in the body are wrong"),
        "{reply:?}"
    );
    // Announced, and never sent.
    let head = format!(
        "POST {SEARCH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: 99999999999\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(raw(film.server.address, head.as_bytes()).unwrap().status, 413);
}

#[test]
fn times_that_are_none_are_refused() {
    let film = OneFilm::start();
    let cases = [
        ("thumbnail", "`at` is missing"),
        ("thumbnail?at=", "`at` is \"\""),
        ("thumbnail?at=x", "`at` is \"x\"; it must be a number of seconds"),
        ("thumbnail?at=NaN", "`at` is \"NaN\""),
        ("thumbnail?at=-1", "`at` is -1"),
        ("thumbnail?at=1e300", "`at` is 1e300; no video plays for so many seconds"),
        ("thumbnail?at=13", "`at` is 13; the video goes from 0 to 12.000 s"),
        ("subtitles/0?shift=1e300", "`shift` is 1e300"),
        ("thumbnail?at=inf", "`at` is \"inf\""),
        ("thumbnail?at=1&at=2", "`at` is given several times"),
        ("proxy", "`start` is missing"),
        ("proxy?start=0", "`end` is missing"),
        ("proxy?start=5&end=5", "from `start` to `end`"),
        ("proxy?start=5&end=1", "from `start` to `end`"),
        ("proxy?start=0&end=1e9", "between 0 and 12.000 s"),
        ("proxy?start=0&end=12.6", "between 0 and 12.000 s"),
        ("proxy?start=NaN&end=1", "`start` is \"NaN\""),
        ("proxy?start=-3&end=1", "from `start` to `end`"),
        ("subtitles/0?shift=x", "`shift` is \"x\""),
    ];
    for (part, reason) in cases {
        let reply = get(film.server.address, &format!("/api/v1/media/video-0/{part}"));
        assert_eq!(reply.status, 400, "{part}");
        assert!(reply.message().contains(reason), "{part}: {}", reply.message());
    }
    for sheet in ["1", "-1", "x", "99999999999999999999"] {
        let reply = get(film.server.address, &format!("/api/v1/media/video-0/sprites/{sheet}"));
        assert_eq!(reply.status, 404, "{sheet}");
    }
}

#[test]
fn hits_that_are_none_are_not_exported() {
    let film = OneFilm::start();
    let hit = |start: f64, end: f64| json!({ "media": "video-0", "span": { "start": start, "end": end } });
    for (hits, status) in [
        (json!([]), 400),
        (json!([hit(3.0, 2.0)]), 400),
        (json!([hit(-1.0, 2.0)]), 400),
        (json!([{ "media": "../x", "span": { "start": 0.0, "end": 1.0 } }]), 400),
        (json!([hit(0.0, 1e300)]), 400),
        (json!([["video-0", { "start": 0.0, "end": 1.0 }]]), 400),
        (json!([{ "media": "video-0", "span": [0.0, 1.0] }]), 400),
        (
            json!([{ "media": "video-0", "span": { "start": 0.0, "end": 1.0 }, "score": 1e300 }]),
            400,
        ),
        (json!([hit(1.0, 2.0)]), 200),
    ] {
        let body = json!({ "format": "csv", "hits": hits });
        assert_eq!(post(film.server.address, "/api/v1/export", &body).status, status, "{body}");
    }
    let mut other = hit(1.0, 2.0);
    other["span"]["colour"] = json!(1);
    let reply =
        post(film.server.address, "/api/v1/export", &json!({ "format": "csv", "hits": [other] }));
    assert_eq!(reply.status, 400);
    assert!(reply.message().contains("unknown field `colour`"), "{}", reply.message());
    let body = json!({ "format": "exe", "hits": [hit(1.0, 2.0)] });
    assert_eq!(post(film.server.address, "/api/v1/export", &body).status, 400);
    // What the index refuses is passed on in its words.
    let body = json!({ "format": "edl", "hits": [hit(1.0, 2.0)] });
    let reply = post(film.server.address, "/api/v1/export", &body);
    assert!(reply.status == 400 && reply.message().contains("OTIO"));
}

#[test]
fn what_an_address_does_not_take_is_refused_as_unknown_keys_are() {
    let film = OneFilm::start();
    for (path, takes) in [
        ("/api/v1/media?page=2", "it takes `after`, `limit`"),
        ("/api/v1/media?limit=1&bogus=1", "no `bogus`"),
        ("/api/v1/jobs?limit=-1", "it takes nothing"),
        ("/api/v1/media/video-0?at=1", "it takes nothing"),
        ("/api/v1/media/video-0/thumbnail?at=1&id=2", "it takes `at`"),
        ("/api/v1/media/video-0/file?download", "no `download`"),
    ] {
        let reply = get(film.server.address, path);
        assert_eq!(reply.status, 400, "{path}");
        assert!(reply.message().contains(takes), "{path}: {}", reply.message());
    }
    let searched = post(film.server.address, &format!("{SEARCH}?top=5"), &json!({ "text": "a" }));
    assert_eq!(searched.status, 400);
    // What the page keeps in its own address is for its scripts.
    assert_eq!(get(film.server.address, "/?q=a&v=video-0&anything").status, 200);
}

#[test]
fn malformed_requests_are_refused() {
    let film = OneFilm::start();
    let address = film.server.address;
    let endless = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}", "a".repeat(1 << 20));
    let many: String = (0..1000).map(|number| format!("x{number}: a\r\n")).collect();
    let many = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{many}\r\n");
    let cases: [(&[u8], u16); 7] = [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nhost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n", 400),
        (endless.as_bytes(), 431),
        (many.as_bytes(), 431),
    ];
    for (request, status) in cases {
        let reply = raw(address, request);
        let head = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        assert_eq!(reply.map(|reply| reply.status), Some(status), "{head}");
    }
    let unknown = ask(address, "DELETE", "/api/v1/media/video-0", &[], b"");
    assert_eq!(unknown.status, 405);
    assert_eq!(get(address, "/healthz").status, 200);
}

#[test]
fn a_head_that_does_not_end_is_waited_for_only_so_long() {
    let mut settings = ServeSettings::new();
    settings.limits.header_time = Duration::from_millis(300);
    let film = OneFilm::with(settings, |_| {});
    let mut stream = connect(film.server.address);
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ").unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(!String::from_utf8_lossy(&rest).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_body_that_does_not_end_is_waited_for_only_so_long() {
    let mut settings = ServeSettings::new();
    settings.limits.request_time = Duration::from_millis(300);
    let film = OneFilm::with(settings, |_| {});
    let mut stream = connect(film.server.address);
    let head = format!(
        "POST {SEARCH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: 100\r\nconnection: close\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[test]
fn a_reader_that_takes_nothing_is_cut_off() {
    let mut settings = ServeSettings::new();
    settings.limits.stall_time = Duration::from_millis(300);
    let film = OneFilm::with(settings, |shelf| {
        // 64 MB, more than the system's buffers hold.
        let path = shelf.media[0].path.with_file_name("long.mp4");
        std::fs::write(&path, vec![7; 64 << 20]).unwrap();
        shelf.media[0].path = path;
        shelf.media[0].size_bytes = 64 << 20;
    });
    let mut stream = connect(film.server.address);
    let request = b"GET /api/v1/media/video-0/file HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut first = [0; 1];
    stream.read_exact(&mut first).unwrap();
    // Nothing is read until the server has given up, which shows as fewer bytes than announced.
    std::thread::sleep(Duration::from_secs(2));
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest);
    assert!(ended.is_err() || rest.len() < 64 << 20, "all {} bytes came", rest.len());
}

#[test]
fn more_searches_than_the_queue_holds_are_sent_away_and_the_rest_answered() {
    let mut settings = ServeSettings::new();
    settings.limits.work = 1;
    settings.limits.waiting_work = 2;
    let film = OneFilm::with(settings, |shelf| shelf.search_time = Duration::from_millis(400));
    let address = film.server.address;
    let query = json!({ "text": "a red square" });
    let replies: Vec<_> = std::thread::scope(|scope| {
        let asking: Vec<_> =
            (0..8).map(|_| scope.spawn(|| post(address, SEARCH, &query))).collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let count = |status| replies.iter().filter(|reply| reply.status == status).count();
    assert!(count(200) >= 3 && count(503) >= 1 && count(200) + count(503) == 8);
    let sent_away = replies.iter().find(|reply| reply.status == 503).unwrap();
    assert_eq!(sent_away.header("retry-after"), "1");
}

#[test]
fn a_search_that_takes_too_long_is_given_up() {
    let mut settings = ServeSettings::new();
    settings.limits.request_time = Duration::from_millis(200);
    let film = OneFilm::with(settings, |shelf| shelf.search_time = Duration::from_secs(2));
    let began = Instant::now();
    let reply = post(film.server.address, SEARCH, &json!({ "text": "a red square" }));
    assert_eq!(reply.status, 504);
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_stopped_server_ends_what_runs_and_takes_nothing_new() {
    let mut film = OneFilm::with(ServeSettings::new(), |shelf| {
        shelf.search_time = Duration::from_millis(500);
    });
    let address = film.server.address;
    let asking =
        std::thread::spawn(move || post(address, SEARCH, &json!({ "text": "a red square" })));
    std::thread::sleep(Duration::from_millis(150));
    film.server.stop();
    assert_eq!(asking.join().unwrap().status, 200);
    assert!(std::net::TcpStream::connect(address).is_err());
}
