//! FCPXML 1.8: Final Cut Pro, DaVinci Resolve and Premiere read it.
//!
//! All times are fractions of seconds, `n*1001/30000s`, on frame edges: those in a source on its own,
//! those on the timeline on the timeline's, which has the first source's rate, or the nearest one that
//! editors give a timeline. A source of variable rate counts in a usual rate that keeps all of its frames.

use std::collections::BTreeMap;
use std::path::Path;

use locvtp_video::Seconds;

use super::error::ExportError;
use super::file_url::file_url;
use super::frame_rate::FrameRate;
use super::hit::Hit;
use super::placed_hit::PlacedHit;
use super::source_clock::{SourceClock, SourceClocks};
use super::xml::escaped;

/// The hits one after another.
pub(super) fn write(
    title: &str,
    hits: &[Hit],
    clocks: &SourceClocks,
) -> Result<String, ExportError> {
    let placed = PlacedHit::all(hits, clocks)?;
    let mut formats: BTreeMap<(FrameRate, (u32, u32)), usize> = BTreeMap::new();
    let mut assets: BTreeMap<&Path, usize> = BTreeMap::new();
    let (mut format_lines, mut asset_lines) = (String::new(), String::new());
    let sequence = placed[0].clock;
    let sequence_rate = sequence.rate.of_timeline();
    formats.insert((sequence_rate, sequence.size), 1);
    format_lines.push_str(&format_line(1, sequence_rate, sequence.size));
    for PlacedHit { hit, clock, .. } in &placed {
        let next = formats.len() + 1;
        let format = *formats.entry((clock.rate, clock.size)).or_insert_with(|| {
            format_lines.push_str(&format_line(next, clock.rate, clock.size));
            next
        });
        let next = assets.len() + 1;
        assets.entry(&hit.path).or_insert_with(|| {
            asset_lines.push_str(&asset_line(next, format, hit, clock));
            next
        });
    }
    let (mut offset, mut clips) = (0, String::new());
    for placed in &placed {
        let clock = placed.clock;
        // As many whole frames of the timeline as are nearest, never none.
        let length_s = placed.num_frames() as f64 / clock.rate.hz();
        let length = sequence_rate.frame_at(Seconds(length_s)).max(1);
        clips.push_str(&format!(
            "            <asset-clip ref=\"a{}\" name=\"{}\" offset=\"{}\" start=\"{}\" duration=\"{}\" \
             tcFormat=\"{}\">\n              <note>{}</note>\n            </asset-clip>\n",
            assets[placed.hit.path.as_path()],
            escaped(&placed.hit.title()),
            time(offset, sequence_rate),
            time(clock.start_frames + placed.first, clock.rate),
            time(length, sequence_rate),
            timecode_format(clock, clock.rate),
            escaped(&placed.remark()),
        ));
        offset += length;
    }
    let title = escaped(title);
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE fcpxml>\n<fcpxml version=\"1.8\">\n  <resources>\n\
         {format_lines}{asset_lines}  </resources>\n  <library>\n    <event name=\"{title}\">\n      \
         <project name=\"{title}\">\n        <sequence format=\"r1\" duration=\"{}\" tcStart=\"0s\" \
         tcFormat=\"{}\">\n          <spine>\n{clips}          </spine>\n        </sequence>\n      \
         </project>\n    </event>\n  </library>\n</fcpxml>\n",
        time(offset, sequence_rate),
        timecode_format(sequence, sequence_rate),
    ))
}

fn format_line(number: usize, rate: FrameRate, (width, height): (u32, u32)) -> String {
    let frame = time(1, rate);
    format!(
        "    <format id=\"r{number}\" frameDuration=\"{frame}\" width=\"{width}\" height=\"{height}\"/>\n"
    )
}

fn asset_line(number: usize, format: usize, hit: &Hit, clock: &SourceClock) -> String {
    let sound = match clock.sound_channels {
        0 => String::new(),
        channels => format!(
            " hasAudio=\"1\" audioSources=\"1\" audioChannels=\"{channels}\" audioRate=\"{}\"",
            clock.sound_rate_hz
        ),
    };
    format!(
        "    <asset id=\"a{number}\" name=\"{}\" src=\"{}\" start=\"{}\" duration=\"{}\" hasVideo=\"1\" \
         format=\"r{format}\"{sound}/>\n",
        escaped(&hit.file_name()),
        file_url(&hit.path),
        time(clock.start_frames, clock.rate),
        time(clock.num_frames(), clock.rate),
    )
}

fn timecode_format(clock: &SourceClock, rate: FrameRate) -> &'static str {
    if clock.drop_frame && rate.may_drop() { "DF" } else { "NDF" }
}

/// So many frames as a fraction of seconds: `1001/30000s`, and `0s`.
fn time(frames: i64, rate: FrameRate) -> String {
    match (frames, rate.frames()) {
        (0, _) => "0s".into(),
        (frames, 1) => format!("{}s", frames * i64::from(rate.seconds())),
        (frames, per) => format!("{}/{per}s", frames * i64::from(rate.seconds())),
    }
}
