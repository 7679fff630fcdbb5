//! Highlights: how well scores of a video's clips find those that people call good.
//!
//! Three people have said of every clip of 2 s how good a highlight it is, from 0 to 4. For each of
//! three levels a clip is positive by a person who gave it that level or more. HIT@1 is the share of
//! queries whose best-scored clip is positive by anybody. mAP is a mean over queries and people, 0
//! where a person finds no clip positive.
//!
//! As the evaluation that QVHighlights is published with counts: average precision is the mean over
//! *distinct scores* at which a positive clip stands, not over positive clips; clips behind the last
//! annotated one are not looked at, and clips without a score have 0, which may be better than others.

/// A level from which on a clip is positive, with its name in that evaluation.
pub const HIGHLIGHT_LEVELS: [(&str, f64); 3] = [("Fair", 2.0), ("Good", 3.0), ("VeryGood", 4.0)];

/// A query: scores of clips, and what was said of all clips of the video.
#[derive(Clone, Copy, Debug)]
pub struct ScoredClips<'a> {
    /// A score a clip, from the first on; may be shorter or longer than the video. Empty where nothing
    /// was predicted, which is a miss.
    pub predicted: &'a [f64],
    /// What three people said of every clip.
    pub saliency: &'a [[f64; 3]],
}

/// The numbers of one level, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HighlightMetrics {
    /// Mean average precision.
    pub mean_ap: f64,
    /// HIT@1.
    pub hit1: f64,
}

/// The numbers at a level; none without queries.
pub fn highlights<'a>(
    queries: impl IntoIterator<Item = ScoredClips<'a>>,
    level: f64,
) -> Option<HighlightMetrics> {
    let (mut count, mut hits, mut precisions) = (0, 0, 0.0);
    for query in queries {
        count += 1;
        let best = first_of_the_greatest(query.predicted);
        let of_best = best.and_then(|clip| query.saliency.get(clip));
        hits += usize::from(of_best.is_some_and(|said| said.iter().any(|said| *said >= level)));
        for person in 0..3 {
            let is_positive: Vec<bool> =
                query.saliency.iter().map(|said| said[person] >= level).collect();
            precisions += average_precision(&is_positive, query.predicted);
        }
    }
    (count > 0).then(|| HighlightMetrics {
        mean_ap: 100.0 * (precisions / (3 * count) as f64),
        hit1: 100.0 * (hits as f64 / count as f64),
    })
}

/// The interpolated average precision of scores, a mean over the distinct scores that find positive
/// clips; 1 where all clips are positive, 0 where none is or nothing was scored.
pub fn average_precision(is_positive: &[bool], scores: &[f64]) -> f64 {
    let positives = is_positive.iter().filter(|positive| **positive).count();
    if scores.is_empty() || positives == 0 {
        return 0.0;
    }
    if positives == is_positive.len() {
        return 1.0;
    }
    let score = |clip: usize| scores.get(clip).copied().unwrap_or(0.0);
    let mut order: Vec<usize> = (0..is_positive.len()).collect();
    order.sort_by(|a, b| score(*b).total_cmp(&score(*a)));
    // After each distinct score: what is found, and the precision.
    let (mut found, mut seen) = (0, 0);
    let mut points: Vec<(usize, f64)> = Vec::new();
    // -0.0 and 0.0 are one score.
    for same in order.chunk_by(|a, b| score(*a) == score(*b)) {
        seen += same.len();
        found += same.iter().filter(|clip| is_positive[**clip]).count();
        points.push((found, found as f64 / seen as f64));
    }
    let (mut best, mut sum, mut counted) = (0.0f64, 0.0, 0);
    for place in (0..points.len()).rev() {
        let (found, precision) = points[place];
        best = best.max(precision);
        let before = place.checked_sub(1).map_or(0, |before| points[before].0);
        if found > before {
            sum += best;
            counted += 1;
        }
    }
    sum / f64::from(counted)
}

/// Where the greatest number stands, the first of several.
fn first_of_the_greatest(numbers: &[f64]) -> Option<usize> {
    let better =
        |best: usize, place: usize| if numbers[place] > numbers[best] { place } else { best };
    (0..numbers.len()).reduce(better)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_is_a_mean_over_distinct_scores_that_find_something() {
        let positive = [true, false, true, true, false];
        // All scores differ: found at ranks 1, 3, 4, with 1, 2/3 -> 3/4, 3/4.
        let found = average_precision(&positive, &[0.9, 0.8, 0.7, 0.6, 0.5]);
        assert!((found - (1.0 + 0.75 + 0.75) / 3.0).abs() < 1e-12, "{found}");
        // Two positives of one score are one point: 1 of 1, then 3 of 4.
        let found = average_precision(&positive, &[0.9, 0.8, 0.7, 0.7, 0.5]);
        assert!((found - (1.0 + 0.75) / 2.0).abs() < 1e-12, "{found}");
        // Nothing is told apart: 3 of 5.
        assert_eq!(average_precision(&positive, &[0.0; 5]), 0.6);
        assert_eq!(average_precision(&positive, &[]), 0.0);
        assert_eq!(average_precision(&[false; 3], &[1.0; 3]), 0.0);
        assert_eq!(average_precision(&[true; 3], &[1.0]), 1.0);
    }

    #[test]
    fn a_clip_without_a_score_has_0_and_one_behind_the_video_does_not_count() {
        // The positive clip has no score, and so 0, which is better than -1.
        assert_eq!(average_precision(&[false, true], &[-1.0]), 1.0);
        assert_eq!(average_precision(&[true, false], &[-1.0]), 0.5);
        let saliency = [[0.0, 1.0, 0.0], [4.0, 0.0, 0.0]];
        let of = |predicted: &[f64], level| {
            let found =
                highlights([ScoredClips { predicted, saliency: &saliency }], level).unwrap();
            found.hit1
        };
        assert_eq!(of(&[0.0, 1.0], 4.0), 100.0);
        assert_eq!(of(&[1.0, 1.0], 2.0), 0.0, "the first of equal scores");
        assert_eq!(of(&[0.0, 0.0, 1.0], 2.0), 0.0, "behind the video");
        assert_eq!(of(&[], 2.0), 0.0);
    }

    #[test]
    fn people_count_apart_in_precision_and_together_in_hits() {
        let saliency = [[3.0, 0.0, 0.0], [0.0, 3.0, 0.0]];
        let query = ScoredClips { predicted: &[0.9, 0.1], saliency: &saliency };
        let found = highlights([query], 3.0).unwrap();
        // 1 for the first person, 1/2 for the second, 0 for the third, who finds nothing.
        assert_eq!((found.mean_ap, found.hit1), (50.0, 100.0));
        assert_eq!(highlights([], 2.0), None);
    }
}
