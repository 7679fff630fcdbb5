//! Decoded frames one after another, from a key frame or from the start of the file.
//!
//! Holds the demuxer and the decoder and knows which packet comes next. Damaged packets are passed
//! over: the frames they would have given simply do not come, and the reader above notices. Decoders
//! patch damage with older pictures, and later frames are made from those; so what is decoded from
//! a damaged packet or a patched frame on, up to the next key frame, is known as damaged too.
//!
//! Frames that are not wanted and that no other is made from ([`crate::unreferenced`]) are left out on
//! request. They are none that are missing.

use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;

use ffmpeg::codec::threading;
use ffmpeg::{Packet, codec, ffi, frame};
use ffmpeg_the_third as ffmpeg;

use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::packet_index::{Access, KeyPacket, PacketIndex};
use crate::packet_list;
use crate::png_texts;
use crate::probe::{self, MediaSource, OpenFile};
use crate::reader_settings::ReaderSettings;
use crate::sandbox;
use crate::unreferenced::{LeaveOut, Unreferenced};

/// Errors from a decoder that is being emptied, after which it is taken for empty.
const MOST_ERRORS_WHILE_DRAINING: usize = 64;

/// Where a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// Before the packet of this order.
    Before(usize),
    /// The decoder has all packets before the one of this order, and gives its last frames before it
    /// begins anew.
    Restarting(usize),
    /// All packets are decoded, their last frames are still to come.
    Draining,
    /// Not started, ended, or failed: seek or rewind first.
    Nowhere,
}

/// The demuxer, the decoder, and how far they are.
pub(crate) struct FrameStream {
    media: MediaSource,
    settings: ReaderSettings,
    file: OpenFile,
    decoder: codec::decoder::Video,
    /// A packet read to check a seek, or before a new beginning, to be decoded next.
    pending: Option<Packet>,
    /// Whether the decoder holds nothing yet.
    is_fresh: bool,
    position: Position,
    /// Frames given since the start of the file.
    given: i64,
    last_stamp: Option<i64>,
    damage: Vec<Damage>,
    /// Order of the packet of the frame given last, and its stamp.
    fed: Option<(usize, i64)>,
    /// Where that packet lies in the file, in bytes.
    fed_place: i64,
    /// Packets of frames that the decoder was given since the start of the file.
    num_fed: i64,
    /// In counted files: the fewest frames that the decoder held when it gave one with nothing damaged.
    num_held: Option<i64>,
    /// Whether that frame was wanted.
    is_wanted: bool,
    unreferenced: Unreferenced,
    /// Stamps of frames that were left out and belong behind the one given last.
    left_out: Vec<i64>,
    frame: frame::Video,
}

/// Frames made from damaged data.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Damage {
    /// The packets of this order and after it,
    from_order: usize,
    /// of those the frames before the stamp of the next key frame. In counted files it is known when that comes.
    until: Option<i64>,
    /// Where the damaged packet lies in the file, in bytes.
    place: i64,
}

impl FrameStream {
    /// Over an opened file, which may stand anywhere: call [`Self::seek`] or [`Self::rewind`]
    /// first.
    pub(crate) fn new(
        media: &MediaSource,
        file: OpenFile,
        settings: &ReaderSettings,
    ) -> Result<Self, VideoError> {
        let decoder = open_decoder(&media.path, &file, settings)?;
        let unreferenced = Unreferenced::new(file.codec_id, file.header());
        Ok(Self {
            media: media.clone(),
            settings: *settings,
            file,
            decoder,
            pending: None,
            is_fresh: true,
            position: Position::Nowhere,
            given: 0,
            last_stamp: None,
            damage: Vec::new(),
            fed: None,
            fed_place: 0,
            num_fed: 0,
            num_held: None,
            is_wanted: true,
            unreferenced,
            left_out: Vec::new(),
            frame: frame::Video::empty(),
        })
    }

