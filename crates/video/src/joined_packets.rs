//! The packets of a file whose clock does not tell where a moment lies, each in its place on one timeline.
//!
//! Where the clock starts again or jumps, two parts may show the same time, and a seek finds either, or nothing. In MPEG-PS
//! packets may have no times at all. So a key frame is gone to by its byte in the file, as far as the container allows
//! that, else the file is read from its start. Packets are counted from there, and each gets the time that the
//! frame table ([`crate::packet_index`]) has for it. Sound and what else is beside the pictures is moved with the
//! part that it stands in.
//!
//! What cannot be shown is left out, as in the frame table: pictures before the first key frame of a recording, and
//! those that are shown before it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ffmpeg::format::context::Input;
use ffmpeg::{Packet, Rational, ffi};
use ffmpeg_the_third as ffmpeg;

use crate::codec_headers;
use crate::frame_table_cache::FrameTableCache;
use crate::index_making::{self, PacketTimes};
use crate::limits::ReadLimits;
use crate::packet_index::{Access, KeyPacket, PacketIndex};
use crate::probe::{self, MediaSource, OpenFile};
use crate::time::Seconds;
use crate::watchdog::Watch;

/// Containers that can be read from any byte on.
const READ_ON_FROM_ANY_BYTE: [&str; 2] = ["mpegts", "mpeg"];

/// Packets of the video between a byte and the key packet that stands there, at most: the end of the picture before.
const MOST_BEFORE_KEY: usize = 16;

/// Packets of the video, at most, that demuxers hold back when they give a packet of sound.
const HELD_BACK: usize = 8;

/// Reads an input that stands anywhere at first: call [`Self::seek`].
pub(crate) struct JoinedPackets {
    index: PacketIndex,
    /// As of [`JoinedIndex`].
    times: Vec<PacketTimes>,
    video: usize,
    /// Read already, to be given next.
    pending: VecDeque<Packet>,
    /// Order of the next packet of the video.
    next: usize,
    /// The first packet of the video that is given.
    first: KeyPacket,
    /// What is not video is given from this packet of the video on.
    others_from: usize,
    /// No picture before it is given; none until the first key frame of a recording comes.
    floor: Option<i64>,
    /// Whether another recording begins with the packet given last.
    begins_recording: bool,
    /// When the last packet of the video is decoded.
    now: i64,
    /// Of each other stream when its last packet is shown by its own clock, in ticks of the video, and that packet's part.
    others: BTreeMap<usize, (i64, usize)>,
    /// The first packet of a recording, and the headers of its codec.
    headers: Option<(usize, Vec<u8>)>,
}

/// How a file is read from a moment on.
pub(crate) enum Reading {
    /// By its own clock, which tells where a moment lies.
    ByClock,
    /// By what is known of each of its packets.
    Placed(Box<JoinedIndex>),
    /// Its packets do not say when they are shown, and nor do the headers of its pictures.
    Untold,
}

/// How a file is read up to `until`. Of a file whose container may have a clock that tells nothing, it comes from the frame
/// tables, or all packets are read.
pub(crate) fn reading(
    media: &MediaSource,
    (input, until): (&Input, Seconds),
    limits: &ReadLimits,
    watch: &Arc<Watch>,
    tables: Option<&FrameTableCache>,
) -> Reading {
    if !may_be_joined(input, until) {
        return Reading::ByClock;
    }
    let open = || probe::open(media, limits, watch).ok();
    let Some(index) = known_index(media, limits, tables, open) else { return Reading::ByClock };
    let is_of_packs = READ_ON_FROM_ANY_BYTE.contains(&input.format().name());
    if index.access == Access::Counted && (is_of_packs || index.is_joined()) {
        let times =
            open().and_then(|mut file| index_making::read_times(&mut file, &media.path, limits));
        return times.map_or(Reading::Untold, |(index, times)| {
            Reading::Placed(JoinedIndex::boxed(index, times))
        });
    }
    match index.is_joined() {
        true => Reading::Placed(JoinedIndex::boxed(index, Vec::new())),
        false => Reading::ByClock,
    }
}

