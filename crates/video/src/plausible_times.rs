//! Times that contradict those around them: a flipped bit in a broadcast stream moves a picture by
//! hours.

use crate::seen_packet::Seen;

/// A picture is stored at most so many packets from its place in time: twice the 16 pictures that a
/// codec may hold back.
const HELD_BACK: usize = 32;

/// Marks the packets whose times do not fit their part. `parts` are the first packets of the parts
/// behind the first; `second` is in ticks.
pub(crate) fn mark_misplaced(seen: &mut [Seen], parts: &[usize], second: i64) {
    let mut from = 0;
    for next in parts.iter().copied().chain([seen.len()]) {
        let part = &mut seen[from..next];
        let plausible = plausible_times(part, second);
        part.iter_mut().zip(plausible).for_each(|(packet, fits)| packet.is_misplaced = !fits);
        from = next;
    }
}

/// For each packet, whether its times fit those around it.
///
/// Packets stand in the file in the order of decoding, so decoding times grow: those that are not
/// in the longest growing row of them are wrong. A picture is shown no earlier than it is decoded,
/// and no later than the pictures that a codec may hold back, with a second to spare.
fn plausible_times(seen: &[Seen], second: i64) -> Vec<bool> {
    let timed: Vec<(usize, i64)> =
        seen.iter().enumerate().filter_map(|(order, packet)| Some((order, packet.dts?))).collect();
    let mut plausible = vec![true; seen.len()];
    let row = longest_growing_row(&timed.iter().map(|(_, dts)| *dts).collect::<Vec<_>>());
    timed.iter().for_each(|(order, _)| plausible[*order] = false);
    let row: Vec<(usize, i64)> = row.into_iter().map(|at| timed[at]).collect();
    let Some(&(_, last_dts)) = row.last() else { return plausible };
    let spare = last_dts - row[row.len().saturating_sub(HELD_BACK + 1)].1;
    for (at, (order, dts)) in row.iter().enumerate() {
        let latest = row.get(at + HELD_BACK).map_or(last_dts.saturating_add(spare), |next| next.1);
        let fits =
            |pts: i64| (dts.saturating_sub(second)..=latest.saturating_add(second)).contains(&pts);
        plausible[*order] = seen[*order].pts.is_none_or(fits);
    }
    plausible
}

/// Positions of the longest part of `values` that never falls, not necessarily neighbours.
fn longest_growing_row(values: &[i64]) -> Vec<usize> {
    if values.is_sorted() {
        return (0..values.len()).collect();
    }
    // ends[n]: where the row of n + 1 values with the smallest last value ends.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(values.len());
    for (at, value) in values.iter().enumerate() {
        let length = ends.partition_point(|end| values[*end] <= *value);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let last = ends.last().copied();
    let mut row: Vec<usize> = std::iter::successors(last, |at| before[*at]).collect();
    row.reverse();
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet((pts, dts): (i64, i64)) -> Seen {
        Seen { pts: Some(pts), dts: Some(dts), ..Seen::default() }
    }

    #[test]
    fn the_longest_growing_row_leaves_out_what_breaks_it() {
        assert_eq!(longest_growing_row(&[1, 2, 2, 5]), [0, 1, 2, 3]);
        assert_eq!(longest_growing_row(&[1, 900, 2, 3, -7, 4]), [0, 2, 3, 5]);
        assert_eq!(longest_growing_row(&[]), [0; 0]);
    }

    #[test]
    fn a_time_that_contradicts_its_neighbours_is_not_believed() {
        // 25 frames a second in ticks of 1/100 s, two pictures held back.
        let mut seen: Vec<Seen> = (0..100).map(|i| packet((4 * i + 8, 4 * i))).collect();
        assert!(plausible_times(&seen, 100).iter().all(|plausible| *plausible));
        seen[30] = packet((477_200_008, 477_200_000));
        seen[50] = packet((477_200_008, 200));
        seen[70] = packet((4, 280));
        let wrong = |plausible: &(usize, bool)| !plausible.1;
        let found: Vec<usize> = plausible_times(&seen, 100)
            .into_iter()
            .enumerate()
            .filter(wrong)
            .map(|at| at.0)
            .collect();
        assert_eq!(found, [30, 50, 70]);
    }

    #[test]
    fn pictures_that_stand_for_minutes_are_believed() {
        // Four pictures a minute apart, decoded in the order 0, 3, 1, 2.
        let seen: Vec<Seen> =
            [(0, -60), (180, 0), (60, 60), (120, 120)].into_iter().map(packet).collect();
        assert!(plausible_times(&seen, 1).iter().all(|plausible| *plausible));
        assert_eq!(plausible_times(&[packet((5, 5))], 1), [true]);
    }
}
