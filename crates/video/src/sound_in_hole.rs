//! Whether the sound goes on while there are no pictures.
//!
//! A lost piece of a recording loses both. A screen recorder that waits for something to change stores
//! no pictures meanwhile, and the sound goes on. One that began earlier or later, or was switched off, says
//! nothing.

use ffmpeg_the_third::{Discard, Packet, Rational, Stream, ffi, media};

use crate::probe::OpenFile;
use crate::time::TimeSpan;

/// What the sound does in a span without pictures; of several tracks, the last of these that one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sound {
    /// There is none.
    None,
    /// It begins later or ends before, so it says nothing of the span.
    Elsewhere,
    /// It plays before and behind, and leaves out half of the span or more.
    Stops,
    GoesOn,
}

/// What the sound does in the span, by the file's own clock. With `at_byte`, where the span begins in the
/// file, it is looked for there and not by time. The input stands anywhere afterwards.
pub(crate) fn in_span(file: &mut OpenFile, span: TimeSpan, at_byte: Option<i64>) -> Sound {
    let is_sound = |stream: &Stream<'_>| stream.parameters().medium() == media::Type::Audio;
    let tracks: Vec<(usize, Rational)> = (file.input.streams().filter(is_sound))
        .map(|stream| (stream.index(), stream.time_base()))
        .collect();
    let mut found = Sound::None;
    for (stream, time_base) in tracks {
        let tick_s = f64::from(time_base.numerator()) / f64::from(time_base.denominator());
        read_alone(file, Some(stream));
        found = found.max(heard(&starts_s(file, stream, tick_s, span, at_byte), span));
        if found == Sound::GoesOn {
            break;
        }
    }
    read_alone(file, None);
    found
}

/// Of one track, whose packets begin at these times.
fn heard(starts_s: &[f64], span: TimeSpan) -> Sound {
    let begins_before = starts_s.first().is_some_and(|first| *first <= span.start.0);
    let ends_behind = starts_s.last().is_some_and(|last| *last >= span.end.0);
    if !begins_before || !ends_behind {
        Sound::Elsewhere
    } else if fills(starts_s, span) {
        Sound::GoesOn
    } else {
        Sound::Stops
    }
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
fn starts_s(
    file: &mut OpenFile,
    stream: usize,
    tick_s: f64,
    span: TimeSpan,
    at_byte: Option<i64>,
) -> Vec<f64> {
    const BEFORE_S: f64 = 2.0;
    const BEFORE_BYTES: i64 = 1 << 22;
    let mut starts_s = Vec::new();
    let ticks = |seconds: f64| (seconds / tick_s) as i64;
    let (from, latest) = (ticks(span.start.0 - BEFORE_S), ticks(span.start.0));
    // SAFETY: the context is alive and the stream is one of its own.
    let code = unsafe {
        let (input, stream) = (file.input.as_mut_ptr(), stream as i32);
        match at_byte {
            Some(at) => {
                let from = (at - BEFORE_BYTES).max(0);
                ffi::av_seek_frame(input, stream, from, ffi::AVSEEK_FLAG_BYTE)
            }
            None => ffi::avformat_seek_file(input, stream, i64::MIN, from, latest, 0),
        }
    };
    while code >= 0 && !file.watch.is_given_up() {
        let mut packet = Packet::empty();
        if file.next_packet(&mut packet).is_err() {
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

    #[test]
    fn sound_that_plays_on_one_side_alone_says_nothing() {
        let span = TimeSpan::new(1.0, 2.0);
        let packets = |from: i32, to: i32| (from..to).map(|i| f64::from(i) * 0.02);
        let heard = |starts_s: Vec<f64>| heard(&starts_s, span);
        assert_eq!(heard(packets(0, 60).collect()), Sound::Elsewhere);
        assert_eq!(heard(packets(60, 101).collect()), Sound::Elsewhere);
        assert_eq!(heard(packets(100, 101).collect()), Sound::Elsewhere);
        assert_eq!(heard(packets(0, 101).collect()), Sound::GoesOn);
        assert_eq!(heard(packets(0, 51).chain(packets(100, 101)).collect()), Sound::Stops);
        assert_eq!(heard(Vec::new()), Sound::Elsewhere);
    }
}
