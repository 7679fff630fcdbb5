//! Whether the sound goes on while there are no pictures.
//!
//! A lost piece of a recording loses both. A screen recorder that waits for something to change stores
//! no pictures meanwhile, and the sound goes on.

use ffmpeg_the_third::{Discard, Packet, ffi, media};

use crate::probe::OpenFile;
use crate::time::TimeSpan;

/// Whether sound is stored for half of the span or more; `span` is by the file's own clock. The input
/// stands anywhere afterwards. False where there is no sound.
pub(crate) fn goes_on(file: &mut OpenFile, span: TimeSpan) -> bool {
    let Some(sound) = file.input.streams().best(media::Type::Audio) else { return false };
    let (stream, time_base) = (sound.index(), sound.time_base());
    let tick_s = f64::from(time_base.numerator()) / f64::from(time_base.denominator());
    read_alone(file, Some(stream));
    let covered_s = covered_s(file, stream, tick_s, span);
    read_alone(file, None);
    2.0 * covered_s >= span.duration().0
}

/// How much of the span has sound, in seconds.
fn covered_s(file: &mut OpenFile, stream: usize, tick_s: f64, span: TimeSpan) -> f64 {
    let (from, no_flags) = ((span.start.0 / tick_s) as i64, ffi::AVSEEK_FLAG_BACKWARD);
    // SAFETY: the context is alive and the stream is one of its own.
    let code =
        unsafe { ffi::av_seek_frame(file.input.as_mut_ptr(), stream as i32, from, no_flags) };
    let mut covered_s = 0.0;
    while code >= 0 && !file.watch.is_given_up() {
        let mut packet = Packet::empty();
        if packet.read(&mut file.input).is_err() {
            break;
        }
        file.watch.step();
        let Some(pts) = packet.pts().filter(|_| packet.stream() == stream) else { continue };
        let start_s = pts as f64 * tick_s;
        if start_s >= span.end.0 {
            break;
        }
        let end_s = start_s + packet.duration() as f64 * tick_s;
        covered_s += (end_s.min(span.end.0) - start_s.max(span.start.0)).max(0.0);
    }
    covered_s
}

/// Has the demuxer hand out this stream instead of the video, or the video again.
fn read_alone(file: &mut OpenFile, sound: Option<usize>) {
    let video = file.stream;
    for index in 0..file.input.nb_streams() as usize {
        let is_sound = file
            .input
            .stream(index)
            .is_some_and(|stream| stream.parameters().medium() == media::Type::Audio);
        if index != video && !is_sound {
            continue;
        }
        let is_wanted = sound.map_or(index == video, |sound| index == sound);
        let discard = if is_wanted { Discard::Default } else { Discard::All };
        if let Some(mut stream) = file.input.stream_mut(index) {
            // SAFETY: the stream is alive; the field says which packets the demuxer need not hand out.
            unsafe { (*stream.as_mut_ptr()).discard = discard.into() };
        }
    }
}
