//! Where each frame of the table comes from: the packets of the file, read once.
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
//!   begins a part;
//! - packets of broadcast streams whose time contradicts those around them: a flipped bit moves a
//!   picture by hours.
//!
//! A file whose packets have no times (a raw H.264 stream, some AVI) is *counted*: the frames get a
//! clock from the frame rate and are found by their position in the decoder's output.

use std::path::Path;

use ffmpeg_the_third::codec::packet;
use ffmpeg_the_third::{Packet, Rational, ffi};

use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::frame_table::FrameTable;
use crate::joined_files;
use crate::limits::ReadLimits;
use crate::packet_content::{Content, ContentTeller};
use crate::probe::OpenFile;
use crate::time::{Seconds, TimeSpan};
use crate::timeline::{ClockRules, Seen, Timeline, new_parts, timeline};

/// A packet that decoding can start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyPacket {
    /// Presentation and decoding time in ticks of the stream.
    pub(crate) pts: i64,
    pub(crate) dts: i64,
    /// Position among the packets of the stream.
    pub(crate) order: usize,
}

/// How the frames of a file are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// By time, starting at key frames.
    Seek,
    /// By time, from the start of the file: its container cannot seek exactly.
    FromStart,
    /// By position in the decoder's output, from the start.
    Counted,
}

/// What demuxing told: for every frame its stamp (ticks, or position when counted), and the key
/// packets by time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PacketIndex {
    pub(crate) access: Access,
    /// Growing.
    pub(crate) stamps: Vec<i64>,
    /// Position among the packets, for each stamp.
    pub(crate) orders: Vec<u32>,
    pub(crate) keys: Vec<KeyPacket>,
    /// Packets of second fields, by order, growing.
    pub(crate) second_fields: Vec<u32>,
    /// What is added to the packets' own times.
    pub(crate) timeline: Timeline,
    /// Packets, by order, growing, from which on to the next key frame pictures are damaged.
    pub(crate) damaged_from: Vec<u32>,
    /// Where pictures are missing: from the end of the frame before to the one after, in stamps.
    pub(crate) gaps: Vec<(i64, i64)>,
    pub(crate) clock: Clock,
}

/// From stamps to seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Clock {
    pub(crate) tick_s: f64,
    /// What the file's own clock shows at its start.
    pub(crate) start_s: f64,
    /// When the last frame ends, from the start.
    pub(crate) end_s: f64,
}

impl PacketIndex {
    /// When each frame is shown.
    pub(crate) fn frame_table(&self) -> FrameTable {
        let Clock { tick_s, start_s, end_s } = self.clock;
        let time = |stamp: &i64| Seconds(*stamp as f64 * tick_s - start_s);
        let gap = |(start, end): &(i64, i64)| TimeSpan { start: time(start), end: time(end) };
        FrameTable::new(self.stamps.iter().map(time).collect(), Seconds(end_s))
            .with_gaps(self.gaps.iter().map(gap).collect())
    }

    /// Gives a packet its place on the timeline; it may be outside the edit list no more, as the
    /// demuxer puts what comes after a restarted clock there.
    pub(crate) fn place(&self, order: usize, packet: &mut Packet) {
        if self.timeline.part(order) == 0 {
            return;
        }
        let shift = self.timeline.shift(order);
        packet.set_pts(packet.pts().map(|pts| pts.saturating_add(shift)));
        packet.set_dts(packet.dts().map(|dts| dts.saturating_add(shift)));
        // SAFETY: the pointer is to the packet's own struct.
        unsafe { (*packet::Mut::as_mut_ptr(packet)).flags &= !ffi::AV_PKT_FLAG_DISCARD };
    }

    /// Whether damage begins with the packet of this order.
    pub(crate) fn damage_begins(&self, order: usize) -> bool {
        self.damaged_from.binary_search_by_key(&order, |from| *from as usize).is_ok()
    }

    /// Whether the packet of this order is the second field of the frame before.
    pub(crate) fn is_second_field(&self, order: usize) -> bool {
        self.second_fields.binary_search_by_key(&order, |second| *second as usize).is_ok()
    }

