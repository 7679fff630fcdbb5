//! The server and its page over real files, real sockets, and a real browser.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod bad_input;
#[path = "../../../../tests/support/browser.rs"]
mod browser;
mod films;
#[path = "../../../../tests/support/http.rs"]
mod http;
mod interface;
mod keys;
mod look;
mod nobody_waits;
#[path = "../../../../tests/support/not_run.rs"]
mod not_run;
mod page;
mod pictures;
mod playing;
mod ranges;
mod schema;
mod shelf;
mod slow_readers;
mod start_page;
mod states;
mod threads;
mod tokens;
#[path = "../../../../tests/support/windows.rs"]
mod windows;
