//! How the index of a file is made from its packets.
//!
//! Demuxing without decoding takes milliseconds and tells the time of every frame and the places to
//! start decoding. What a packet gives is told from its headers ([`crate::packet_content`]): the second
//! field of a frame and hidden pictures are no frames. Where the clock starts again or jumps, the
//! parts follow each other on one timeline ([`crate::timeline`]). Left out of the table, because no
//! whole picture can be shown for them:
//! - packets outside the file's edit list (`DISCARD`), though decoding may start at one;
//! - packets cut short (`CORRUPT`). In MPEG-TS the mark stands beside lost bytes, on a packet that may
//!   be whole: there it is left to the decoder;
//! - pictures before the first key frame, or that belong before the key frame which follows a hole or
//!   begins a part ([`crate::shown_from`]);
//! - packets of broadcast streams whose time contradicts those around them: a flipped bit moves a
//!   picture by hours ([`crate::plausible_times`]).
//!
//! A file whose packets do not say when they are shown (a raw H.264 stream, some AVI) is *counted*: the
//! frames get a clock from the times of decoding, or from the frame rate where there are none, and are
//! found by their position in the decoder's output.

use std::ops::Range;
use std::path::Path;

use ffmpeg_the_third::format::context::Input;
use ffmpeg_the_third::{Rational, ffi};

use crate::content::Content;
use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::joined_files::{self, Boxes};
use crate::limits::ReadLimits;
use crate::long_pauses;
use crate::losses::{self, Hole};
use crate::packet_index::{Access, Clock, KeyPacket, PacketIndex};
use crate::packet_list::{self, PacketList};
use crate::picture_order::PictureOrder;
use crate::plausible_times::mark_misplaced;
use crate::probe::OpenFile;
use crate::seen_packet::{Seen, durations_hold, usual_step};
use crate::shown_after;
use crate::shown_from::ShownFrom;
use crate::sound_in_hole::{self, Sound};
use crate::time::TimeSpan;
use crate::timeline::{ClockRules, NewPart, Part, Timeline, new_parts, timeline};

/// Reads all packets of the video stream. The input stands anywhere afterwards.
pub(crate) fn read(
    file: &mut OpenFile,
    path: &Path,
    limits: &ReadLimits,
) -> Result<PacketIndex, VideoError> {
    let PacketList { mut seen, end, resized } = packet_list::read(file, path, limits.frames, None)?;
    let boxes = joined_files::boxes(file);
    if !file.watch.is_given_up() {
        joined_files::check_end(file, path, boxes.as_ref(), end)?;
        joined_files::check_avi(file, path)?;
    }
    let no_frames = || VideoError::NoFrames { path: path.to_owned(), said: ffmpeg_log::said() };
    let is_untimed = |packet: &Seen| packet.content == Content::Picture && packet.pts.is_none();
    if seen.iter().any(|packet| packet.is_usable() && is_untimed(packet)) {
        return counted(file, &seen, &resized).ok_or_else(no_frames);
    }
    let (timeline, joins) = place(file, path, &mut seen, boxes.as_ref())?;
    timed(file, &seen, timeline, &joins, &resized).ok_or_else(no_frames)
}

/// The index of a file that was counted, by the times when its pictures are shown, and the packets' own times, by their order
/// ([`crate::joined_packets`]). As in the counted one the first frame stands at 0. None where the times cannot be told.
pub(crate) fn read_times(
    file: &mut OpenFile,
    path: &Path,
    limits: &ReadLimits,
) -> Option<(PacketIndex, Vec<PacketTimes>)> {
    let order_counts = PictureOrder::new(file.codec_id);
    let list = packet_list::read(file, path, limits.frames, order_counts).ok()?;
    let PacketList { mut seen, resized, .. } = list;
    let starts = decoding_parts(file, &seen);
    let recordings = recordings(&starts, seen.len());
    if !shown_after::fill(&mut seen, &recordings) {
        return None;
    }
    let times = |packet: &Seen| Some(PacketTimes { pts: packet.pts?, dts: packet.dts? });
    let times: Option<Vec<PacketTimes>> = seen.iter().map(times).collect();
    let times = times?;
    let (timeline, joins) = place(file, path, &mut seen, None).ok()?;
    let mut index = timed(file, &seen, timeline, &joins, &resized)?;
    let first_s = *index.stamps.first()? as f64 * index.clock.tick_s;
    index.clock.end_s -= first_s - index.clock.start_s;
    index.clock.start_s = first_s;
    Some((index, times))
}