/// The index that is kept, or one that is made and then kept; none where none can be made.
fn known_index(
    media: &MediaSource,
    limits: &ReadLimits,
    tables: Option<&FrameTableCache>,
    open: impl Fn() -> Option<OpenFile>,
) -> Option<PacketIndex> {
    let location = media.path.as_path().into();
    let entry = tables.and_then(|tables| Some((tables, FrameTableCache::key(&location)?)));
    if let Some(kept) = entry.as_ref().and_then(|(tables, key)| tables.get(key)) {
        return Some(kept);
    }
    let index = index_making::read(&mut open()?, &media.path, limits).ok()?;
    index.frame_table().ok()?;
    entry.iter().for_each(|(tables, key)| tables.put(key, &index));
    Some(index)
}

/// What is known of a file whose clock does not tell where a moment lies.
pub(crate) struct JoinedIndex {
    index: PacketIndex,
    /// When the packets are shown and decoded by their own clock, where not all packets say it, by order.
    times: Vec<PacketTimes>,
}

impl JoinedIndex {
    fn boxed(index: PacketIndex, times: Vec<PacketTimes>) -> Box<Self> {
        Box::new(Self { index, times })
    }
}

/// Whether the clock may start again before `until`. The first part of Matroska, FLV and fragmented MP4 states how
/// long it is, and its own clock holds up to there.
fn may_be_joined(input: &Input, until: Seconds) -> bool {
    const ROUNDED: Seconds = Seconds(1.0);
    // SAFETY: the context and its format are alive.
    let flags = unsafe { (*(*input.as_ptr()).iformat).flags };
    if flags & ffi::AVFMT_TS_DISCONT != 0 {
        return true;
    }
    let format = input.format();
    let states_length =
        format.name().split(',').any(|name| ["flv", "matroska", "mp4"].contains(&name));
    let stated = Seconds(input.duration().max(0) as f64 / f64::from(ffi::AV_TIME_BASE));
    states_length && until > stated + ROUNDED
}

impl JoinedPackets {
    /// Of the stream of an input that the index was made of.
    pub(crate) fn new(joined: Box<JoinedIndex>, video: usize) -> Self {
        let JoinedIndex { index, times } = *joined;
        Self {
            index,
            times,
            video,
            pending: VecDeque::new(),
            next: 0,
            first: KeyPacket { pts: 0, dts: 0, order: 0, at_byte: -1 },
            others_from: 0,
            floor: None,
            begins_recording: false,
            now: 0,
            others: BTreeMap::new(),
            headers: None,
        }
    }

    /// What the file's own clock shows at its start.
    pub(crate) fn start(&self) -> Seconds {
        Seconds(self.index.clock.start_s)
    }

    /// The last key packet that is shown at `stamp` or before, or the first of all.
    pub(crate) fn key_for(&self, stamp: i64) -> Option<KeyPacket> {
        self.index.key_at_or_before(stamp).or_else(|| self.index.keys.first().copied())
    }

    /// Makes a key packet the first of the video that is given, and stands before it. Where that is not possible,
    /// false: then the file is to be opened anew, and [`Self::is_at_start`] told.
    pub(crate) fn seek(&mut self, input: &mut Input, watch: &Watch, key: KeyPacket) -> bool {
        let recording = self.index.recording_start(key.order);
        // Sound may be stored before its picture.
        let of_recording = |other: &&KeyPacket| (recording..=key.order).contains(&other.order);
        let mut orders: Vec<KeyPacket> =
            self.index.keys.iter().filter(of_recording).copied().collect();
        orders.sort_unstable_by_key(|key| key.order);
        let head = orders.first().copied().unwrap_or(key);
        let before = orders.iter().rev().nth(1).copied().unwrap_or(key);
        (self.first, self.others_from, self.floor) = (key, before.order, None);
        self.begins_recording = false;
        self.now = before.dts;
        self.others.clear();
        if self.headers.as_ref().is_none_or(|(of, _)| *of != recording) {
            let headers = match recording {
                0 => input.stream(self.video).and_then(|stream| codec_headers::of_start(&stream)),
                _ => self.land(input, watch, head).and_then(|packets| {
                    codec_headers::of_packet(&input.stream(self.video)?, packets.back()?)
                }),
            };
            self.headers = headers.map(|headers| (recording, headers));
        }
        let landed = self.land(input, watch, before);
        self.next = before.order;
        self.pending = landed.unwrap_or_default();
        !self.pending.is_empty()
    }

