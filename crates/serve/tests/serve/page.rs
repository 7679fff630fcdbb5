//! The page in a real browser: what a person does with it.

use std::path::Path;

use locvtp_serve::{ServeSettings, Token};
use locvtp_video::TimeSpan;

use crate::browser::{Browser, browser_or_return};
use crate::films;
use crate::shelf::{OneFilm, Running, Shelf};

pub(crate) const SENTENCE: &str = "a red square";
/// The page is over the files' clock; a picture lasts a tenth of a second.
pub(crate) const PICTURE_S: f64 = 0.1;

/// A sentence with three moments in two films.
pub(crate) fn two_films(folder: &Path) -> Shelf {
    let paths = [folder.join("harbour.mp4"), folder.join("A walk around the lake.mp4")];
    films::make(&paths[0], 30);
    films::make(&paths[1], 12);
    let kind = Some("video/mp4; codecs=\"avc1.640014\"");
    let mut shelf = Shelf::new(&[(&paths[0], 30.0, 0.0, kind), (&paths[1], 12.0, 0.0, None)]);
    shelf.moments = vec![
        (SENTENCE, 0, TimeSpan::new(8.0, 9.5), 0.93),
        (SENTENCE, 0, TimeSpan::new(20.0, 24.0), 0.8),
        (SENTENCE, 1, TimeSpan::new(3.0, 7.0), 0.55),
    ];
    shelf
}

