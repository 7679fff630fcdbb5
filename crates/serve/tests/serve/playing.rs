//! Files that do not begin at 0, and files that the browser cannot play, in a real browser.

use std::path::Path;

use locvtp_serve::ServeSettings;
use locvtp_video::TimeSpan;

use crate::browser::browser_or_return;
use crate::films;
use crate::not_run::not_run;
use crate::page::{AT_REST, NOW, PICTURE_S, SENTENCE, shows_second};
use crate::shelf::{Running, Shelf};

#[test]
fn the_browsers_clock_is_mapped_to_the_files() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.mp4");
    films::make(&plain, 12);
    let fragments: &[&str] = &["-movflags", "+frag_keyframe+empty_moov+default_base_moof"];
    let forms: [(&str, &[&str]); 4] =
        [("late.mp4", &[]), ("late.mkv", &[]), ("late-pieces.mp4", fragments), ("late.mov", &[])];
    let mut paths = Vec::new();
    for (name, options) in forms {
        let path = folder.path().join(name);
        let options = [&["-c", "copy", "-output_ts_offset", "7.5"], options].concat();
        assert!(films::convert(&plain, &options, &path));
        paths.push(path);
    }
    let files: Vec<_> =
        paths.iter().map(|path| (path.as_path(), 12.0, starts_at(path), None)).collect();
    let server = Running::start(Shelf::new(&files), ServeSettings::new());
    for (number, (path, _, start, _)) in files.iter().enumerate() {
        browser.open(&format!("http://{}/?v=video-{number}&t=4.5", server.address));
        browser.wait_for(AT_REST);
        let clock = browser.number("document.querySelector('video').currentTime");
        let is_shown = shows_second(&mut browser, 12, 4);
        assert!(is_shown, "{}: begins at {start}, clock {clock}", path.display());
        assert!((browser.number(NOW) - 4.5).abs() < PICTURE_S);
        // Near the end, where some browsers do not come in such a file.
        browser.click_at(".slider", 10.5 / 12.0);
        browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 10.5) < 0.2"));
        assert!(shows_second(&mut browser, 12, 10), "{}", path.display());
    }
    browser.assert_clean(&server.address.to_string());
}

/// What FFmpeg says that the clock shows at the first picture.
fn starts_at(path: &Path) -> f64 {
    let ask = [
        "-v",
        "error",
        "-select_streams",
        "v",
        "-show_entries",
        "packet=pts_time",
        "-of",
        "csv=p=0",
    ];
    let said = std::process::Command::new("ffprobe").args(ask).arg(path).output().unwrap();
    let times = String::from_utf8(said.stdout).unwrap();
    let times = times.lines().filter_map(|line| line.trim_end_matches(',').parse::<f64>().ok());
    times.fold(f64::INFINITY, f64::min)
}

#[test]
fn a_file_that_the_browser_cannot_play_is_played_by_its_proxy() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.mp4");
    films::make(&plain, 12);
    let hevc = folder.path().join("phone.mov");
    let options = [
        "-c:v",
        "libx265",
        "-x265-params",
        "log-level=none",
        "-tag:v",
        "hvc1",
        "-pix_fmt",
        "yuv420p10le",
    ];
    if !films::convert(&plain, &options, &hevc) {
        return not_run("this FFmpeg has no libx265");
    }
    let avi = folder.path().join("old.avi");
    assert!(films::convert(&plain, &["-c:v", "mpeg4", "-q:v", "2"], &avi));
    let kind = Some("video/mp4; codecs=\"hvc1.2.4.L60.90\"");
    let mut shelf = Shelf::new(&[(&hevc, 12.0, 0.0, kind), (&avi, 12.0, 0.0, None)]);
    shelf.moments = vec![
        (SENTENCE, 0, TimeSpan::new(5.0, 6.0), 0.9),
        (SENTENCE, 1, TimeSpan::new(5.0, 6.0), 0.8),
    ];
    let server = Running::start(shelf, ServeSettings::new());
    for video in 0..2 {
        browser
            .open(&format!("http://{}/?q=a+red+square&v=video-{video}&t=5&end=6", server.address));
        browser.wait_for("document.querySelector('video').src.includes('proxy')");
        browser.wait_for(AT_REST);
        assert!(shows_second(&mut browser, 12, 5));
        browser.press(" ", 0);
        browser.wait_for(&format!("{NOW} > 5.3"));
        browser.wait_for(AT_REST);
        assert!((browser.number(NOW) - 6.0).abs() < 2.0 * PICTURE_S);
        // Outside of the proxy another one is made.
        browser.click_at(".slider", 10.5 / 12.0);
        browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 10.5) < 0.2"));
        assert!(shows_second(&mut browser, 12, 10));
        // Who asks for the file itself is told why it is a copy all the same.
        let is_copy = "document.querySelector('.proxy-button').getAttribute('aria-pressed')";
        assert_eq!(browser.text(is_copy), "true");
        browser.click(".proxy-button");
        let said = "document.querySelector('.notice-bar').textContent";
        browser.wait_for(&format!("{said}.includes('cannot play the file itself')"));
        browser.wait_for(AT_REST);
        assert_eq!(browser.text(is_copy), "true");
    }
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn subtitles_are_shown_on_the_clock_of_what_is_played() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let (plain, late) = (folder.path().join("plain.mp4"), folder.path().join("late.mp4"));
    films::make(&plain, 12);
    assert!(films::convert(&plain, &["-c", "copy", "-output_ts_offset", "7.5"], &late));
    let files =
        [(late.as_path(), 12.0, starts_at(&late), None), (plain.as_path(), 12.0, 0.0, None)];
    let server = Running::start(Shelf::new(&files), ServeSettings::new());
    let shown = "[...document.querySelector('video').textTracks].flatMap((t) => [...t.activeCues ?? []]).map((c) => \
        [c.text, c.startTime])";
    browser.open(&format!("http://{}/?v=video-0&t=4.2", server.address));
    browser.wait_for(AT_REST);
    browser.wait_for("document.querySelector('[aria-label=\"Subtitles (C)\"]').checkVisibility()");
    browser.press("c", 0);
    browser.wait_for(&format!("{shown}.length === 1"));
    let start = 4.0 + starts_at(&late);
    assert_eq!(browser.value(shown), serde_json::json!([["now it turns", start]]));
    // A proxy has a clock of its own: it begins two seconds before the place.
    browser.click(".proxy-button");
    browser.wait_for("document.querySelector('video').src.includes('proxy')");
    browser.wait_for(AT_REST);
    browser.wait_for(&format!("{shown}.length === 1 && {shown}[0][1] < 2"));
    // Another video has none.
    browser.open(&format!("http://{}/?v=video-1&t=5", server.address));
    browser.wait_for(AT_REST);
    assert_eq!(browser.value("document.querySelectorAll('track').length"), 0);
    browser.assert_clean(&server.address.to_string());
}
