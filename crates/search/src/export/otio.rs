//! OpenTimelineIO: the hits as clips of one track, each at the rate of its source.
//!
//! A source of variable rate counts in thousandths of a second, which are true of any frame.

use locvtp_video::shown::json_without_orders;
use serde_json::{Value, json};

use super::error::ExportError;
use super::file_url::file_url;
use super::hit::Hit;
use super::placed_hit::PlacedHit;
use super::source_clock::SourceClocks;

/// What a clip's one reference is called; it must be a key of the references.
const KEY: &str = "DEFAULT_MEDIA";

/// A timeline of one video track.
pub(super) fn write(
    title: &str,
    hits: &[Hit],
    clocks: &SourceClocks,
) -> Result<String, ExportError> {
    let clips: Vec<Value> = PlacedHit::all(hits, clocks)?.iter().map(clip).collect();
    let track = json!({
        "OTIO_SCHEMA": "Track.1", "name": "hits", "kind": "Video", "children": clips,
        "source_range": null, "effects": [], "markers": [], "enabled": true, "metadata": {},
    });
    let stack = json!({
        "OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [track],
        "source_range": null, "effects": [], "markers": [], "enabled": true, "metadata": {},
    });
    let timeline = json!({
        "OTIO_SCHEMA": "Timeline.1", "name": title, "global_start_time": null, "tracks": stack,
        "metadata": {},
    });
    Ok(format!("{}\n", json_without_orders(&format!("{timeline:#}"))))
}

fn clip(placed: &PlacedHit<'_>) -> Value {
    let PlacedHit { hit, clock, .. } = *placed;
    let (source, whole) = if clock.is_variable {
        let ms = |seconds: f64| (seconds * 1000.0).round();
        // Within the file, as those that are placed by frame.
        let start = ms(hit.span.start.0.clamp(0.0, clock.end.0));
        let end = ms(hit.span.end.0.min(clock.end.0)).max(start + 1.0);
        (range(start, end - start, 1000.0), range(0.0, ms(clock.end.0), 1000.0))
    } else {
        let rate = clock.rate.hz();
        let start = (clock.start_frames + placed.first) as f64;
        let whole = range(clock.start_frames as f64, clock.num_frames() as f64, rate);
        (range(start, placed.num_frames() as f64, rate), whole)
    };
    json!({
        "OTIO_SCHEMA": "Clip.2",
        "name": hit.title(),
        "source_range": source,
        "media_references": { KEY: {
            "OTIO_SCHEMA": "ExternalReference.1",
            "name": hit.file_name(),
            "target_url": file_url(&hit.path),
            "available_range": whole,
            "available_image_bounds": null,
            "metadata": {},
        }},
        "active_media_reference_key": KEY,
        "effects": [], "markers": [], "enabled": true,
        "metadata": { "locvtp": {
            "query": hit.query, "score": hit.score, "sure": hit.sure, "evidence": hit.evidence,
            "start_s": hit.span.start.0, "end_s": hit.span.end.0,
        }},
    })
}

fn range(start: f64, duration: f64, rate: f64) -> Value {
    let time =
        |value: f64| json!({ "OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": value });
    json!({
        "OTIO_SCHEMA": "TimeRange.1", "start_time": time(start), "duration": time(duration),
    })
}
