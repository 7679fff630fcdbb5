//! Files for the tests: every frame carries its own number, so a frame that is read tells which one
//! it is.

use std::path::{Path, PathBuf};

use ffmpeg_the_third as ffmpeg;
use locvtp_video::{Encoder, EncoderPreset, EncoderSettings, FramePixels, Seconds};

/// Size of the numbered frames: two rows of eight squares of 12 pixels carry the number, a texture
/// moves below.
pub(crate) const WIDTH: usize = 96;
pub(crate) const HEIGHT: usize = 64;

/// A new folder and the path of a file in it.
pub(crate) fn place(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

/// A frame that shows `number` in black and white squares.
pub(crate) fn numbered(number: usize) -> Vec<u8> {
    let mut rgb = vec![0; WIDTH * HEIGHT * 3];
    for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let (x, y) = (i % WIDTH, i / WIDTH);
        if y < 24 {
            let bit = x / 12 + 8 * (y / 12);
            pixel.fill(if number >> bit & 1 == 1 { 235 } else { 20 });
        } else {
            let wave = ((x + 2 * number) * 5 % 97) as u8;
            pixel.copy_from_slice(&[80 + wave, (y * 3) as u8, 160 - wave]);
        }
    }
    rgb
}

/// The number that a frame shows.
pub(crate) fn number_in(frame: &[u8]) -> usize {
    let bit = |i: usize| {
        let (x, y) = (i % 8 * 12 + 6, i / 8 * 12 + 6);
        usize::from(frame[(y * WIDTH + x) * 3 + 1] > 128) << i
    };
    (0..16).map(bit).sum()
}

/// The numbers that all frames show.
pub(crate) fn numbers_in(pixels: &FramePixels) -> Vec<usize> {
    (0..pixels.num_frames).map(|i| number_in(pixels.frame(i))).collect()
}

/// Settings for numbered frames at 25 a second.
pub(crate) fn settings(key_frame_interval: u32, max_b_frames: u8) -> EncoderSettings {
    let size = (WIDTH as u32, HEIGHT as u32);
    let preset = EncoderPreset::Veryfast;
    let settings = EncoderSettings::new(size.0, size.1, 25);
    EncoderSettings { key_frame_interval, max_b_frames, preset, ..settings }
}

/// Writes frames 0 to `count` with their numbers.
pub(crate) fn write_numbered(path: &Path, count: usize, settings: EncoderSettings) {
    let mut encoder = Encoder::create(path, settings).unwrap();
    (0..count).for_each(|number| encoder.push(&numbered(number)).unwrap());
    encoder.finish().unwrap();
}

/// Writes numbered frames, each shown from its own time.
pub(crate) fn write_numbered_at(path: &Path, times: &[f64], settings: EncoderSettings) {
    let mut encoder = Encoder::create(path, settings).unwrap();
    for (number, at) in times.iter().enumerate() {
        encoder.push_at(&numbered(number), Seconds(*at)).unwrap();
    }
    encoder.finish().unwrap();
}

/// Copies the packets of a file into another container, all times moved by `shift_frames` of 25 a
/// second.
pub(crate) fn remux(from: &Path, to: &Path, container: &str, shift_frames: i64) {
    let mut input = ffmpeg::format::input(from).unwrap();
    let mut output = ffmpeg::format::output_as(to, container).unwrap();
    let in_base = input.stream(0).unwrap().time_base();
    {
        let mut stream = output.add_stream(ffmpeg::encoder::find(ffmpeg::codec::Id::None)).unwrap();
        stream.set_parameters(input.stream(0).unwrap().parameters());
        // SAFETY: the stream is alive; a tag of one container means nothing in another.
        unsafe { (*stream.parameters_mut().as_mut_ptr()).codec_tag = 0 };
    }
    output.write_header().unwrap();
    let out_base = output.stream(0).unwrap().time_base();
    let ticks =
        i64::from(in_base.denominator()) / 25 * shift_frames / i64::from(in_base.numerator());
    for packet in input.packets() {
        let (_, mut packet) = packet.unwrap();
        packet.set_pts(packet.pts().map(|pts| pts + ticks));
        packet.set_dts(packet.dts().map(|dts| dts + ticks));
        packet.rescale_ts(in_base, out_base);
        packet.set_position(-1);
        packet.write_interleaved(&mut output).unwrap();
    }
    output.write_trailer().unwrap();
}

/// Writes numbered frames with another codec and container.
pub(crate) fn write_numbered_with(
    path: &Path,
    codec: &str,
    container: &str,
    count: usize,
    b_frames: usize,
) {
    write_numbered_by(path, codec, container, count, b_frames, &[]);
}

/// The same with options of the encoder.
pub(crate) fn write_numbered_by(
    path: &Path,
    codec: &str,
    container: &str,
    count: usize,
    b_frames: usize,
    options: &[(&str, &str)],
) {
    use ffmpeg::format::Pixel;
    use ffmpeg::software::scaling;
    let codec = ffmpeg::encoder::find_by_name(codec).expect("this FFmpeg lacks an encoder");
    let mut output = ffmpeg::format::output_as(path, container).unwrap();
    let needs_header = output.format().flags().contains(ffmpeg::format::Flags::GLOBAL_HEADER);
    let mut video = ffmpeg::codec::Context::new_with_codec(codec).encoder().video().unwrap();
    let (width, height) = (WIDTH as u32, HEIGHT as u32);
    video.set_width(width);
    video.set_height(height);
    let is_jpeg = codec.name() == "mjpeg";
    let format = if is_jpeg { Pixel::YUVJ420P } else { Pixel::YUV420P };
    video.set_format(format);
    video.set_time_base((1, 25));
    video.set_frame_rate(Some((25, 1)));
    video.set_gop(12);
    video.set_max_b_frames(b_frames);
    video.set_bit_rate(2_000_000);
    if needs_header {
        video.set_flags(ffmpeg::codec::Flags::GLOBAL_HEADER);
    }
    let options: ffmpeg::Dictionary = options.iter().copied().collect();
    let mut encoder = video.open_with(options).unwrap();
    output.add_stream(codec).unwrap().copy_parameters_from_context(&encoder);
    output.write_header().unwrap();
    let out_base = output.stream(0).unwrap().time_base();
    let flags = scaling::Flags::BILINEAR;
    let mut scaler =
        scaling::Context::get(Pixel::RGB24, width, height, format, width, height, flags).unwrap();
    for number in 0..=count {
        if number < count {
            let mut rgb = ffmpeg::frame::Video::new(Pixel::RGB24, width, height);
            let stride = rgb.stride(0);
            let rows = rgb.data_mut(0).chunks_mut(stride);
            for (to, from) in rows.zip(numbered(number).chunks(WIDTH * 3)) {
                to[..WIDTH * 3].copy_from_slice(from);
            }
            let mut yuv = ffmpeg::frame::Video::empty();
            scaler.run(&rgb, &mut yuv).unwrap();
            yuv.set_pts(Some(number as i64));
            encoder.send_frame(&yuv).unwrap();
        } else {
            encoder.send_eof().unwrap();
        }
        let mut packet = ffmpeg::Packet::empty();
        while encoder.receive_packet(&mut packet).is_ok() {
            packet.set_stream(0);
            // Some encoders leave it at zero, and MP4 ends with the last frame's end.
            packet.set_duration(1);
            packet.rescale_ts((1, 25), out_base);
            packet.write_interleaved(&mut output).unwrap();
        }
    }
    output.write_trailer().unwrap();
}
