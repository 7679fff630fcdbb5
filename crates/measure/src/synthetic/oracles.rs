//! What the synthetic corpus alone can say of a grounding result: oracles.
//!
//! An oracle knows some attributes of every clip and nothing else: a clip scores 1 when the event
//! at its midpoint agrees with the query in all that the oracle knows, else 0. The scores go
//! through the same decoder as the model's, and the moments are compared with the same truth. A
//! model no better than [`KnownAttributes::COLOUR`] may have learned nothing of time;
//! [`KnownAttributes::ALL`] is the ceiling that clips and decoder leave. They are reference points,
//! not strict bounds: another decoder may suit partial knowledge better.

use locvtp_corpus::synthetic::{TrueEvent, TrueVideo};
use locvtp_video::{Seconds, TimeSpan};
use serde::{Deserialize, Serialize};

use crate::error::MeasureError;
use crate::metrics::{GroundingMetrics, IouBoundary};
use crate::moment::MomentDecoder;
use crate::references::{ReferenceSettings, random_interval};
use crate::scored_query::{ScoredQuery, ground};

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
/// the video's clips with the sentence that [`wrong_queries`](crate::wrong_queries) names.
///
/// # Errors
/// When there are no events, there is not one list of scores an event, or as [`ground`] and
/// [`random_interval`].
pub fn references(
    videos: &[ClippedVideo<'_>],
    wrong_query_scores: &[Vec<f32>],
    settings: &ReferenceSettings,
) -> Result<References, MeasureError> {
    let queries: Vec<(ClippedVideo<'_>, &TrueEvent)> = queries_of(videos).collect();
    if queries.len() != wrong_query_scores.len() {
        return Err(MeasureError::Count {
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
) -> Result<GroundingMetrics, MeasureError> {
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

fn queries_of<'a>(
    videos: &[ClippedVideo<'a>],
) -> impl Iterator<Item = (ClippedVideo<'a>, &'a TrueEvent)> {
    videos.iter().flat_map(|&video| video.truth.events.iter().map(move |event| (video, event)))
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
        assert!(matches!(error, MeasureError::Count { expected: 3, found: 0, .. }));
    }
}