    /// The frame that [`Self::advance`] brought.
    pub(crate) fn frame(&self) -> &frame::Video {
        &self.frame
    }

    /// Where the stream stands.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Whether the frame with this stamp cannot come any more without a new start.
    pub(crate) fn is_past(&self, stamp: i64) -> bool {
        self.last_stamp.is_some_and(|last| last >= stamp) || self.left_out.contains(&stamp)
    }

    /// Makes the next use start anew.
    pub(crate) fn forget_position(&mut self) {
        self.position = Position::Nowhere;
    }

    /// Goes to the start of the file by opening it again, which every container allows.
    pub(crate) fn rewind(&mut self) -> Result<(), VideoError> {
        let watch = Arc::clone(&self.file.watch);
        self.file = probe::open(&self.media, &self.settings.limits, &watch)?;
        self.decoder = open_decoder(&self.media.path, &self.file, &self.settings)?;
        self.start_at(0, None);
        Ok(())
    }

    /// Goes to a key packet, or an earlier one; false where the container lands elsewhere.
    pub(crate) fn seek(&mut self, key: KeyPacket, index: &PacketIndex) -> bool {
        self.decoder.flush();
        // Some containers look for presentation times, others for decoding times.
        for ticks in [key.pts, key.dts.min(key.pts)] {
            // SAFETY: the context is alive and the stream is one of its own.
            let code = unsafe {
                let (input, stream) = (self.file.input.as_mut_ptr(), self.file.stream as i32);
                ffi::av_seek_frame(input, stream, ticks, ffi::AVSEEK_FLAG_BACKWARD)
            };
            let Some(packet) = self.read_packet().filter(|_| code >= 0) else {
                continue;
            };
            let landed = packet.pts().and_then(|pts| index.key_with(pts));
            if let Some(landed) = landed.filter(|landed| landed.pts <= key.pts) {
                self.start_at(landed.order, Some(packet));
                return true;
            }
        }
        self.position = Position::Nowhere;
        false
    }

    /// Decodes up to the next frame and returns its stamp; none at the end of the file.
    ///
    /// With `wanted`, sorted stamps, frames that no other frame is made from are left out unless they are
    /// listed.
    pub(crate) fn advance(&mut self, index: &PacketIndex, wanted: Option<&[i64]>) -> Option<i64> {
        let mut errors_while_draining = 0;
        ffmpeg_log::reference_missed();
        let watch = Arc::clone(&self.file.watch);
        while !watch.is_given_up() {
            watch.step();
            let received = self.decoder.receive_frame(&mut self.frame);
            if let Some((order, pts)) = self.fed.filter(|_| ffmpeg_log::reference_missed()) {
                self.note_damage(order, pts, index);
            }
            match received {
                Ok(()) => {
                    let time = self.frame.pts().or(self.frame.timestamp());
                    let stamp =
                        if index.access == Access::Counted { Some(self.given) } else { time };
                    self.given += 1;
                    watch.decoded();
                    if let Some(stamp) = stamp {
                        self.last_stamp = Some(stamp);
                        self.left_out.retain(|left_out| *left_out > stamp);
                        if index.access == Access::Counted {
                            self.end_damage(stamp, index);
                        }
                        if is_patched(&self.frame)
                            && let Some(order) = index.order_of(stamp)
                        {
                            self.note_damage(order, stamp, index);
                        }
                        return Some(stamp);
                    }
                }
                Err(error) => match self.position {
                    Position::Restarting(order) => {
                        errors_while_draining += 1;
                        let is_empty = error == ffmpeg::Error::Eof;
                        if is_empty || errors_while_draining > MOST_ERRORS_WHILE_DRAINING {
                            errors_while_draining = 0;
                            self.decoder.flush();
                            self.position = Position::Before(order);
                            self.is_fresh = true;
                        }
                    }
                    _ if error == ffmpeg::Error::Eof => break,
                    // It wants a packet, or stumbled over one that it was given: either way the
                    // next.
                    Position::Before(order) => {
                        if let Some((at, pts)) = self.fed.filter(|_| !wants_more(error)) {
                            self.note_damage(at, pts, index);
                        }
                        self.feed(order, wanted, index);
                    }
                    Position::Draining if errors_while_draining < MOST_ERRORS_WHILE_DRAINING => {
                        errors_while_draining += 1;
                    }
                    Position::Draining | Position::Nowhere => break,
                },
            }
        }
        self.position = Position::Nowhere;
        None
    }