    /// Stamp of a frame of the table.
    pub(crate) fn stamp(&self, frame: usize) -> i64 {
        self.stamps[frame]
    }

    /// Where the packet of the frame with this stamp stands among the packets.
    pub(crate) fn order_of(&self, stamp: i64) -> Option<usize> {
        let frame = self.stamps.binary_search(&stamp).ok()?;
        Some(self.orders[frame] as usize)
    }

    /// The stamp of the first key frame after `pts`; none when there is none, and in counted files,
    /// whose packets cannot be told from their frames' stamps.
    pub(crate) fn key_after(&self, pts: i64) -> Option<i64> {
        let after = self.keys.partition_point(|key| key.pts <= pts);
        self.keys.get(after).map(|key| key.pts).filter(|_| self.access != Access::Counted)
    }

    /// The last key packet that is shown at or before `pts`.
    pub(crate) fn key_at_or_before(&self, pts: i64) -> Option<KeyPacket> {
        let after = self.keys.partition_point(|key| key.pts <= pts);
        after.checked_sub(1).map(|at| self.keys[at])
    }

    /// The key packet with exactly this time.
    pub(crate) fn key_with(&self, pts: i64) -> Option<KeyPacket> {
        self.key_at_or_before(pts).filter(|key| key.pts == pts)
    }
}

/// Reads all packets of the video stream. The input stands at its end afterwards.
pub(crate) fn read(
    file: &mut OpenFile,
    path: &Path,
    limits: &ReadLimits,
) -> Result<PacketIndex, VideoError> {
    let (seen, end) = read_packets(file, path, limits.frames)?;
    let boxes = joined_files::boxes(file);
    if !file.watch.is_given_up() {
        joined_files::check_end(file, path, boxes.as_ref(), end)?;
    }
    let rate_hz = nominal_rate_hz(file);
    let container = file.input.format().name().to_owned();
    let second = (1.0 / seconds(time_base(file))).ceil() as i64;
    let frame = usual_step(&seen);
    let is_frame = |packet: &&Seen| packet.content == Content::Picture;
    let counted =
        seen.iter().filter(is_frame).any(|packet| is_usable(packet) && packet.pts.is_none());

    let is_fragmented = boxes.is_some_and(|boxes| boxes.is_fragmented);
    let rules = clock_rules(file, is_fragmented, second, frame).filter(|_| !counted);
    let parts = rules.map_or_else(Vec::new, |rules| new_parts(&seen, &rules));
    if !parts.is_empty() {
        joined_files::check_headers(file, path, &seen, &parts)?;
    }
    let plausible = if !counted && is_broadcast(&container) {
        plausible_parts(&seen, &parts, second)
    } else {
        vec![true; seen.len()]
    };
    let timeline = timeline(&seen, &parts, &plausible, frame);
    let place = |order: usize| seen[order].pts.map(|pts| pts.saturating_add(timeline.shift(order)));

    let mut keys: Vec<KeyPacket> = (0..seen.len())
        .filter(|order| plausible[*order] && is_start(&seen[*order]))
        .filter_map(|order| {
            let (pts, dts) = (place(order)?, seen[order].dts);
            let dts = dts.map_or(pts, |dts| dts.saturating_add(timeline.shift(order)));
            Some(KeyPacket { pts, dts, order })
        })
        .collect();
    let losses = losses(&seen, frame);
    let damaged_from = damaged_from(&seen, &parts, &losses);
    let floors = Floors::new(&timeline, &keys, &losses);
    keys.sort_unstable_by_key(|key| (key.pts, key.order));
    keys.dedup_by_key(|key| key.pts);

    // (stamp, order, duration)
    let is_usable = |order: &usize| {
        let packet = &seen[*order];
        let in_later_part = timeline.part(*order) > 0 && packet.is_outside && !packet.is_flagged;
        packet.content == Content::Picture && (is_usable(packet) || in_later_part)
    };
    let usable = (0..seen.len()).filter(|order| plausible[*order]).filter(is_usable);
    let mut shown: Vec<(i64, u32, i64)> = if counted {
        usable.zip(0..).map(|(order, stamp)| (stamp, order as u32, 1)).collect()
    } else {
        usable
            .filter_map(|order| Some((place(order)?, order as u32, seen[order].duration)))
            .filter(|(pts, order, _)| *pts >= floors.at(*order as usize))
            .collect()
    };
    let mut gaps = Vec::new();
    if !counted {
        gaps = find_gaps(&shown, &losses, frame);
        shown.sort_unstable();
        shown.dedup_by_key(|(pts, ..)| *pts);
    }
    let Some(&(last_stamp, last_order, last_duration)) = shown.last() else {
        return Err(VideoError::NoFrames { path: path.to_owned(), said: ffmpeg_log::said() });
    };
    let orders: Vec<u32> = shown.iter().map(|(_, order, _)| *order).collect();
    let stamps: Vec<i64> = shown.into_iter().map(|(stamp, ..)| stamp).collect();

    let tick_s = if counted { 1.0 / rate_hz } else { seconds(time_base(file)) };
    let start_s = if counted { 0.0 } else { file_start_s(file, stamps[0] as f64 * tick_s) };
    let has_second = |order: u32| {
        seen.get(order as usize + 1).is_some_and(|next| next.content == Content::SecondField)
    };
    let last_duration_s = match stamps.len() {
        // The packet's own time is that of one field.
        n if n > 1 && has_second(last_order) => frame as f64 * tick_s,
        _ if last_duration > 0 => last_duration as f64 * tick_s,
        1 => 1.0 / rate_hz,
        n => (last_stamp - stamps[0]) as f64 * tick_s / (n - 1) as f64,
    };
    let end_s = last_stamp as f64 * tick_s - start_s + last_duration_s;
    let clock = Clock { tick_s, start_s, end_s };

    let access = if counted {
        Access::Counted
    } else if keys.is_empty() || !parts.is_empty() || !seeks_exactly(&container) {
        Access::FromStart
    } else {
        Access::Seek
    };
    let second_fields = seen.iter().zip(0..);
    let second_fields = second_fields
        .filter(|(packet, _)| packet.content == Content::SecondField)
        .map(|(_, order)| order)
        .collect();
    Ok(PacketIndex {
        access,
        stamps,
        orders,
        keys,
        second_fields,
        timeline,
        damaged_from,
        gaps,
        clock,
    })
}

