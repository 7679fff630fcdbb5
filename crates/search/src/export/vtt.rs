//! WebVTT: the hits of one video as subtitles over it, as browsers take them.

use super::hit::{Hit, single_spaced};
use super::srt::{cue_times_ms, in_time};

/// The hits in the order of time.
pub(super) fn write(hits: &[Hit]) -> String {
    let mut text = String::from("WEBVTT\n\n");
    for (number, hit) in in_time(hits).into_iter().enumerate() {
        let (start, end) = cue_times_ms(hit);
        let (start, end) = (clock(start), clock(end));
        text.push_str(&format!("{}\n{start} --> {end}\n{}\n\n", number + 1, escaped(&hit.title())));
    }
    text
}

fn clock(ms: u64) -> String {
    let (s, ms) = (ms / 1000, ms % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
}

fn escaped(text: &str) -> String {
    single_spaced(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