    /// Whether the frame with this stamp, which [`Self::advance`] brought, was made from damaged
    /// data, as far as is known.
    pub(crate) fn is_damaged(&self, index: &PacketIndex, stamp: i64) -> bool {
        let order = index.order_of(stamp).unwrap_or(0);
        let holds = |damage: &Damage| {
            order >= damage.from_order && damage.until.is_none_or(|until| stamp < until)
        };
        self.damage.iter().any(holds)
    }

    fn note_damage(&mut self, from_order: usize, stamp: i64, index: &PacketIndex) {
        let damage = Damage { from_order, until: index.key_after(stamp), place: self.fed_place };
        let is_known =
            |known: &Damage| (known.from_order, known.until) == (from_order, damage.until);
        if !self.damage.last().is_some_and(is_known) {
            self.damage.push(damage);
        }
    }

    /// In counted files: what was damaged before the packet of a key frame ends when that frame comes, with this
    /// stamp. Frames that are shown before it may be made from what was damaged. Where a frame was lost, the
    /// decoder holds one more than before, or so it seems, and what follows is counted wrong: that stays damaged.
    fn end_damage(&mut self, stamp: i64, index: &PacketIndex) {
        let held = self.num_fed - self.given;
        let is_open = |damage: &Damage| damage.until.is_none();
        if !self.damage.iter().any(is_open) {
            self.num_held = Some(self.num_held.map_or(held, |least| least.min(held)));
        }
        // SAFETY: the frame is alive.
        let place = unsafe { (*self.frame.as_ptr()).pkt_pos };
        if self.frame.is_key() && self.num_held == Some(held) && index.restarts.is_empty() {
            let ended = self.damage.iter_mut().filter(|it| is_open(it) && it.place < place);
            ended.for_each(|damage| damage.until = Some(stamp));
        }
    }

    /// Gives the decoder its next packet, or the word that there is none.
    fn feed(&mut self, order: usize, wanted: Option<&[i64]>, index: &PacketIndex) {
        // What the decoder refuses is damaged: the frames it would have given are missed, the rest
        // still comes.
        let Some(mut packet) = self.pending.take().or_else(|| self.read_packet()) else {
            self.position = Position::Draining;
            let _ = self.decoder.send_eof();
            return;
        };
        if index.restarts(order) && !self.is_fresh {
            self.pending = Some(packet);
            self.position = Position::Restarting(order);
            let _ = self.decoder.send_eof();
            return;
        }
        self.is_fresh = false;
        index.place(order, &mut packet);
        self.position = Position::Before(order + 1);
        // Both fields of a frame are wanted, or none; what is wrong with one is wrong with both.
        if !index.is_second_field(order) {
            let is_wanted =
                |wanted: &[i64]| packet.pts().is_none_or(|pts| wanted.binary_search(&pts).is_ok());
            self.is_wanted = wanted.is_none_or(is_wanted);
            self.fed = packet.pts().map(|pts| (order, pts));
            self.fed_place = packet.position() as i64;
            self.num_fed += 1;
        }
        let sent = self.send(&packet);
        let is_cut = packet.is_corrupt() && !packet_list::flag_may_lie(&self.file);
        let is_damaged = is_cut || index.damage_begins(order);
        if (sent.is_err_and(|error| !wants_more(error)) || is_damaged)
            && let Some((order, pts)) = self.fed
        {
            self.note_damage(order, pts, index);
        }
    }