/// Whether a packet's picture belongs to the video and is there whole, or may be.
fn is_usable(packet: &Seen) -> bool {
    !packet.is_outside && !packet.is_flagged
}

/// Whether decoding can start from a packet.
fn is_start(packet: &Seen) -> bool {
    packet.is_key && packet.content != Content::SecondField
}

/// All packets in file order, and the byte at which the last whole one ends, where that is known.
fn read_packets(
    file: &mut OpenFile,
    path: &Path,
    most: usize,
) -> Result<(Vec<Seen>, Option<i64>), VideoError> {
    let mut teller = ContentTeller::new(file.codec_id, file.header());
    let mut changes = joined_files::StreamChanges::default();
    let flag_may_lie = flag_may_lie(file);
    let (mut seen, mut end) = (Vec::new(), None);
    loop {
        // A fresh packet each time: reading into a full one would leak what it holds.
        let mut packet = Packet::empty();
        // Any error ends the file: what was read up to a cut is served.
        if file.watch.is_given_up() || packet.read(&mut file.input).is_err() {
            break;
        }
        file.watch.step();
        if packet.stream() != file.stream {
            changes.note_other(packet.stream(), seen.len());
            continue;
        }
        if seen.len() == most {
            return Err(VideoError::TooManyFrames { path: path.to_owned(), most });
        }
        let (data, is_corrupt) = (packet.data().unwrap_or_default(), packet.is_corrupt());
        seen.push(Seen {
            pts: packet.pts(),
            dts: packet.dts(),
            duration: packet.duration(),
            content: teller.tell(data),
            is_key: packet.is_key() && !is_corrupt,
            is_flagged: is_corrupt && !flag_may_lie,
            is_beside_loss: is_corrupt && flag_may_lie,
            is_outside: packet_flags(&packet) & ffi::AV_PKT_FLAG_DISCARD != 0,
            at_byte: packet.position() as i64,
        });
        let place = Some(packet.position() as i64).filter(|at| *at >= 0 && !is_corrupt);
        end = place.map(|at| at + data.len() as i64).or(end);
    }
    if !file.watch.is_given_up() {
        changes.check(file, path, &seen)?;
    }
    Ok((seen, end))
}

