//! Thumbnails, sprites and proxies of real files.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use locvtp_serve::{MediaId, ServeSettings};
use locvtp_video::{FrameTransform, VideoReader};

use crate::films;
use crate::http::get;
use crate::shelf::{OneFilm, Running, Shelf};

/// The mean colour of a JPEG's upper half, or of a box of it.
fn mean_colour(jpeg: &[u8], crop: Option<(u32, u32, u32, u32)>) -> [f64; 3] {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.jpg");
    std::fs::write(&path, jpeg).unwrap();
    let raw = folder.path().join("one.rgb");
    let (width, height, left, top) = crop.unwrap_or((16, 16, 40, 20));
    let filter = format!("crop={width}:{height}:{left}:{top},scale=1:1:flags=area");
    let options = ["-vf", &filter, "-f", "rawvideo", "-pix_fmt", "rgb24"];
    assert!(films::convert(&path, &options, &raw));
    let bytes = std::fs::read(raw).unwrap();
    [0, 1, 2].map(|channel| f64::from(bytes[channel]))
}

fn is_colour_of(found: [f64; 3], second: u32) -> bool {
    let expected = films::colour(second).map(f64::from);
    found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 20.0)
}

#[test]
fn a_thumbnail_shows_its_moment() {
    let film = OneFilm::start();
    for second in [0, 5, 11] {
        let path = format!("/api/v1/media/video-0/thumbnail?at={second}.5");
        let reply = get(film.server.address, &path);
        assert_eq!((reply.status, reply.header("content-type")), (200, "image/jpeg"));
        let colour = mean_colour(&reply.body, None);
        assert!(is_colour_of(colour, second), "{second}: {colour:?}");
        assert!(reply.header("cache-control").contains("max-age"));
    }
    // A player's clock is rounded, so a little behind the end the last picture stands.
    let at =
        |at: &str| get(film.server.address, &format!("/api/v1/media/video-0/thumbnail?at={at}"));
    assert_eq!(at("12.4").status, 200);
    let beyond = at("500");
    assert_eq!(
        (beyond.status, beyond.message().as_str()),
        (400, "`at` is 500; the video goes from 0 to 12.000 s")
    );
}

#[test]
fn the_pieces_of_a_sheet_are_where_the_cues_say() {
    let film = OneFilm::start();
    let cues = get(film.server.address, "/api/v1/media/video-0/sprites.vtt");
    let text = String::from_utf8(cues.body).unwrap();
    let sheet = get(film.server.address, "/api/v1/media/video-0/sprites/0");
    assert_eq!(sheet.status, 200);
    let mut num_cues: u32 = 0;
    for line in text.lines().filter(|line| line.starts_with("sprites/0#xywh=")) {
        let numbers = line.split('=').nth(1).unwrap().split(',');
        let [x, y, width, height] =
            numbers.map(|one| one.parse().unwrap()).collect::<Vec<u32>>()[..]
        else {
            panic!("{line}")
        };
        // The upper half: the bar walks below.
        let colour = mean_colour(&sheet.body, Some((width - 8, height / 2, x + 4, y + 4)));
        assert!(is_colour_of(colour, num_cues), "{line}: {colour:?}");
        num_cues += 1;
    }
    assert_eq!(num_cues, 12);
}

#[test]
fn pictures_of_a_file_that_begins_late_count_from_its_first_picture() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, late) = (folder.path().join("plain.mp4"), folder.path().join("late.mkv"));
    films::make(&plain, 6);
    assert!(films::convert(&plain, &["-c", "copy", "-output_ts_offset", "7.5"], &late));
    let server = Running::start(Shelf::new(&[(&late, 6.0, 7.5, None)]), ServeSettings::new());
    let reply = get(server.address, "/api/v1/media/video-0/thumbnail?at=4.5");
    let colour = mean_colour(&reply.body, None);
    assert!(is_colour_of(colour, 4), "{colour:?}");
}

#[test]
fn a_video_that_cannot_be_decoded_has_no_picture_and_a_reason() {
    let film = OneFilm::start();
    let length = std::fs::metadata(&film.path).unwrap().len() as usize;
    std::fs::write(&film.path, vec![0; length]).unwrap();
    for part in ["thumbnail?at=1", "sprites/0"] {
        let reply = get(film.server.address, &format!("/api/v1/media/video-0/{part}"));
        assert_eq!(reply.status, 404);
        assert!(reply.message().contains("film.mp4 cannot be decoded"));
    }
}

