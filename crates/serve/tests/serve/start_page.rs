//! The start page in a real browser: all videos, those that are gone, and the filters.

use std::path::Path;

use locvtp_serve::{MediaId, ServeSettings};

use crate::browser::browser_or_return;
use crate::page::two_films;
use crate::shelf::{Running, Shelf};

/// Thirty videos, of which the last is gone.
fn thirty_videos(folder: &Path) -> Shelf {
    let mut shelf = two_films(folder);
    for number in 2..30 {
        let mut media = shelf.media[1].clone();
        media.id = MediaId::new(&format!("video-9{number:02}")).unwrap();
        media.is_missing = number == 29;
        shelf.media.push(media);
    }
    let moment = (crate::page::SENTENCE, 29, locvtp_video::TimeSpan::new(1.0, 2.0), 0.99);
    shelf.moments.push(moment);
    shelf
}

#[test]
fn all_videos_can_be_reached_from_the_start_page_by_keyboard() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(thirty_videos(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/", server.address));
    browser.wait_for("document.querySelectorAll('.welcome .tile').length === 12");
    let more = "[...document.querySelectorAll('.welcome button')].at(-1)";
    assert_eq!(browser.text(&format!("{more}.textContent")), "More videos (12 of 30 shown)");
    browser.value(&format!("{more}.focus()"));
    browser.press("Enter", 0);
    browser.wait_for("document.querySelectorAll('.welcome .tile').length === 30");
    // The next key goes on with the first of the new ones.
    browser.wait_for("document.activeElement === document.querySelectorAll('.tile button')[12]");
    assert_eq!(browser.value(&format!("{more}.hidden")), true);
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn nothing_is_asked_of_a_file_that_is_gone() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(thirty_videos(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square", server.address));
    browser.wait_for("document.querySelectorAll('.hit').length === 4");
    browser.wait_for("document.querySelector('.hit .no-picture')");
    let label = "document.querySelector('.open-hit').getAttribute('aria-label')";
    assert!(browser.text(label).ends_with("the file is missing"));
    browser.click(".hit .open-hit");
    browser
        .wait_for("document.querySelector('.notice-bar').textContent.includes('not where it was')");
    browser.wait_for("document.querySelectorAll('.heat-list li').length");
    browser.click_at(".slider", 0.5);
    browser.press(" ", 0);
    // Another one plays after it.
    browser.press("n", 0);
    browser.wait_for("document.querySelector('video').readyState >= 2");
    let asked = |part: &str| format!("video-929/{part}");
    let of_gone = |address: &&String| {
        ["file", "thumbnail", "proxy", "sprites/"].iter().any(|part| address.contains(&asked(part)))
    };
    assert_eq!(browser.requests.iter().find(of_gone), None);
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn words_and_moments_of_a_video_are_chosen_by_chips() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square", server.address));
    let chip = |label: &str| {
        format!("[...document.querySelectorAll('.chip')].find((c) => c.textContent === '{label}')")
    };
    browser.wait_for("document.querySelectorAll('.hit').length === 3");
    browser.value(&format!("{}.focus()", chip("Moments of a video")));
    browser.press("Enter", 0);
    browser.wait_for("document.activeElement.id === 'filter-per'");
    browser.type_text("1");
    browser.press("Enter", 0);
    browser.wait_for("location.search.includes('per=1')");
    // One of each film.
    browser.wait_for("document.querySelectorAll('.hit').length === 2");
    browser.value(&format!("{}.click()", chip("By its words")));
    browser.wait_for("location.search.includes('scores=words')");
    browser.wait_for(&format!("{}.getAttribute('aria-pressed') === 'true'", chip("By its words")));
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn a_phone_shows_the_keys_too() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.look(390, 844, "light");
    browser.open(&format!("http://{}/", server.address));
    browser.click("#open-help");
    browser.wait_for("document.querySelector('#help').open");
    browser.assert_clean(&server.address.to_string());
}