/// In which containers the mark of damage may stand on a whole packet: MPEG-TS puts it beside every
/// loss.
pub(crate) fn flag_may_lie(file: &OpenFile) -> bool {
    file.input.format().name() == "mpegts"
}

/// How long a picture is usually shown: the middle one of the steps from picture to picture.
fn usual_step(seen: &[Seen]) -> i64 {
    let times = seen.iter().filter(|packet| packet.content == Content::Picture);
    let times: Vec<i64> = times.filter_map(|packet| packet.dts.or(packet.pts)).collect();
    let mut steps: Vec<i64> =
        times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).filter(|s| *s > 0).collect();
    if steps.is_empty() {
        return seen.first().map_or(1, |packet| packet.duration.max(1));
    }
    let middle = steps.len() / 2;
    *steps.select_nth_unstable(middle).1
}

/// Which steps of the clock begin a new part; none in containers whose clock cannot start again.
fn clock_rules(
    file: &OpenFile,
    is_fragmented: bool,
    second: i64,
    frame: i64,
) -> Option<ClockRules> {
    let container = file.input.format().name();
    // SAFETY: the context and its format are alive.
    let flags = unsafe { (*(*file.input.as_ptr()).iformat).flags };
    if flags & ffi::AVFMT_TS_DISCONT != 0 {
        // FFmpeg's own threshold; pictures that stand for minutes are no jumps.
        let forward = (10 * second).max(10 * frame);
        return Some(ClockRules { back: 1, forward: Some(forward) });
    }
    // In the others a picture stored out of order may step back a little.
    let back = match container {
        "flv" => second / 10,
        name if name.contains("matroska") || is_fragmented => second,
        _ => return None,
    };
    Some(ClockRules { back, forward: None })
}

/// [`plausible_times`] of each part.
fn plausible_parts(seen: &[Seen], parts: &[usize], second: i64) -> Vec<bool> {
    let mut plausible = Vec::with_capacity(seen.len());
    let mut from = 0;
    for next in parts.iter().copied().chain([seen.len()]) {
        plausible.extend(plausible_times(&seen[from..next], second));
        from = next;
    }
    plausible
}

/// From where on pictures are shown: those that belong before the key frame at the start of a part,
/// or behind a hole, are made from pictures that are not there.
struct Floors {
    /// From the packet of this order on, no stamp below.
    steps: Vec<(usize, i64)>,
}

impl Floors {
    /// `keys` in the order of the file.
    fn new(timeline: &Timeline, keys: &[KeyPacket], losses: &[usize]) -> Self {
        let mut steps: Vec<(usize, i64)> = Vec::new();
        let parts = timeline.later_parts().iter().map(|part| part.from);
        let losses = losses.iter().copied();
        let mut starts: Vec<usize> = [0].into_iter().chain(parts).chain(losses).collect();
        starts.sort_unstable();
        for start in starts {
            let at = keys.partition_point(|key| key.order < start);
            let Some(key) = keys.get(at).filter(|key| start == 0 || key.order == start) else {
                continue;
            };
            steps.push((start, key.pts));
            if let Some(next) = keys.get(at + 1) {
                steps.push((next.order, i64::MIN));
            }
        }
        steps.sort_by_key(|step| step.0);
        Self { steps }
    }

    fn at(&self, order: usize) -> i64 {
        let after = self.steps.partition_point(|step| step.0 <= order);
        after.checked_sub(1).map_or(i64::MIN, |at| self.steps[at].1)
    }
}

