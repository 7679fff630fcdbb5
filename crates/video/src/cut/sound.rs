//! The sound of a span as AAC: cut at the sample, mono or stereo.

use ffmpeg::format::sample::{Sample, Type};
use ffmpeg::software::resampling;
use ffmpeg::{ChannelLayout, ChannelLayoutMask, Packet, Rational, codec, ffi, frame};
use ffmpeg_the_third as ffmpeg;

use super::output::CutOutput;
use super::source::CutSource;
use crate::error::VideoError;
use crate::time::{Seconds, TimeSpan};

/// The rates that AAC knows and browsers play.
const RATES_HZ: [u32; 7] = [48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 8_000];

/// A hole in the sound that is filled with silence, in seconds; shorter ones are rounded times.
const HOLE_S: f64 = 0.1;

const PLANAR: Sample = Sample::F32(Type::Planar);

/// Decodes, converts and encodes the best sound.
pub(super) struct SoundCut {
    pub(super) from: usize,
    decoder: codec::decoder::Audio,
    resampler: Option<(Sound, resampling::Context)>,
    encoder: codec::encoder::audio::Encoder,
    /// Place of the stream in the output.
    place: usize,
    rate_hz: u32,
    num_channels: usize,
    end: Seconds,
    /// Samples of each channel that wait for a whole frame.
    queue: Vec<Vec<f32>>,
    /// Samples before those that wait.
    encoded: i64,
    /// The end is reached.
    pub(super) done: bool,
}

/// What decoded sound is like.
#[derive(Clone, Copy, PartialEq)]
struct Sound {
    format: Sample,
    rate_hz: u32,
    num_channels: u32,
}

impl SoundCut {
    /// For a source without sound, or with sound that is not to be decoded, none.
    pub(super) fn new(
        source: &CutSource,
        span: TimeSpan,
        output: &mut CutOutput,
    ) -> Result<Option<Self>, VideoError> {
        let Some(stream) = source.sounds.first().and_then(|index| source.input.stream(*index))
        else {
            return Ok(None);
        };
        let opened =
            codec::Context::from_parameters(stream.parameters()).and_then(|mut context| {
                // SAFETY: the context was just made and is not open yet.
                unsafe { (*context.as_mut_ptr()).pkt_timebase = stream.time_base().into() };
                context.decoder().audio()
            });
        let (Ok(decoder), Some(aac)) = (opened, codec::encoder::find(codec::Id::AAC)) else {
            return Ok(None);
        };
        let stated = stream.parameters().sample_rate();
        let rate_hz = if RATES_HZ.contains(&stated) { stated } else { RATES_HZ[0] };
        let num_channels = stream.parameters().ch_layout().channels().clamp(1, 2);
        let start = || -> Result<_, ffmpeg::Error> {
            let mut audio = codec::Context::new_with_codec(aac).encoder().audio()?;
            audio.set_rate(rate_hz as i32);
            audio.set_format(PLANAR);
            audio.set_ch_layout(ChannelLayout::default_for_channels(num_channels));
            audio.set_bit_rate(64_000 * num_channels as usize);
            audio.set_time_base(Rational(1, rate_hz as i32));
            let global = if output.needs_global_header() {
                codec::Flags::GLOBAL_HEADER
            } else {
                codec::Flags::empty()
            };
            audio.set_flags(global | codec::Flags::BITEXACT);
            audio.open()
        };
        let encoder = start().map_err(|error| output.failed("start the encoder", error))?;
        let place = output.muxer.nb_streams() as usize;
        let added = output.muxer.add_stream(aac).map(|mut added| {
            added.set_time_base(Rational(1, rate_hz as i32));
            added.copy_parameters_from_context(&encoder);
        });
        added.map_err(|error| output.failed("start the sound", error))?;
        let num_channels = num_channels as usize;
        Ok(Some(Self {
            from: stream.index(),
            decoder,
            resampler: None,
            encoder,
            place,
            rate_hz,
            num_channels,
            end: span.end,
            queue: vec![Vec::new(); num_channels],
            encoded: 0,
            done: false,
        }))
    }

    /// Decodes a packet, or ends; `start` is that of the pictures. Damaged sound becomes silence.
    pub(super) fn decode(
        &mut self,
        packet: Option<&Packet>,
        source: &CutSource,
        start: Seconds,
        output: &mut CutOutput,
    ) -> Result<(), VideoError> {
        if !self.done {
            let _ = match packet {
                Some(packet) => self.decoder.send_packet(packet),
                None => self.decoder.send_eof(),
            };
            let mut decoded = frame::Audio::empty();
            while self.decoder.receive_frame(&mut decoded).is_ok() {
                let mut sound = std::mem::replace(&mut decoded, frame::Audio::empty());
                let at = sound.timestamp().map(|stamp| source.seconds(self.from, stamp) - start);
                let converted = self.converted(&mut sound);
                let converted = converted.map_err(|e| output.failed("convert the sound", e))?;
                self.add(&converted, at, start);
            }
        }
        let frame_len = self.frame_len();
        while self.queue[0].len() >= frame_len {
            self.encode(frame_len, output)?;
        }
        if packet.is_none() {
            if !self.queue[0].is_empty() {
                self.encode(self.queue[0].len(), output)?;
            }
            let ended = self.encoder.send_eof();
            ended.map_err(|error| output.failed("finish the sound", error))?;
            self.write(output)?;
        }
        Ok(())
    }

