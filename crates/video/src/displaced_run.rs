//! Pictures of MPEG-1 and MPEG-2 whose times are those of a neighbour, one after the other.
//!
//! MPEG-PS states the time of one picture of many, and FFmpeg may take it for that of the picture before. It counts on from
//! there, so all pictures up to the next stated time are one step late: a hole of one picture stands before them, and
//! behind them two pictures are decoded at the same time, which no recording does.

use crate::content::Content;
use crate::seen_packet::Seen;

/// Pictures that are counted on from one stated time, at most.
const LONGEST_RUN: usize = 600;

/// Moves each such run to where it belongs. `step` is how long a picture is shown, in ticks.
pub(crate) fn put_back(seen: &mut [Seen], step: f64) {
    let pictures = seen.iter().enumerate().filter(|(_, packet)| packet.content == Content::Picture);
    let decoded: Option<Vec<(usize, i64)>> =
        pictures.map(|(order, packet)| Some((order, packet.dts?))).collect();
    // A picture that does not say when it is decoded is not counted on from.
    let Some(decoded) = decoded else { return };
    let is_hole = |place: usize| {
        let (before, at) = (decoded[place - 1].1, decoded[place].1);
        at.saturating_sub(before) as f64 >= 1.75 * step
    };
    for place in 1..decoded.len() {
        if decoded[place].1 != decoded[place - 1].1 {
            continue;
        }
        let earliest = place.saturating_sub(LONGEST_RUN).max(1);
        let Some(first) = (earliest..place).rev().find(|place| is_hole(*place)) else { continue };
        let early = |time: i64| time.saturating_sub(step.round() as i64);
        for (order, _) in &decoded[first..place] {
            let packet = &mut seen[*order];
            (packet.pts, packet.dts) = (packet.pts.map(early), packet.dts.map(early));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures decoded at these times and shown 10 later where `stated`.
    fn pictures(decoded: &[i64], stated: &[usize]) -> Vec<Seen> {
        let picture = |(place, dts): (usize, &i64)| Seen {
            dts: Some(*dts),
            pts: stated.contains(&place).then_some(*dts + 10),
            content: Content::Picture,
            ..Seen::default()
        };
        decoded.iter().enumerate().map(picture).collect()
    }

    #[test]
    fn a_run_behind_a_hole_that_ends_in_a_double_is_moved_into_the_hole() {
        let mut seen = pictures(&[0, 10, 20, 40, 50, 60, 60, 70], &[0, 3, 6]);
        put_back(&mut seen, 10.0);
        let decoded: Vec<i64> = seen.iter().filter_map(|packet| packet.dts).collect();
        assert_eq!(decoded, [0, 10, 20, 30, 40, 50, 60, 70]);
        assert_eq!((seen[3].pts, seen[4].pts, seen[6].pts), (Some(40), None, Some(70)));
    }

    #[test]
    fn a_hole_or_a_double_alone_stays() {
        for decoded in [[0, 10, 30, 40, 50], [0, 10, 10, 20, 30]] {
            let mut seen = pictures(&decoded, &[0]);
            put_back(&mut seen, 10.0);
            let after: Vec<i64> = seen.iter().filter_map(|packet| packet.dts).collect();
            assert_eq!(after, decoded);
        }
    }
}
