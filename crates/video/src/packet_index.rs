//! Where each frame of the table comes from: the packets of the file, read once.
//!
//! Demuxing without decoding takes milliseconds and tells the time of every frame and the places to
//! start decoding. Left out of the table, because no whole picture can be shown for them:
//! - packets outside the file's edit list (`DISCARD`), though decoding may start at one;
//! - packets cut short or marked damaged by the container (`CORRUPT`);
//! - pictures before the first key frame, and VP8 packets that say they are never shown.
//!
//! A file whose packets have no times (a raw H.264 stream, some AVI) is *counted*: the frames get a
//! clock from the frame rate and are found by their position in the decoder's output.

use std::path::Path;

use ffmpeg_the_third::codec::{Id, packet};
use ffmpeg_the_third::{Packet, Rational, ffi};

use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::frame_table::FrameTable;
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
pub(crate) struct PacketIndex {
    pub(crate) access: Access,
    stamps: Vec<i64>,
    keys: Vec<KeyPacket>,
}

impl PacketIndex {
    /// Stamp of a frame of the table.
    pub(crate) fn stamp(&self, frame: usize) -> i64 {
        self.stamps[frame]
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
    duration: i64,
    shown: bool,
}

/// Reads all packets of the video stream. The input stands at its end afterwards.
pub(crate) fn read(
    file: &mut OpenFile,
    path: &Path,
) -> Result<(PacketIndex, FrameTable), VideoError> {
    let (seen, keys) = read_packets(file);
    let rate_hz = nominal_rate_hz(file);
    let counted = seen.iter().any(|packet| packet.shown && packet.pts.is_none());
    let first_key_pts = keys.iter().min_by_key(|key| key.order).map_or(i64::MIN, |key| key.pts);

    let mut shown: Vec<(i64, i64)> = if counted {
        (0..seen.iter().filter(|packet| packet.shown).count() as i64).map(|i| (i, 1)).collect()
    } else {
        let shown = seen.iter().filter(|packet| packet.shown);
        shown.filter_map(|packet| packet.pts.map(|pts| (pts, packet.duration))).collect()
    };
    if !counted {
        shown.retain(|(pts, _)| *pts >= first_key_pts);
        shown.sort_unstable();
        shown.dedup_by_key(|(pts, _)| *pts);
    }
    let Some(&(last_stamp, last_duration)) = shown.last() else {
        return Err(VideoError::NoFrames { path: path.to_owned(), said: ffmpeg_log::said() });
    };
    let stamps: Vec<i64> = shown.into_iter().map(|(stamp, _)| stamp).collect();

    let tick_s = if counted { 1.0 / rate_hz } else { seconds(time_base(file)) };
    let start_s = if counted { 0.0 } else { file_start_s(file, stamps[0] as f64 * tick_s) };
    let time = |stamp: i64| Seconds(stamp as f64 * tick_s - start_s);
    let last_duration_s = match stamps.len() {
        _ if last_duration > 0 => last_duration as f64 * tick_s,
        1 => 1.0 / rate_hz,
        n => (last_stamp - stamps[0]) as f64 * tick_s / (n - 1) as f64,
    };
    let times: Vec<Seconds> = stamps.iter().map(|stamp| time(*stamp)).collect();
    let end = time(last_stamp) + Seconds(last_duration_s);

    let access = if counted {
        Access::Counted
    } else if keys.is_empty() || !seeks_exactly(file.input.format().name()) {
        Access::FromStart
    } else {
        Access::Seek
    };
    Ok((PacketIndex { access, stamps, keys }, FrameTable::new(times, end)))
}

/// All packets in file order, and the key packets by presentation time.
fn read_packets(file: &mut OpenFile) -> (Vec<Seen>, Vec<KeyPacket>) {
    let hides_frames = file.codec == Id::VP8.name();
    let (mut seen, mut keys) = (Vec::new(), Vec::new());
    loop {
        // A fresh packet each time: reading into a full one would leak what it holds.
        let mut packet = Packet::empty();
        // Any error ends the file: what was read up to a cut is served.
        if packet.read(&mut file.input).is_err() {
            break;
        }
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
        seen.push(Seen { pts: packet.pts(), duration: packet.duration(), shown });
    }
    keys.sort_unstable_by_key(|key| (key.pts, key.order));
    keys.dedup_by_key(|key| key.pts);
    (seen, keys)
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
