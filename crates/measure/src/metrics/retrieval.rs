//! Retrieval: where the right candidate stands among all, as R@1, R@5, R@10, median and mean rank.
//!
//! A rank counts the wrong candidates ahead of the right one; reported ranks start at 1. Of several
//! right candidates (several captions of one video) the one that stands best counts, and the others
//! are not in its way. What candidates of equal score do is a switch, [`Ties`].
//!
//! Chance is not a formula beside the measurement but the same measurement of scores that are all
//! equal, over every order of them: with it, queries of several right candidates are right too.
//!
//! Paper: Table 1; `paper.md` D.5. Released evaluators differ in ties: Frozen in Time takes them
//! optimistically for text-to-video and averages them for video-to-text; howto100m and CLIP4Clip
//! count each tied candidate as one more query. Without ties all agree.

use serde::{Deserialize, Serialize};

use super::{Metrics, percentage};
use crate::error::MeasureError;

/// What happens to wrong candidates whose score equals that of the right one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// They stand behind it. The default, as most published numbers; a model that scores everything
    /// alike then looks perfect, which is why the evaluation of a split takes
    /// [`Ties::Averaged`].
    #[default]
    Optimistic,
    /// All orders among them are equally likely; R@k and ranks are expectations. Constant scores
    /// give chance.
    Averaged,
    /// They stand ahead of it.
    Pessimistic,
    /// The right candidate stands at the mean place of all that have its score, other right ones
    /// among them; R@1 asks for that place to be the first. Frozen in Time measures video-to-text
    /// so: with several captions, constant scores give less than chance.
    MeanPlace,
}

/// Similarities of every query to every candidate; none is NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreMatrix {
    /// Row-major, `[num_queries, num_candidates]`.
    scores: Vec<f32>,
    num_queries: usize,
    num_candidates: usize,
}

impl ScoreMatrix {
    /// Takes row-major `scores` of shape `[num_queries, num_candidates]`; larger is more similar.
    /// Infinite scores are allowed (a masked candidate).
    ///
    /// # Errors
    /// When there are no queries or candidates, the number of scores differs, or a score is NaN.
    pub fn new(
        scores: Vec<f32>,
        num_queries: usize,
        num_candidates: usize,
    ) -> Result<Self, MeasureError> {
        if num_queries == 0 || num_candidates == 0 {
            return Err(MeasureError::Nothing { what: "queries and candidates of the retrieval" });
        }
        if scores.len() != num_queries * num_candidates {
            return Err(MeasureError::Count {
                what: "scores, one of every query with every candidate",
                expected: num_queries * num_candidates,
                found: scores.len(),
            });
        }
        if let Some(at) = scores.iter().position(|score| score.is_nan()) {
            return Err(MeasureError::Score {
                of: "query",
                row: at / num_candidates,
                column: at % num_candidates,
                found: scores[at],
            });
        }
        Ok(Self { scores, num_queries, num_candidates })
    }

    /// How many queries there are.
    pub fn num_queries(&self) -> usize {
        self.num_queries
    }

    /// How many candidates there are.
    pub fn num_candidates(&self) -> usize {
        self.num_candidates
    }

    /// Scores of one query with every candidate.
    ///
    /// # Panics
    /// When there is no such query.
    pub fn row(&self, query: usize) -> &[f32] {
        &self.scores[query * self.num_candidates..][..self.num_candidates]
    }

    /// The same scores with candidates asking for queries.
    pub fn transposed(&self) -> Self {
        let scores = (0..self.num_candidates)
            .flat_map(|column| (0..self.num_queries).map(move |row| self.row(row)[column]))
            .collect();
        Self { scores, num_queries: self.num_candidates, num_candidates: self.num_queries }
    }
}

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

/// One direction of a retrieval, beside what a random order of the same candidates gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetrievalDirection {
    /// What was measured.
    pub measured: RetrievalMetrics,
    /// The expectation over all orders of the candidates.
    pub chance: RetrievalMetrics,
}

