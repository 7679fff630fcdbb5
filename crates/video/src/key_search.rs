//! Where decoding begins for one moment: the last key frame that is shown at or before it, found without reading the
//! file whole.
//!
//! Containers with an index are asked; in a stream without one a seek lands anywhere, so the next one aims earlier. Packets
//! of joined recordings are placed first ([`crate::joined_packets`]).

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use ffmpeg::{Packet, ffi};
use ffmpeg_the_third as ffmpeg;

use crate::error::VideoError;
use crate::frame_table_cache::FrameTableCache;
use crate::index_making::seeks_exactly;
use crate::joined_packets::{self, JoinedPackets, Reading};
use crate::limits::ReadLimits;
use crate::png_texts;
use crate::probe::{self, MediaSource, OpenFile};
use crate::time::Seconds;
use crate::watchdog::Watch;

/// Bytes of packets that are held for one picture.
pub(crate) const MOST_BYTES: usize = 64 << 20;
/// Packets of other streams that are passed over on the way to the next picture.
const MOST_PACKETS: usize = 20_000;
/// Seconds before a moment at which its key frame is looked for, one after the other.
const BACK_S: [f64; 6] = [0.0, 1.0, 4.0, 16.0, 64.0, 256.0];

/// An open file that is read from key packets on.
pub(crate) struct KeySearch {
    source: MediaSource,
    limits: ReadLimits,
    /// The file; another one after [`KeySearch::key_packet`] where going back means opening it again.
    pub(crate) file: OpenFile,
    /// Of a file whose clock does not tell where a moment lies: its packets, each in its place.
    joined: Option<JoinedPackets>,
    /// Whether the file does not say when its pictures are shown.
    is_untold: bool,
    /// Read already, to be given next.
    pending: VecDeque<Packet>,
    /// Whether the recording is over in which the last key packet stands.
    is_over: bool,
}

impl KeySearch {
    /// Opens a file and, where its clock may tell nothing, places its packets up to `until`: from `tables`, else by
    /// reading them.
    ///
    /// # Errors
    /// A file that cannot be opened or has no picture stream, or one that hangs.
    pub(crate) fn open(
        path: &Path,
        until: Seconds,
        limits: &ReadLimits,
        watch: &Arc<Watch>,
        tables: Option<&FrameTableCache>,
    ) -> Result<Self, VideoError> {
        let source = MediaSource { path: path.to_owned(), stretch: None };
        let file = probe::open(&source, limits, watch)?;
        let reading = joined_packets::reading(&source, (&file.input, until), limits, watch, tables);
        let is_untold = matches!(reading, Reading::Untold);
        let joined = match reading {
            Reading::Placed(index) => Some(JoinedPackets::new(index, file.stream)),
            Reading::ByClock | Reading::Untold => None,
        };
        let (limits, pending) = (*limits, VecDeque::new());
        Ok(Self { source, limits, file, joined, is_untold, pending, is_over: false })
    }

    /// The moment in ticks of the stream, and ticks a second. `start` is what the file's own clock shows at its start. None
    /// where the file does not say when its pictures are shown.
    pub(crate) fn ticks(&self, time: Seconds, start: Seconds) -> Option<(i64, f64)> {
        if self.is_untold {
            return None;
        }
        let base = self.file.input.stream(self.file.stream)?.time_base();
        let ticks_hz = f64::from(base.denominator()) / f64::from(base.numerator().max(1));
        let start = self.joined.as_ref().map_or(start, JoinedPackets::start);
        Some((((time + start).0 * ticks_hz).floor() as i64, ticks_hz))
    }

