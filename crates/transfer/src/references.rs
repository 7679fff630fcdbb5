//! What a grounding result is to be compared with: chance, the model asked the wrong question, and
//! oracles.
//!
//! An oracle knows some attributes of every clip and nothing else: a clip scores 1 when the event
//! at its midpoint agrees with the query in all that the oracle knows, else 0. The scores go
//! through the same decoder as the model's, and the moments are compared with the same truth. A
//! model no better than [`KnownAttributes::COLOUR`] may have learned nothing of time;
//! [`KnownAttributes::ALL`] is the ceiling that clips and decoder leave. They are reference points,
//! not strict bounds: another decoder may suit partial knowledge better.
//!
//! A *random interval* lies between two moments drawn independently and uniformly from the video,
//! so that all intervals are equally likely; its mean length is a third of the video. Results are
//! means over many draws a query.
//!
//! A *wrong query* is a sentence of another video, asked of this one, against this one's truth. It
//! shows what a model gains by preferring some stretches whatever is asked. By chance the sentences
//! may agree in part, or in all.
//!
//! Everything drawn is a pure function of the seed and the query's position.

use locvtp_corpus::synthetic::{TrueEvent, TrueVideo};
use locvtp_video::{Seconds, TimeSpan};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::grounding::zero_shot::{ScoredQuery, ground};
use crate::metrics::grounding::{
    GroundingMetrics, GroundingTally, IouBoundary, TrueMoments, check,
};
use crate::moment::MomentDecoder;

/// What an oracle knows of every clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAttributes {
    /// The colour of the object.
    pub colour: bool,
    /// Its shape.
    pub shape: bool,
    /// What it does.
    pub action: bool,
}

impl KnownAttributes {
    /// The colour alone; a single frame tells it.
    pub const COLOUR: Self = Self::new(true, false, false);
    /// The shape alone; a single frame tells it.
    pub const SHAPE: Self = Self::new(false, true, false);
    /// The action alone; a single frame does not tell it.
    pub const ACTION: Self = Self::new(false, false, true);
    /// All that single frames tell.
    pub const COLOUR_AND_SHAPE: Self = Self::new(true, true, false);
    /// Everything.
    pub const ALL: Self = Self::new(true, true, true);

    const fn new(colour: bool, shape: bool, action: bool) -> Self {
        Self { colour, shape, action }
    }

    /// Whether the two events agree in all that is known.
    pub fn agree(self, a: &TrueEvent, b: &TrueEvent) -> bool {
        (!self.colour || a.colour == b.colour)
            && (!self.shape || a.shape == b.shape)
            && (!self.action || a.action == b.action)
    }
}

/// A video with its truth, and the clips a model sees of it. Every event is a query, in order.
#[derive(Clone, Copy, Debug)]
pub struct ClippedVideo<'a> {
    /// What truly happens.
    pub truth: &'a TrueVideo,
    /// The clips, in order of time.
    pub clips: &'a [TimeSpan],
}

/// How references are made. The decoder and boundary are those the model is measured with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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

/// All references of one split, over the same queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct References {
    /// An interval by lot.
    pub random_interval: GroundingMetrics,
    /// The model, asked for a sentence of another video.
    pub wrong_query: GroundingMetrics,
    /// Knows the colour.
    pub colour_oracle: GroundingMetrics,
    /// Knows the shape.
    pub shape_oracle: GroundingMetrics,
    /// Knows the action.
    pub action_oracle: GroundingMetrics,
    /// Knows colour and shape.
    pub colour_shape_oracle: GroundingMetrics,
    /// Knows everything: the ceiling.
    pub all_oracle: GroundingMetrics,
}

