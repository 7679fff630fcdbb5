//! The page when something is missing, much, or wrong, in a real browser.

use locvtp_serve::{MediaId, ServeSettings};
use locvtp_video::TimeSpan;
use serde_json::json;

use crate::browser::browser_or_return;
use crate::page::{AT_REST, NOW, SENTENCE, two_films};
use crate::shelf::{OneFilm, Running, Shelf};

const NUM_HITS: &str = "document.querySelectorAll('.hit').length";

/// Two films and, in the first, so many more moments of a sentence, each weaker than the one before.
fn with_many_moments(folder: &std::path::Path, num: usize) -> Shelf {
    let mut shelf = two_films(folder);
    shelf.moments.clear();
    for place in 0..num {
        let start = place as f64 * 0.2;
        let score = 0.9 - place as f32 * 0.25 / num as f32;
        shelf.moments.push((SENTENCE, 0, TimeSpan::new(start, start + 0.2), score));
    }
    shelf
}

#[test]
fn more_moments_come_below_those_that_are_shown_and_the_address_keeps_how_many() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(with_many_moments(folder.path(), 120), ServeSettings::new());
    let address = format!("http://{}/?q=a+red+square&per=1000", server.address);
    browser.open(&address);
    browser.wait_for(&format!("{NUM_HITS} === 50"));
    let words = browser.text("document.querySelector('.more p').textContent");
    assert!(
        words.starts_with("Not shown: moments that stand out less or come after these"),
        "{words}"
    );
    browser.click(".more button");
    browser.wait_for(&format!("{NUM_HITS} === 100"));
    browser.wait_for("document.activeElement === document.querySelectorAll('.open-hit')[50]");
    browser.wait_for("location.search.includes('top=100')");
    browser.click(".more button");
    browser.wait_for(&format!("{NUM_HITS} === 120"));
    browser.open(&format!("{address}&top=100"));
    browser.wait_for(&format!("{NUM_HITS} === 100"));
    // Another question begins with as many as ever.
    browser.press("/", 0);
    browser.press("Enter", 0);
    browser.wait_for(&format!("{NUM_HITS} === 50 && !location.search.includes('top=')"));
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn guesses_are_shown_beside_moments_when_they_are_asked_for() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = two_films(folder.path());
    shelf.moments.push((SENTENCE, 1, TimeSpan::new(9.0, 10.0), 0.2));
    shelf.moments.push(("an elephant", 0, TimeSpan::new(2.0, 4.0), 0.2));
    let server = Running::start(shelf, ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square", server.address));
    browser.wait_for(&format!("{NUM_HITS} === 3"));
    // The headline counts no moment as surer than it is.
    let many = "document.querySelector('.many').textContent";
    assert_eq!(browser.text(many), "2 found, 1 maybe in 2 videos");
    let button = "[...document.querySelectorAll('.more button')].find((b) => b.textContent === 'Show guesses, too')";
    browser.value(&format!("{button}.click()"));
    browser.wait_for(&format!("{NUM_HITS} === 4 && location.search.includes('all=1')"));
    assert_eq!(browser.text(many), "2 found, 1 maybe, 1 guess in 2 videos");
    assert_eq!(
        browser.text("document.querySelector('.hit:last-child .tag.guess').textContent"),
        "guess"
    );
    let chip = "[...document.querySelectorAll('.chip')].find((c) => c.textContent === 'Guesses')";
    assert_eq!(browser.text(&format!("{chip}.getAttribute('aria-pressed')")), "true");
    browser.value(&format!("{chip}.click()"));
    browser.wait_for(&format!("{NUM_HITS} === 3 && !location.search.includes('all=1')"));
    // Where nothing stands out, guesses that were asked for are no longer kept back.
    browser.open(&format!("http://{}/?q=an+elephant&all=1", server.address));
    browser.wait_for("document.querySelector('.verdict.nothing_stands_out')");
    assert_eq!(browser.value("document.querySelector('.nearest')"), json!(null));
    assert_eq!(browser.value("document.querySelector('.hit').checkVisibility()"), true);
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn on_a_phone_the_player_stands_below_the_edge_when_a_moment_is_opened() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = two_films(folder.path());
    // A list that is longer than the window.
    let further =
        (0..12).map(|at| (SENTENCE, 1, TimeSpan::new(f64::from(at), f64::from(at) + 0.5), 0.5));
    shelf.moments.extend(further);
    let server = Running::start(shelf, ServeSettings::new());
    browser.look(390, 844, "light");
    browser.open(&format!("http://{}/?q=a+red+square", server.address));
    browser.wait_for("document.querySelectorAll('.hit').length === 5");
    browser.click(".hit:nth-child(2) .open-hit");
    browser.wait_for(AT_REST);
    browser.wait_for("document.querySelectorAll('.heat-list li').length > 0");
    let top = browser.number("document.getElementById('player').getBoundingClientRect().top");
    assert!((0.0..=16.0).contains(&top), "{top}");
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn a_server_that_ends_is_said_to_and_so_is_a_file_that_goes_while_it_is_shown() {
    let mut browser = browser_or_return!();
    let mut film = OneFilm::start();
    let address = film.server.address;
    browser.open(&format!("http://{address}/?q=a+red+square&v=video-0&t=4&end=7"));
    browser.wait_for(AT_REST);
    std::fs::rename(&film.path, film.path.with_extension("away")).unwrap();
    // Nothing of it is kept by the browser.
    browser.call("Network.clearBrowserCache", json!({}));
    browser.call("Network.setCacheDisabled", json!({ "cacheDisabled": true }));
    browser.open(&format!("http://{address}/?q=a+red+square&v=video-0&t=4&end=7"));
    let notice = "document.querySelector('.notice-bar').textContent";
    browser.wait_for(&format!("{notice}.includes('not where it was when it was indexed.')"));
    // What cannot be played is not said to play.
    browser.press(" ", 0);
    assert_eq!(browser.value("document.querySelector('video').paused"), true);
    let button = "document.querySelector('.controls .play').getAttribute('aria-label')";
    assert_eq!(browser.text(button), "Play");
    std::fs::rename(film.path.with_extension("away"), &film.path).unwrap();
    browser.click(".notice-bar button");
    browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 4) < 0.2"));

    film.server.stop();
    browser.click("#sentence");
    browser.press("Enter", 0);
    browser.wait_for("document.querySelector('#results .notice.bad p').textContent.startsWith('The server does not answer.')");
    assert_eq!(
        browser.text("document.querySelector('#results h1').textContent"),
        "The search did not work"
    );
    browser.value("document.querySelector('nav [data-view=index]').click()");
    browser.wait_for("document.querySelector('#view-index [role=alert] .notice.bad')");
    browser.wait_for("[...document.querySelectorAll('.videos .notice.bad')].length === 1");
    browser.value("document.querySelector('.brand').click()");
    browser.wait_for(
        "document.querySelector('#results h1').textContent === 'The index does not answer'",
    );
}

