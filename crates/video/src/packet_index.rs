//! Where each frame of the table comes from, and where decoding can start.
//!
//! Made from the file's packets, read once ([`crate::index_making`]), or kept from an earlier time
//! ([`crate::frame_table_cache`]).

use ffmpeg_the_third::codec::packet;
use ffmpeg_the_third::{Packet, ffi};

use crate::frame_table::FrameTable;
use crate::limits::LONGEST_VIDEO_S;
use crate::time::{Seconds, TimeSpan};
use crate::timeline::Timeline;

/// A packet that decoding can start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyPacket {
    /// Presentation and decoding time in ticks of the stream.
    pub(crate) pts: i64,
    pub(crate) dts: i64,
    /// Position among the packets of the stream.
    pub(crate) order: usize,
    /// Where it stands in the file; below zero where that is not known.
    pub(crate) at_byte: i64,
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
    /// Packets, by order, growing, before which the decoder gives all that it has and begins anew:
    /// another recording follows, or pictures of another size.
    pub(crate) restarts: Vec<u32>,
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
    ///
    /// # Errors
    /// In words, when the file's clock is none of a recording: it shows more than [`LONGEST_VIDEO_S`], or does
    /// not go on.
    pub(crate) fn frame_table(&self) -> Result<FrameTable, String> {
        let Clock { tick_s, start_s, end_s } = self.clock;
        let time = |stamp: &i64| Seconds(*stamp as f64 * tick_s - start_s);
        let gap = |(start, end): &(i64, i64)| TimeSpan { start: time(start), end: time(end) };
        let times: Vec<Seconds> = self.stamps.iter().map(time).collect();
        let ends = [times.first().map_or(f64::NAN, |first| first.0), end_s];
        let is_beyond = |end: &f64| end.is_nan() || end.abs() > LONGEST_VIDEO_S;
        if let Some(beyond) = ends.into_iter().find(is_beyond) {
            return Err(format!(
                "one is at {beyond:.0} s, and no recording is longer than {LONGEST_VIDEO_S} s"
            ));
        }
        let last = times.last().is_some_and(|last| last.0 < end_s);
        if !last || !times.is_sorted_by(|a, b| a < b) {
            return Err("its clock stands still from one to the next".to_owned());
        }
        let gaps = self.gaps.iter().map(gap).collect();
        Ok(FrameTable::new(times, Seconds(end_s)).with_gaps(gaps))
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

    /// Whether the file's own clock does not go on somewhere: where a time lies in the file, it does not tell.
    pub(crate) fn is_joined(&self) -> bool {
        !self.timeline.later_parts().is_empty()
    }

    /// The order of the first packet of the recording that a packet belongs to.
    pub(crate) fn recording_start(&self, order: usize) -> usize {
        let after = self.restarts.partition_point(|restart| *restart as usize <= order);
        after.checked_sub(1).map_or(0, |at| self.restarts[at] as usize)
    }

    /// Whether damage begins with the packet of this order.
    pub(crate) fn damage_begins(&self, order: usize) -> bool {
        self.damaged_from.binary_search_by_key(&order, |from| *from as usize).is_ok()
    }

    /// Whether the decoder begins anew with the packet of this order.
    pub(crate) fn restarts(&self, order: usize) -> bool {
        self.restarts.binary_search_by_key(&order, |restart| *restart as usize).is_ok()
    }

    /// Whether a frame is the first of a recording that follows another.
    pub(crate) fn begins_recording(&self, frame: usize) -> bool {
        let part = |frame: usize| self.timeline.part(self.orders[frame] as usize);
        frame > 0 && part(frame) > part(frame - 1)
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