/// Measures every reference over the events of `videos`.
///
/// `wrong_query_scores` holds, for every event of every video in order, the model's similarities of
/// the video's clips with the sentence that [`wrong_queries`] names.
///
/// # Errors
/// When there are no events, there is not one list of scores an event, or as [`ground`] and
/// [`random_interval`].
pub fn references(
    videos: &[ClippedVideo<'_>],
    wrong_query_scores: &[Vec<f32>],
    settings: &ReferenceSettings,
) -> Result<References, TransferError> {
    let queries: Vec<(ClippedVideo<'_>, &TrueEvent)> = queries_of(videos).collect();
    if queries.len() != wrong_query_scores.len() {
        return Err(TransferError::Count {
            what: "lists of scores with a wrong query, one an event",
            expected: queries.len(),
            found: wrong_query_scores.len(),
        });
    }
    let durations: Vec<Seconds> = queries.iter().map(|(video, _)| video.truth.duration).collect();
    let truths: Vec<TimeSpan> = queries.iter().map(|(_, event)| event.span).collect();
    let wrong: Vec<ScoredQuery> = queries
        .iter()
        .zip(wrong_query_scores)
        .map(|((video, event), scores)| ScoredQuery {
            clips: video.clips.to_vec(),
            scores: scores.clone(),
            truth: event.span,
        })
        .collect();
    let oracle = |known| oracle(videos, known, &settings.decoder, settings.boundary);
    Ok(References {
        random_interval: random_interval(&durations, &truths, settings)?,
        wrong_query: ground(&wrong, &settings.decoder, settings.boundary)?,
        colour_oracle: oracle(KnownAttributes::COLOUR)?,
        shape_oracle: oracle(KnownAttributes::SHAPE)?,
        action_oracle: oracle(KnownAttributes::ACTION)?,
        colour_shape_oracle: oracle(KnownAttributes::COLOUR_AND_SHAPE)?,
        all_oracle: oracle(KnownAttributes::ALL)?,
    })
}

/// Grounds every event of `videos` by an oracle that knows `known` of every clip.
///
/// # Errors
/// As [`ground`].
pub fn oracle(
    videos: &[ClippedVideo<'_>],
    known: KnownAttributes,
    decoder: &MomentDecoder,
    boundary: IouBoundary,
) -> Result<GroundingMetrics, TransferError> {
    let queries: Vec<ScoredQuery> = queries_of(videos)
        .map(|(video, event)| ScoredQuery {
            clips: video.clips.to_vec(),
            scores: oracle_scores(video, event, known),
            truth: event.span,
        })
        .collect();
    ground(&queries, decoder, boundary)
}

/// 1 for every clip whose event, at the clip's midpoint, agrees with `query` in all that is known;
/// else 0, also where nothing happens.
pub fn oracle_scores(
    video: ClippedVideo<'_>,
    query: &TrueEvent,
    known: KnownAttributes,
) -> Vec<f32> {
    let score = |clip: &TimeSpan| {
        let middle = clip.midpoint();
        let event = video.truth.events.iter().find(|event| event.span.contains(middle));
        f32::from(event.is_some_and(|event| known.agree(event, query)))
    };
    video.clips.iter().map(score).collect()
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
) -> Result<GroundingMetrics, TransferError> {
    check(durations.len(), truths)?;
    if settings.draws_per_query == 0 {
        return Err(TransferError::Setting {
            key: "draws_per_query",
            found: settings.draws_per_query.to_string(),
            expected: "at least 1",
        });
    }
    let mut tally = GroundingTally::new(settings.boundary);
    for (query, (duration, truth)) in durations.iter().zip(truths).enumerate() {
        if !(duration.0 > 0.0 && duration.0.is_finite()) {
            return Err(TransferError::Duration { query, found: *duration });
        }
        let mut random = generator(settings.seed, Purpose::RandomInterval, query);
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
pub fn wrong_queries(video_of_query: &[usize], seed: u64) -> Result<Vec<usize>, TransferError> {
    if video_of_query.is_empty() {
        return Err(TransferError::Nothing { what: "queries to exchange" });
    }
    if video_of_query.iter().all(|video| *video == video_of_query[0]) {
        return Err(TransferError::OneVideo { num_queries: video_of_query.len() });
    }
    let draw = |(query, video): (usize, &usize)| {
        let mut random = generator(seed, Purpose::WrongQuery, query);
        loop {
            let other = random.random_range(0..video_of_query.len());
            if video_of_query[other] != *video {
                return other;
            }
        }
    };
    Ok(video_of_query.iter().enumerate().map(draw).collect())
}

fn queries_of<'a>(
    videos: &[ClippedVideo<'a>],
) -> impl Iterator<Item = (ClippedVideo<'a>, &'a TrueEvent)> {
    videos.iter().flat_map(|&video| video.truth.events.iter().map(move |event| (video, event)))
}

/// What random numbers are for. The number is part of every stream, so it never changes.
#[derive(Clone, Copy)]
enum Purpose {
    RandomInterval = 1,
    WrongQuery = 2,
}

/// A generator of its own for every seed, purpose and query: the three stand side by side in its
/// key.
fn generator(seed: u64, purpose: Purpose, query: usize) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, query as u64]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(start: f64, end: f64, [colour, shape, action]: [usize; 3]) -> TrueEvent {
        TrueEvent {
            span: TimeSpan::new(start, end),
            colour,
            shape,
            action,
            names: [colour, shape, action].map(|name| name.to_string()),
            query: format!("{colour} {shape} {action}"),
        }
    }

    /// 12 s: red square left, red circle left, blue square right, of 4 s each.
    fn three_events() -> TrueVideo {
        TrueVideo {
            id: "three".into(),
            duration: Seconds(12.0),
            procedure: None,
            caption: String::new(),
            events: vec![
                event(0.0, 4.0, [0, 0, 0]),
                event(4.0, 8.0, [0, 1, 0]),
                event(8.0, 12.0, [1, 0, 1]),
            ],
        }
    }

    fn clips(length: f64, count: usize) -> Vec<TimeSpan> {
        (0..count).map(|t| TimeSpan::new(length * t as f64, length * (t + 1) as f64)).collect()
    }

    fn miou(truth: &TrueVideo, clips: &[TimeSpan], known: KnownAttributes) -> f64 {
        let decoder = MomentDecoder::default();
        oracle(&[ClippedVideo { truth, clips }], known, &decoder, IouBoundary::Strict).unwrap().miou
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn an_oracle_that_knows_everything_grounds_every_event_where_clips_meet_events() {
        close(miou(&three_events(), &clips(1.0, 12), KnownAttributes::ALL), 100.0);
        close(miou(&three_events(), &clips(1.0, 12), KnownAttributes::COLOUR_AND_SHAPE), 100.0);
    }

    #[test]
    fn clips_that_do_not_meet_events_are_the_ceiling() {
        // Clips of 3 s, midpoints 1.5, 4.5, 7.5, 10.5: events 0, 1, 1, 2.
        // 0..3 of 0..4: 3/4; 3..9 and 4..8: 4/6; 9..12 of 8..12: 3/4.
        let expected = 100.0 * (0.75 + 4.0 / 6.0 + 0.75) / 3.0;
        close(miou(&three_events(), &clips(3.0, 4), KnownAttributes::ALL), expected);
    }

    #[test]
    fn an_oracle_of_colour_cannot_tell_events_of_one_colour_apart() {
        // Red: 0..8 for both, 4/8 each; blue: 8..12, 1.
        close(miou(&three_events(), &clips(1.0, 12), KnownAttributes::COLOUR), 200.0 / 3.0);
        close(miou(&three_events(), &clips(1.0, 12), KnownAttributes::ACTION), 200.0 / 3.0);
    }

    #[test]
    fn an_oracle_of_shape_takes_the_first_of_two_separate_runs() {
        // Under the mean (8/12) a square gains 1/3 a clip and a circle loses 2/3: 0..4 and 8..12
        // have 4/3 each, a bridge 8/3 - 8/3 = 0. The earlier is taken: right for the first, 0 for
        // the third. The circle: 1.
        close(miou(&three_events(), &clips(1.0, 12), KnownAttributes::SHAPE), 200.0 / 3.0);
    }

    #[test]
    fn clips_where_nothing_happens_score_nothing() {
        let mut truth = three_events();
        truth.events.remove(1);
        let clips = clips(4.0, 4); // the last lies past the end
        let video = ClippedVideo { truth: &truth, clips: &clips };
        let scores = oracle_scores(video, &truth.events[0], KnownAttributes::SHAPE);
        assert_eq!(scores, [1.0, 0.0, 1.0, 0.0]);
    }

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
            Err(TransferError::OneVideo { num_queries: 3 })
        ));
        assert!(matches!(wrong_queries(&[], 0), Err(TransferError::Nothing { .. })));
    }

    #[test]
    fn all_references_are_of_the_same_queries() {
        let truth = three_events();
        let clips = clips(1.0, 12);
        let video = ClippedVideo { truth: &truth, clips: &clips };
        // The wrong query's scores always point to 4..8: right for the second event alone.
        let scores: Vec<f32> = (0..12).map(|t| f32::from((4..8).contains(&t))).collect();
        let found = references(&[video], &vec![scores; 3], &ReferenceSettings::default()).unwrap();
        close(found.wrong_query.miou, 100.0 / 3.0);
        close(found.colour_oracle.miou, 200.0 / 3.0);
        close(found.all_oracle.miou, 100.0);
        for metrics in [&found.random_interval, &found.shape_oracle, &found.action_oracle] {
            assert_eq!(metrics.queries, 3);
        }
        let error = references(&[video], &[], &ReferenceSettings::default()).unwrap_err();
        assert!(matches!(error, TransferError::Count { expected: 3, found: 0, .. }));
    }

    #[test]
    fn settings_that_draw_nothing_and_videos_without_length_are_errors() {
        let truths = [TimeSpan::new(0.0, 1.0)];
        let settings = ReferenceSettings { draws_per_query: 0, ..ReferenceSettings::default() };
        let error = random_interval(&[Seconds(2.0)], &truths, &settings).unwrap_err();
        assert!(error.to_string().contains("draws_per_query"), "{error}");
        for bad in [0.0, f64::NAN, f64::INFINITY] {
            let error = random_interval(&[Seconds(bad)], &truths, &ReferenceSettings::default());
            assert!(matches!(error, Err(TransferError::Duration { query: 0, .. })));
        }
    }
}
