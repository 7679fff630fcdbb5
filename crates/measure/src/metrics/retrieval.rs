//! Retrieval: where the right candidate stands among all, as R@1, R@5, R@10, median and mean rank.
//!
//! A rank counts the wrong candidates ahead of the right one; reported ranks start at 1. Of several
//! right candidates (several captions of one video) the one that stands best counts, and the others
//! are not in its way. What candidates of equal score do is a switch, [`Ties`].
//!
//! Chance is not a formula beside the measurement but the same measurement of scores that are all
//! equal, over every order of them: with it, queries of several right candidates are right too.
//!
//! Paper: Table 1; `paper.md` D.5.

use serde::{Deserialize, Serialize};

use super::named::Metrics;
use super::percentage;
use super::score_matrix::ScoreMatrix;
use super::ties::{Standing, Ties};
use crate::error::MeasureError;

/// How well the right candidates are found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetrievalMetrics {
    /// How many queries were asked.
    pub num_queries: usize,
    /// Among how many candidates.
    pub num_candidates: usize,
    /// Queries whose right candidate stands first, in percent.
    pub r1: f64,
    /// Queries whose right candidate is among the first five, in percent.
    pub r5: f64,
    /// Queries whose right candidate is among the first ten, in percent.
    pub r10: f64,
    /// Median rank, MdR; 1 is best. Of an even number of queries, the mean of the middle two.
    pub median_rank: f64,
    /// Mean rank, MnR; 1 is best.
    pub mean_rank: f64,
}

impl RetrievalMetrics {
    /// The numbers by name.
    pub fn named(&self) -> Metrics {
        Metrics::new()
            .with("R@1", self.r1)
            .with("R@5", self.r5)
            .with("R@10", self.r10)
            .with("MdR", self.median_rank)
            .with("MnR", self.mean_rank)
    }
}

/// Measures retrieval of `right[query]`, the right candidates of every query.
///
/// # Errors
/// When `right` is not one list a query, a list is empty, or a candidate does not exist.
///
/// # Example
/// ```
/// use locvtp_measure::metrics::{ScoreMatrix, Ties, retrieval};
///
/// let scores = ScoreMatrix::new(vec![0.9, 0.1, 0.2, 0.8, 0.3, 0.3, 0.1, 0.5, 0.4], 3, 3)?;
/// let metrics = retrieval(&scores, &[vec![0], vec![1], vec![2]], Ties::Optimistic)?;
/// assert_eq!((metrics.r5, metrics.median_rank), (100.0, 2.0));
/// # Ok::<(), locvtp_measure::MeasureError>(())
/// ```
pub fn retrieval(
    scores: &ScoreMatrix,
    right: &[Vec<usize>],
    ties: Ties,
) -> Result<RetrievalMetrics, MeasureError> {
    if right.len() != scores.num_queries() {
        return Err(MeasureError::Count {
            what: "lists of right candidates, one a query",
            expected: scores.num_queries(),
            found: right.len(),
        });
    }
    let standings = right
        .iter()
        .enumerate()
        .map(|(query, right)| {
            let is_right = mask_of(query, right, scores.num_candidates())?;
            Ok(Standing::of(scores.row(query), &is_right))
        })
        .collect::<Result<Vec<_>, MeasureError>>()?;
    Ok(summarise(&standings, scores.num_candidates(), ties))
}

/// What a random order of `num_candidates` gives for the same queries: the expectation over all
/// orders.
///
/// The median is that of the queries' expected ranks.
///
/// # Errors
/// When there are no queries, a list is empty, or a candidate does not exist.
pub fn retrieval_chance(
    num_candidates: usize,
    right: &[Vec<usize>],
) -> Result<RetrievalMetrics, MeasureError> {
    let constant =
        ScoreMatrix::new(vec![0.0; right.len() * num_candidates], right.len(), num_candidates)?;
    retrieval(&constant, right, Ties::Averaged)
}

fn mask_of(
    query: usize,
    right: &[usize],
    num_candidates: usize,
) -> Result<Vec<bool>, MeasureError> {
    if right.is_empty() {
        return Err(MeasureError::NoRightCandidate { query, num_candidates });
    }
    let mut is_right = vec![false; num_candidates];
    for &candidate in right {
        *is_right.get_mut(candidate).ok_or(MeasureError::Index {
            what: "the right candidate",
            of: "query",
            row: query,
            found: candidate,
            end: num_candidates,
        })? = true;
    }
    Ok(is_right)
}

