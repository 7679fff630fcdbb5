//! Cutting by copying packets.

use ffmpeg::{Packet, Rational, codec, ffi};
use ffmpeg_the_third as ffmpeg;

use super::output::CutOutput;
use super::source::CutSource;
use super::{Cut, SOUND_BEHIND_S};
use crate::codec_headers;
use crate::error::VideoError;
use crate::time::{Seconds, TimeSpan};

/// Copies what is decoded before the end of `span`, from the key frame before its start on.
pub(super) fn copy(
    source: &mut CutSource,
    span: TimeSpan,
    mut output: CutOutput,
) -> Result<Cut, VideoError> {
    let key = source.seek_key_frame(span)?;
    let video = source.video;
    let start = source.seconds(video, key);
    let end = span.end;
    if end <= start {
        return Err(source.refused(span, "the span ends before it has a frame".into()));
    }
    let streams: Vec<usize> = [video].into_iter().chain(source.sounds.iter().copied()).collect();
    for &index in &streams {
        add_stream(source, index, &mut output)?;
    }
    output.begin(false)?;

    let shifts: Vec<i64> = streams.iter().map(|stream| source.ticks(*stream, start)).collect();
    let shifts = match shifts.split_first() {
        Some((_, sounds)) => [key].into_iter().chain(sounds.iter().copied()).collect(),
        None => shifts,
    };
    let ticks: Vec<Rational> = streams.iter().map(|stream| source.time_base(*stream)).collect();
    let ends: Vec<i64> = streams.iter().map(|stream| source.ticks(*stream, end)).collect();
    let too_late = source.ticks(video, end + Seconds(SOUND_BEHIND_S));
    let (mut begun, mut shown_until) = (false, key);
    let mut done = vec![false; streams.len()];
    let mut decoded_last: Vec<Option<i64>> = vec![None; streams.len()];
    let mut packet = Packet::empty();
    while !done.iter().all(|done| *done) && source.read(&mut packet) {
        let Some(place) = streams.iter().position(|stream| *stream == packet.stream()) else {
            continue;
        };
        let Some(shown) = packet.pts().or(packet.dts()) else { continue };
        let decoded = packet.dts().unwrap_or(shown);
        if place == 0 && decoded >= too_late {
            break;
        }
        if decoded >= ends[place] {
            done[place] = true;
            continue;
        }
        if place == 0 {
            begun |= packet.is_key() && shown == key;
            // Pictures before the key frame that follow it are made from ones that are not here.
            if !begun || shown < key {
                continue;
            }
            if decoded_last[0].is_none() {
                add_headers(source, &mut packet, &output);
            }
            shown_until = shown_until.max(shown + packet.duration().max(1));
        } else if shown < shifts[place] || shown >= ends[place] {
            continue;
        }
        packet.set_pts(Some(shown - shifts[place]));
        packet.set_dts(packet.dts().map(|dts| dts - shifts[place]));
        if let (Some(last), Some(dts)) = (decoded_last[place], packet.dts())
            && dts <= last
        {
            // Where recordings are joined, sound may go on into the next one, and pictures of one may be decoded longer
            // ahead than those of the other.
            if place > 0 {
                continue;
            }
            packet.set_dts(Some(last + 1));
        }
        decoded_last[place] = packet.dts().or(decoded_last[place]);
        let taken = std::mem::replace(&mut packet, Packet::empty());
        output.write(taken, place, ticks[place])?;
    }
    source.check_wanted()?;
    if !begun {
        return Err(source.refused(span, "no frame of it could be read".into()));
    }
    output.finish_decodable(source.path(), span)?;
    let held = TimeSpan { start, end: source.seconds(video, shown_until) };
    Ok(Cut { span: held, encoded: false })
}

/// Puts the headers of the codec before the first picture, where the kind of file keeps them there alone and the
/// picture has none of its own.
fn add_headers(source: &CutSource, packet: &mut Packet, output: &CutOutput) {
    let Some(stream) = source.input.stream(source.video) else { return };
    let Some(headers) = codec_headers::of_start(&stream) else { return };
    if output.keeps_headers_among_pictures() && codec_headers::of_packet(&stream, packet).is_none()
    {
        codec_headers::put_before(packet, &headers);
    }
}

/// A stream like that of the source, with its turn.
fn add_stream(source: &CutSource, from: usize, output: &mut CutOutput) -> Result<(), VideoError> {
    let failed = |output: &CutOutput, error| output.failed("copy a stream", error);
    let Some(stream) = source.input.stream(from) else { return Ok(()) };
    let none = ffmpeg::encoder::find(codec::Id::None);
    let added = output.muxer.add_stream(none).map(|mut added| {
        added.set_parameters(stream.parameters());
        added.set_time_base(stream.time_base());
        added.set_avg_frame_rate(stream.avg_frame_rate());
        added.set_sample_aspect_ratio(stream.sample_aspect_ratio());
        // SAFETY: both streams are alive, and the added one has no header yet. The tag is that of the
        // source's kind of file, and another kind chooses its own.
        unsafe {
            let raw = added.as_mut_ptr();
            (*(*raw).codecpar).codec_tag = 0;
            copy_turn(stream.as_ptr(), raw);
        }
    });
    added.map_err(|error| failed(output, error))
}

/// Copies the note of how the pictures are turned.
///
/// # Safety
/// Both streams are alive, and `to` is of an output without a header.
pub(super) unsafe fn copy_turn(from: *const ffi::AVStream, to: *mut ffi::AVStream) {
    let kind = ffi::AVPacketSideDataType::DISPLAYMATRIX;
    let mut size = 0;
    // SAFETY: FFmpeg gives null or `size` bytes that live as long as the stream, and makes as many.
    unsafe {
        let matrix = ffi::av_stream_get_side_data(from, kind, &raw mut size);
        if matrix.is_null() {
            return;
        }
        let copy = ffi::av_stream_new_side_data(to, kind, size);
        if !copy.is_null() {
            std::ptr::copy_nonoverlapping(matrix, copy, size);
        }
    }
}
