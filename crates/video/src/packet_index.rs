//! Where each frame of the table comes from: the packets of the file, read once.
//!
//! Demuxing without decoding takes milliseconds and tells the time of every frame and the places to
//! start decoding. Left out of the table, because no whole picture can be shown for them:
//! - packets outside the file's edit list (`DISCARD`), though decoding may start at one;
//! - packets cut short or marked damaged by the container (`CORRUPT`);
//! - pictures before the first key frame, and VP8 packets that say they are never shown;
//! - packets of broadcast streams whose time contradicts those around them: a flipped bit moves a
//!   picture by hours.
//!
//! A file whose packets have no times (a raw H.264 stream, some AVI) is *counted*: the frames get a
//! clock from the frame rate and are found by their position in the decoder's output.

use std::path::Path;

use ffmpeg_the_third::codec::{Id, packet};
use ffmpeg_the_third::{Packet, Rational, ffi};

use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::frame_table::FrameTable;
use crate::limits::ReadLimits;
use crate::probe::OpenFile;
use crate::time::Seconds;

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
        FrameTable::new(self.stamps.iter().map(time).collect(), Seconds(end_s))
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

/// One packet's times while the file is read.
struct Seen {
    pts: Option<i64>,
    dts: Option<i64>,
    duration: i64,
    shown: bool,
}

/// Reads all packets of the video stream. The input stands at its end afterwards.
pub(crate) fn read(
    file: &mut OpenFile,
    path: &Path,
    limits: &ReadLimits,
) -> Result<PacketIndex, VideoError> {
    let (mut seen, mut keys) = read_packets(file, limits.frames)
        .ok_or_else(|| VideoError::TooManyFrames { path: path.to_owned(), most: limits.frames })?;
    let rate_hz = nominal_rate_hz(file);
    let counted = seen.iter().any(|packet| packet.shown && packet.pts.is_none());
    if !counted && is_broadcast(file.input.format().name()) {
        let second = (1.0 / seconds(time_base(file))).ceil() as i64;
        let plausible = plausible_times(&seen, second);
        keys.retain(|key| plausible[key.order]);
        seen.iter_mut().zip(&plausible).for_each(|(packet, plausible)| packet.shown &= plausible);
    }
    let first_key_pts = keys.iter().min_by_key(|key| key.order).map_or(i64::MIN, |key| key.pts);

    // (stamp, order, duration)
    let shown = seen.iter().enumerate().filter(|(_, packet)| packet.shown);
    let mut shown: Vec<(i64, u32, i64)> = if counted {
        shown.zip(0..).map(|((order, _), stamp)| (stamp, order as u32, 1)).collect()
    } else {
        shown
            .filter_map(|(order, packet)| Some((packet.pts?, order as u32, packet.duration)))
            .collect()
    };
    if !counted {
        shown.retain(|(pts, ..)| *pts >= first_key_pts);
        shown.sort_unstable();
        shown.dedup_by_key(|(pts, ..)| *pts);
    }
    let Some(&(last_stamp, _, last_duration)) = shown.last() else {
        return Err(VideoError::NoFrames { path: path.to_owned(), said: ffmpeg_log::said() });
    };
    let orders: Vec<u32> = shown.iter().map(|(_, order, _)| *order).collect();
    let stamps: Vec<i64> = shown.into_iter().map(|(stamp, ..)| stamp).collect();

    let tick_s = if counted { 1.0 / rate_hz } else { seconds(time_base(file)) };
    let start_s = if counted { 0.0 } else { file_start_s(file, stamps[0] as f64 * tick_s) };
    let last_duration_s = match stamps.len() {
        _ if last_duration > 0 => last_duration as f64 * tick_s,
        1 => 1.0 / rate_hz,
        n => (last_stamp - stamps[0]) as f64 * tick_s / (n - 1) as f64,
    };
    let end_s = last_stamp as f64 * tick_s - start_s + last_duration_s;
    let clock = Clock { tick_s, start_s, end_s };

    let access = if counted {
        Access::Counted
    } else if keys.is_empty() || !seeks_exactly(file.input.format().name()) {
        Access::FromStart
    } else {
        Access::Seek
    };
    Ok(PacketIndex { access, stamps, orders, keys, clock })
}

/// All packets in file order, and the key packets by presentation time; none where there are more
/// than `most`.
fn read_packets(file: &mut OpenFile, most: usize) -> Option<(Vec<Seen>, Vec<KeyPacket>)> {
    let hides_frames = file.codec == Id::VP8.name();
    let (mut seen, mut keys) = (Vec::new(), Vec::new());
    loop {
        // A fresh packet each time: reading into a full one would leak what it holds.
        let mut packet = Packet::empty();
        // Any error ends the file: what was read up to a cut is served.
        if file.watch.is_given_up() || packet.read(&mut file.input).is_err() {
            break;
        }
        file.watch.step();
        if packet.stream() != file.stream {
            continue;
        }
        let unshown = packet::Flags::CORRUPT.bits() | ffi::AV_PKT_FLAG_DISCARD;
        let hidden = hides_frames
            && packet.data().and_then(|data| data.first()).is_some_and(|tag| tag & 0x10 == 0);
        let shown = packet_flags(&packet) & unshown == 0 && !hidden;
        if let Some(pts) = packet.pts().filter(|_| packet.is_key() && !packet.is_corrupt()) {
            keys.push(KeyPacket { pts, dts: packet.dts().unwrap_or(pts), order: seen.len() });
        }
        if seen.len() == most {
            return None;
        }
        seen.push(Seen {
            pts: packet.pts(),
            dts: packet.dts(),
            duration: packet.duration(),
            shown,
        });
    }
    keys.sort_unstable_by_key(|key| (key.pts, key.order));
    keys.dedup_by_key(|key| key.pts);
    Some((seen, keys))
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
    if start == ffi::AV_NOPTS_VALUE || start <= 0 {
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
        Seen { pts: Some(pts), dts: Some(dts), duration: 0, shown: true }
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
