//! Pictures of the page for who wants to look at it: into the folder that `LOCVTP_SCREENSHOTS` names. They
//! are not compared; what is tested is that nothing is wider than the window.

use locvtp_serve::ServeSettings;

use crate::browser::Browser;
use crate::not_run::not_run;
use crate::page::two_films;
use crate::shelf::Running;

#[test]
fn the_page_fits_windows_of_all_widths_in_light_and_dark() {
    let Some(mut browser) = Browser::start() else { return not_run("no chromium is installed") };
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = two_films(folder.path());
    shelf.moments.push(("an elephant", 0, locvtp_video::TimeSpan::new(2.0, 4.0), 0.2));
    let server = Running::start(shelf, ServeSettings::new());
    let views = [
        ("start", "/", "document.querySelector('.welcome')"),
        ("hits", "/?q=a+red+square", "document.querySelectorAll('.hit').length === 3"),
        (
            "player",
            "/?q=a+red+square&v=video-0&t=8&end=9.5",
            "document.querySelectorAll('.heat-list li').length && document.querySelector('video').readyState >= 2",
        ),
        ("none", "/?q=an+elephant", "document.querySelector('.verdict.not_found')"),
        ("index", "/?page=index", "document.querySelectorAll('.jobs li').length"),
    ];
    let shots = std::env::var_os("LOCVTP_SCREENSHOTS").map(std::path::PathBuf::from);
    for (name, address, ready) in views {
        for (size, width, height) in [("wide", 1440, 900), ("narrow", 390, 844)] {
            for scheme in ["light", "dark"] {
                browser.look(width, height, scheme);
                browser.open(&format!("http://{}{address}", server.address));
                browser.wait_for(ready);
                let pictures = "[...document.images].filter((i) => i.getBoundingClientRect().top < innerHeight && \
                    i.checkVisibility({ contentVisibilityAuto: true })).every((i) => i.complete)";
                browser.wait_for(pictures);
                let over = browser.number("document.documentElement.scrollWidth - innerWidth");
                assert!(over <= 0.0, "{name}, {size}: {over} points too wide");
                if let Some(folder) = &shots {
                    browser.screenshot(&folder.join(format!("{name}-{size}-{scheme}.png")));
                }
            }
        }
    }
    browser.assert_clean(&server.address.to_string());
}
