//! Whether the sound goes on while there are no pictures.
//!
//! A lost piece of a recording loses both. A screen recorder that waits for something to change stores
//! no pictures meanwhile, and the sound goes on.

use ffmpeg_the_third::{Discard, Packet, ffi, media};

use crate::probe::OpenFile;
use crate::time::TimeSpan;

/// Whether the sound goes on in the span, by the file's own clock. The input stands anywhere afterwards.
/// False where there is no sound.
pub(crate) fn goes_on(file: &mut OpenFile, span: TimeSpan) -> bool {
    let Some(sound) = file.input.streams().best(media::Type::Audio) else { return false };
    let (stream, time_base) = (sound.index(), sound.time_base());
    let tick_s = f64::from(time_base.numerator()) / f64::from(time_base.denominator());
    read_alone(file, Some(stream));
    let starts_s = starts_s(file, stream, tick_s, span);
    read_alone(file, None);
    fills(&starts_s, span)
}

/// Whether packets of sound that begin at these times fill the span: they follow each other in steps
/// shorter than half of it, or not much longer than is usual before.
///
/// What packets say of their lengths is not asked: in MP4 the last one before a hole is said to last until
/// its end.
fn fills(starts_s: &[f64], span: TimeSpan) -> bool {
    let first_inside = starts_s.partition_point(|start_s| *start_s < span.start.0);
    let (before, inside) = starts_s.split_at(first_inside);
    let mut steps_s: Vec<f64> = before.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps_s.sort_by(f64::total_cmp);
    let usual_s = steps_s.get(steps_s.len() / 2).copied().unwrap_or(0.0);
    let (mut last_s, mut longest_s) = (before.last().copied().unwrap_or(span.start.0), 0f64);
    for start_s in inside.iter().copied().chain([span.end.0]) {
        let start_s = start_s.min(span.end.0);
        longest_s = longest_s.max(start_s - last_s);
        last_s = start_s;
    }
    2.0 * longest_s < span.duration().0 || longest_s <= 2.0 * usual_s
}

/// When packets of sound begin, from some time before the span until its end.
fn starts_s(file: &mut OpenFile, stream: usize, tick_s: f64, span: TimeSpan) -> Vec<f64> {
    const BEFORE_S: f64 = 2.0;
    let mut starts_s = Vec::new();
    let ticks = |seconds: f64| (seconds / tick_s) as i64;
    let (from, latest) = (ticks(span.start.0 - BEFORE_S), ticks(span.start.0));
    // SAFETY: the context is alive and the stream is one of its own.
    let code = unsafe {
        let (input, stream) = (file.input.as_mut_ptr(), stream as i32);
        ffi::avformat_seek_file(input, stream, i64::MIN, from, latest, 0)
    };
    while code >= 0 && !file.watch.is_given_up() {
        let mut packet = Packet::empty();
        if packet.read(&mut file.input).is_err() {
            break;
        }
        file.watch.step();
        let Some(pts) = packet.pts().filter(|_| packet.stream() == stream) else { continue };
        starts_s.push(pts as f64 * tick_s);
        if pts as f64 * tick_s >= span.end.0 {
            break;
        }
    }
    starts_s
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_fills_a_span_unless_half_of_it_is_without() {
        let span = TimeSpan::new(1.0, 2.0);
        let packets = |from: i32, to: i32| (from..to).map(|i| f64::from(i) * 0.02);
        assert!(fills(&packets(0, 101).collect::<Vec<_>>(), span));
        assert!(!fills(&packets(0, 51).chain(packets(100, 101)).collect::<Vec<_>>(), span));
        assert!(!fills(&packets(0, 60).collect::<Vec<_>>(), span));
        assert!(!fills(&[], span));
        // A second hole soon after another one.
        let twice = packets(-100, -50).chain(packets(0, 50)).chain(packets(100, 101));
        assert!(!fills(&twice.collect::<Vec<_>>(), span));
        // Long packets.
        assert!(fills(&[-0.4, 0.4, 1.2, 2.0], span));
    }
}