    /// Gives the decoder a packet, or what must not be left out of it.
    fn send(&mut self, packet: &Packet) -> Result<(), ffmpeg::Error> {
        // All packets are told of, as headers stand in some.
        let leave_out = self.unreferenced.tell(packet.data().unwrap_or_default());
        let leave_out = if self.is_wanted { LeaveOut::Nothing } else { leave_out };
        if leave_out != LeaveOut::Nothing {
            self.left_out.extend(packet.pts());
        }
        let sent = leave_out.send(packet, &mut self.decoder);
        sent.inspect_err(|error| sandbox::end_where_memory_is_out(*error))
    }

    fn read_packet(&mut self) -> Option<Packet> {
        loop {
            let mut packet = Packet::empty();
            self.file.next_packet(&mut packet).ok()?;
            self.file.watch.step();
            if packet.stream() == self.file.stream {
                png_texts::take_out(&mut packet, self.file.codec_id);
                return Some(packet);
            }
        }
    }

    fn start_at(&mut self, order: usize, pending: Option<Packet>) {
        self.pending = pending;
        self.is_fresh = true;
        self.position = Position::Before(order);
        self.given = 0;
        (self.num_fed, self.num_held) = (0, None);
        self.last_stamp = None;
        self.damage.clear();
        self.fed = None;
        self.is_wanted = true;
        self.left_out.clear();
        self.unreferenced = Unreferenced::new(self.file.codec_id, self.file.header());
    }
}

/// Whether the decoder says that it filled in what it could not decode.
fn is_patched(frame: &frame::Video) -> bool {
    // SAFETY: the pointer is to the frame's own struct.
    let (errors, flags) =
        unsafe { ((*frame.as_ptr()).decode_error_flags, (*frame.as_ptr()).flags) };
    errors != 0 || flags & ffi::AV_FRAME_FLAG_CORRUPT != 0
}

/// The decoder's ordinary word that it needs a packet, or has a frame to give first.
fn wants_more(error: ffmpeg::Error) -> bool {
    matches!(error, ffmpeg::Error::Other { errno: libc::EAGAIN })
}

/// The memory of a picture, as FFmpeg gets it. Decoders take it for damage of the file where there is none.
unsafe extern "C" fn picture_memory(
    decoder: *mut ffi::AVCodecContext,
    frame: *mut ffi::AVFrame,
    flags: c_int,
) -> c_int {
    // SAFETY: the arguments are the decoder's own.
    let got = unsafe { ffi::avcodec_default_get_buffer2(decoder, frame, flags) };
    if got == -libc::ENOMEM {
        sandbox::end_without_memory();
    }
    got
}

pub(crate) fn open_decoder(
    path: &Path,
    file: &OpenFile,
    settings: &ReaderSettings,
) -> Result<codec::decoder::Video, VideoError> {
    let open = || {
        let stream = file.input.stream(file.stream).ok_or(ffmpeg::Error::StreamNotFound)?;
        let mut context = codec::Context::from_parameters(stream.parameters())?;
        // SAFETY: the context was just made and is not open yet.
        unsafe {
            let raw = context.as_mut_ptr();
            (*raw).pkt_timebase = stream.time_base().into();
            (*raw).max_pixels = settings.limits.frame_pixels.min(i64::MAX as u64) as i64;
            if sandbox::is_worker() {
                (*raw).get_buffer2 = Some(picture_memory);
            }
        }
        let (kind, count) = (threading::Type::Frame, settings.decoder_threads.max(1));
        context.set_threading(threading::Config { kind, count, ..Default::default() });
        context.decoder().video()
    };
    open().map_err(|source| {
        let (path, codec) = (path.to_owned(), file.codec.clone());
        VideoError::NoDecoder { path, codec, said: ffmpeg_log::said(), source }
    })
}