#[test]
fn a_proxy_is_the_stretch_alone_made_once_and_sent_in_ranges() {
    let shelf = Arc::new({
        let folder = Box::leak(Box::new(tempfile::tempdir().unwrap()));
        let path = folder.path().join("film.mp4");
        films::make(&path, 12);
        Shelf::new(&[(&path, 12.0, 0.0, None)])
    });
    let server = Running::start(Arc::clone(&shelf), ServeSettings::new());
    let path = "/api/v1/media/video-0/proxy?start=4&end=7";
    let whole = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..4).map(|_| scope.spawn(|| get(server.address, path))).collect();
        asking.into_iter().map(|one| one.join().unwrap()).next_back().unwrap()
    });
    assert_eq!((whole.status, whole.header("content-type")), (200, "video/mp4"));
    assert_eq!(shelf.num_proxies.load(Ordering::SeqCst), 1);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("proxy.mp4");
    std::fs::write(&copy, &whole.body).unwrap();
    let mut video = VideoReader::open(&copy).unwrap();
    assert!((video.info().duration.0 - 3.0).abs() < 0.11, "{}", video.info().duration);
    let frame = video.read_frames(&[5], &FrameTransform::Resize { height: 2, width: 2 }).unwrap();
    let colour = [0, 1, 2].map(|channel| f64::from(frame.frame(0)[channel]));
    assert!(is_colour_of(colour, 4), "{colour:?}");
    let part = crate::http::ask(server.address, "GET", path, &[("range", "bytes=10-19")], b"");
    assert_eq!((part.status, &part.body[..]), (206, &whole.body[10..20]));
}

#[test]
fn a_failed_proxy_says_so_and_leaves_no_file() {
    let film = OneFilm::with(ServeSettings::new(), |shelf| {
        shelf.media[0].id = MediaId::new("broken").unwrap();
        std::fs::write(&shelf.media[0].path, "no video").unwrap();
        shelf.media[0].size_bytes = 8;
    });
    let reply = get(film.server.address, "/api/v1/media/broken/proxy?start=0&end=2");
    assert_eq!(
        (reply.status, reply.message().as_str()),
        (500, "no proxy of this file can be made")
    );
    // What stands beneath is for the log alone.
    let log = film.server.log.lock().unwrap();
    let cause = log[0].cause.as_deref().unwrap();
    assert!(cause.contains("/secret/place"), "{cause}");
}

#[test]
fn pictures_and_copies_are_made_also_when_their_folder_was_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = ServeSettings::new();
    settings.cache_folder = Some(folder.path().join("deeper/kept"));
    let film = OneFilm::with(settings, |_| {});
    let statuses = || {
        ["thumbnail?at=2", "sprites/0", "proxy?start=1&end=3"]
            .map(|what| get(film.server.address, &format!("/api/v1/media/video-0/{what}")).status)
    };
    assert_eq!(statuses(), [200; 3]);
    std::fs::remove_dir_all(folder.path().join("deeper")).unwrap();
    assert_eq!(statuses(), [200; 3]);
    // Where nothing can be kept, the answer says so and names no place.
    std::fs::remove_dir_all(folder.path().join("deeper")).unwrap();
    std::fs::write(folder.path().join("deeper"), "a file").unwrap();
    let reply = get(film.server.address, "/api/v1/media/video-0/thumbnail?at=3");
    assert_eq!(reply.status, 500);
    assert_eq!(reply.message(), "the server cannot keep pictures and copies; its log says why");
    let log = film.server.log.lock().unwrap();
    assert!(log.last().unwrap().cause.as_deref().unwrap().contains("os error"));
}

#[test]
fn nothing_is_shown_of_another_file_that_took_the_place_of_a_video() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    films::make(&path, 6);
    let own = std::fs::read(&path).unwrap();
    let shelf = Shelf::new(&[(path.as_path(), 6.0, 0.0, None)]);
    let server = Running::start(shelf, ServeSettings::default());
    let asked = ["file", "thumbnail?at=2", "sprites/0", "proxy?start=1&end=3"];
    let statuses = |times: &str| {
        let status = |what: &&str| {
            let reply = get(server.address, &format!("/api/v1/media/video-0/{what}"));
            assert!(reply.status == 200 || reply.message().contains(times), "{}", reply.message());
            reply.status
        };
        asked.iter().map(status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(""), [200; 4]);
    films::make(&path, 9);
    assert_eq!(statuses("changed since it was indexed"), [404; 4]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(statuses("not where it was"), [404; 4]);
    std::fs::create_dir(&path).unwrap();
    assert_eq!(statuses("not where it was"), [404; 4]);
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    assert_eq!(statuses("changed since it was indexed"), [404; 4]);
    std::fs::write(&path, own).unwrap();
    assert_eq!(statuses(""), [200; 4]);
}
