//! A video as browsers ask for it: whole, in ranges, and by its head alone.

use crate::http::{Reply, ask, get};
use crate::shelf::OneFilm;

const FILE: &str = "/api/v1/media/video-0/file";

fn range(film: &OneFilm, range: &str) -> Reply {
    ask(film.server.address, "GET", FILE, &[("range", range)], b"")
}

#[test]
fn a_whole_file_and_each_form_of_a_range_give_its_bytes() {
    let film = OneFilm::start();
    let bytes = std::fs::read(&film.path).unwrap();
    let length = bytes.len();

    let whole = get(film.server.address, FILE);
    assert_eq!((whole.status, whole.header("accept-ranges")), (200, "bytes"));
    assert_eq!(whole.header("content-type"), "video/mp4");
    assert_eq!(whole.body, bytes);

    let cases = [
        ("bytes=0-0".to_owned(), 0, 1),
        ("bytes=0-1".to_owned(), 0, 2),
        ("bytes=100-299".to_owned(), 100, 300),
        ("bytes=0-".to_owned(), 0, length),
        (format!("bytes={}-", length - 7), length - 7, length),
        ("bytes=-7".to_owned(), length - 7, length),
        (format!("bytes=50-{}", length * 2), 50, length),
        (format!("bytes=-{}", length * 2), 0, length),
    ];
    for (asked, first, end) in cases {
        let part = range(&film, &asked);
        assert_eq!(part.status, 206, "{asked}");
        assert_eq!(part.body, bytes[first..end], "{asked}");
        let expected = format!("bytes {first}-{}/{length}", end - 1);
        assert_eq!(part.header("content-range"), expected);
        assert_eq!(part.header("content-length"), (end - first).to_string());
    }
}

#[test]
fn a_range_behind_the_file_is_refused_with_its_length() {
    let film = OneFilm::start();
    let length = std::fs::metadata(&film.path).unwrap().len();
    for asked in [format!("bytes={length}-"), "bytes=-0".into(), format!("bytes={}9-", u64::MAX)] {
        let part = range(&film, &asked);
        assert_eq!(part.status, 416, "{asked}");
        assert_eq!(part.header("content-range"), format!("bytes */{length}"));
    }
}

#[test]
fn ranges_that_are_none_give_the_whole_file() {
    let film = OneFilm::start();
    let length = std::fs::metadata(&film.path).unwrap().len() as usize;
    for asked in ["bytes=9-5", "bytes=a-b", "bytes=0-1,5-6", "frames=1-2", "bytes", "=", "-"] {
        let whole = range(&film, asked);
        assert_eq!((whole.status, whole.body.len()), (200, length), "{asked}");
    }
}

#[test]
fn the_head_alone_says_what_the_answer_would_be() {
    let film = OneFilm::start();
    let length = std::fs::metadata(&film.path).unwrap().len();
    let head = ask(film.server.address, "HEAD", FILE, &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), length.to_string());
    let part = ask(film.server.address, "HEAD", FILE, &[("range", "bytes=5-9")], b"");
    assert_eq!((part.status, part.header("content-length")), (206, "5"));
    assert_eq!(part.header("content-range"), format!("bytes 5-9/{length}"));
}

#[test]
fn a_range_of_another_state_of_the_file_gives_all_of_this_one() {
    let film = OneFilm::start();
    let tag = get(film.server.address, FILE).header("etag").to_owned();
    let asked = |tag: &str| {
        let headers = [("range", "bytes=5-9"), ("if-range", tag)];
        ask(film.server.address, "GET", FILE, &headers, b"").status
    };
    assert_eq!(asked(&tag), 206);
    assert_eq!(asked("\"another\""), 200);
    assert_eq!(asked("Sun, 29 Nov 2026 09:00:00 GMT"), 200);
    let known = [("if-none-match", tag.as_str())];
    assert_eq!(ask(film.server.address, "GET", FILE, &known, b"").status, 304);
}

#[test]
fn a_file_that_changed_or_went_since_it_was_indexed_is_not_given_away() {
    let film = OneFilm::start();
    std::fs::write(&film.path, "another file").unwrap();
    let changed = get(film.server.address, FILE);
    assert_eq!(changed.status, 404);
    assert!(changed.message().contains("changed"), "{}", changed.message());
    std::fs::remove_file(&film.path).unwrap();
    assert_eq!(get(film.server.address, FILE).status, 404);
    std::fs::create_dir(&film.path).unwrap();
    assert_eq!(get(film.server.address, FILE).status, 404);
}

#[cfg(unix)]
#[test]
fn a_link_that_was_put_in_place_of_a_video_leads_nowhere() {
    let film = OneFilm::start();
    let other = film.path.with_file_name("secret.txt");
    std::fs::write(&other, "harmless").unwrap();
    std::fs::remove_file(&film.path).unwrap();
    std::os::unix::fs::symlink(&other, &film.path).unwrap();
    assert_eq!(get(film.server.address, FILE).status, 404);
}