/// When a packet is shown and decoded, by the file's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PacketTimes {
    pub(crate) pts: i64,
    pub(crate) dts: i64,
}

/// Where the clock of decoding begins anew, in files whose packets do not all say when they are shown.
fn decoding_parts(file: &OpenFile, seen: &[Seen]) -> Vec<usize> {
    let rules = clock_rules(file, false, usual_step(seen));
    let parts = rules.map_or_else(Vec::new, |rules| new_parts(seen, &rules));
    parts.iter().map(|part| part.from).collect()
}

/// Gives every packet its place on one timeline, and tells where recordings follow another.
fn place(
    file: &mut OpenFile,
    path: &Path,
    seen: &mut [Seen],
    boxes: Option<&Boxes>,
) -> Result<(Timeline, Vec<usize>), VideoError> {
    let second = second_ticks(file);
    let rules = clock_rules(file, boxes.is_some_and(|boxes| boxes.is_fragmented), usual_step(seen));
    let mut parts = rules.map_or_else(Vec::new, |rules| new_parts(seen, &rules));
    let tick_s = seconds(time_base(file));
    parts.retain(|part| {
        part.ran_over.is_some() || !long_pauses::is_pause(file, seen, part.from, tick_s)
    });
    let joins: Vec<usize> =
        parts.iter().filter(|part| part.ran_over.is_none()).map(|part| part.from).collect();
    if let Some(rules) = &rules {
        // Packets of another codec are taken for ones without a picture.
        let pictures = seen.iter().map(|packet| Seen { content: Content::Picture, ..*packet });
        let restarts = new_parts(&pictures.collect::<Vec<_>>(), rules);
        let restarts: Vec<usize> = restarts.iter().map(|part| part.from).collect();
        joined_files::check_headers(file, path, seen, &restarts)?;
    }
    if is_broadcast(file.input.format().name()) {
        let starts: Vec<usize> = parts.iter().map(|part: &NewPart| part.from).collect();
        mark_misplaced(seen, &starts, second);
    }
    let timeline = timeline(seen, &parts);
    for (order, packet) in seen.iter_mut().enumerate() {
        let later = |time: i64| time.saturating_add(timeline.shift(order));
        (packet.pts, packet.dts) = (packet.pts.map(later), packet.dts.map(later));
        // The demuxer puts what comes after a restarted clock outside the edit list.
        packet.is_outside &= timeline.part(order) == 0;
    }
    Ok((timeline, joins))
}