/// Whether the video comes to show this second: the picture may come a little after the clock.
pub(crate) fn shows_second(browser: &mut Browser, of: u32, second: u32) -> bool {
    let began = std::time::Instant::now();
    while shown_second(browser, of) != second {
        if began.elapsed().as_secs() > 20 {
            return false;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    true
}

/// Second that the picture of the video shows, by its colour.
fn shown_second(browser: &mut Browser, of: u32) -> u32 {
    let colour = browser.value(
        "(() => { const v = document.querySelector('video'); const c = document.createElement('canvas'); \
         c.width = 4; c.height = 4; const p = c.getContext('2d'); p.drawImage(v, 0, 0, 4, 4); \
         return [...p.getImageData(1, 1, 1, 1).data].slice(0, 3) })()",
    );
    let far = |second: &u32| -> i64 {
        let of = films::colour(*second);
        (0..3).map(|at| (colour[at].as_i64().unwrap() - i64::from(of[at])).pow(2)).sum()
    };
    (0..of).min_by_key(far).unwrap()
}

pub(crate) const NOW: &str = "document.querySelector('.slider').getAttribute('aria-valuenow') * 1";
pub(crate) const AT_REST: &str = "(() => { const v = document.querySelector('video'); \
    return !document.querySelector('.screen.loading') && v.readyState >= 2 && v.paused && !v.seeking })()";

#[test]
fn a_search_opens_a_moment_plays_it_and_stops_at_its_end() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/", server.address));
    browser.click("#sentence");
    browser.type_text(SENTENCE);
    browser.press("Enter", 0);
    browser.wait_for("document.querySelectorAll('.hit').length === 3");
    assert_eq!(browser.text("document.querySelector('#verdict-word').textContent"), "Found");
    let rate = browser.text("document.querySelector('.rate').textContent");
    assert!(rate.contains("Of 100 sentences") && rate.contains("about 2"), "{rate}");
    assert!(rate.contains("not the chance of being wrong"), "{rate}");
    assert!(browser.text("location.search").contains("q=a+red+square"));

    browser.click(".hit .open-hit");
    browser.wait_for(AT_REST);
    assert!(
        (browser.number("document.querySelector('video').currentTime") - 8.0).abs() < PICTURE_S
    );
    assert!(shows_second(&mut browser, 30, 8));
    // Nothing plays by itself.
    assert_eq!(browser.value("document.querySelector('video').paused"), true);

    browser.press(" ", 0);
    browser.wait_for("!document.querySelector('video').paused");
    browser.wait_for("document.querySelector('video').currentTime > 8.3");
    browser.wait_for(AT_REST);
    let end = browser.number("document.querySelector('video').currentTime");
    assert!((end - 9.5).abs() < 2.0 * PICTURE_S, "stopped at {end}");
    browser.wait_for(
        "document.querySelector('.notice-bar').textContent.includes('end of the moment')",
    );
    // The same key goes on.
    browser.press(" ", 0);
    browser.wait_for("document.querySelector('video').currentTime > 9.9");
    browser.press("k", 0);
    browser.wait_for(AT_REST);
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn the_strip_and_the_keys_move_the_player() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square&v=video-0&t=8&end=9.5", server.address));
    browser.wait_for(AT_REST);
    browser.wait_for("document.querySelectorAll('.heat-list li').length === 15");
    assert_eq!(browser.number("document.querySelectorAll('.mark').length"), 2.0);

    browser.click_at(".slider", 0.715);
    browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 21.45) < 0.3"));
    assert!(shows_second(&mut browser, 30, 21));
    // The best clip of the file is the one of the strongest moment.
    browser.click(".heat-details summary");
    browser.click(".heat-list li:nth-child(5) button");
    browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 8) < 0.2"));

    browser.value("document.querySelector('.slider').focus()");
    let mut at = 8.0;
    for (key, modifiers, by) in [
        ("ArrowRight", 0, 10.0),
        ("ArrowLeft", 8, -5.0),
        ("ArrowLeft", 0, -10.0),
        ("ArrowRight", 2, 60.0),
    ] {
        at = f64::clamp(at + by, 0.0, 30.0);
        browser.press(key, modifiers);
        browser.wait_for(&format!("Math.abs({NOW} - {at}) < 0.2"));
    }
    browser.press("n", 0);
    browser.wait_for("document.querySelector('.hit.open')");
    browser.wait_for(&format!("{AT_REST} && [3, 8, 20].some((at) => Math.abs({NOW} - at) < 0.2)"));
    browser.wait_for(AT_REST);
    let before = browser.number("document.querySelector('video').currentTime");
    browser.press(".", 0);
    browser.wait_for(AT_REST);
    browser.wait_for(&format!("document.querySelector('video').currentTime > {before} + 0.05"));
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn an_address_opens_query_file_and_time_and_the_back_button_returns() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square&v=video-1&t=3&end=7", server.address));
    browser.wait_for(AT_REST);
    assert_eq!(browser.text("document.querySelector('#sentence').value"), SENTENCE);
    assert!((browser.number(NOW) - 3.0).abs() < PICTURE_S);
    assert!(shows_second(&mut browser, 12, 3));
    assert_eq!(browser.number("document.querySelectorAll('.hit').length"), 3.0);
    assert_eq!(
        browser.text("document.querySelector('.hit.open .name').textContent"),
        "A walk around the lake.mp4"
    );

    browser.click(".hit .open-hit");
    browser.wait_for("location.search.includes('v=video-0')");
    browser.wait_for(AT_REST);
    browser.value("history.back()");
    browser.wait_for("location.search.includes('v=video-1')");
    browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 3) < 0.2"));
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn what_is_not_there_is_said_and_the_nearest_are_kept_back() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = two_films(folder.path());
    shelf.moments.push(("an elephant", 0, TimeSpan::new(2.0, 4.0), 0.2));
    shelf.warnings.push("`locvtp index add` says more.".into());
    let server = Running::start(shelf, ServeSettings::new());
    browser.open(&format!("http://{}/?q=an+elephant", server.address));
    browser.wait_for("document.querySelector('.verdict.nothing_stands_out')");
    let code = browser.text("document.querySelector('.warning code').textContent");
    assert_eq!(code, "locvtp index add");
    let more = browser.text("document.querySelector('.more').textContent");
    assert!(more.contains("also in 1 other video"), "{more}");
    assert_eq!(
        browser.text("document.querySelector('#verdict-word').textContent"),
        "Nothing stands out"
    );
    assert_eq!(browser.value("document.querySelector('.nearest').open"), false);
    let rate = browser.text("document.querySelector('.rate').textContent");
    assert!(rate.ends_with("It may be there all the same."), "{rate}");
    // A guess looks like none of the hits, for eyes and for ears, in the list and over the strip.
    browser.click(".nearest summary");
    assert_eq!(browser.text("document.querySelector('.hit .tag.guess').textContent"), "guess");
    let label = browser.text("document.querySelector('.open-hit').getAttribute('aria-label')");
    assert!(
        label.starts_with("Guess 1: ") && label.ends_with(", seen, guess, false alarms 80 %"),
        "{label}"
    );
    assert_eq!(
        browser.text("document.querySelector('.hit-rate').textContent"),
        "false alarms: 80 %"
    );
    assert_eq!(
        browser.text("getComputedStyle(document.querySelector('.hit')).borderStyle"),
        "dashed"
    );
    browser.click(".hit .open-hit");
    browser.wait_for(AT_REST);
    browser.wait_for("document.querySelector('.mark.guess')");
    browser.press("e", 0);
    browser.wait_for("document.querySelector('#export').open");
    let choices = browser.text("document.querySelector('#export fieldset').textContent");
    assert!(
        choices.contains("no more than guesses") && choices.contains("This guess"),
        "{choices}"
    );
    browser.press("Escape", 0);

    // What nearly every other sentence beats is said not to be there.
    browser.open(&format!("http://{}/?q=a+whale", server.address));
    browser.wait_for("document.querySelector('.verdict.not_in_these_videos')");
    assert_eq!(
        browser.text("document.querySelector('#verdict-word').textContent"),
        "Not in these videos"
    );
    browser.open(&format!("http://{}/?q=a+red+square", server.address));
    browser.wait_for("document.querySelectorAll('.hit').length === 3");
    let sure = browser.value(
        "[...document.querySelectorAll('.hit .tag:nth-child(2)')].map((e) => e.textContent)",
    );
    assert_eq!(sure, serde_json::json!(["found", "found", "maybe"]));
    browser.open(&format!("http://{}/?q=an+elephant", server.address));
    browser.wait_for("document.querySelector('.verdict.nothing_stands_out')");
    assert!(
        browser
            .text("document.querySelector('#status').textContent")
            .starts_with("Nothing stands out")
    );
    assert!(
        browser
            .text("document.querySelector('.distribution').getAttribute('aria-label')")
            .contains("as high as what counts as found")
    );
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn a_video_that_the_address_names_and_is_not_there_can_be_closed() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square&v=nobody&t=3", server.address));
    browser.wait_for("document.querySelector('#player .notice.bad')");
    browser.click("#player .icon-button");
    browser.wait_for("document.querySelector('#player').hidden && !location.search.includes('v=')");
    assert_eq!(browser.number("document.querySelectorAll('.hit').length"), 3.0);
}

