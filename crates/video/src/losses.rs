//! Where pictures of a recording are missing.
//!
//! MPEG-TS marks the packet beside lost bytes. A stream that was copied into another container after
//! pieces of it were lost has no marks any more, only a hole in time. Such a hole looks like a pause of
//! a phone or a screen recorder, which store a picture only when there is a new one; what tells them
//! apart is written at [`unmarked`].
//!
//! Times here are stamps: ticks on the timeline of the file.

use std::ops::Range;

use crate::content::Content;
use crate::seen_packet::Seen;

/// Where pictures were lost, by the order of the first packet behind: where time goes on by more than
/// a picture, beside a packet with the mark of a loss. `part` is a part of the file, `frame` how long
/// its pictures are usually shown.
pub(crate) fn marked(seen: &[Seen], part: Range<usize>, frame: i64) -> Vec<usize> {
    let pictures = part.filter(|order| seen[*order].content == Content::Picture);
    let pictures: Vec<(usize, i64)> =
        pictures.filter_map(|order| Some((order, seen[order].decoded_at()?))).collect();
    let mut losses = Vec::new();
    for (at, pair) in pictures.windows(2).enumerate() {
        // The mark stands on the last packet before the loss, or on the one before that.
        let from = pictures[at.saturating_sub(1)].0;
        let is_marked = || seen[from..pair[1].0].iter().any(|packet| packet.is_beside_loss);
        if pair[1].1.saturating_sub(pair[0].1).saturating_mul(2) > frame.saturating_mul(3)
            && is_marked()
        {
            losses.push(pair[1].0);
        }
    }
    losses
}

/// A hole in time that nothing marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    /// The first packet behind it, by order.
    pub(crate) order: usize,
    /// From the end of the picture before to the one after.
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// Holes of a part of the file that a lost piece leaves in a stream of constant rate; `second` is in
/// ticks.
///
/// A piece that can be lost as a whole begins with a key frame. So a hole is one that
/// - is at least half a second and five pictures long,
/// - ends with a key frame, in a stream whose pictures are not all key frames,
/// - lies in a stream of constant rate: ten pictures or more at the usual step for each hole, and of
///   the steps that are no hole 98 in 100 within half of the usual one.
///
/// After a pause of a phone or screen recorder a picture comes that is made from the one before, and
/// many of their steps are longer or shorter than the usual one.
pub(crate) fn unmarked(seen: &[Seen], part: Range<usize>, second: i64) -> Vec<Hole> {
    /// A picture is stored at most so many places from its place in time.
    const REORDERED: usize = 32;
    let is_shown = |order: &usize| {
        let packet = &seen[*order];
        packet.content == Content::Picture && packet.is_usable() && !packet.is_misplaced
    };
    let shown = part.filter(is_shown).filter_map(|order| Some((seen[order].pts?, order)));
    let mut shown: Vec<(i64, usize)> = shown.collect();
    shown.sort_unstable();
    let num_keys = shown.iter().filter(|(_, order)| seen[*order].is_key).count();
    let mut steps: Vec<i64> =
        shown.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0)).collect();
    if steps.is_empty() || 2 * num_keys > shown.len() {
        return Vec::new();
    }
    let frame = *steps.clone().select_nth_unstable(shown.len() / 2 - 1).1;
    let least = frame.saturating_mul(5).max(second / 2);
    let first_behind = |at: usize| {
        let behind = &shown[at + 1..shown.len().min(at + 1 + REORDERED)];
        behind.iter().map(|(_, order)| *order).min()
    };
    let mut holes = Vec::new();
    for (at, pair) in shown.windows(2).enumerate() {
        let (start, end) = (pair[0].0.saturating_add(frame), pair[1].0);
        let order = first_behind(at).filter(|order| seen[*order].is_key);
        if let Some(order) = order.filter(|_| end.saturating_sub(start) >= least) {
            holes.push(Hole { order, start, end });
            steps[at] = 0;
        }
    }
    let is_usual = |step: &&i64| {
        let twice = step.saturating_mul(2);
        twice > frame && twice < frame.saturating_mul(3)
    };
    let num_usual = steps.iter().filter(is_usual).count();
    let num_odd = steps.len() - holes.len() - num_usual;
    let is_steady = num_usual >= 10 * holes.len() && 50 * num_odd <= steps.len();
    if is_steady { holes } else { Vec::new() }
}