/// The index of packets with times; none where no picture can be shown.
fn timed(
    file: &mut OpenFile,
    seen: &[Seen],
    timeline: Timeline,
    joins: &[usize],
    resized: &[usize],
) -> Option<PacketIndex> {
    let recordings = recordings(joins, seen.len());
    let losses = losses(file, seen, &recordings);
    let damaged_from = losses::damaged_from(seen, joins, &losses);
    let mut keys = keys(seen);
    let shown_from = ShownFrom::new(&keys, joins, &losses);
    keys.sort_unstable_by_key(|key| (key.pts, key.order));
    keys.dedup_by_key(|key| key.pts);

    let mut shown = pictures(seen);
    let mut gaps = shown_from.missing_heads(&shown);
    shown.retain(|(stamp, order)| shown_from.shows(*order as usize, *stamp));
    for loss in losses {
        let recording = recordings.iter().find(|recording| recording.contains(&loss));
        let frame = usual_step(&seen[recording?.clone()]);
        gaps.extend(losses::gap(&shown, loss, frame));
    }
    shown.sort_unstable();
    shown.dedup_by_key(|(stamp, _)| *stamp);
    let (stamps, orders): (Vec<i64>, Vec<u32>) = shown.into_iter().unzip();

    let tick_s = seconds(time_base(file));
    let first_s = *stamps.first()? as f64 * tick_s;
    let start_s = file_start_s(&file.input, first_s);
    let last_recording = recordings.last()?.clone();
    let last_s = last_duration_s(file, seen, &stamps, *orders.last()?, last_recording);
    let end_s = *stamps.last()? as f64 * tick_s - start_s + last_s;
    let steps_over = !timeline.later_parts().is_empty();
    let seeks = seeks_exactly(file.input.format().name()) && !keys.is_empty() && !steps_over;
    Some(PacketIndex {
        access: if seeks { Access::Seek } else { Access::FromStart },
        stamps,
        orders,
        keys,
        second_fields: second_fields(seen),
        timeline,
        restarts: restarts(joins, resized),
        damaged_from,
        gaps: merged(gaps, (start_s / tick_s).round() as i64),
        clock: Clock { tick_s, start_s, end_s },
    })
}

/// The index of packets without times; none where no picture can be shown.
fn counted(file: &OpenFile, seen: &[Seen], resized: &[usize]) -> Option<PacketIndex> {
    let orders = (0..seen.len())
        .filter(|order| seen[*order].content == Content::Picture && seen[*order].is_usable());
    let orders: Vec<u32> = orders.map(|order| order as u32).collect();
    let tick_s = counted_frame_s(file, seen);
    let end_s = orders.len() as f64 * tick_s;
    // Frames are counted on over all parts; that there are some is noted.
    let parts = decoding_parts(file, seen).into_iter();
    let parts = parts.map(|from| Part { from, shift: 0, at_byte: seen[from].at_byte });
    let mut keys = keys(seen);
    keys.sort_unstable_by_key(|key| (key.pts, key.order));
    keys.dedup_by_key(|key| key.pts);
    (!orders.is_empty()).then(|| PacketIndex {
        access: Access::Counted,
        stamps: (0..orders.len() as i64).collect(),
        orders,
        keys,
        second_fields: second_fields(seen),
        timeline: Timeline::of_parts(parts.collect()),
        restarts: restarts(&[], resized),
        damaged_from: losses::damaged_from(seen, &[], &[]),
        gaps: Vec::new(),
        clock: Clock { tick_s, start_s: 0.0, end_s },
    })
}

/// How long each picture is shown where packets do not say when: the step from picture to picture in
/// the times of decoding, else the time of a picture's two fields. The rate that a file states may be that
/// of its packets or of its fields; it counts where nothing else is known.
fn counted_frame_s(file: &OpenFile, seen: &[Seen]) -> f64 {
    let tick_s = seconds(time_base(file));
    let mut pictures = seen.iter().filter(|packet| packet.content == Content::Picture);
    if pictures.clone().count() > 1 && pictures.all(|packet| packet.dts.is_some()) {
        return usual_step(seen) as f64 * tick_s;
    }
    let is_pair = |pair: &&[Seen]| pair[1].content == Content::SecondField;
    let pair = seen.windows(2).find(is_pair).map(|pair| pair[0].duration + pair[1].duration);
    match pair.filter(|duration| *duration > 0) {
        Some(duration) => duration as f64 * tick_s,
        None => 1.0 / nominal_rate_hz(file),
    }
}

/// The packets of each recording, where several follow each other.
fn recordings(joins: &[usize], num_packets: usize) -> Vec<Range<usize>> {
    let starts = [0].into_iter().chain(joins.iter().copied());
    let ends = joins.iter().copied().chain([num_packets]);
    starts.zip(ends).map(|(start, end)| start..end).collect()
}

