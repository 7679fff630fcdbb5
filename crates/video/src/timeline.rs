//! One timeline from a clock that starts again or jumps.
//!
//! Recorders and downloaders join pieces of broadcast streams byte for byte; the clock then goes on
//! from anywhere. As FFmpeg does when it reads such a file, a step back, or forward by more than ten
//! seconds, begins a new part, whose first picture follows the last one of the part before. A
//! shorter step forward is a hole in time and stays one, as does a longer one in which nothing was stored
//! ([`crate::long_pauses`]).
//!
//! A counter of few bits runs over: MPEG's, of 33 bits, every 26.5 hours, anywhere in a file. Where it
//! does, time goes on.
//!
//! A flipped bit moves one picture in time and those after it not at all: that is no new part.

use crate::content::Content;
use crate::seen_packet::{Seen, durations_hold, usual_step};

/// How far a clock may be trusted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockRules {
    /// Ticks that make a step back a new part.
    pub(crate) back: i64,
    /// Ticks that make a step forward one; none where every step forward is meant.
    pub(crate) forward: Option<i64>,
    /// Ticks after which the clock's counter is at zero again; none where it never is.
    pub(crate) period: Option<i64>,
}

impl ClockRules {
    /// What is added to `to` where the clock goes on there from `from`: nothing, or a period that
    /// its counter lost or won. None where it does not go on.
    fn offset(&self, from: i64, to: i64) -> Option<i64> {
        let goes_on = |offset: &i64| {
            let step = to.saturating_add(*offset).saturating_sub(from);
            step > -self.back && self.forward.is_none_or(|most| step <= most)
        };
        let period = self.period.unwrap_or(0);
        [0, period, -period].into_iter().find(goes_on)
    }
}

/// A stretch of packets whose clock is steady.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its first packet, by order.
    pub(crate) from: usize,
    /// What is added to its times, ticks.
    pub(crate) shift: i64,
    /// Where its first packet stands in the file; below zero where that is not known.
    pub(crate) at_byte: i64,
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
        let first = Part { from: 0, shift: 0, at_byte: 0 };
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

    /// All parts, at least one.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The part of a packet.
    pub(crate) fn part(&self, order: usize) -> usize {
        self.parts.partition_point(|part| part.from <= order) - 1
    }
}

/// Where the clock does not go on as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewPart {
    /// The first packet, by order.
    pub(crate) from: usize,
    /// What is added to its clock where its counter ran over; none where another recording begins.
    pub(crate) ran_over: Option<i64>,
}

/// Where new parts begin.
pub(crate) fn new_parts(seen: &[Seen], rules: &ClockRules) -> Vec<NewPart> {
    let timed: Vec<(usize, i64)> = (seen.iter().enumerate())
        .filter(|(_, packet)| packet.content != Content::Nothing)
        .filter_map(|(order, packet)| Some((order, packet.decoded_at()?)))
        .collect();
    let goes_on = |from: i64, to: i64| rules.offset(from, to).is_some();
    let mut found = Vec::new();
    let Some(&(_, mut last)) = timed.first() else { return found };
    for (at, &(order, time)) in timed.iter().enumerate() {
        let next = timed[at + 1..].iter().take(3).map(|next| next.1);
        let is_alone = |next: i64| !goes_on(time, next) && goes_on(last, next);
        if next.clone().next().is_some_and(is_alone) {
            continue;
        }
        if let Some(offset) = rules.offset(last, time) {
            last = time;
            if offset != 0 {
                found.push(NewPart { from: order, ran_over: Some(offset) });
            }
            continue;
        }
        // Two packets that grow from a key frame, both where the old clock was not.
        let begins = seen[order].is_key
            && next.clone().next().is_none_or(|next| goes_on(time, next) && !goes_on(last, next));
        let num_old = next.clone().filter(|next| goes_on(last, *next)).count();
        if begins || next.len() > 0 && 2 * num_old < next.len() {
            found.push(NewPart { from: order, ran_over: None });
            last = time;
        }
    }
    found
}