#[test]
fn an_address_that_was_cut_or_mistyped_opens_what_can_be_opened() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    let host = format!("http://{}", server.address);
    // Behind the end of the video, and before its beginning.
    browser.open(&format!("{host}/?v=video-1&t=9999"));
    browser.wait_for(&format!("{AT_REST} && Math.abs({NOW} - 12) < 0.2"));
    browser.open(&format!("{host}/?v=video-1&t=-5&end=x&top=y&all=z&page=none"));
    browser.wait_for(&format!("{AT_REST} && {NOW} < 0.1"));
    assert!(browser.errors.is_empty(), "{:?}", browser.errors);
    // What cannot be asked is not asked again, and the way out is a button.
    browser.open(&format!("{host}/?q=a+red+square&after=yesterday"));
    browser.wait_for(
        "document.querySelector('#results h1').textContent === 'This cannot be searched'",
    );
    browser.click("#results .notice button");
    browser.wait_for(&format!("{NUM_HITS} === 3 && !location.search.includes('after')"));
}

#[test]
fn one_of_ten_thousand_videos_is_found_by_a_piece_of_its_name() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = two_films(folder.path());
    for number in 2..10_000 {
        let mut media = shelf.media[1].clone();
        media.id = MediaId::new(&format!("video-9{number:05}")).unwrap();
        media.name = format!("IMG_{number:05}.MOV");
        shelf.media.push(media);
    }
    let long = format!("{} part 12.mp4", "A very long name of a recording ".repeat(7));
    shelf.media[9_000].name = long.clone();
    let server = Running::start(shelf, ServeSettings::new());
    browser.open(&format!("http://{}/?page=index", server.address));
    browser.wait_for("document.querySelectorAll('.tile').length === 60");
    assert_eq!(browser.text("document.title"), "Index – moments");
    browser.click("#video-name");
    browser.type_text("img_0777");
    browser.wait_for("document.querySelectorAll('.tile').length === 10");
    browser.wait_for("document.querySelector('#status').textContent === '10 videos'");
    browser.value("document.querySelector('#video-name').value = ''");
    browser.type_text("part 12");
    browser.wait_for("document.querySelectorAll('.tile').length === 1");
    assert_eq!(browser.text("document.querySelector('.tile .name').textContent"), long);
    browser.value("document.querySelector('#video-name').value = ''");
    browser.type_text("no such name");
    browser.wait_for(
        "document.querySelector('.videos .quiet-text').textContent.startsWith('No video has this')",
    );
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn the_same_question_is_asked_again_and_the_focus_comes_back_from_the_player() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square", server.address));
    browser.wait_for(&format!("{NUM_HITS} === 3"));
    let asked = |browser: &mut crate::browser::Browser| {
        browser.value("0");
        browser.requests.iter().filter(|address| address.ends_with("/search")).count()
    };
    let before = asked(&mut browser);
    let steps = browser.number("history.length");
    browser.click("#sentence");
    browser.press("Enter", 0);
    browser.wait_for(&format!("{NUM_HITS} === 3"));
    while asked(&mut browser) == before {}
    // Not another step back to the same address.
    assert_eq!(browser.number("history.length"), steps);

    browser.press("Tab", 0);
    browser.press("2", 0);
    browser.wait_for("document.querySelector('.hit.open').dataset.hit === '1'");
    browser.wait_for(AT_REST);
    assert_eq!(browser.text("document.title"), "harbour.mp4 – a red square – moments");
    browser.click("[aria-label='Close the player']");
    browser.wait_for("document.activeElement === document.querySelectorAll('.open-hit')[1]");
    assert_eq!(browser.text("document.title"), "a red square – moments");
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn the_back_button_takes_a_picture_out_of_the_question_and_a_reload_says_that_it_is_lost() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?q=a+red+square", server.address));
    browser.wait_for(&format!("{NUM_HITS} === 3"));
    browser.value(
        "(() => { const to = new DataTransfer(); to.items.add(new File([new Uint8Array([255, 216, 255])], 'dog.jpg')); \
         const field = document.querySelector('input[type=file]'); field.files = to.files; \
         field.dispatchEvent(new Event('change')) })()",
    );
    let chip =
        "[...document.querySelectorAll('.chip.set b')].some((b) => b.textContent === 'dog.jpg')";
    browser.wait_for(chip);
    browser.value("history.back()");
    browser.wait_for(&format!("!{chip}"));
    browser.value("history.forward()");
    browser.wait_for(chip);
    browser.call("Page.reload", json!({}));
    browser.wait_for("document.querySelector('.warning')?.textContent.startsWith('The picture of this search was not kept')");
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn a_picture_that_is_too_large_for_the_server_is_sent_smaller() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    for (width, height, came_as) in [(50, 40, "a PNG"), (5000, 4000, "a JPEG")] {
        browser.open(&format!("http://{}/?q=what+is+this+picture", server.address));
        browser.wait_for("document.querySelector('input[type=file]') !== null");
        browser.value(&format!(
            "(() => {{ const canvas = document.createElement('canvas'); \
             [canvas.width, canvas.height] = [{width}, {height}]; canvas.toBlob((blob) => {{ \
             const to = new DataTransfer(); to.items.add(new File([blob], 'dog.png')); \
             const field = document.querySelector('input[type=file]'); field.files = to.files; \
             field.dispatchEvent(new Event('change')); }}); }})()"
        ));
        browser.wait_for(&format!(
            "document.querySelector('.warning')?.textContent.includes('It came as {came_as}.')"
        ));
    }
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn an_empty_index_says_what_to_type() {
    let mut browser = browser_or_return!();
    let server = Running::start(Shelf::new(&[]), ServeSettings::new());
    browser.open(&format!("http://{}/", server.address));
    browser.wait_for(
        "document.querySelector('.welcome code').textContent === 'locvtp index add FOLDER'",
    );
    browser.open(&format!("http://{}/?page=index", server.address));
    browser.wait_for(
        "document.querySelector('.videos code').textContent === 'locvtp index add FOLDER'",
    );
    browser.assert_clean(&server.address.to_string());
}

#[test]
fn a_video_without_subtitles_says_so() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(two_films(folder.path()), ServeSettings::new());
    browser.open(&format!("http://{}/?v=video-1&t=3", server.address));
    browser.wait_for(AT_REST);
    browser.press("c", 0);
    browser.wait_for(
        "document.querySelector('#status').textContent === 'This video has no subtitles'",
    );
    browser.assert_clean(&server.address.to_string());
}