/// Where pictures were lost, by the order of the first packet behind: where time goes on by more than
/// a picture, beside a packet with the mark of a loss.
fn losses(seen: &[Seen], frame: i64) -> Vec<usize> {
    let pictures = seen.iter().enumerate().filter(|(_, packet)| packet.content == Content::Picture);
    let pictures: Vec<(usize, i64)> =
        pictures.filter_map(|(order, packet)| Some((order, packet.dts.or(packet.pts)?))).collect();
    let mut losses = Vec::new();
    for (at, pair) in pictures.windows(2).enumerate() {
        // The mark stands on the last packet before the loss, or on the one before that.
        let from = pictures[at.saturating_sub(1)].0;
        let is_marked = || seen[from..pair[1].0].iter().any(|packet| packet.is_beside_loss);
        if 2 * pair[1].1.saturating_sub(pair[0].1) > 3 * frame && is_marked() {
            losses.push(pair[1].0);
        }
    }
    losses
}

/// From where on pictures are damaged, up to the next key frame.
///
/// The mark of a loss stands on the packet before the one that lost bytes, or on that one. Where the
/// next picture is a key frame, or was to be shown later, the bytes were lost between pictures, as
/// whole segments are, and both packets are left to the decoder. Elsewhere a picture has a hole, which
/// decoders do not always notice. What comes behind lost pictures is made from them.
fn damaged_from(seen: &[Seen], parts: &[usize], losses: &[usize]) -> Vec<u32> {
    let is_boundary = |order: &usize| {
        is_start(&seen[*order])
            || losses.binary_search(order).is_ok()
            || parts.binary_search(order).is_ok()
    };
    let is_picture = |order: &usize| seen[*order].content == Content::Picture;
    let marked = (0..seen.len()).filter(|order| seen[*order].is_beside_loss).filter(|order| {
        let mut next = (order + 1..seen.len()).filter(is_picture).take(2);
        !next.any(|order| is_boundary(&order)) && order + 2 < seen.len()
    });
    let behind = losses.iter().chain(parts).copied().filter(|order| !seen[*order].is_key);
    let mut from: Vec<u32> = marked.chain(behind).map(|order| order as u32).collect();
    from.sort_unstable();
    from.dedup();
    from
}

/// The holes that losses leave in time, in stamps. `shown` in the order of the file.
fn find_gaps(shown: &[(i64, u32, i64)], losses: &[usize], frame: i64) -> Vec<(i64, i64)> {
    /// A picture is stored at most so many packets from its place in time.
    const REORDERED: usize = 32;
    let mut gaps: Vec<(i64, i64)> = Vec::new();
    for loss in losses {
        let at = shown.partition_point(|(_, order, _)| (*order as usize) < *loss);
        let stamps = |range: std::ops::Range<usize>| shown[range].iter().map(|(stamp, ..)| *stamp);
        let before = stamps(at.saturating_sub(REORDERED)..at).max();
        let after = stamps(at..shown.len().min(at + REORDERED)).min();
        let gap = before.zip(after).map(|(before, after)| (before.saturating_add(frame), after));
        gaps.extend(gap.filter(|(start, end)| start < end));
    }
    gaps
}

/// For each packet, whether its times fit those around it. `second` is in ticks.
///
/// Packets stand in the file in the order of decoding, so decoding times grow: those that are not
/// in the longest growing row of them are wrong. A picture is shown no earlier than it is decoded,
/// and no later than twice the 16 pictures that a codec may hold back, with a second to spare.
fn plausible_times(seen: &[Seen], second: i64) -> Vec<bool> {
    const HELD_BACK: usize = 32;
    let timed: Vec<(usize, i64)> =
        seen.iter().enumerate().filter_map(|(order, packet)| Some((order, packet.dts?))).collect();
    let mut plausible = vec![true; seen.len()];
    let row = longest_growing_row(&timed.iter().map(|(_, dts)| *dts).collect::<Vec<_>>());
    timed.iter().for_each(|(order, _)| plausible[*order] = false);
    let row: Vec<(usize, i64)> = row.into_iter().map(|at| timed[at]).collect();
    let Some(&(_, last_dts)) = row.last() else { return plausible };
    let spare = last_dts - row[row.len().saturating_sub(HELD_BACK + 1)].1;
    for (at, (order, dts)) in row.iter().enumerate() {
        let latest = row.get(at + HELD_BACK).map_or(last_dts.saturating_add(spare), |next| next.1);
        let fits =
            |pts: i64| (dts.saturating_sub(second)..=latest.saturating_add(second)).contains(&pts);
        plausible[*order] = seen[*order].pts.is_none_or(fits);
    }
    plausible
}

