//! SubRip: the hits of one video as subtitles over it.

use super::hit::{Hit, single_spaced};

/// The hits in the order of time.
pub(super) fn write(hits: &[Hit]) -> String {
    let mut text = String::new();
    for (number, hit) in in_time(hits).into_iter().enumerate() {
        let (start, end) = cue_times_ms(hit);
        let (start, end) = (clock(start), clock(end));
        text.push_str(&format!("{}\n{start} --> {end}\n{}\n\n", number + 1, plain(&hit.title())));
    }
    text
}

/// Hits by their start.
pub(super) fn in_time(hits: &[Hit]) -> Vec<&Hit> {
    let mut hits: Vec<&Hit> = hits.iter().collect();
    hits.sort_by(|a, b| a.span.start.0.total_cmp(&b.span.start.0));
    hits
}

/// Start and end in milliseconds, at least one apart.
pub(super) fn cue_times_ms(hit: &Hit) -> (u64, u64) {
    let ms = |seconds: f64| (seconds * 1000.0).round().max(0.0) as u64;
    let start = ms(hit.span.start.0);
    (start, ms(hit.span.end.0).max(start + 1))
}

fn clock(ms: u64) -> String {
    let (s, ms) = (ms / 1000, ms % 1000);
    format!("{:02}:{:02}:{:02},{ms:03}", s / 3600, s / 60 % 60, s % 60)
}

/// The format cannot escape; a word joiner behind `<`, `{` and `--` shows nothing and keeps players from
/// taking them for tags and arrows.
fn plain(text: &str) -> String {
    let text = single_spaced(text);
    text.replace('<', "<\u{2060}").replace('{', "{\u{2060}").replace("-->", "--\u{2060}>")
}