    /// The input was opened anew.
    pub(crate) fn is_at_start(&mut self) {
        self.pending.clear();
        self.next = 0;
        let head = self.index.keys.iter().min_by_key(|key| key.order);
        self.now = head.map_or(0, |key| key.dts);
    }

    /// Goes to a key packet by its byte. What was read then, the key packet last; none where it is not found there.
    fn land(&self, input: &mut Input, watch: &Watch, key: KeyPacket) -> Option<VecDeque<Packet>> {
        if key.at_byte < 0 || !READ_ON_FROM_ANY_BYTE.contains(&input.format().name()) {
            return None;
        }
        let (any, bytes) = (-1, ffi::AVSEEK_FLAG_BYTE);
        // SAFETY: the context is alive.
        if unsafe { ffi::av_seek_frame(input.as_mut_ptr(), any, key.at_byte, bytes) } < 0 {
            return None;
        }
        let shift = self.index.timeline.shift(key.order);
        let (shown, decoded) = (key.pts.saturating_sub(shift), key.dts.saturating_sub(shift));
        let is_it = |packet: &Packet| match packet.pts() {
            Some(pts) => pts == shown,
            None => packet.dts() == Some(decoded) && !self.times.is_empty(),
        };
        let mut packets = VecDeque::new();
        let mut num_before = 0;
        while num_before < MOST_BEFORE_KEY {
            let packet = read(input, watch)?;
            let is_video = packet.stream() == self.video;
            if is_video && packet.is_key() && is_it(&packet) {
                packets.push_back(packet);
                return Some(packets);
            }
            match is_video {
                true => num_before += 1,
                false => packets.push_back(packet),
            }
        }
        None
    }

    /// The next packet, in its place; none at the end of the file or of what can be read.
    pub(crate) fn read(&mut self, input: &mut Input, watch: &Watch) -> Option<Packet> {
        self.begins_recording = false;
        loop {
            let mut packet = match self.pending.pop_front() {
                Some(packet) => packet,
                None => read(input, watch)?,
            };
            if packet.stream() != self.video {
                // Also of what is passed over: it tells which part the next one stands in.
                self.place_other(input, &mut packet);
                if self.next < self.others_from {
                    continue;
                }
                return Some(packet);
            }
            let order = self.next;
            self.next += 1;
            if let Some(times) = self.times.get(order) {
                packet.set_pts(Some(times.pts));
                packet.set_dts(Some(times.dts));
            }
            self.index.place(order, &mut packet);
            if self.is_given(input, order, &mut packet) {
                return Some(packet);
            }
        }
    }

    /// Whether the packet given last is the first of another recording: a decoder gives what it has and begins anew.
    pub(crate) fn begins_recording(&self) -> bool {
        self.begins_recording
    }

    /// Whether a packet of the video is one to give.
    fn is_given(&mut self, input: &Input, order: usize, packet: &mut Packet) -> bool {
        self.now = packet.dts().or(packet.pts()).unwrap_or(self.now);
        if order <= self.first.order {
            self.take_headers(input, order, packet);
        }
        if order < self.first.order {
            return false;
        }
        if order == self.first.order {
            self.floor = Some(self.first.pts);
        } else if self.index.restarts(order) {
            self.floor = None;
        }
        if self.floor.is_none() {
            self.floor = packet.pts().filter(|_| packet.is_key());
            self.begins_recording = self.floor.is_some();
        }
        self.floor.is_some_and(|floor| packet.pts().is_none_or(|pts| pts >= floor))
    }