    /// The last key packet that is shown at or before `target`, else the first of the file; packets are read on from it, and
    /// the decoder is to be flushed.
    pub(crate) fn key_packet(&mut self, target: i64, ticks_hz: f64) -> Option<Packet> {
        if self.joined.is_some() {
            return self.placed_key(target);
        }
        let lands_on_keys = seeks_exactly(self.file.input.format().name());
        // Broadcast streams have no index: a seek lands anywhere, and then the next one aims earlier.
        let mut aim = target;
        for back_s in BACK_S {
            aim = target.saturating_sub((back_s * ticks_hz) as i64);
            if !self.seek(aim) {
                return None;
            }
            let found = match lands_on_keys {
                true => self.first_key(target),
                false => self.last_key(target),
            };
            if found.is_some() {
                return found;
            }
        }
        if !self.seek(aim) {
            return None;
        }
        self.first_key(i64::MAX)
    }

    fn seek(&mut self, aim: i64) -> bool {
        self.pending.clear();
        // SAFETY: the context is alive and the stream is one of its own.
        let code = unsafe {
            let (input, stream) = (self.file.input.as_mut_ptr(), self.file.stream as i32);
            ffi::av_seek_frame(input, stream, aim, ffi::AVSEEK_FLAG_BACKWARD)
        };
        code >= 0
    }

    /// The next key packet, of those that are decoded up to `target`.
    fn first_key(&mut self, target: i64) -> Option<Packet> {
        while let Some(packet) = self.packet() {
            if packet.is_key() {
                return Some(packet);
            }
            if packet.dts().or(packet.pts()).is_some_and(|decoded| decoded > target) {
                break;
            }
        }
        None
    }

    /// The last key packet that is shown up to `target`, of those that come; what was read behind it is given next.
    fn last_key(&mut self, target: i64) -> Option<Packet> {
        let mut last = None;
        let mut behind = VecDeque::new();
        let mut num_bytes = 0;
        while let Some(packet) = self.packet() {
            let Some(shown) = packet.pts().or(packet.dts()) else {
                // Its place in time is not known: the first key packet is as good as any.
                if packet.is_key() && last.is_none() {
                    return Some(packet);
                }
                behind.push_back(packet);
                break;
            };
            let is_behind = packet.dts().unwrap_or(shown) > target;
            if packet.is_key() && shown <= target {
                (last, num_bytes) = (Some(packet), 0);
                behind.clear();
            } else if last.is_some() {
                num_bytes += packet.size();
                behind.push_back(packet);
            }
            if is_behind || num_bytes > MOST_BYTES {
                break;
            }
        }
        self.pending = behind;
        last
    }

    /// The key packet that is shown at or before `target`, in a file whose packets are placed.
    fn placed_key(&mut self, target: i64) -> Option<Packet> {
        let joined = self.joined.as_mut()?;
        let key = joined.key_for(target)?;
        if !joined.seek(&mut self.file.input, &self.file.watch, key) {
            let watch = Arc::clone(&self.file.watch);
            self.file = probe::open(&self.source, &self.limits, &watch).ok()?;
            joined.is_at_start();
        }
        self.is_over = false;
        self.packet()
    }

    /// The next packet; none at the end of its recording.
    fn placed_packet(&mut self) -> Option<Packet> {
        let joined = self.joined.as_mut()?;
        while !self.is_over {
            let packet = joined.read(&mut self.file.input, &self.file.watch)?;
            self.is_over = joined.begins_recording();
            if !self.is_over && packet.stream() == self.file.stream {
                return Some(packet);
            }
        }
        None
    }

    /// The next packet of pictures; none at the end.
    pub(crate) fn packet(&mut self) -> Option<Packet> {
        if self.joined.is_some() {
            let mut packet = self.placed_packet()?;
            png_texts::take_out(&mut packet, self.file.codec_id);
            return Some(packet);
        }
        if let Some(packet) = self.pending.pop_front() {
            return Some(packet);
        }
        for _ in 0..MOST_PACKETS {
            let mut packet = Packet::empty();
            if self.file.watch.is_given_up() {
                return None;
            }
            packet.read(&mut self.file.input).ok()?;
            self.file.watch.step();
            if packet.stream() == self.file.stream {
                png_texts::take_out(&mut packet, self.file.codec_id);
                return Some(packet);
            }
        }
        None
    }
}