/// From where on pictures are damaged, up to the next key frame. `joins` are the first packets of
/// recordings that follow another.
///
/// The mark of a loss stands on the packet before the one that lost bytes, or on that one. Where the
/// next picture is a key frame, or was to be shown later, the bytes were lost between pictures, as
/// whole segments are, and both packets are left to the decoder. Elsewhere a picture has a hole, which
/// decoders do not always notice. What comes behind lost pictures is made from them.
pub(crate) fn damaged_from(seen: &[Seen], joins: &[usize], losses: &[usize]) -> Vec<u32> {
    let is_boundary = |order: &usize| {
        seen[*order].is_start()
            || losses.binary_search(order).is_ok()
            || joins.binary_search(order).is_ok()
    };
    let is_picture = |order: &usize| seen[*order].content == Content::Picture;
    let marked = (0..seen.len()).filter(|order| seen[*order].is_beside_loss).filter(|order| {
        let mut next = (order + 1..seen.len()).filter(is_picture).take(2);
        !next.any(|order| is_boundary(&order)) && order + 2 < seen.len()
    });
    let behind = losses.iter().chain(joins).copied().filter(|order| !seen[*order].is_key);
    let mut from: Vec<u32> = marked.chain(behind).map(|order| order as u32).collect();
    from.sort_unstable();
    from.dedup();
    from
}

/// The hole that a loss leaves: from the end of the picture before to the one after, of those that
/// are shown, by order of their packets.
pub(crate) fn gap(shown: &[(i64, u32)], loss: usize, frame: i64) -> Option<(i64, i64)> {
    /// A picture is stored at most so many packets from its place in time.
    const REORDERED: usize = 32;
    let at = shown.partition_point(|(_, order)| (*order as usize) < loss);
    let stamps = |range: Range<usize>| shown[range].iter().map(|(stamp, _)| *stamp);
    let before = stamps(at.saturating_sub(REORDERED)..at).max()?.saturating_add(frame);
    let after = stamps(at..shown.len().min(at + REORDERED)).min()?;
    (before < after).then_some((before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures at these times, with a key frame at each of `keys`, by position.
    fn pictures(times: impl IntoIterator<Item = i64>, keys: &[usize]) -> Vec<Seen> {
        let packet = |(at, time)| Seen {
            pts: Some(time),
            dts: Some(time),
            is_key: keys.contains(&at),
            ..Seen::default()
        };
        times.into_iter().enumerate().map(packet).collect()
    }

    fn holes(seen: &[Seen]) -> Vec<(i64, i64)> {
        unmarked(seen, 0..seen.len(), 1000).iter().map(|hole| (hole.start, hole.end)).collect()
    }

    /// Three seconds of 25 pictures, 1000 ticks each; the second of the four is not there.
    fn lost() -> impl Iterator<Item = i64> + Clone {
        (0..25).chain(50..100).map(|i| 40 * i)
    }

    #[test]
    fn a_lost_piece_leaves_a_hole_before_a_key_frame() {
        assert_eq!(holes(&pictures(lost(), &[0, 25, 50])), [(1000, 2000)]);
        assert_eq!(holes(&pictures((0..100).map(|i| 40 * i), &[0, 25, 50, 75])), []);
    }

    #[test]
    fn a_hole_before_another_picture_is_a_pause() {
        assert_eq!(holes(&pictures(lost(), &[0, 50])), []);
    }

    #[test]
    fn a_hole_among_key_frames_alone_is_a_pause() {
        let all: Vec<usize> = (0..75).collect();
        assert_eq!(holes(&pictures(lost(), &all)), []);
    }

    #[test]
    fn pictures_stored_out_of_order_hide_no_hole() {
        // The key frame behind the hole is stored first and shown third.
        let mut seen = pictures(lost(), &[0, 25, 50]);
        let times: Vec<_> = [27, 25, 26].map(|at: usize| seen[at].pts).into();
        (25..28).zip(times).for_each(|(at, pts)| seen[at].pts = pts);
        assert_eq!(holes(&seen), [(1000, 2000)]);
    }

    #[test]
    fn where_steps_vary_a_pause_is_no_loss() {
        // A phone in the dark: 40 ticks, and now and then 66.
        let times = lost().map(|time| time + 26 * (time / 800));
        assert_eq!(holes(&pictures(times, &[0, 25, 50])), []);
        // A trembling clock is constant enough.
        let times = lost().map(|time| time + 5 * (time / 40 % 2));
        assert_eq!(holes(&pictures(times, &[0, 25, 50])).len(), 1);
        // A screen recorder: nothing moves most of the time.
        let times = (0..75).map(|i| 40 * (i + 3 * (i / 4) + 50 * (i / 25)));
        assert_eq!(holes(&pictures(times, &[0, 25, 50])), []);
    }

    #[test]
    fn a_slow_stream_and_a_single_picture_have_no_holes() {
        assert_eq!(holes(&pictures([0], &[0])), []);
        assert_eq!(holes(&pictures([0, 900], &[0])), []);
        assert_eq!(holes(&pictures((0..50).map(|i| 5000 * i), &[0, 25])), []);
    }
}
