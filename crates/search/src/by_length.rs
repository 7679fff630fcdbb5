//! How far sentences stand out by how much they say: what says less stands out less, also where it is true.
//!
//! "A ring moves left" says less than "a blue ring moves left", and fits no clip as well, though it is true of more. So
//! before it is said that something is not there, its sentence is compared with null sentences that are as short:
//! whole ones, and others of which some words were left out. What has fewer words than those is never denied.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// Fewer sentences of a length cannot tell one in twenty.
const FEWEST: usize = 40;

/// Null sentences, whole and with words left out: the number of words of each, and how far it stands out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByLength(Vec<(usize, f64)>);

impl ByLength {
    /// Of the words and the standout of each; those that are no number are left out.
    pub fn new(measured: Vec<(usize, f64)>) -> Self {
        Self(measured.into_iter().filter(|(_, standout)| standout.is_finite()).collect())
    }

    /// The share of those with at most so many words that stand out as much, 0 to 1; the sentence that is asked for counts
    /// as one of them. None where they are too few to tell.
    pub fn rate(&self, num_words: usize, standout: f64) -> Option<f64> {
        let as_short = self.0.iter().filter(|(words, _)| *words <= num_words);
        let (mut num, mut reached) = (0, 0);
        for (_, other) in as_short {
            num += 1;
            // Of what is no number nothing is known: all stand out as much.
            reached += usize::from(other.partial_cmp(&standout) != Some(Ordering::Less));
        }
        (num >= FEWEST).then(|| (reached + 1) as f64 / (num + 1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_compared_with_those_that_are_as_short() {
        // Of two words: 0.01 to 0.50; of five: 0.51 to 1.00.
        let measured = (1..=100).map(|n| (if n <= 50 { 2 } else { 5 }, f64::from(n) / 100.0));
        let by_length = ByLength::new(measured.collect());
        // Among all it is the 30th of the least, among the short ones one of the middle.
        assert_eq!(by_length.rate(5, 0.301), Some(71.0 / 101.0));
        assert_eq!(by_length.rate(4, 0.301), Some(21.0 / 51.0));
        assert_eq!(by_length.rate(2, 0.301), Some(21.0 / 51.0));
        assert_eq!(by_length.rate(9, 0.0), Some(1.0));
        // An equal one counts against it.
        assert_eq!(by_length.rate(2, 0.5), Some(2.0 / 51.0));
        assert_eq!(by_length.rate(2, f64::NAN), Some(1.0));
    }

    #[test]
    fn of_few_that_are_as_short_nothing_is_told() {
        let measured = (1..=60).map(|n| (if n < 40 { 1 } else { 3 }, f64::from(n)));
        let by_length = ByLength::new(measured.chain([(1, f64::NAN)]).collect());
        assert_eq!((by_length.rate(0, 1.0), by_length.rate(2, 1.0)), (None, None));
        assert_eq!(by_length.rate(3, 61.0), Some(1.0 / 61.0));
        let json = serde_json::to_string(&by_length).unwrap();
        assert_eq!(serde_json::from_str::<ByLength>(&json).unwrap(), by_length);
    }
}
