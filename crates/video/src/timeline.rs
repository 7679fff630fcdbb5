//! One timeline from a clock that starts again or jumps.
//!
//! Recorders and downloaders join pieces of broadcast streams byte for byte; the clock then goes on
//! from anywhere. As FFmpeg does when it reads such a file, a step back, or forward by more than ten
//! seconds, begins a new part, whose first picture follows the last one of the part before. A
//! shorter step forward is a hole in time and stays one.
//!
//! A flipped bit moves one picture in time and those after it not at all: that is no new part.

use crate::packet_content::Content;

/// What is known of a packet while the file is read; times in ticks of the stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) pts: Option<i64>,
    pub(crate) dts: Option<i64>,
    pub(crate) duration: i64,
    pub(crate) content: Content,
    pub(crate) is_key: bool,
    /// Cut short, as the container says.
    pub(crate) is_flagged: bool,
    /// Bytes were lost in it or behind it.
    pub(crate) is_beside_loss: bool,
    /// Outside the edit list.
    pub(crate) is_outside: bool,
    /// Where it stands in the file; below zero where that is not known.
    pub(crate) at_byte: i64,
}

/// How far a clock may be trusted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockRules {
    /// Ticks that make a step back a new part.
    pub(crate) back: i64,
    /// Ticks that make a step forward one; none where every step forward is meant.
    pub(crate) forward: Option<i64>,
}

/// A stretch of packets whose clock is steady.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its first packet, by order.
    pub(crate) from: usize,
    /// What is added to its times, ticks.
    pub(crate) shift: i64,
}

/// The parts of a file, of which an ordinary one has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    parts: Vec<Part>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::of_parts(Vec::new())
    }
}

impl Timeline {
    /// Of the parts behind the first, growing.
    pub(crate) fn of_parts(parts: Vec<Part>) -> Self {
        let first = Part { from: 0, shift: 0 };
        Self { parts: [first].into_iter().chain(parts).collect() }
    }

    /// The parts behind the first.
    pub(crate) fn later_parts(&self) -> &[Part] {
        &self.parts[1..]
    }

    /// What is added to the times of the packet of this order.
    pub(crate) fn shift(&self, order: usize) -> i64 {
        self.parts[self.part(order)].shift
    }

    /// The part of a packet.
    pub(crate) fn part(&self, order: usize) -> usize {
        self.parts.partition_point(|part| part.from <= order) - 1
    }
}

/// Where new parts begin, by the order of their first packets.
pub(crate) fn new_parts(seen: &[Seen], rules: &ClockRules) -> Vec<usize> {
    let timed: Vec<(usize, i64)> = (seen.iter().enumerate())
        .filter(|(_, packet)| packet.content != Content::Nothing)
        .filter_map(|(order, packet)| Some((order, packet.dts.or(packet.pts)?)))
        .collect();
    let goes_on = |from: i64, to: i64| {
        let step = to.saturating_sub(from);
        step > -rules.back && rules.forward.is_none_or(|most| step <= most)
    };
    let mut found = Vec::new();
    let Some(&(_, mut last)) = timed.first() else { return found };
    for (at, &(order, time)) in timed.iter().enumerate() {
        let next = timed[at + 1..].iter().take(3).map(|next| next.1);
        let is_alone = |next: i64| !goes_on(time, next) && goes_on(last, next);
        if next.clone().next().is_some_and(is_alone) {
            continue;
        }
        if goes_on(last, time) {
            last = time;
            continue;
        }
        // Two packets that grow from a key frame, both where the old clock was not.
        let begins = seen[order].is_key
            && next.clone().next().is_none_or(|next| goes_on(time, next) && !goes_on(last, next));
        let num_old = next.clone().filter(|next| goes_on(last, *next)).count();
        if begins || next.len() > 0 && 2 * num_old < next.len() {
            found.push(order);
            last = time;
        }
    }
    found
}

