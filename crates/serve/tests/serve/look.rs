//! The page in windows of all widths.

use locvtp_serve::ServeSettings;

use crate::browser::browser_or_return;
use crate::page::two_films;
use crate::shelf::Running;
use crate::windows::assert_that_views_fit;

#[test]
fn the_page_fits_windows_of_all_widths_in_light_and_dark() {
    let mut browser = browser_or_return!();
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = two_films(folder.path());
    shelf.moments.push(("an elephant", 0, locvtp_video::TimeSpan::new(2.0, 4.0), 0.2));
    let mut gone = shelf.media[1].clone();
    gone.id = locvtp_serve::MediaId::new("video-2").unwrap();
    gone.is_missing = true;
    shelf.media.push(gone);
    let server = Running::start(shelf, ServeSettings::new());
    let views = [
        ("start", "/".into(), "document.querySelector('.welcome .tile')"),
        ("hits", "/?q=a+red+square".into(), "document.querySelectorAll('.hit').length === 3"),
        (
            "filters",
            "/?q=a+red+square&per=2&scores=words".into(),
            "document.querySelectorAll('.chip.set').length === 2",
        ),
        (
            "player",
            "/?q=a+red+square&v=video-0&t=8&end=9.5".into(),
            "document.querySelectorAll('.heat-list li').length && document.querySelector('video').readyState >= 2",
        ),
        (
            "gone",
            "/?q=a+red+square&v=video-2&t=8&end=9.5".into(),
            "document.querySelector('.notice-bar').textContent.includes('not where it was')",
        ),
        (
            "guesses",
            "/?q=an+elephant&v=video-0&t=2&end=4".into(),
            "document.querySelector('.verdict.nothing_stands_out') && document.querySelector('.mark.guess') && \
             (document.querySelector('.nearest').open = true)",
        ),
        ("none", "/?q=a+whale".into(), "document.querySelector('.verdict.not_in_these_videos')"),
        ("index", "/?page=index".into(), "document.querySelectorAll('.jobs li').length"),
    ];
    assert_that_views_fit(&mut browser, &server.address.to_string(), &views);
}