/// Positions of the longest part of `values` that never falls, not necessarily neighbours.
fn longest_growing_row(values: &[i64]) -> Vec<usize> {
    if values.is_sorted() {
        return (0..values.len()).collect();
    }
    // ends[n]: where the row of n + 1 values with the smallest last value ends.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(values.len());
    for (at, value) in values.iter().enumerate() {
        let length = ends.partition_point(|end| values[*end] <= *value);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let last = ends.last().copied();
    let mut row: Vec<usize> = std::iter::successors(last, |at| before[*at]).collect();
    row.reverse();
    row
}

/// The raw flags: the wrapper's type drops those it has no name for.
fn packet_flags(packet: &Packet) -> i32 {
    // SAFETY: the pointer is to the packet's own struct.
    unsafe { (*packet::Ref::as_ptr(packet)).flags }
}

/// Containers whose seeking lands on the key frame asked for (MPEG-TS, AVI and others do not, or
/// not always).
fn seeks_exactly(container: &str) -> bool {
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

/// The frame rate that the file states, 25 when it states none.
fn nominal_rate_hz(file: &OpenFile) -> f64 {
    let stream = file.input.stream(file.stream);
    let stated = stream.map(|stream| [stream.avg_frame_rate(), stream.rate()]);
    let mut stated = stated.into_iter().flatten().map(seconds);
    stated.find(|rate| rate.is_finite() && *rate > 0.0).unwrap_or(25.0)
}

/// The clock at the start of the file: broadcast streams begin anywhere, players begin at zero.
fn file_start_s(file: &OpenFile, first_frame_s: f64) -> f64 {
    // SAFETY: the context is alive.
    let start = unsafe { (*file.input.as_ptr()).start_time };
    // Below zero are broadcast clocks that wrap soon.
    let is_known = start > 0 || start < 0 && is_broadcast(file.input.format().name());
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

    fn packet((pts, dts): (i64, i64)) -> Seen {
        Seen { pts: Some(pts), dts: Some(dts), ..Seen::default() }
    }

    #[test]
    fn the_longest_growing_row_leaves_out_what_breaks_it() {
        assert_eq!(longest_growing_row(&[1, 2, 2, 5]), [0, 1, 2, 3]);
        assert_eq!(longest_growing_row(&[1, 900, 2, 3, -7, 4]), [0, 2, 3, 5]);
        assert_eq!(longest_growing_row(&[]), [0; 0]);
    }

    #[test]
    fn a_time_that_contradicts_its_neighbours_is_not_believed() {
        // 25 frames a second in ticks of 1/100 s, two pictures held back.
        let mut seen: Vec<Seen> = (0..100).map(|i| packet((4 * i + 8, 4 * i))).collect();
        assert!(plausible_times(&seen, 100).iter().all(|plausible| *plausible));
        seen[30] = packet((477_200_008, 477_200_000));
        seen[50] = packet((477_200_008, 200));
        seen[70] = packet((4, 280));
        let wrong = |plausible: &(usize, bool)| !plausible.1;
        let found: Vec<usize> = plausible_times(&seen, 100)
            .into_iter()
            .enumerate()
            .filter(wrong)
            .map(|at| at.0)
            .collect();
        assert_eq!(found, [30, 50, 70]);
    }

    #[test]
    fn pictures_that_stand_for_minutes_are_believed() {
        // Four pictures a minute apart, decoded in the order 0, 3, 1, 2.
        let seen: Vec<Seen> =
            [(0, -60), (180, 0), (60, 60), (120, 120)].into_iter().map(packet).collect();
        assert!(plausible_times(&seen, 1).iter().all(|plausible| *plausible));
        assert_eq!(plausible_times(&[packet((5, 5))], 1), [true]);
    }
}
