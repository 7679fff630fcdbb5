//! One order of the moments of many files.

use locvtp_video::{Seconds, TimeSpan};

/// Cues of a file that are at most so far apart are one hit.
const PAUSE: Seconds = Seconds(1.0);

/// Puts the moments of several files in one order. `files` are lists of moments with what each is
/// worth: that of its best clip, of the first that of its file's. Of one file the order stays as it is, which is that of
/// [`MomentDecoder`](locvtp_measure::MomentDecoder): a moment is worth no more than the one ahead of it.
/// Equal ones are in the order of files. Each comes with what it is worth there.
pub(crate) fn in_one_order<T>(files: Vec<Vec<(f32, T)>>) -> Vec<(f32, T)> {
    let mut all = Vec::new();
    for moments in files {
        let mut most = f32::INFINITY;
        for (worth, moment) in moments {
            most = most.min(worth);
            all.push((most, moment));
        }
    }
    // The sort is stable.
    all.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    all
}

/// Two orders in turn, the first of `one` first.
pub(crate) fn in_turn<T>(one: Vec<T>, other: Vec<T>) -> Vec<T> {
    let mut all = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    loop {
        let (first, second) = (one.next(), other.next());
        if first.is_none() && second.is_none() {
            return all;
        }
        all.extend(first.into_iter().chain(second));
    }
}

/// Whether two spans of words belong together.
pub(crate) fn are_neighbours(one: &TimeSpan, other: &TimeSpan) -> bool {
    one.start <= other.end + PAUSE && other.start <= one.end + PAUSE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_file_stay_in_their_order_among_those_of_others() {
        // In file a the second moment has the better clip and stays second.
        let files = vec![
            vec![(0.5, "a1"), (0.9, "a2"), (0.1, "a3")],
            vec![(0.7, "b1"), (0.5, "b2")],
            vec![],
            vec![(0.3, "c1")],
        ];
        let order = [(0.7, "b1"), (0.5, "a1"), (0.5, "a2"), (0.5, "b2"), (0.3, "c1"), (0.1, "a3")];
        assert_eq!(in_one_order(files), order);
    }

    #[test]
    fn what_is_seen_and_said_takes_turns() {
        assert_eq!(in_turn(vec![1, 2, 3], vec![10]), [1, 10, 2, 3]);
        assert_eq!(in_turn(vec![], vec![10, 20]), [10, 20]);
    }

    #[test]
    fn words_a_second_apart_are_neighbours() {
        let span = TimeSpan::new;
        assert!(are_neighbours(&span(0.0, 1.0), &span(2.0, 3.0)));
        assert!(are_neighbours(&span(2.0, 3.0), &span(0.0, 1.0)));
        assert!(!are_neighbours(&span(0.0, 1.0), &span(2.1, 3.0)));
    }
}
