//! Hits exported in every format: compared with goldens to the byte, and read back by readers that are
//! not ours.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

mod goldens;
#[path = "../../../../tests/support/not_run.rs"]
mod not_run;
mod readers;
mod refusals;
mod sources;

use std::path::PathBuf;

use locvtp_search::Sureness;
use locvtp_search::export::{Evidence, FrameRate, Hit, SourceClock, SourceClocks};
use locvtp_video::{Seconds, TimeSpan};

/// A hit whose words hold what each format takes for an order.
fn hit(path: &str, start: f64, end: f64, label: &str) -> Hit {
    Hit {
        path: PathBuf::from(path),
        span: TimeSpan::new(start, end),
        score: Some(0.4375),
        sure: Some(Sureness::Found),
        evidence: Some(Evidence::Seen),
        query: "a <b>red</b> square & \"more\"".into(),
        label: label.into(),
    }
}

/// Ten minutes from this timecode on.
fn clock(rate: (u32, u32), start_frames: i64, drop_frame: bool) -> SourceClock {
    SourceClock {
        rate: FrameRate::new(rate.0, rate.1),
        start_frames,
        drop_frame,
        is_variable: false,
        first_frame: Seconds::ZERO,
        end: Seconds(600.0),
        is_joined: false,
        size: (1920, 1080),
        sound_channels: 2,
        sound_rate_hz: 48_000,
    }
}

const KITCHEN: &str = "/videos/kitchen & \"co\" #1/küche 100%.mov";
const OTHER: &str = "/videos/other/küche 100%.mov";

/// Two sources of 25 a second, the first from 10:00:00:00 on.
fn at_25() -> (Vec<Hit>, SourceClocks) {
    let hits = vec![
        hit(KITCHEN, 29.0 / 25.0, 3.504, ""),
        hit(OTHER, 62.013, 64.0, "line one\nline --> {two}"),
        hit(KITCHEN, 599.5, 700.0, "past, the end"),
    ];
    let clocks = [
        (KITCHEN.into(), clock((25, 1), 10 * 3600 * 25, false)),
        (OTHER.into(), SourceClock { sound_channels: 0, ..clock((25, 1), 0, false) }),
    ];
    (hits, clocks.into())
}

/// One source of 29.97 drop frame from 01:00:00;00 on.
fn at_29_97() -> (Vec<Hit>, SourceClocks) {
    let hits = vec![hit(KITCHEN, 59.93, 62.0, "over the minute"), hit(KITCHEN, 5.0, 7.5, "five")];
    (hits, [(KITCHEN.into(), clock((30_000, 1001), 107_892, true))].into())
}
