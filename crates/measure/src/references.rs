//! What a result is to be compared with: chance, and the model asked the wrong question.
//!
//! A *random interval* lies between two moments drawn independently and uniformly from the video,
//! so that all intervals are equally likely; its mean length is a third of the video. Results are
//! means over many draws a query.
//!
//! A *wrong query* is a sentence of another video, asked of this one, against this one's truth. It
//! shows what a model gains by preferring some stretches whatever is asked. By chance the sentences
//! may agree in part, or in all.
//!
//! Everything drawn is a pure function of the seed and the query's position. Oracles, which know a part of
//! the truth, need the synthetic corpus: [`synthetic::oracle`](crate::synthetic::oracle()).

use locvtp_video::randomness::{Purpose, generator};
use locvtp_video::{Seconds, TimeSpan};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::error::MeasureError;
use crate::metrics::{GroundingMetrics, GroundingTally, IouBoundary, TrueMoments, check};
use crate::moment::MomentDecoder;

/// How references are made. The decoder and boundary are those the model is measured with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ReferenceSettings {
    /// How scores become moments.
    pub decoder: MomentDecoder,
    /// Whether an IoU of exactly the required value is a hit. Default: strict.
    pub boundary: IouBoundary,
    /// Random intervals for each query. Default: 200, which puts mIoU over 500 queries within 0.1
    /// of its expectation.
    pub draws_per_query: usize,
    /// Seed of everything drawn. Default: 0.
    pub seed: u64,
}

impl Default for ReferenceSettings {
    fn default() -> Self {
        Self {
            decoder: MomentDecoder::default(),
            boundary: IouBoundary::default(),
            draws_per_query: 200,
            seed: 0,
        }
    }
}

/// What random intervals give: the mean over `settings.draws_per_query` draws for each query, of a
/// video of that duration. The module says how they are distributed.
///
/// # Errors
/// When there are no queries or no draws, there is not one duration a query, a duration is not
/// positive and finite, or a true moment is empty.
pub fn random_interval(
    durations: &[Seconds],
    truths: &[impl TrueMoments],
    settings: &ReferenceSettings,
) -> Result<GroundingMetrics, MeasureError> {
    check(durations.len(), truths)?;
    if settings.draws_per_query == 0 {
        return Err(MeasureError::Setting {
            key: "draws_per_query",
            found: settings.draws_per_query.to_string(),
            expected: "at least 1",
        });
    }
    let mut tally = GroundingTally::new(settings.boundary);
    for (query, (duration, truth)) in durations.iter().zip(truths).enumerate() {
        if !(duration.0 > 0.0 && duration.0.is_finite()) {
            return Err(MeasureError::Duration { query, found: *duration });
        }
        let mut random = generator(settings.seed, Purpose::RandomInterval, query as u64, 0);
        for _ in 0..settings.draws_per_query {
            let [a, b] = [(); 2].map(|()| *duration * random.random::<f64>());
            let interval = TimeSpan { start: a.min(b), end: a.max(b) };
            let ious = truth.windows().iter().map(|window| interval.iou(window));
            tally.add(ious.fold(0.0, f64::max));
        }
    }
    Ok(tally.metrics(truths.len()))
}

/// For every query the position of another one to be asked in its place, drawn uniformly from those
/// of other videos.
///
/// # Errors
/// When there are no queries, or all are of one video.
pub fn wrong_queries(video_of_query: &[usize], seed: u64) -> Result<Vec<usize>, MeasureError> {
    if video_of_query.is_empty() {
        return Err(MeasureError::Nothing { what: "queries to exchange" });
    }
    if video_of_query.iter().all(|video| *video == video_of_query[0]) {
        return Err(MeasureError::OneVideo { num_queries: video_of_query.len() });
    }
    let draw = |(query, video): (usize, &usize)| {
        let mut random = generator(seed, Purpose::WrongQuery, query as u64, 0);
        loop {
            let other = random.random_range(0..video_of_query.len());
            if video_of_query[other] != *video {
                return other;
            }
        }
    };
    Ok(video_of_query.iter().enumerate().map(draw).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_intervals_have_the_expectation_of_two_uniform_points() {
        // The truth is the whole video: IoU = |a - b|, P(|a - b| > m) = (1 - m)^2, E|a - b| = 1/3.
        let settings =
            ReferenceSettings { draws_per_query: 20_000, ..ReferenceSettings::default() };
        let found = random_interval(&[Seconds(30.0); 4], &[TimeSpan::new(0.0, 30.0); 4], &settings)
            .unwrap();
        assert_eq!(found.queries, 4);
        // 80,000 draws: a standard error of 0.18 at most; five of them.
        for (found, expected) in [
            (found.r1_iou30, 49.0),
            (found.r1_iou50, 25.0),
            (found.r1_iou70, 9.0),
            (found.miou, 100.0 / 3.0),
        ] {
            assert!((found - expected).abs() < 0.9, "{found} is not {expected}");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_does_not() {
        let with = |seed| {
            let settings = ReferenceSettings { seed, ..ReferenceSettings::default() };
            let truths = [TimeSpan::new(3.0, 9.0), TimeSpan::new(9.0, 12.0)];
            random_interval(&[Seconds(24.0); 2], &truths, &settings).unwrap()
        };
        assert_eq!(with(1), with(1));
        assert_ne!(with(1).miou, with(2).miou);
    }

    #[test]
    fn a_wrong_query_is_always_of_another_video_and_any_of_them() {
        let videos = [0, 0, 0, 1, 1, 2];
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let wrong = wrong_queries(&videos, seed).unwrap();
            assert!(wrong.iter().enumerate().all(|(query, &other)| videos[query] != videos[other]));
            assert_eq!(wrong, wrong_queries(&videos, seed).unwrap());
            seen.insert(wrong[0]);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
    }

    #[test]
    fn a_single_video_has_no_wrong_queries() {
        assert!(matches!(
            wrong_queries(&[7, 7, 7], 0),
            Err(MeasureError::OneVideo { num_queries: 3 })
        ));
        assert!(matches!(wrong_queries(&[], 0), Err(MeasureError::Nothing { .. })));
    }

    #[test]
    fn settings_that_draw_nothing_and_videos_without_length_are_errors() {
        let truths = [TimeSpan::new(0.0, 1.0)];
        let settings = ReferenceSettings { draws_per_query: 0, ..ReferenceSettings::default() };
        let error = random_interval(&[Seconds(2.0)], &truths, &settings).unwrap_err();
        assert!(error.to_string().contains("draws_per_query"), "{error}");
        for bad in [0.0, f64::NAN, f64::INFINITY] {
            let error = random_interval(&[Seconds(bad)], &truths, &ReferenceSettings::default());
            assert!(matches!(error, Err(MeasureError::Duration { query: 0, .. })));
        }
    }
}