fn summarise(standings: &[Standing], num_candidates: usize, ties: Ties) -> RetrievalMetrics {
    let recall = |k| {
        let hits = standings.iter().map(|standing| standing.hit(k, ties)).sum();
        percentage(hits, standings.len())
    };
    let mut ranks: Vec<f64> = standings.iter().map(|standing| standing.rank(ties)).collect();
    ranks.sort_by(f64::total_cmp);
    let middle = ranks.len() / 2;
    let median = if ranks.len() % 2 == 1 {
        ranks[middle]
    } else {
        (ranks[middle - 1] + ranks[middle]) / 2.0
    };
    RetrievalMetrics {
        num_queries: standings.len(),
        num_candidates,
        r1: recall(1),
        r5: recall(5),
        r10: recall(10),
        median_rank: median + 1.0,
        mean_rank: ranks.iter().sum::<f64>() / ranks.len() as f64 + 1.0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matrix<const C: usize>(rows: &[[f32; C]]) -> ScoreMatrix {
        ScoreMatrix::new(rows.concat(), rows.len(), C).unwrap()
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn the_vector_of_the_specification_has_its_ranks() {
        // paper.md F.3 (8). Ahead of the diagonal: row 0 none; row 1 only .8 (> .3); row 2 only .5
        // (> .4).
        let scores = matrix(&[[0.9, 0.1, 0.2], [0.8, 0.3, 0.3], [0.1, 0.5, 0.4]]);
        let right = [vec![0], vec![1], vec![2]];
        let found = retrieval(&scores, &right, Ties::Optimistic).unwrap();
        close(found.r1, 100.0 / 3.0);
        close(found.r5, 100.0);
        close(found.r10, 100.0);
        close(found.median_rank, 2.0);
        close(found.mean_rank, 5.0 / 3.0);
        assert_eq!((found.num_queries, found.num_candidates), (3, 3));
    }

    #[test]
    fn candidates_of_equal_score_follow_the_switch() {
        // One ahead (.9), two tied with the right one (.5, .5), one behind.
        let scores = matrix(&[[0.5, 0.9, 0.5, 0.5, 0.1]]);
        let with = |ties| retrieval(&scores, &[vec![0]], ties).unwrap();
        close(with(Ties::Optimistic).mean_rank, 2.0);
        close(with(Ties::Pessimistic).mean_rank, 4.0);
        // Ranks 2, 3, 4 are equally likely.
        close(with(Ties::Averaged).mean_rank, 3.0);
        for ties in [Ties::Optimistic, Ties::Averaged, Ties::Pessimistic] {
            close(with(ties).r1, 0.0);
            close(with(ties).r5, 100.0);
        }
    }

    #[test]
    fn averaged_ties_are_counted_by_their_probability() {
        // The right one and one wrong one tie for the first place.
        let scores = matrix(&[[0.5, 0.5, 0.1]]);
        close(retrieval(&scores, &[vec![0]], Ties::Optimistic).unwrap().r1, 100.0);
        close(retrieval(&scores, &[vec![0]], Ties::Averaged).unwrap().r1, 50.0);
        close(retrieval(&scores, &[vec![0]], Ties::Pessimistic).unwrap().r1, 0.0);
    }

    #[test]
    fn the_best_of_several_captions_counts_and_the_others_are_not_in_its_way() {
        // Right are 1 and 2. The best, .7, has only .8 ahead; .6 does not matter.
        let scores = matrix(&[[0.8, 0.6, 0.7, 0.65]]);
        close(retrieval(&scores, &[vec![1, 2]], Ties::Optimistic).unwrap().mean_rank, 2.0);
        // A right candidate that ties with another is not ahead of it either.
        let tied = matrix(&[[0.1, 0.7, 0.7, 0.2]]);
        close(retrieval(&tied, &[vec![1, 2]], Ties::Pessimistic).unwrap().mean_rank, 1.0);
    }

    #[test]
    fn an_even_number_of_queries_has_the_mean_of_the_middle_ranks_as_its_median() {
        // Ranks 1 and 2.
        let scores = matrix(&[[0.9, 0.1], [0.9, 0.1]]);
        close(retrieval(&scores, &[vec![0], vec![1]], Ties::Optimistic).unwrap().median_rank, 1.5);
    }

    #[test]
    fn chance_is_k_of_n_and_the_middle_rank() {
        // n = 150: R@1 1/150, R@5 5/150, R@10 10/150, rank (150 + 1) / 2.
        let right: Vec<_> = (0..150).map(|video| vec![video]).collect();
        let chance = retrieval_chance(150, &right).unwrap();
        close(chance.r1, 100.0 / 150.0);
        close(chance.r5, 500.0 / 150.0);
        close(chance.r10, 1000.0 / 150.0);
        close(chance.mean_rank, 75.5);
        close(chance.median_rank, 75.5);
    }

    #[test]
    fn chance_with_two_right_candidates_is_that_not_both_are_missed() {
        // 2 right of 6: R@1 2/6; R@5 1 (only 4 wrong); rank 1 + 4/3.
        let chance = retrieval_chance(6, &[vec![1, 4]]).unwrap();
        close(chance.r1, 100.0 / 3.0);
        close(chance.r5, 100.0);
        close(chance.mean_rank, 7.0 / 3.0);
        // 2 right of 20, first five: 1 - (18 17 16 15 14) / (20 19 18 17 16) = 1 - (15 14)/(20 19).
        let chance = retrieval_chance(20, &[vec![0, 19]]).unwrap();
        close(chance.r5, 100.0 * (1.0 - 210.0 / 380.0));
    }

    #[test]
    fn a_masked_candidate_is_last() {
        let scores = matrix(&[[0.1, f32::NEG_INFINITY, -0.5]]);
        close(retrieval(&scores, &[vec![2]], Ties::Optimistic).unwrap().mean_rank, 2.0);
        close(retrieval(&scores, &[vec![1]], Ties::Optimistic).unwrap().mean_rank, 3.0);
    }

    #[test]
    fn the_mean_place_counts_other_right_candidates_too() {
        // Right are 1 and 2, both .7; .8 is ahead, and .7 of 3 is wrong: places 1, 2, 3, mean 2.
        let scores = matrix(&[[0.8, 0.7, 0.7, 0.7]]);
        let found = retrieval(&scores, &[vec![1, 2]], Ties::MeanPlace).unwrap();
        close(found.mean_rank, 3.0);
        // Places 0 and 1, mean 1/2: not the first, though nothing wrong is ahead.
        let found = retrieval(&matrix(&[[0.7, 0.7, 0.1]]), &[vec![0, 1]], Ties::MeanPlace).unwrap();
        assert_eq!((found.r1, found.r5, found.mean_rank), (0.0, 100.0, 1.5));
    }

    #[test]
    fn what_cannot_be_measured_is_an_error() {
        let scores = matrix(&[[0.1, 0.2]]);
        assert!(matches!(
            retrieval(&scores, &[], Ties::Optimistic),
            Err(MeasureError::Count { expected: 1, found: 0, .. })
        ));
        assert!(matches!(
            retrieval(&scores, &[vec![]], Ties::Optimistic),
            Err(MeasureError::NoRightCandidate { query: 0, .. })
        ));
        assert!(matches!(
            retrieval(&scores, &[vec![2]], Ties::Optimistic),
            Err(MeasureError::Index { found: 2, end: 2, .. })
        ));
    }

    /// Scores of few values, so that ties are common, and the right candidate of each query.
    fn few_values() -> impl Strategy<Value = (ScoreMatrix, Vec<Vec<usize>>)> {
        (1usize..6, 1usize..12).prop_flat_map(|(queries, candidates)| {
            let scores = prop::collection::vec((0u8..4).prop_map(f32::from), queries * candidates);
            let right = prop::collection::vec(prop::collection::vec(0..candidates, 1..=2), queries);
            (scores, right).prop_map(move |(scores, right)| {
                (ScoreMatrix::new(scores, queries, candidates).unwrap(), right)
            })
        })
    }

    proptest! {
        #[test]
        fn averaged_ties_lie_between_the_other_two((scores, right) in few_values()) {
            let with = |ties| retrieval(&scores, &right, ties).unwrap();
            let [best, middle, worst] =
                [Ties::Optimistic, Ties::Averaged, Ties::Pessimistic].map(with);
            prop_assert!(best.r5 >= middle.r5 - 1e-9 && middle.r5 >= worst.r5 - 1e-9);
            prop_assert!(best.mean_rank <= middle.mean_rank + 1e-9);
            prop_assert!(middle.mean_rank <= worst.mean_rank + 1e-9);
            prop_assert!(worst.r1 <= worst.r5 && worst.r5 <= worst.r10);
        }

        #[test]
        fn the_order_of_candidates_does_not_matter((scores, right) in few_values()) {
            let last = scores.num_candidates() - 1;
            let turned = (0..scores.num_queries())
                .flat_map(|query| scores.row(query).iter().rev().copied().collect::<Vec<_>>())
                .collect();
            let turned =
                ScoreMatrix::new(turned, scores.num_queries(), scores.num_candidates()).unwrap();
            let turned_right: Vec<Vec<usize>> =
                right.iter().map(|r| r.iter().map(|c| last - c).collect()).collect();
            for ties in [Ties::Optimistic, Ties::Averaged, Ties::Pessimistic] {
                prop_assert_eq!(
                    retrieval(&scores, &right, ties).unwrap(),
                    retrieval(&turned, &turned_right, ties).unwrap()
                );
            }
        }
    }
}