#[test]
fn filters_are_chips_that_stand_in_the_address() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square", server.address));
    browser.click(".chip[aria-expanded]");
    browser.wait_for("document.activeElement.id === 'filter-in'");
    browser.type_text("films");
    browser.press("Enter", 0);
    browser.wait_for("location.search.includes('in=films')");
    browser.wait_for("document.querySelector('.chip.set b').textContent === 'films'");
    browser.click(".chip-remove");
    browser.wait_for("!location.search.includes('in=')");
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn moments_are_exported_as_a_file() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = two_films(folder.path());
    let (name, reason) = ("gone.mp4".into(), "it is not where it was".into());
    shelf.left_out.push(locvtp_serve::LeftOut { name, reason });
    let server = Running::start(shelf, ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square&v=video-0&t=8&end=9.5", server.address));
    browser.wait_for(AT_REST);
    browser.press("e", 0);
    browser.wait_for("document.querySelector('#export').open");
    browser.click(".formats button");
    browser.wait_for("document.querySelector('#export .hint').textContent.startsWith('Saved')");
    let saved = browser.downloads().join("moments__of__today.csv");
    // The browser makes an empty file first.
    while std::fs::read(&saved).map_or(true, |table| table.is_empty()) {
        browser.wait_for("true");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let rows = std::fs::read_to_string(saved).unwrap();
    assert_eq!(rows.lines().count(), 3);
    assert!(rows.starts_with("video-0,8,9.5,a red square"), "{rows}");
    // What is not in it stands beside, and what the index refuses is shown in its words.
    let not_in_it = browser.text("document.querySelector('#export .left-out').textContent");
    assert!(not_in_it.contains("gone.mp4: it is not where it was"), "{not_in_it}");
    browser.errors.clear();
    browser.click(".formats button:nth-child(3)");
    browser.wait_for("document.querySelector('#export .hint').textContent.includes('OTIO')");
}

#[test]
fn everything_can_be_done_by_keyboard_and_letters_can_be_switched_off() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/", server.address));
    browser.press("/", 0);
    browser.wait_for("document.activeElement.id === 'sentence'");
    browser.type_text(SENTENCE);
    // A letter that is a key elsewhere is a letter here.
    browser.press("n", 0);
    assert_eq!(browser.text("document.querySelector('#sentence').value"), "a red squaren");
    browser.value("document.querySelector('#sentence').value = 'a red square'");
    browser.press("Enter", 0);
    browser.wait_for("document.querySelectorAll('.hit').length === 3");
    for _ in 0..40 {
        if browser.value("document.activeElement.classList.contains('open-hit')") == true {
            break;
        }
        browser.press("Tab", 0);
    }
    browser.press("Enter", 0);
    browser.wait_for(AT_REST);
    browser.press(" ", 0);
    browser.wait_for("!document.querySelector('video').paused");
    browser.press("k", 0);
    browser.wait_for(AT_REST);

    browser.press("?", 8);
    browser.wait_for("document.querySelector('#help').open");
    browser.click("#letters");
    browser.press("Escape", 0);
    browser.wait_for("!document.querySelector('#help').open");
    browser.press("e", 0);
    browser.press("ArrowLeft", 0);
    browser.wait_for(&format!("{NOW} < 1"));
    assert_eq!(browser.value("document.querySelector('#export').open"), false);

    // Every control has a name, and nothing is reached by the pointer alone.
    let nameless = browser.value(
        "[...document.querySelectorAll('button, a, input, [role=slider]')].filter((e) => e.offsetParent !== null && \
         !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).map((e) => e.outerHTML)",
    );
    assert_eq!(nameless, serde_json::json!([]));
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn the_page_asks_for_the_token_and_keeps_it_in_its_tab() {
    let mut browser = browser_or_return!();
    let mut settings = ServeSettings::new();
    settings.token = Some(Token::new("a-token-of-this-test").unwrap());
    let film = OneFilm::with(settings, |_| {});
    let host = film.server.address.to_string();
    let address = format!("http://{host}/?q=a+red+square&v=video-0&t=4&end=7");
    browser.call("Page.navigate", serde_json::json!({ "url": address }));
    browser.wait_for("document.querySelector('#token').open");
    browser.type_text("a-wrong-token-at-first");
    browser.press("Enter", 0);
    browser
        .wait_for("document.querySelector('#token .hint').textContent.includes('not the token')");
    browser.value("document.querySelector('#token-field').value = ''");
    browser.type_text("a-token-of-this-test");
    browser.press("Enter", 0);
    browser.wait_for(AT_REST);
    // That the browser notes the refused requests is no fault of the page.
    assert!(browser.errors.iter().all(|error| error.contains("401")), "{:?}", browser.errors);
    browser.errors.clear();
    browser.open(&address);
    browser.wait_for(AT_REST);
    assert_eq!(browser.value("document.querySelector('#token').open"), false);
    assert_eq!(browser.value("localStorage.getItem('locvtp-token')"), serde_json::Value::Null);
    browser.assert_clean(&host);
}

#[test]
fn the_index_shows_its_work_and_its_bad_files() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = two_films(folder.path());
    shelf.media[1].note = Some("cut short: ends at 12 s of 60 s".into());
    let server = Running::start(shelf, ServeSettings::new());
    browser.open(&format!("http://{}/", server.address));
    browser.click("nav [data-view=index]");
    browser.wait_for("document.querySelectorAll('.jobs li').length === 3");
    browser.wait_for("document.querySelectorAll('#view-index .tile').length === 2");
    let notes = browser.text(
        "[...document.querySelectorAll('#view-index .tile .note')].map((it) => it.textContent).join('|')",
    );
    assert_eq!(notes, "cut short: ends at 12 s of 60 s");
    assert!(
        browser
            .text("document.querySelector('.bad-files').textContent")
            .contains("ends in the middle")
    );
    browser.click("#view-index .tile button");
    browser.wait_for("location.search.includes('v=video-0')");
    browser.wait_for(AT_REST);
    browser.assert_clean(&server.address.to_string());
}