/// Retrieval in both directions, from one matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoWayRetrieval {
    /// Every text asks for its video.
    pub text_to_video: RetrievalDirection,
    /// Every video that has a text asks for any of its texts.
    pub video_to_text: RetrievalDirection,
}

impl TwoWayRetrieval {
    /// What was measured, by name; `apart` stands behind each name.
    pub fn named(&self, apart: &str) -> Metrics {
        self.both(|direction| &direction.measured, |way, name| format!("{way} {name}{apart}"))
    }

    /// What a random order gives, by name.
    pub fn chance_named(&self) -> Metrics {
        self.both(|direction| &direction.chance, |way, name| format!("chance, {way} {name}"))
    }

    fn both(
        &self,
        of: impl Fn(&RetrievalDirection) -> &RetrievalMetrics,
        name: impl Fn(&str, &str) -> String,
    ) -> Metrics {
        let mut metrics = Metrics::new();
        for (way, direction) in
            [("text-to-video", &self.text_to_video), ("video-to-text", &self.video_to_text)]
        {
            metrics.add_all(&of(direction).named(), |number| name(way, number));
        }
        metrics
    }
}

/// Measures retrieval of `right[query]`, the right candidates of every query.
///
/// # Errors
/// When `right` is not one list a query, a list is empty, or a candidate does not exist.
///
/// # Example
/// ```
/// use locvtp_measure::metrics::retrieval::{ScoreMatrix, Ties, retrieval};
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
    if right.len() != scores.num_queries {
        return Err(MeasureError::Count {
            what: "lists of right candidates, one a query",
            expected: scores.num_queries,
            found: right.len(),
        });
    }
    let standings = right
        .iter()
        .enumerate()
        .map(|(query, right)| {
            let is_right = mask_of(query, right, scores.num_candidates)?;
            Ok(Standing::of(scores.row(query), &is_right))
        })
        .collect::<Result<Vec<_>, MeasureError>>()?;
    Ok(summarise(&standings, scores.num_candidates, ties))
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

/// Measures both directions of a matrix of texts (rows) by videos (columns), where `video_of_text`
/// is the right video of every text.
///
/// A video without a text is a candidate, but asks nothing: `video_to_text` has fewer queries then.
///
/// # Errors
/// When `video_of_text` is not one video a text, or a video does not exist.
pub fn both_directions(
    scores: &ScoreMatrix,
    video_of_text: &[usize],
    ties: Ties,
) -> Result<TwoWayRetrieval, MeasureError> {
    two_ways(scores, video_of_text, [ties, ties])
}

/// The same with ties of text-to-video and of video-to-text treated each in its own way, as in
/// Frozen in Time: [`Ties::Optimistic`] and [`Ties::MeanPlace`].
///
/// # Errors
/// As [`both_directions`].
pub fn two_ways(
    scores: &ScoreMatrix,
    video_of_text: &[usize],
    [ties_of_videos, ties_of_texts]: [Ties; 2],
) -> Result<TwoWayRetrieval, MeasureError> {
    let videos: Vec<Vec<usize>> = video_of_text.iter().map(|&video| vec![video]).collect();
    let text_to_video = direction(scores, &videos, ties_of_videos)?;

    let mut texts = vec![Vec::new(); scores.num_candidates];
    for (text, &video) in video_of_text.iter().enumerate() {
        texts[video].push(text);
    }
    let transposed = scores.transposed();
    let asking: Vec<usize> = (0..texts.len()).filter(|&video| !texts[video].is_empty()).collect();
    let rows = asking.iter().flat_map(|&video| transposed.row(video).to_vec()).collect();
    let asked = ScoreMatrix::new(rows, asking.len(), transposed.num_candidates)?;
    texts.retain(|texts| !texts.is_empty());
    let video_to_text = direction(&asked, &texts, ties_of_texts)?;
    Ok(TwoWayRetrieval { text_to_video, video_to_text })
}

