//! The page in windows of several widths, in light and dark. Who wants to look at it names a folder with
//! `LOCVTP_SCREENSHOTS`; the pictures are not compared, and what is tested is that nothing is wider than the
//! window.

use std::path::{Path, PathBuf};

use crate::browser::Browser;

/// The narrow window is a phone's, the narrowest that of a wide one at 400 %, the zoomed that of a laptop at 200 %.
const SIZES: [(&str, u32, u32); 4] =
    [("wide", 1440, 900), ("zoomed", 720, 450), ("narrow", 390, 844), ("narrowest", 320, 568)];

/// What of the page lies beside the window: nobody would reach it. The chips of the filters may be moved sideways on a
/// phone.
const BESIDE: &str = "[...document.querySelectorAll('button, a, input, summary, label, h1, h2, p, dd, img, canvas')] \
    .filter((e) => e.checkVisibility() && !e.closest('.filters, .hidden, .skip')).filter((e) => { \
    const r = e.getBoundingClientRect(); return r.width > 0 && (r.left < -0.5 || r.right > innerWidth + 0.5) }) \
    .map((e) => e.outerHTML.slice(0, 120))";

/// Whether all pictures that are seen are there.
pub(crate) const PICTURES: &str = "[...document.images].filter((i) => i.getBoundingClientRect().top < innerHeight && \
    i.checkVisibility({ contentVisibilityAuto: true })).every((i) => i.complete)";

/// A view of the page: its name, its address on the server, and what is true when all of it is there.
pub(crate) type View<'a> = (&'a str, String, &'a str);

/// The folder that a variable names: from the root of the repository, where `cargo test` is typed.
pub(crate) fn named_folder(variable: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os(variable).map(|folder| root.join(folder))
}

/// Opens each view in each window.
///
/// # Panics
/// When something is wider than the window, or went wrong in the browser.
pub(crate) fn assert_that_views_fit(browser: &mut Browser, host: &str, views: &[View<'_>]) {
    let shots = named_folder("LOCVTP_SCREENSHOTS");
    for (name, address, ready) in views {
        for (size, width, height) in SIZES {
            for scheme in ["light", "dark"] {
                browser.look(width, height, scheme);
                browser.open(&format!("http://{host}{address}"));
                browser.wait_for(ready);
                browser.wait_for(PICTURES);
                let over = browser.number("document.documentElement.scrollWidth - innerWidth");
                assert!(over <= 0.0, "{name}, {size}: {over} points too wide");
                assert_eq!(browser.value(BESIDE), serde_json::json!([]), "{name}, {size}");
                if let Some(folder) = &shots {
                    std::fs::create_dir_all(folder).unwrap();
                    browser.screenshot(&folder.join(format!("{name}-{size}-{scheme}.png")));
                }
            }
        }
    }
    browser.assert_clean(host);
}
