//! Whether a clock that goes far ahead was set anew, or nothing was stored meanwhile.
//!
//! A screen recorder stores no picture while nothing changes, for minutes.

use crate::joined_files;
use crate::probe::OpenFile;
use crate::seen_packet::Seen;
use crate::sound_in_hole::{self, Sound};
use crate::time::TimeSpan;

/// Whether the pictures from the packet of order `from` on, whose clock is not where it was, follow a
/// pause and belong to the same recording. The input stands anywhere afterwards.
///
/// The clock goes ahead, and
/// - the sound runs on through the pause; or
/// - in MPEG-TS, the packets say so: none is missing by their counters, and none announces another
///   clock; or
/// - in other containers, the next picture is made from the one before: another recording begins with a
///   key frame.
pub(crate) fn is_pause(file: &mut OpenFile, seen: &[Seen], from: usize, tick_s: f64) -> bool {
    let before = seen[..from].iter().rev().find_map(Seen::decoded_at);
    let Some((start, end)) = before.zip(seen[from].decoded_at()) else { return false };
    if end <= start || file.watch.is_given_up() {
        return false;
    }
    let span = TimeSpan::new(start as f64 * tick_s, end as f64 * tick_s);
    let place = seen[..from].iter().rev().map(|packet| packet.at_byte).find(|at| *at >= 0);
    let is_mpegts = file.input.format().name() == "mpegts";
    // Times are no way to a place in a stream whose clock jumps.
    let at_byte = place.filter(|_| is_mpegts);
    if sound_in_hole::in_span(file, span, at_byte) == Sound::GoesOn {
        return true;
    }
    match at_byte {
        Some(at) => joined_files::are_of_one_piece(file, at, seen[from].at_byte),
        None => !is_mpegts && !seen[from].is_key,
    }
}