/// Where pictures were lost, by the order of the first packet behind, growing.
fn losses(file: &mut OpenFile, seen: &[Seen], recordings: &[Range<usize>]) -> Vec<usize> {
    let (second, tick_s) = (second_ticks(file), seconds(time_base(file)));
    let mut losses = Vec::new();
    for recording in recordings {
        let frame = usual_step(&seen[recording.clone()]);
        losses.extend(losses::marked(seen, recording.clone(), frame));
        let mut holes = losses::unmarked(seen, recording.clone(), second);
        holes.retain(|hole| losses.binary_search(&hole.order).is_err());
        // Where clocks are joined, no seeking finds the sound.
        if recordings.len() == 1 {
            let span =
                |hole: &Hole| TimeSpan::new(hole.start as f64 * tick_s, hole.end as f64 * tick_s);
            holes.retain(|hole| {
                matches!(sound_in_hole::in_span(file, span(hole), None), Sound::None | Sound::Stops)
            });
        }
        losses.extend(holes.iter().map(|hole| hole.order));
        losses.sort_unstable();
    }
    losses
}

/// The packets that decoding can start from, in the order of the file.
fn keys(seen: &[Seen]) -> Vec<KeyPacket> {
    let starts = seen.iter().enumerate();
    let starts = starts.filter(|(_, packet)| packet.is_start() && !packet.is_misplaced);
    starts
        .filter_map(|(order, packet)| {
            let pts = packet.pts?;
            let (dts, at_byte) = (packet.dts.unwrap_or(pts), packet.at_byte);
            Some(KeyPacket { pts, dts, order, at_byte })
        })
        .collect()
}

/// Stamp and order of each picture of the file.
fn pictures(seen: &[Seen]) -> Vec<(i64, u32)> {
    let is_picture = |packet: &Seen| {
        packet.content == Content::Picture && packet.is_usable() && !packet.is_misplaced
    };
    let packets = seen.iter().zip(0u32..).filter(|(packet, _)| is_picture(packet));
    let mut pictures = Vec::with_capacity(seen.len());
    pictures.extend(packets.filter_map(|(packet, order)| Some((packet.pts?, order))));
    pictures
}

fn second_fields(seen: &[Seen]) -> Vec<u32> {
    let seconds = seen.iter().zip(0..);
    let seconds = seconds.filter(|(packet, _)| packet.content == Content::SecondField);
    seconds.map(|(_, order)| order).collect()
}

/// Before which packets the decoder must give what it has.
fn restarts(joins: &[usize], resized: &[usize]) -> Vec<u32> {
    let mut restarts: Vec<u32> = joins.iter().chain(resized).map(|order| *order as u32).collect();
    restarts.sort_unstable();
    restarts.dedup();
    restarts
}

/// In order, none before the start of the file, and those that touch as one.
fn merged(mut gaps: Vec<(i64, i64)>, file_start: i64) -> Vec<(i64, i64)> {
    gaps.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::new();
    for (start, end) in gaps {
        let start = start.max(file_start);
        match merged.last_mut().filter(|last| start <= last.1) {
            Some(last) => last.1 = last.1.max(end),
            None if start < end => merged.push((start, end)),
            None => {}
        }
    }
    merged
}

/// How long the last picture is shown.
fn last_duration_s(
    file: &OpenFile,
    seen: &[Seen],
    stamps: &[i64],
    last: u32,
    recording: Range<usize>,
) -> f64 {
    let tick_s = seconds(time_base(file));
    let next = seen.get(last as usize + 1);
    let has_second = next.is_some_and(|next| next.content == Content::SecondField);
    let recording = &seen[recording];
    match (stamps, seen[last as usize].duration) {
        // The packet's own time is that of one field, or of another recording.
        ([_, _, ..], _) if has_second || !durations_hold(recording) => {
            usual_step(recording) as f64 * tick_s
        }
        (_, duration) if duration > 0 => duration as f64 * tick_s,
        ([first, .., last], _) => {
            last.saturating_sub(*first) as f64 * tick_s / (stamps.len() - 1) as f64
        }
        _ => 1.0 / nominal_rate_hz(file),
    }
}

