//! Decoded frames one after another, from a key frame or from the start of the file.
//!
//! Holds the demuxer and the decoder and knows which packet comes next. Damaged packets are passed
//! over: the frames they would have given simply do not come, and the reader above notices.

use std::path::{Path, PathBuf};

use ffmpeg::codec::threading;
use ffmpeg::{Discard, Packet, codec, ffi, frame};
use ffmpeg_the_third as ffmpeg;

use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::packet_index::{Access, KeyPacket, PacketIndex};
use crate::probe::{self, OpenFile};

/// Errors from a decoder that is being emptied, after which it is taken for empty.
const MOST_ERRORS_WHILE_DRAINING: usize = 64;

/// Where a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// Before the packet of this order.
    Before(usize),
    /// All packets are decoded, their last frames are still to come.
    Draining,
    /// Not started, ended, or failed: seek or rewind first.
    Nowhere,
}

/// The demuxer, the decoder, and how far they are.
pub(crate) struct FrameStream {
    path: PathBuf,
    threads: usize,
    file: OpenFile,
    decoder: codec::decoder::Video,
    /// A packet read to check a seek, to be decoded next.
    pending: Option<Packet>,
    position: Position,
    /// Frames given since the start of the file.
    given: i64,
    last_stamp: Option<i64>,
    frame: frame::Video,
}

impl FrameStream {
    /// Over an opened file, which may stand anywhere: call [`Self::seek`] or [`Self::rewind`]
    /// first.
    pub(crate) fn new(path: &Path, file: OpenFile, threads: usize) -> Result<Self, VideoError> {
        let decoder = open_decoder(path, &file, threads)?;
        Ok(Self {
            path: path.to_owned(),
            threads,
            file,
            decoder,
            pending: None,
            position: Position::Nowhere,
            given: 0,
            last_stamp: None,
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

    /// Stamp of the last frame given since the last seek or rewind.
    pub(crate) fn last_stamp(&self) -> Option<i64> {
        self.last_stamp
    }

    /// Makes the next use start anew.
    pub(crate) fn forget_position(&mut self) {
        self.position = Position::Nowhere;
    }

    /// Goes to the start of the file by opening it again, which every container allows.
    pub(crate) fn rewind(&mut self) -> Result<(), VideoError> {
        self.file = probe::open(&self.path)?;
        self.decoder = open_decoder(&self.path, &self.file, self.threads)?;
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
    /// With `wanted`, sorted stamps, frames that no other frame is made from are passed over unless
    /// they are listed.
    pub(crate) fn advance(&mut self, access: Access, wanted: Option<&[i64]>) -> Option<i64> {
        let mut errors_while_draining = 0;
        loop {
            match self.decoder.receive_frame(&mut self.frame) {
                Ok(()) => {
                    let time = self.frame.pts().or(self.frame.timestamp());
                    let stamp = if access == Access::Counted { Some(self.given) } else { time };
                    self.given += 1;
                    if stamp.is_some() {
                        self.last_stamp = stamp;
                        return stamp;
                    }
                }
                Err(ffmpeg::Error::Eof) => break,
                Err(_) => match self.position {
                    // It wants a packet, or stumbled over one that it was given: either way the
                    // next.
                    Position::Before(order) => self.feed(order, wanted),
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

    /// Gives the decoder its next packet, or the word that there is none.
    fn feed(&mut self, order: usize, wanted: Option<&[i64]>) {
        // What the decoder refuses is damaged: the frames it would have given are missed, the rest
        // still comes.
        let Some(packet) = self.pending.take().or_else(|| self.read_packet()) else {
            self.position = Position::Draining;
            let _ = self.decoder.send_eof();
            return;
        };
        self.position = Position::Before(order + 1);
        let is_wanted =
            |wanted: &[i64]| packet.pts().is_none_or(|pts| wanted.binary_search(&pts).is_ok());
        let needed = wanted.is_none_or(is_wanted);
        self.decoder.skip_frame(if needed { Discard::Default } else { Discard::NonReference });
        let _ = self.decoder.send_packet(&packet);
    }

    fn read_packet(&mut self) -> Option<Packet> {
        loop {
            let mut packet = Packet::empty();
            packet.read(&mut self.file.input).ok()?;
            if packet.stream() == self.file.stream {
                return Some(packet);
            }
        }
    }

    fn start_at(&mut self, order: usize, pending: Option<Packet>) {
        self.pending = pending;
        self.position = Position::Before(order);
        self.given = 0;
        self.last_stamp = None;
    }
}

fn open_decoder(
    path: &Path,
    file: &OpenFile,
    threads: usize,
) -> Result<codec::decoder::Video, VideoError> {
    let open = || {
        let stream = file.input.stream(file.stream).ok_or(ffmpeg::Error::StreamNotFound)?;
        let mut context = codec::Context::from_parameters(stream.parameters())?;
        // SAFETY: the context was just made and is not open yet.
        unsafe { (*context.as_mut_ptr()).pkt_timebase = stream.time_base().into() };
        let kind = threading::Type::Frame;
        context.set_threading(threading::Config { kind, count: threads, ..Default::default() });
        context.decoder().video()
    };
    open().map_err(|source| {
        let (path, codec) = (path.to_owned(), file.codec.clone());
        VideoError::NoDecoder { path, codec, said: ffmpeg_log::said(), source }
    })
}
