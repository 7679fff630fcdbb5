//! Cutting by encoding anew: from the frame on the screen at the start to the end.

use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg::{Dictionary, Packet, Rational, codec, color, frame};
use ffmpeg_the_third as ffmpeg;

use super::output::CutOutput;
use super::sound::SoundCut;
use super::source::CutSource;
use super::{Cut, CutSettings, SOUND_BEHIND_S, copy};
use crate::error::VideoError;
use crate::hdr::HdrTransfer;
use crate::png_texts;
use crate::rgb_conversion::RgbConversion;
use crate::time::{Seconds, TimeSpan};
use crate::transform::Interpolation;

/// Encodes the best video stream and the best sound. The bytes of an output in memory.
pub(super) fn encode(
    source: &mut CutSource,
    span: TimeSpan,
    mut output: CutOutput,
    settings: &CutSettings,
) -> Result<(Cut, Vec<u8>), VideoError> {
    source.seek_key_frame(span)?;
    let mut pictures = PictureCut::new(source, span, &mut output, settings)?;
    let mut sound = SoundCut::new(source, span, &mut output)?;
    let late = source.ticks(pictures.from, span.end + Seconds(SOUND_BEHIND_S));
    let mut waiting: Vec<Packet> = Vec::new();
    let mut begun = false;
    let codec = source.input.stream(pictures.from).map(|stream| stream.parameters().id());
    let mut packet = Packet::empty();
    while source.read(&mut packet) {
        if packet.stream() == pictures.from {
            codec.into_iter().for_each(|codec| png_texts::take_out(&mut packet, codec));
            if packet.dts().or(packet.pts()).is_some_and(|decoded| decoded >= late) {
                break;
            }
            if source.begins_recording() {
                pictures.begin_anew(&mut output)?;
            }
            pictures.decode(Some(&packet), &mut output)?;
        } else if sound.as_ref().is_some_and(|sound| sound.from == packet.stream()) {
            waiting.push(std::mem::replace(&mut packet, Packet::empty()));
        }
        // The sound begins with the first frame, which is known when it is found.
        if let (Some(sound), Some(start)) = (&mut sound, pictures.start(source)) {
            if !begun {
                output.begin(settings.fragmented)?;
                begun = true;
            }
            for packet in waiting.drain(..) {
                sound.decode(Some(&packet), source, start, &mut output)?;
            }
        }
        let sound_done = sound.as_ref().is_none_or(|sound| sound.done);
        if pictures.done && sound_done {
            break;
        }
        pictures.flush_waiting(&mut begun, &mut output, settings)?;
    }
    source.check_wanted()?;
    pictures.decode(None, &mut output)?;
    let Some(start) = pictures.start(source) else {
        return Err(source.refused(span, "no frame of it could be decoded".into()));
    };
    if !begun {
        output.begin(settings.fragmented)?;
        begun = true;
    }
    if let Some(sound) = &mut sound {
        for packet in waiting.drain(..) {
            sound.decode(Some(&packet), source, start, &mut output)?;
        }
        sound.decode(None, source, start, &mut output)?;
    }
    pictures.finish(&mut begun, &mut output, settings)?;
    let end = source.seconds(pictures.from, pictures.shown_until);
    Ok((Cut { span: TimeSpan { start, end }, encoded: true }, output.finish()?))
}

/// Decodes, scales and encodes the pictures.
struct PictureCut {
    from: usize,
    decoder: codec::decoder::Video,
    encoder: codec::encoder::video::Encoder,
    scaler: Option<scaling::Context>,
    /// Of HDR that becomes ordinary video: what tone-maps it to the size.
    tone_mapping: Option<RgbConversion>,
    size: (u32, u32),
    ticks: Rational,
    /// In stamps of the source.
    wanted: (i64, i64),
    frame_ticks: i64,
    /// The last frame at the start or before it, until one behind it comes.
    held: Option<frame::Video>,
    first: Option<i64>,
    shown_until: i64,
    /// Encoded before the header could be written.
    waiting: Vec<Packet>,
    done: bool,
}

