//! What many clients at once cost: threads, each of which keeps some megabytes of what it once needed.

use locvtp_serve::ServeSettings;
use locvtp_video::TimeSpan;
use serde_json::json;

use crate::http::{get, post};
use crate::shelf::OneFilm;

/// Threads of this process that the server on this port has started.
fn num_threads(port: u16) -> usize {
    let names = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = names.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.trim() == format!("serve-{port}")).count()
}

#[test]
fn sixty_four_clients_do_not_start_more_threads_than_can_be_at_work() {
    let mut settings = ServeSettings::new();
    settings.limits.reads = 2;
    settings.limits.work = 3;
    settings.limits.proxies = 1;
    (settings.limits.refining, settings.limits.picture_questions) = (1, 1);
    settings.limits.waiting_proxies = 64;
    let film = OneFilm::with(settings, |shelf| {
        // Many pieces, so that many wait to be read at the same time.
        let path = shelf.media[0].path.with_file_name("long.mp4");
        std::fs::write(&path, vec![7; 8 << 20]).unwrap();
        let mut long = shelf.media[0].clone();
        (long.id, long.path) = (locvtp_serve::MediaId::new("long").unwrap(), path);
        long.size_bytes = 8 << 20;
        shelf.media.push(long);
        shelf.moments.push(("a red square", 0, TimeSpan::new(1.0, 2.0), 0.5));
    });
    let address = film.server.address;
    std::thread::scope(|scope| {
        for client in 0..64 {
            scope.spawn(move || {
                let file = get(address, "/api/v1/media/long/file");
                assert_eq!((file.status, file.body.len()), (200, 8 << 20));
                assert!(file.body.iter().all(|byte| *byte == 7));
                let thumbnail = format!("/api/v1/media/video-0/thumbnail?at={}", client % 12);
                assert_eq!(get(address, &thumbnail).status, 200);
                let query = json!({ "text": "a red square" });
                assert_eq!(post(address, "/api/v1/search", &query).status, 200);
                assert_eq!(get(address, "/api/v1/media/video-0/proxy?start=1&end=2").status, 200);
            });
        }
    });
    // Idle threads stay for ten seconds, so those that were ever there are still counted. Four speak with
    // the connections, eight look videos up.
    let (threads, most) = (num_threads(address.port()), 4 + 8 + 2 + 3 + 1 + 1 + 1);
    assert!((1..=most).contains(&threads), "{threads} threads");
}
