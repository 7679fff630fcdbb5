//! The page in windows of two widths, in light and dark. Who wants to look at it names a folder with
//! `LOCVTP_SCREENSHOTS`; the pictures are not compared, and what is tested is that nothing is wider than the
//! window.

use crate::browser::Browser;

/// The narrow window is a phone's.
const SIZES: [(&str, u32, u32); 2] = [("wide", 1440, 900), ("narrow", 390, 844)];

/// A view of the page: its name, its address on the server, and what is true when all of it is there.
pub(crate) type View<'a> = (&'a str, String, &'a str);

/// Opens each view in each window.
///
/// # Panics
/// When something is wider than the window, or went wrong in the browser.
pub(crate) fn assert_that_views_fit(browser: &mut Browser, host: &str, views: &[View<'_>]) {
    let shots = std::env::var_os("LOCVTP_SCREENSHOTS").map(std::path::PathBuf::from);
    for (name, address, ready) in views {
        for (size, width, height) in SIZES {
            for scheme in ["light", "dark"] {
                browser.look(width, height, scheme);
                browser.open(&format!("http://{host}{address}"));
                browser.wait_for(ready);
                let pictures = "[...document.images].filter((i) => i.getBoundingClientRect().top < innerHeight && \
                    i.checkVisibility({ contentVisibilityAuto: true })).every((i) => i.complete)";
                browser.wait_for(pictures);
                let over = browser.number("document.documentElement.scrollWidth - innerWidth");
                assert!(over <= 0.0, "{name}, {size}: {over} points too wide");
                if let Some(folder) = &shots {
                    std::fs::create_dir_all(folder).unwrap();
                    browser.screenshot(&folder.join(format!("{name}-{size}-{scheme}.png")));
                }
            }
        }
    }
    browser.assert_clean(host);
}
