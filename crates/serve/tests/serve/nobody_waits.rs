//! Work that nobody waits for any more, and long work beside short.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use locvtp_serve::ServeSettings;
use serde_json::json;

use crate::films;
use crate::http::{connect, get, post};
use crate::shelf::{ENDLESS, Running, Shelf};

/// One film and a server over it, whose shelf can be looked at.
struct Library {
    shelf: Arc<Shelf>,
    server: Running,
    _folder: tempfile::TempDir,
}

fn library(settings: ServeSettings) -> Library {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    films::make(&path, 4);
    let mut shelf = Shelf::new(&[(&path, 4.0, 0.0, None)]);
    shelf.copies_from_0_are_endless = true;
    let shelf = Arc::new(shelf);
    let server = Running::start(Arc::clone(&shelf), settings);
    Library { shelf, server, _folder: folder }
}

/// Waits until it is so.
fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until so many are counted.
fn wait_for(counter: &AtomicUsize, number: usize) {
    until(|| counter.load(Ordering::SeqCst) >= number);
}

/// Asks and does not wait for the answer.
fn asked(address: SocketAddr, method: &str, path: &str, body: &str) -> TcpStream {
    let mut stream = connect(address);
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    stream
}

#[test]
fn a_question_whose_asker_goes_away_is_ended_and_noted() {
    let library = library(ServeSettings::new());
    let endless = &library.shelf.endless;
    let body = json!({ "text": ENDLESS }).to_string();
    let asker = asked(library.server.address, "POST", "/api/v1/search", &body);
    wait_for(&endless.num_begun, 1);
    drop(asker);
    wait_for(&endless.num_cancelled, 1);
    until(|| {
        let log = library.server.log.lock().unwrap();
        log.iter().any(|line| line.status == 499 && line.path == "/api/v1/search")
    });
}

#[test]
fn a_question_that_takes_too_long_is_ended() {
    let mut settings = ServeSettings::new();
    settings.limits.request_time = Duration::from_secs(1);
    let library = library(settings);
    let reply = post(library.server.address, "/api/v1/search", &json!({ "text": ENDLESS }));
    assert_eq!(reply.status, 504);
    wait_for(&library.shelf.endless.num_cancelled, 1);
}

#[test]
fn questions_that_take_long_leave_places_for_the_others() {
    let mut settings = ServeSettings::new();
    settings.limits.work = 1;
    settings.limits.waiting_work = 0;
    (settings.limits.refining, settings.limits.picture_questions) = (1, 1);
    let library = library(settings);
    let address = library.server.address;
    let refine = json!({ "text": ENDLESS, "refine": true }).to_string();
    let picture = json!({ "text": ENDLESS, "image": "AAAA" }).to_string();
    let long = [refine, picture].map(|body| asked(address, "POST", "/api/v1/search", &body));
    wait_for(&library.shelf.endless.num_begun, 2);
    assert_eq!(get(address, "/api/v1/state").status, 200);
    assert_eq!(get(address, "/api/v1/media/video-0/thumbnail?at=1").status, 200);
    assert_eq!(post(address, "/api/v1/search", &json!({ "text": "a red square" })).status, 200);
    drop(long);
    wait_for(&library.shelf.endless.num_cancelled, 2);
}

#[test]
fn a_copy_that_nobody_waits_for_ends_and_gives_its_place_back() {
    let mut settings = ServeSettings::new();
    settings.limits.proxies = 1;
    let library = library(settings);
    let address = library.server.address;
    let copy = "/api/v1/media/video-0/proxy?start=0&end=2";
    let askers = [asked(address, "GET", copy, ""), asked(address, "GET", copy, "")];
    wait_for(&library.shelf.endless.num_begun, 1);
    drop(askers);
    wait_for(&library.shelf.endless.num_cancelled, 1);
    assert_eq!(get(address, "/api/v1/media/video-0/proxy?start=1&end=2").status, 200);
    assert_eq!(library.shelf.endless.num_begun.load(Ordering::SeqCst), 1);
}

#[test]
fn who_waits_for_the_same_copy_holds_no_place() {
    let mut settings = ServeSettings::new();
    settings.limits.proxies = 1;
    settings.limits.waiting_proxies = 0;
    let library = library(settings);
    let address = library.server.address;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(move || {
                let copy = get(address, "/api/v1/media/video-0/proxy?start=1&end=3");
                assert_eq!(copy.status, 200);
            });
        }
    });
    assert_eq!(library.shelf.num_proxies.load(Ordering::SeqCst), 1);
}