/// Scores that know of the other queries: `s * softmax(temperature * s)`, the softmax over the
/// queries (rows) of a candidate. A candidate that fits many queries fits each of them less.
///
/// It looks at all queries of a test together, which a search engine cannot, so it is reported
/// apart. Paper: not mentioned; `paper.md` D.5 (CAMoE).
///
/// # Errors
/// When a score is infinite, or `temperature` is no positive number.
pub fn dual_softmax(scores: &ScoreMatrix, temperature: f64) -> Result<ScoreMatrix, MeasureError> {
    if !(temperature > 0.0 && temperature.is_finite()) {
        let (key, found) = ("dual_softmax", temperature.to_string());
        return Err(MeasureError::Setting { key, found, expected: "a number above 0, as 100" });
    }
    let columns = scores.num_candidates;
    let at = |row: usize, column: usize| f64::from(scores.row(row)[column]);
    if let Some(place) = scores.scores.iter().position(|score| !score.is_finite()) {
        let (row, column, found) = (place / columns, place % columns, scores.scores[place]);
        return Err(MeasureError::Score { of: "query", row, column, found });
    }
    let mut revised = scores.clone();
    for column in 0..columns {
        let rows = 0..scores.num_queries;
        let greatest = rows.clone().map(|row| at(row, column)).fold(f64::NEG_INFINITY, f64::max);
        let weight = |row| (temperature * (at(row, column) - greatest)).exp();
        let sum: f64 = rows.clone().map(weight).sum();
        for row in rows {
            revised.scores[row * columns + column] = (at(row, column) * weight(row) / sum) as f32;
        }
    }
    Ok(revised)
}