    /// Keeps the headers of the packets that are passed over, and puts them before the first that is given where it has none of
    /// its own.
    fn take_headers(&mut self, input: &Input, order: usize, packet: &mut Packet) {
        let Some(stream) = input.stream(self.video).filter(|_| packet.is_key()) else { return };
        let recording = self.index.recording_start(order);
        let known = self.headers.as_ref().filter(|(of, _)| *of == recording);
        match (codec_headers::of_packet(&stream, packet), known) {
            (Some(own), _) => self.headers = Some((recording, own)),
            (None, Some((_, known))) if order == self.first.order => {
                codec_headers::put_before(packet, known);
            }
            _ => {}
        }
    }

    /// Moves a packet of another stream with the part that it stands in.
    fn place_other(&mut self, input: &Input, packet: &mut Packet) {
        let ticks =
            |stream| input.stream(stream).map(|stream: ffmpeg::Stream<'_>| stream.time_base());
        let (Some(own), Some(of_video)) = (ticks(packet.stream()), ticks(self.video)) else {
            return;
        };
        let Some(time) = packet.pts().or(packet.dts()) else { return };
        let in_video = rescaled(time, own, of_video);
        let part = self.part_of_other(packet, in_video, rescaled(1, Rational(1, 1), of_video));
        self.others.insert(packet.stream(), (in_video, part));
        let shift = rescaled(self.index.timeline.parts()[part].shift, of_video, own);
        packet.set_pts(packet.pts().map(|pts| pts.saturating_add(shift)));
        packet.set_dts(packet.dts().map(|dts| dts.saturating_add(shift)));
    }

    /// The part of what is not video, by its byte in the file and its time in ticks of the video, `second` of them a second.
    /// Before the first picture of a part there may be sound of it: it does not go on from the sound before, and its time
    /// is nearer to that part's.
    fn part_of_other(&self, packet: &Packet, time: i64, second: i64) -> usize {
        let timeline = &self.index.timeline;
        let parts = timeline.parts();
        let at_byte = packet.position() as i64;
        let is_known = at_byte >= 0 && parts.iter().all(|part| part.at_byte >= 0);
        let part = match is_known {
            true => parts.partition_point(|part| part.at_byte <= at_byte).max(1) - 1,
            false => timeline.part(self.next.saturating_sub(1)),
        };
        if let Some((last, of)) = self.others.get(&packet.stream())
            && (0..=second).contains(&time.saturating_sub(*last))
        {
            // The end of the last packet may be found only with the bytes of the next part.
            return *of;
        }
        // Without a byte nobody knows whether the pictures are ahead already.
        let first = if is_known { part } else { part.saturating_sub(1) };
        let follows = parts.get(part + 1).is_some_and(|next| next.from <= self.next + HELD_BACK);
        let last = part + usize::from(follows);
        let off = |part: &usize| {
            time.saturating_add(parts[*part].shift).saturating_sub(self.now).saturating_abs()
        };
        (first..=last).min_by_key(|candidate| (off(candidate), *candidate != part)).unwrap_or(part)
    }
}

fn read(input: &mut Input, watch: &Watch) -> Option<Packet> {
    watch.step();
    if watch.is_given_up() {
        return None;
    }
    // A fresh packet each time: reading into a full one would leak what it holds.
    let mut packet = Packet::empty();
    packet.read(input).ok()?;
    Some(packet)
}

fn rescaled(ticks: i64, from: Rational, to: Rational) -> i64 {
    // SAFETY: plain numbers.
    unsafe { ffi::av_rescale_q(ticks, from.into(), to.into()) }
}