    fn frame_len(&self) -> usize {
        // SAFETY: the encoder is open.
        let len = unsafe { (*self.encoder.as_ptr()).frame_size };
        usize::try_from(len).unwrap_or(0).max(1)
    }

    /// The sound at the rate and in the channels of the output.
    fn converted(&mut self, sound: &mut frame::Audio) -> Result<frame::Audio, ffmpeg::Error> {
        let num_channels = sound.ch_layout().channels().max(1);
        let is = Sound { format: sound.format(), rate_hz: sound.rate(), num_channels };
        if sound.ch_layout().mask().is_none() {
            sound.set_ch_layout(ChannelLayout::default_for_channels(num_channels));
        }
        let fits = |(of, _): &(Sound, resampling::Context)| *of == is;
        let mut resampler = match self.resampler.take().filter(fits) {
            Some((_, resampler)) => resampler,
            None => resampling::Context::get2(
                is.format,
                sound.ch_layout(),
                is.rate_hz,
                PLANAR,
                ChannelLayout::default_for_channels(self.num_channels as u32),
                self.rate_hz,
            )?,
        };
        let mut converted = frame::Audio::empty();
        converted.set_format(PLANAR);
        converted.set_rate(self.rate_hz);
        converted.set_ch_layout(ChannelLayout::default_for_channels(self.num_channels as u32));
        // SAFETY: all three are alive; the output has no buffer, and FFmpeg makes one that is large
        // enough.
        let code = unsafe {
            ffi::swr_convert_frame(resampler.as_mut_ptr(), converted.as_mut_ptr(), sound.as_ptr())
        };
        self.resampler = Some((is, resampler));
        if code < 0 { Err(code.into()) } else { Ok(converted) }
    }

    /// Puts sound that begins at `at` of the cut behind what there is: what lies before the start or
    /// behind the end is left out, and holes are silence.
    fn add(&mut self, sound: &frame::Audio, at: Option<Seconds>, start: Seconds) {
        let rate = f64::from(self.rate_hz);
        let have = self.encoded + self.queue[0].len() as i64;
        let begins = at.map_or(have, |at| (at.0 * rate).round() as i64);
        let shift = begins - have;
        let is_first = have == 0;
        let mut skip = 0;
        // Of recordings that are joined, sound may go on into the next one.
        if shift < 0 && (is_first || -shift as f64 > HOLE_S * rate) {
            skip = (-shift) as usize;
        } else if shift > 0 && (is_first || shift as f64 > HOLE_S * rate) {
            self.queue.iter_mut().for_each(|queue| queue.resize(queue.len() + shift as usize, 0.0));
        }
        let samples = sound.samples();
        let most = (((self.end - start).0 * rate).round() as i64).max(0);
        for (channel, queue) in self.queue.iter_mut().enumerate() {
            if skip < samples {
                queue.extend_from_slice(&sound.plane::<f32>(channel)[skip..samples]);
            }
            let room = (most - self.encoded).max(0) as usize;
            queue.truncate(room);
        }
        self.done |= self.encoded + self.queue[0].len() as i64 >= most;
    }

    fn encode(&mut self, len: usize, output: &mut CutOutput) -> Result<(), VideoError> {
        let mask = if self.num_channels == 1 {
            ChannelLayoutMask::MONO
        } else {
            ChannelLayoutMask::STEREO
        };
        let mut sound = frame::Audio::new(PLANAR, len, mask);
        sound.set_rate(self.rate_hz);
        sound.set_pts(Some(self.encoded));
        for (channel, queue) in self.queue.iter_mut().enumerate() {
            sound.plane_mut::<f32>(channel)[..len].copy_from_slice(&queue[..len]);
            queue.drain(..len);
        }
        self.encoded += len as i64;
        let sent = self.encoder.send_frame(&sound);
        sent.map_err(|error| output.failed("encode the sound", error))?;
        self.write(output)
    }

    fn write(&mut self, output: &mut CutOutput) -> Result<(), VideoError> {
        let mut packet = Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            let taken = std::mem::replace(&mut packet, Packet::empty());
            output.write(taken, self.place, Rational(1, self.rate_hz as i32))?;
        }
        Ok(())
    }
}