impl PictureCut {
    fn new(
        source: &CutSource,
        span: TimeSpan,
        output: &mut CutOutput,
        settings: &CutSettings,
    ) -> Result<Self, VideoError> {
        let from = source.video;
        let unreadable = || source.refused(span, "FFmpeg here cannot decode its pictures".into());
        let stream = source.input.stream(from).ok_or_else(unreadable)?;
        let parameters = stream.parameters();
        let opened = codec::Context::from_parameters(parameters).and_then(|mut context| {
            // SAFETY: the context was just made and is not open yet.
            unsafe { (*context.as_mut_ptr()).pkt_timebase = stream.time_base().into() };
            context.decoder().video()
        });
        let decoder = opened.map_err(|_| unreadable())?;
        let size = cut_size((decoder.width(), decoder.height()), settings.most_lines);
        let missing = "the installed FFmpeg has no libx264; install one that has";
        let x264 = codec::encoder::find_by_name("libx264");
        let x264 = x264.ok_or_else(|| source.refused(span, missing.into()))?;
        let rate = [stream.avg_frame_rate(), stream.rate()];
        let rate = rate.into_iter().find(|rate| rate.0 > 0 && rate.1 > 0);
        let rate = rate.unwrap_or(Rational(25, 1));
        let ticks = stream.time_base();
        // SAFETY: the decoder is alive.
        let hdr = HdrTransfer::of(unsafe { (*decoder.as_ptr()).color_trc });
        let tone_mapping = hdr
            .filter(|_| settings.tone_mapped)
            .and_then(|_| RgbConversion::new(size, Interpolation::Bilinear).ok());
        let pictures = Pictures { size, ticks, rate, tone_mapped: tone_mapping.is_some() };
        let started = open_encoder(x264, &decoder, &pictures, output, settings);
        let encoder = started.map_err(|error| output.failed("start the encoder", error))?;
        let added = output.muxer.add_stream(x264).map(|mut added| {
            added.set_time_base(ticks);
            added.set_avg_frame_rate(rate);
            added.copy_parameters_from_context(&encoder);
            // SAFETY: both streams are alive, and no header is written yet.
            unsafe { copy::copy_turn(stream.as_ptr(), added.as_mut_ptr()) };
        });
        added.map_err(|error| output.failed("start the video stream", error))?;
        let frame_s = f64::from(rate.1) / f64::from(rate.0);
        let frame_ticks = (frame_s * f64::from(ticks.1) / f64::from(ticks.0)).round() as i64;
        let wanted = (source.ticks(from, span.start), source.ticks(from, span.end));
        Ok(Self {
            from,
            decoder,
            encoder,
            scaler: None,
            tone_mapping,
            size,
            ticks,
            wanted,
            frame_ticks: frame_ticks.max(1),
            held: None,
            first: None,
            shown_until: 0,
            waiting: Vec::new(),
            done: false,
        })
    }

    /// When the first frame is shown, once it is known.
    fn start(&self, source: &CutSource) -> Option<Seconds> {
        self.first.map(|first| source.seconds(self.from, first))
    }

    /// Decodes a packet, or what is left at the end. Damaged pictures are passed over.
    fn decode(
        &mut self,
        packet: Option<&Packet>,
        output: &mut CutOutput,
    ) -> Result<(), VideoError> {
        if self.done {
            return Ok(());
        }
        let _ = match packet {
            Some(packet) => self.decoder.send_packet(packet),
            None => self.decoder.send_eof(),
        };
        self.take_decoded(output)?;
        if packet.is_none()
            && let Some(held) = self.held.take()
        {
            self.encode(&held, output)?;
        }
        Ok(())
    }

    /// Takes what the decoder still has of a recording, and makes it ready for another one.
    fn begin_anew(&mut self, output: &mut CutOutput) -> Result<(), VideoError> {
        if !self.done {
            let _ = self.decoder.send_eof();
            self.take_decoded(output)?;
            self.decoder.flush();
        }
        Ok(())
    }

    fn take_decoded(&mut self, output: &mut CutOutput) -> Result<(), VideoError> {
        let mut decoded = frame::Video::empty();
        while !self.done && self.decoder.receive_frame(&mut decoded).is_ok() {
            let frame = std::mem::replace(&mut decoded, frame::Video::empty());
            let Some(stamp) = frame.timestamp() else { continue };
            if stamp <= self.wanted.0 {
                self.held = Some(frame);
                continue;
            }
            if let Some(held) = self.held.take() {
                self.encode(&held, output)?;
            }
            if stamp >= self.wanted.1 && self.first.is_some() {
                self.shown_until = stamp;
                self.done = true;
            } else {
                self.encode(&frame, output)?;
            }
        }
        Ok(())
    }

    fn encode(&mut self, stored: &frame::Video, output: &mut CutOutput) -> Result<(), VideoError> {
        let stamp = stored.timestamp().unwrap_or(0);
        let first = *self.first.get_or_insert(stamp);
        self.shown_until = stamp + self.frame_ticks;
        let picture = self.scaled(stored);
        let mut picture = picture.map_err(|error| output.failed("convert a frame", error))?;
        picture.set_pts(Some(stamp - first));
        // What the decoder says of the picture's kind would be taken for an order.
        picture.set_kind(ffmpeg::picture::Type::None);
        let sent = self.encoder.send_frame(&picture);
        sent.map_err(|error| output.failed("encode a frame", error))?;
        self.collect();
        Ok(())
    }

