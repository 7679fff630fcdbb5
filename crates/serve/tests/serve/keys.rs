//! The keys of the page in a real browser.

use locvtp_serve::ServeSettings;
use locvtp_video::TimeSpan;
use serde_json::json;

use crate::browser::{Browser, browser_or_return};
use crate::films;
use crate::not_run::not_run;
use crate::page::{AT_REST, NOW, SENTENCE, two_films};
use crate::shelf::{Running, Shelf};

/// The place in the list of the moment whose button has the focus; -1 where none has.
const FOCUSED: &str = "[...document.querySelectorAll('.open-hit')].indexOf(document.activeElement)";
const OPEN: &str = "(document.querySelector('.hit.open')?.dataset.hit ?? 'none')";

fn opens(browser: &mut Browser, place: &str) {
    browser.wait_for(&format!("{OPEN} === '{place}'"));
    browser.wait_for(AT_REST);
}

#[test]
fn the_list_is_walked_with_arrows_and_a_moment_is_opened_by_enter_or_its_number() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square", server.address));
    browser.wait_for("document.querySelectorAll('.hit').length === 3");
    for (key, place) in
        [("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", 0), ("ArrowDown", 1)]
    {
        browser.press(key, 0);
        assert_eq!(browser.number(FOCUSED), f64::from(place), "{key}");
    }
    // The focus can be seen.
    assert_eq!(browser.text("getComputedStyle(document.activeElement).outlineStyle"), "solid");
    browser.press("Enter", 0);
    opens(&mut browser, "1");
    // From the one that is open on, and no further than the last.
    for place in [2, 2] {
        browser.press("ArrowDown", 0);
        assert_eq!(browser.number(FOCUSED), f64::from(place));
    }
    browser.press("Enter", 0);
    opens(&mut browser, "2");
    browser.press("1", 0);
    opens(&mut browser, "0");
    browser.press("3", 0);
    opens(&mut browser, "2");
    // A number that none has is told.
    browser.press("7", 0);
    browser
        .wait_for("document.querySelector('#status').textContent === 'There are 3 moments only'");
    assert_eq!(browser.text(OPEN), "2");
    // With the focus on the name of the video, Enter plays as space does.
    browser.press("Enter", 0);
    browser.wait_for("!document.querySelector('video').paused");
    browser.press("Enter", 0);
    browser.wait_for(AT_REST);
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn a_moment_is_repeated_until_it_is_switched_off_and_so_is_a_range() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square&v=video-0&t=8&end=9.5", server.address));
    browser.wait_for(AT_REST);
    let button = "document.querySelector('[aria-label=\"Repeat (B)\"]')";
    let pressed = format!("{button}.getAttribute('aria-pressed')");
    assert_eq!(browser.text(&pressed), "false");
    // Every time that the clock goes back is counted.
    browser.value(
        "(() => { window.backs = []; let last = 0; document.querySelector('video').addEventListener('seeked', (e) => \
         { const now = e.target.currentTime; if (now < last - 0.3) backs.push(now); last = now; }); \
         document.querySelector('video').addEventListener('timeupdate', (e) => { last = Math.max(last, e.target.currentTime) }) })()",
    );
    browser.press("b", 0);
    browser.wait_for(&format!("{pressed} === 'true'"));
    browser.wait_for("backs.length >= 2");
    assert_eq!(browser.value("document.querySelector('video').paused"), false);
    let backs = browser.value("backs");
    for back in backs.as_array().unwrap() {
        // It plays on until the page hears of it.
        assert!((7.9..9.0).contains(&back.as_f64().unwrap()), "{backs}");
    }
    // Switched off, it stops at the end of the moment.
    browser.press("b", 0);
    browser.wait_for(&format!("{pressed} === 'false'"));
    browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 9.5) < 0.2"));

    // A range of one's own comes before the moment; another moment takes the place of the one before.
    browser.press("b", 0);
    browser.wait_for(&format!("{pressed} === 'true'"));
    browser.press("k", 0);
    browser.wait_for(AT_REST);
    browser.click_at(".slider", 0.5);
    browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 15) < 0.2"));
    browser.press("i", 0);
    browser.click_at(".slider", 16.0 / 30.0);
    browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 16) < 0.2"));
    browser.press("o", 0);
    browser.value("backs.length = 0");
    browser.press(" ", 0);
    browser.wait_for("backs.length >= 1 && backs[0] > 14.8 && backs[0] < 15.8");
    browser.press("k", 0);
    browser.wait_for(AT_REST);
    browser.click("[aria-label='Clear the range']");
    browser.wait_for("document.querySelector('.range').hidden");
    browser.press("n", 0);
    browser.wait_for(&format!("{AT_REST} && {OPEN} === '1'"));
    assert_eq!(browser.text(&pressed), "true");
    browser.value("backs.length = 0");
    browser.press(" ", 0);
    browser.wait_for("backs.length >= 1 && backs[0] > 19.8 && backs[0] < 20.8");
    // The button does what the key does.
    browser.click("[aria-label='Repeat (B)']");
    browser.wait_for(&format!("{pressed} === 'false'"));
    browser.press("k", 0);
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn a_moment_at_the_end_of_its_file_and_one_of_a_copy_are_repeated_too() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let (plain, old) = (folder.path().join("plain.mp4"), folder.path().join("old.avi"));
    films::make(&plain, 12);
    if !films::convert(&plain, &["-c:v", "mpeg4", "-q:v", "2"], &old) {
        return not_run("this FFmpeg writes no AVI");
    }
    let mut shelf = Shelf::new(&[(&plain, 12.0, 0.0, None), (&old, 12.0, 0.0, None)]);
    shelf.moments = vec![
        (SENTENCE, 0, TimeSpan::new(11.0, 12.0), 0.9),
        (SENTENCE, 1, TimeSpan::new(5.0, 6.0), 0.8),
    ];
    let server = Running::start(shelf, ServeSettings::new());
    for (video, start, end) in [(0, 11, 12), (1, 5, 6)] {
        browser.open(&format!(
            "http://{}/?q=a+red+square&v=video-{video}&t={start}&end={end}",
            server.address
        ));
        browser.wait_for(AT_REST);
        // By the clock of the page: a copy has a clock of its own.
        browser.value(&format!(
            "(() => {{ window.times = []; new MutationObserver(() => times.push({NOW})).observe(\
             document.querySelector('.slider'), {{ attributeFilter: ['aria-valuenow'] }}) }})()"
        ));
        browser.press("b", 0);
        let back = "times.filter((time, place) => place > 0 && time < times[place - 1] - 0.5)";
        browser.wait_for(&format!("{back}.length >= 2"));
        let backs = browser.value(back);
        for back in backs.as_array().unwrap() {
            assert!((back.as_f64().unwrap() - f64::from(start)).abs() < 0.15, "{video}: {backs}");
        }
        browser.press("b", 0);
        browser.press("k", 0);
    }
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn no_key_does_anything_where_one_types_and_the_help_lists_them_all() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square&v=video-0&t=8&end=9.5", server.address));
    browser.wait_for(AT_REST);
    browser.click("#sentence");
    browser.value("document.querySelector('#sentence').value = ''");
    let before = browser.text("location.search");
    let typed = "jkl,.ionrbemcf/?123456789";
    for sign in typed.chars() {
        browser.press(&sign.to_string(), 0);
    }
    for key in ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", " "] {
        browser.press(key, 0);
    }
    let field = browser.text("document.querySelector('#sentence').value");
    assert_eq!(field.replace(' ', ""), typed);
    assert_eq!(browser.text("location.search"), before);
    assert_eq!(browser.value("document.querySelector('dialog[open]')"), json!(null));
    assert_eq!(browser.value("document.querySelector('video').paused"), true);

    // Each sign that is a key stands in the help.
    browser.value("document.querySelector('#player-title').focus()");
    browser.press("?", 8);
    browser.wait_for("document.querySelector('#help').open");
    let shown =
        browser.value("[...document.querySelectorAll('#help kbd')].map((k) => k.textContent)");
    let shown: Vec<&str> = shown.as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    for sign in typed.chars().filter(|sign| !sign.is_ascii_digit()) {
        let key = sign.to_uppercase().to_string();
        assert!(shown.contains(&key.as_str()), "{key}: {shown:?}");
    }
    for key in ["Space", "Enter", "↑", "↓", "←", "→", "1", "9", "Shift+N", "Shift+↑"] {
        assert!(shown.contains(&key), "{key}: {shown:?}");
    }
    browser.press("Escape", 0);
    browser.wait_for("!document.querySelector('#help').open");
    // Louder and softer.
    let volume = "document.querySelector('video').volume";
    browser.press("ArrowDown", 8);
    browser.wait_for(&format!("Math.abs({volume} - 0.9) < 0.01"));
    browser.press("ArrowUp", 8);
    browser.wait_for(&format!("{volume} === 1"));
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn a_slider_takes_the_keys_of_sliders() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square&v=video-0&t=8&end=9.5", server.address));
    browser.wait_for(AT_REST);
    browser.value("document.querySelector('.slider').focus()");
    for (key, at) in [("ArrowUp", 18), ("ArrowDown", 8), ("End", 30), ("Home", 0)] {
        browser.press(key, 0);
        browser.wait_for(&format!("Math.abs({NOW} - {at}) < 0.2"));
    }
    browser.assert_clean(&server.address.to_string());
}