/// The timeline of these parts.
pub(crate) fn timeline(seen: &[Seen], parts: &[NewPart]) -> Timeline {
    let mut joined = Vec::with_capacity(parts.len());
    let first = NewPart { from: 0, ran_over: None };
    let ends = parts.iter().map(|part| part.from).chain([seen.len()]);
    let (mut shift, mut end) = (0i64, None);
    for (part, next) in [first].iter().chain(parts).zip(ends) {
        let bounds = bounds(&seen[part.from..next]);
        shift = match (part.ran_over, bounds, end) {
            (Some(offset), ..) => shift.saturating_add(offset),
            (None, Some((start, _)), Some(end)) => i64::saturating_sub(end, start),
            (None, ..) => shift,
        };
        if let Some((_, last)) = bounds {
            end = end.max(Some(last.saturating_add(shift)));
        }
        if part.from > 0 {
            joined.push(Part { from: part.from, shift, at_byte: seen[part.from].at_byte });
        }
    }
    Timeline::of_parts(joined)
}

/// When the first picture of a part is shown, and when the last one ends.
fn bounds(part: &[Seen]) -> Option<(i64, i64)> {
    let (frame, durations_hold) = (usual_step(part), durations_hold(part));
    let is_believed = |packet: &&Seen| !packet.is_misplaced && packet.content == Content::Picture;
    let times = part.iter().filter(is_believed).filter_map(|packet| {
        let length = if durations_hold { packet.duration.max(frame) } else { frame };
        Some((packet.pts?, packet.pts?.saturating_add(length)))
    });
    times.reduce(|(start, end), next| (start.min(next.0), end.max(next.1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: ClockRules = ClockRules { back: 1, forward: Some(1000), period: None };

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
        let line = timeline(&seen, &parts);
        assert!(parts.iter().all(|part| part.ran_over.is_none()));
        (seen, parts.iter().map(|part| part.from).collect(), line)
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
        assert_eq!(new_parts(&seen, &RULES), [NewPart { from: 25, ran_over: None }]);
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
    fn a_counter_that_runs_over_goes_on_wherever_it_does() {
        const PERIOD: i64 = 1 << 20;
        let rules = ClockRules { period: Some(PERIOD), ..RULES };
        let in_counter = |mut packet: Seen| {
            for time in [&mut packet.pts, &mut packet.dts] {
                *time = time.map(|time| time % PERIOD);
            }
            // As FFmpeg does within one packet.
            if packet.pts < packet.dts {
                packet.pts = packet.pts.map(|pts| pts + PERIOD);
            }
            packet
        };
        // In the middle of the first, of the second and of the third second.
        for over in 0..3 {
            let starts: Vec<i64> =
                (0..3).map(|i| if i == over { PERIOD - 50 } else { 0 }).collect();
            let seen = starts.iter().flat_map(|start| second(*start)).map(in_counter);
            let seen: Vec<Seen> = seen.collect();
            let parts = new_parts(&seen, &rules);
            let line = timeline(&seen, &parts);
            let ran_over = parts.iter().filter(|part| part.ran_over.is_some()).count();
            assert_eq!((parts.len(), ran_over), (3, 1), "{over}");
            let shown = seen.iter().enumerate().map(|(i, seen)| seen.pts.unwrap() + line.shift(i));
            let expected = (0..75).map(|i| starts[0] + 4 + 4 * i);
            assert!(shown.eq(expected), "{over}");
        }
    }

    #[test]
    fn parts_of_other_frame_rates_end_with_their_own_last_picture() {
        // Containers without durations give all packets that of the first recording.
        let pictures = |step: i64, duration| {
            let picture = move |i: i64| Seen { duration, ..packet(step * i, step * i, i == 0) };
            (0..400 / step).map(picture).collect::<Vec<Seen>>()
        };
        for [first, second] in [[40, 8], [8, 40]] {
            let parts = [first, second, first].map(|step| pictures(step, first));
            let seen = parts.concat();
            let line = timeline(&seen, &new_parts(&seen, &RULES));
            let starts: Vec<i64> = line.later_parts().iter().map(|part| part.shift).collect();
            // Each lasts 400 ticks.
            assert_eq!(starts, [400, 800]);
        }
    }

    #[test]
    fn what_gives_no_picture_has_no_say_in_time() {
        let nothing = Seen { content: Content::Nothing, ..packet(-1, -1, true) };
        let seen: Vec<Seen> = second(0).into_iter().chain([nothing]).chain(second(100)).collect();
        assert!(new_parts(&seen, &RULES).is_empty());
    }
}