    fn scaled(&mut self, stored: &frame::Video) -> Result<frame::Video, ffmpeg::Error> {
        let (width, height) = self.size;
        let stored = match &mut self.tone_mapping {
            Some(tone_mapping) => tone_mapping.run(stored)?,
            None => stored,
        };
        let (format, stored_size) = (stored.format(), (stored.width(), stored.height()));
        if format == Pixel::YUV420P && stored_size == self.size {
            return Ok(stored.clone());
        }
        let fits = |scaler: &scaling::Context| {
            let input = scaler.input();
            input.format == format && (input.width, input.height) == stored_size
        };
        let mut scaler = match self.scaler.take().filter(fits) {
            Some(scaler) => scaler,
            None => scaling::Context::get(
                format,
                stored_size.0,
                stored_size.1,
                Pixel::YUV420P,
                width,
                height,
                scaling::Flags::BILINEAR | scaling::Flags::ACCURATE_RND,
            )?,
        };
        let mut picture = frame::Video::empty();
        scaler.run(stored, &mut picture)?;
        self.scaler = Some(scaler);
        Ok(picture)
    }

    fn collect(&mut self) {
        let mut packet = Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            // Without it the last frame, or the only one, would be shown for no time at all.
            packet.set_duration(self.frame_ticks);
            self.waiting.push(std::mem::replace(&mut packet, Packet::empty()));
        }
    }

    fn flush_waiting(
        &mut self,
        begun: &mut bool,
        output: &mut CutOutput,
        settings: &CutSettings,
    ) -> Result<(), VideoError> {
        if self.first.is_none() {
            return Ok(());
        }
        if !*begun {
            output.begin(settings.fragmented)?;
            *begun = true;
        }
        self.waiting.drain(..).try_for_each(|packet| output.write(packet, 0, self.ticks))
    }

    fn finish(
        &mut self,
        begun: &mut bool,
        output: &mut CutOutput,
        settings: &CutSettings,
    ) -> Result<(), VideoError> {
        let ended = self.encoder.send_eof();
        ended.map_err(|error| output.failed("finish encoding", error))?;
        self.collect();
        self.flush_waiting(begun, output, settings)
    }
}

/// Even sides within the bound, in the proportions of the source.
fn cut_size((width, height): (u32, u32), most_lines: Option<u32>) -> (u32, u32) {
    let even = |side: f64| ((side / 2.0).round() as u32 * 2).max(2);
    let scale = most_lines.map_or(1.0, |most| (f64::from(most) / f64::from(height)).min(1.0));
    if scale < 1.0 {
        return (even(f64::from(width) * scale), even(f64::from(height) * scale));
    }
    ((width & !1).max(2), (height & !1).max(2))
}

/// What is encoded.
struct Pictures {
    size: (u32, u32),
    ticks: Rational,
    rate: Rational,
    /// Whether HDR became ordinary video.
    tone_mapped: bool,
}

fn open_encoder(
    x264: ffmpeg::Codec,
    decoder: &codec::decoder::Video,
    &Pictures { size: (width, height), ticks, rate, tone_mapped }: &Pictures,
    output: &CutOutput,
    settings: &CutSettings,
) -> Result<codec::encoder::video::Encoder, ffmpeg::Error> {
    let mut video = codec::Context::new_with_codec(x264).encoder().video()?;
    video.set_width(width);
    video.set_height(height);
    video.set_format(Pixel::YUV420P);
    video.set_time_base(ticks);
    video.set_frame_rate(Some(rate));
    // A key frame every two seconds: seeking is quick and the file small.
    video.set_gop((2 * rate.0 / rate.1.max(1)).max(1) as u32);
    video.set_max_b_frames(if settings.fragmented { 0 } else { 3 });
    let global = if output.needs_global_header() {
        codec::Flags::GLOBAL_HEADER
    } else {
        codec::Flags::empty()
    };
    video.set_flags(global | codec::Flags::BITEXACT);
    // swscale narrows these by itself; of the others it keeps the range that they state.
    let narrowed = matches!(decoder.format(), Pixel::YUVJ420P | Pixel::YUVJ422P | Pixel::YUVJ444P);
    let range = if narrowed || tone_mapped { color::Range::MPEG } else { decoder.color_range() };
    video.set_color_range(range);
    let from_rgb = tone_mapped || decoder.color_space() == color::Space::RGB;
    let space = if from_rgb { color::Space::SMPTE170M } else { decoder.color_space() };
    video.set_colorspace(space);
    // SAFETY: both contexts are alive, and the encoder is not open yet.
    unsafe {
        let (from, to) = (decoder.as_ptr(), video.as_mut_ptr());
        if tone_mapped {
            (*to).color_primaries = ffmpeg::ffi::AVColorPrimaries::BT709;
            (*to).color_trc = ffmpeg::ffi::AVColorTransferCharacteristic::BT709;
        } else {
            (*to).color_primaries = (*from).color_primaries;
            (*to).color_trc = (*from).color_trc;
        }
        (*to).sample_aspect_ratio = (*from).sample_aspect_ratio;
    }
    let mut options = Dictionary::new();
    options.set("preset", settings.preset.name());
    options.set("crf", settings.crf.to_string());
    video.open_with(options)
}