/// The timeline of these parts. `plausible` says of each packet whether its times are believed;
/// `frame` is how long a picture is usually shown.
pub(crate) fn timeline(seen: &[Seen], parts: &[usize], plausible: &[bool], frame: i64) -> Timeline {
    let mut joined = Vec::with_capacity(parts.len());
    let (mut from, mut shift, mut end) = (0, 0, None);
    for next in parts.iter().copied().chain([seen.len()]) {
        let times = (from..next)
            .filter(|order| plausible[*order] && seen[*order].content == Content::Picture)
            .filter_map(|order| Some((seen[order].pts?, seen[order].duration)));
        let bounds = times.fold(None, |bounds: Option<(i64, i64)>, (pts, duration)| {
            let length = if duration > 0 { duration.max(frame) } else { frame };
            let (start, end) = bounds.unwrap_or((pts, i64::MIN));
            Some((start.min(pts), end.max(pts.saturating_add(length))))
        });
        if let Some((start, last)) = bounds {
            shift = end.map_or(0, |end: i64| end.saturating_sub(start));
            end = Some(last.saturating_add(shift));
        }
        if from > 0 {
            joined.push(Part { from, shift });
        }
        from = next;
    }
    Timeline::of_parts(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: ClockRules = ClockRules { back: 1, forward: Some(1000) };

    fn packet(pts: i64, dts: i64, is_key: bool) -> Seen {
        let content = Content::Picture;
        let (pts, dts) = (Some(pts), Some(dts));
        Seen { pts, dts, duration: 4, content, is_key, ..Seen::default() }
    }

    /// 25 pictures of four ticks, a key frame first, one held back.
    fn second(start: i64) -> Vec<Seen> {
        (0..25).map(|i| packet(start + 4 * i + 4, start + 4 * i, i == 0)).collect()
    }

    fn joined(starts: &[i64]) -> (Vec<Seen>, Vec<usize>, Timeline) {
        let seen: Vec<Seen> = starts.iter().flat_map(|start| second(*start)).collect();
        let parts = new_parts(&seen, &RULES);
        let line = timeline(&seen, &parts, &vec![true; seen.len()], 4);
        (seen, parts, line)
    }

    #[test]
    fn a_clock_that_starts_again_or_jumps_makes_parts_that_follow_each_other() {
        // Back to the start, back by three pictures, far forward, and far back.
        for starts in [vec![0, 0], vec![0, 88], vec![0, 5000], vec![90_000, 7, 7]] {
            let (seen, parts, line) = joined(&starts);
            assert_eq!(parts, (1..starts.len()).map(|part| 25 * part).collect::<Vec<_>>());
            let shown = seen.iter().enumerate().map(|(i, seen)| seen.pts.unwrap() + line.shift(i));
            let expected = (0..seen.len() as i64).map(|i| starts[0] + 4 + 4 * i);
            assert!(shown.eq(expected), "{starts:?}");
        }
    }

    #[test]
    fn a_hole_of_some_seconds_stays_a_hole() {
        let (_, parts, line) = joined(&[0, 600]);
        assert!(parts.is_empty() && line == Timeline::default());
    }

    #[test]
    fn a_part_may_begin_between_key_frames() {
        let seen: Vec<Seen> = second(0).into_iter().chain(second(0).drain(3..)).collect();
        assert_eq!(new_parts(&seen, &RULES), [25]);
    }

    #[test]
    fn a_flipped_bit_is_no_new_part() {
        for wrong in [-5_000_000, -30, 500, 20_000, 1 << 30] {
            for at in [1, 7, 12, 23] {
                let mut seen = second(0);
                seen[at].dts = seen[at].dts.map(|dts| dts + wrong);
                assert!(new_parts(&seen, &RULES).is_empty(), "{wrong} at {at}");
            }
        }
    }

    #[test]
    fn what_gives_no_picture_has_no_say_in_time() {
        let nothing = Seen { content: Content::Nothing, ..packet(-1, -1, true) };
        let seen: Vec<Seen> = second(0).into_iter().chain([nothing]).chain(second(100)).collect();
        assert!(new_parts(&seen, &RULES).is_empty());
    }
}