/// Which steps of the clock begin a new part; none in containers whose clock cannot start again.
fn clock_rules(file: &OpenFile, is_fragmented: bool, frame: i64) -> Option<ClockRules> {
    let (container, second) = (file.input.format().name(), second_ticks(file));
    // SAFETY: the context and its format are alive.
    let flags = unsafe { (*(*file.input.as_ptr()).iformat).flags };
    if flags & ffi::AVFMT_TS_DISCONT != 0 {
        // FFmpeg's own threshold; pictures that stand for minutes are no jumps.
        let forward = second.saturating_mul(10).max(frame.saturating_mul(10));
        return Some(ClockRules { back: 1, forward: Some(forward), period: clock_period(file) });
    }
    // In the others a picture stored out of order may step back a little.
    let back = match container {
        "flv" => second / 10,
        name if name.contains("matroska") || is_fragmented => second,
        _ => return None,
    };
    Some(ClockRules { back, forward: None, period: None })
}

/// After how many ticks the counter of the container's clock is at zero again.
fn clock_period(file: &OpenFile) -> Option<i64> {
    /// Counters of more bits run over in no file.
    const MOST_BITS: i32 = 40;
    let stream = file.input.stream(file.stream)?;
    // SAFETY: the stream belongs to the open input.
    let bits = unsafe { (*stream.as_ptr()).pts_wrap_bits };
    (1..=MOST_BITS).contains(&bits).then(|| 1 << bits)
}

/// Containers whose seeking lands on the key frame asked for (MPEG-TS, AVI and others do not, or
/// not always).
pub(crate) fn seeks_exactly(container: &str) -> bool {
    container.split(',').any(|name| matches!(name, "mp4" | "matroska"))
}

/// Containers that carry their times among the pictures, unprotected, and state decoding times too
/// (those of other containers may be FFmpeg's guesses).
fn is_broadcast(container: &str) -> bool {
    matches!(container, "mpegts" | "mpeg")
}

fn time_base(file: &OpenFile) -> Rational {
    file.input.stream(file.stream).map_or(Rational(1, 1), |stream| stream.time_base())
}

fn second_ticks(file: &OpenFile) -> i64 {
    (1.0 / seconds(time_base(file))).ceil() as i64
}

/// The frame rate that the file states, 25 when it states none.
fn nominal_rate_hz(file: &OpenFile) -> f64 {
    let stream = file.input.stream(file.stream);
    let stated = stream.map(|stream| [stream.avg_frame_rate(), stream.rate()]);
    let mut stated = stated.into_iter().flatten().map(seconds);
    stated.find(|rate| rate.is_finite() && *rate > 0.0).unwrap_or(25.0)
}

/// The clock at the start of the file: broadcast streams begin anywhere, players begin at zero.
pub(crate) fn file_start_s(input: &Input, first_frame_s: f64) -> f64 {
    // SAFETY: the context is alive.
    let start = unsafe { (*input.as_ptr()).start_time };
    // Below zero are broadcast clocks that wrap soon.
    let is_known = start > 0 || start < 0 && is_broadcast(input.format().name());
    if start == ffi::AV_NOPTS_VALUE || !is_known {
        return 0.0;
    }
    let start_s = start as f64 / f64::from(ffi::AV_TIME_BASE);
    // FFmpeg rounds to microseconds; the first frame shall stand at zero, not beside it.
    if (start_s - first_frame_s).abs() < 2e-6 { first_frame_s } else { start_s }
}

fn seconds(Rational(numerator, denominator): Rational) -> f64 {
    f64::from(numerator) / f64::from(denominator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_in_order_and_none_begins_before_the_file() {
        let gaps = vec![(500, 600), (-40, 30), (560, 700), (-90, -50), (30, 40)];
        assert_eq!(merged(gaps, 0), [(0, 40), (500, 700)]);
    }
}