fn direction(
    scores: &ScoreMatrix,
    right: &[Vec<usize>],
    ties: Ties,
) -> Result<RetrievalDirection, MeasureError> {
    Ok(RetrievalDirection {
        measured: retrieval(scores, right, ties)?,
        chance: retrieval_chance(scores.num_candidates, right)?,
    })
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

/// Where the best right candidate of one query stands.
struct Standing {
    /// Wrong candidates of a higher score.
    ahead: usize,
    /// Wrong candidates of the same score.
    tied: usize,
    /// Right candidates of that score, at least one.
    right: usize,
}

impl Standing {
    fn of(scores: &[f32], is_right: &[bool]) -> Self {
        let best = scores
            .iter()
            .zip(is_right)
            .filter(|(_, is_right)| **is_right)
            .map(|(&score, _)| score)
            .fold(f32::NEG_INFINITY, f32::max);
        let count = |wanted: bool, of: &dyn Fn(f32) -> bool| {
            let pairs = scores.iter().zip(is_right);
            pairs.filter(|(score, is_right)| **is_right == wanted && of(**score)).count()
        };
        Self {
            ahead: count(false, &|score| score > best),
            tied: count(false, &|score| score == best),
            right: count(true, &|score| score == best),
        }
    }

    /// Wrong candidates ahead; under [`Ties::Averaged`] their expectation. With m wrong and r right
    /// candidates in random order, each wrong one is ahead of all r right ones with probability 1 /
    /// (r + 1).
    fn rank(&self, ties: Ties) -> f64 {
        let tied_ahead = match ties {
            Ties::Optimistic => 0.0,
            Ties::Averaged => self.tied as f64 / (self.right + 1) as f64,
            Ties::Pessimistic => self.tied as f64,
            Ties::MeanPlace => (self.tied + self.right - 1) as f64 / 2.0,
        };
        self.ahead as f64 + tied_ahead
    }

    /// Whether a right candidate is among the first `k`: 0 or 1, or under [`Ties::Averaged`] the
    /// probability.
    fn hit(&self, k: usize, ties: Ties) -> f64 {
        let places = k.saturating_sub(self.ahead);
        let missed = match ties {
            Ties::Optimistic => f64::from(places == 0),
            Ties::Pessimistic => f64::from(places <= self.tied),
            // Places count from 0: the first is 0 and no half, the fifth is below 5.
            Ties::MeanPlace if k == 1 => f64::from(self.rank(ties) > 0.0),
            Ties::MeanPlace => f64::from(self.rank(ties) >= k as f64),
            // The first `places` of m wrong and r right candidates are all wrong:
            // m/(m+r) * (m-1)/(m+r-1) * ..; a factor is zero once the wrong ones are used up.
            Ties::Averaged => (0..places.min(self.tied + 1))
                .map(|i| (self.tied - i) as f64 / (self.tied + self.right - i) as f64)
                .product(),
        };
        1.0 - missed
    }
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
    fn both_directions_come_from_one_matrix() {
        // Texts 0 and 1 belong to video 0, text 2 to video 2; video 1 is a distractor and asks
        // nothing.
        let scores = matrix(&[[0.9, 0.2, 0.1], [0.3, 0.8, 0.1], [0.5, 0.1, 0.4]]);
        let found = both_directions(&scores, &[0, 0, 2], Ties::Optimistic).unwrap();
        // Text 0 first, text 1 behind .8, text 2 behind .5.
        close(found.text_to_video.measured.r1, 100.0 / 3.0);
        close(found.text_to_video.measured.mean_rank, 5.0 / 3.0);
        close(found.text_to_video.chance.r1, 100.0 / 3.0);
        // Video 0: its best text has .9, first. Video 2: .4 is the best of its column.
        let videos = &found.video_to_text;
        assert_eq!((videos.measured.num_queries, videos.measured.num_candidates), (2, 3));
        close(videos.measured.r1, 100.0);
        // Chance: 2 of 3 and 1 of 3.
        close(videos.chance.r1, 50.0);
    }

    #[test]
    fn a_score_that_is_not_a_number_is_refused_and_named() {
        let error = ScoreMatrix::new(vec![0.1, 0.2, f32::NAN, 0.4], 2, 2).unwrap_err();
        let MeasureError::Score { row, column, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((row, column), (1, 0));
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
    fn dual_softmax_takes_from_a_candidate_that_fits_every_query() {
        // Candidate 0 fits both queries; query 1 fits candidate 1 nearly as well.
        let scores = matrix(&[[0.9, 0.1], [0.8, 0.7]]);
        let right = [vec![0], vec![1]];
        assert_eq!(retrieval(&scores, &right, Ties::Optimistic).unwrap().r1, 50.0);
        let revised = dual_softmax(&scores, 10.0).unwrap();
        assert_eq!(retrieval(&revised, &right, Ties::Optimistic).unwrap().r1, 100.0);
        // softmax(9, 8) = 1 / (1 + e^-1) = .731059: .9 of it.
        assert!((revised.row(0)[0] - 0.657_953).abs() < 1e-6);
        let masked = matrix(&[[0.1, f32::NEG_INFINITY]]);
        assert!(matches!(dual_softmax(&masked, 10.0), Err(MeasureError::Score { .. })));
        assert!(dual_softmax(&scores, 0.0).is_err());
    }

    #[test]
    fn what_cannot_be_measured_is_an_error() {
        let scores = matrix(&[[0.1, 0.2]]);
        assert!(matches!(ScoreMatrix::new(Vec::new(), 0, 5), Err(MeasureError::Nothing { .. })));
        assert!(matches!(
            ScoreMatrix::new(vec![0.0; 5], 2, 3),
            Err(MeasureError::Count { expected: 6, found: 5, .. })
        ));
        assert!(matches!(
            retrieval(&scores, &[], Ties::Optimistic),
            Err(MeasureError::Count { expected: 1, found: 0, .. })
        ));
        assert!(matches!(
            retrieval(&scores, &[vec![]], Ties::Optimistic),
            Err(MeasureError::NoRightCandidate { query: 0, .. })
        ));
        assert!(matches!(
            both_directions(&scores, &[2], Ties::Optimistic),
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
